export { AdmissionError } from './admission-error.ts';
export { builtInKinds } from './built-in-kinds.ts';
export { conditionOf, hasCondition, putCondition } from './conditions.ts';
export { customKinds, storedKinds } from './custom-kind.ts';
export { toGoForm } from './go-form.ts';
export { formatSelector } from './label-selector.ts';
export { validateMetadata, validateMetadataUpdate } from './metadata.ts';
export { virtualKinds } from './virtual-kinds.ts';
export { SCALE_TABLE } from './workload-scale.ts';
export type {
  Kind,
  ScalePaths,
  Strategy,
  Subresource,
  TableColumn,
  TableFormat,
  Verb,
  WriteContext,
} from './kind.ts';
export type { MetadataRules } from './metadata.ts';
export type { VirtualKind } from './virtual-kinds.ts';
