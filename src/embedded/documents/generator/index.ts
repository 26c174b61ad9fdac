export { definitionsText, generateDefinitions } from './generate.ts';
