export { builtInDefinitions, builtInSchema, definedSchema } from './built-in-definitions.ts';
export type { Definition, Definitions, GroupVersionKind } from './definition.ts';
