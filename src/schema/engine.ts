// The second door of this room: what needs the regular expressions of RE2 and the CEL parser, which take time to load.
// A program that only uses the types, or prunes and defaults, imports index.ts and loads neither.
export { unrecognizedFormats } from './formats.ts';
export { checkStructural } from './structural/check-structural.ts';
export type { CompiledRules } from './rules.ts';
export { compileRules } from './rules.ts';
export type { Validation } from './validate.ts';
export { validate } from './validate.ts';
