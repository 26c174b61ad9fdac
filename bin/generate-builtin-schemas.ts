// Writes src/embedded/documents/built-in-definitions.json anew: `npm run generate`. A unit test tells when it is out of date.
import { writeFileSync } from 'node:fs';
import { definitionsText, generateDefinitions } from '../src/embedded/documents/generator/index.ts';

const target = new URL('../src/embedded/documents/built-in-definitions.json', import.meta.url);
writeFileSync(target, definitionsText(generateDefinitions()));
