export { applyJsonPatch } from './json-patch.ts';
export { applyMergePatch } from './merge-patch.ts';
export type { PatchErrorCode } from './patch-error.ts';
export { PatchError } from './patch-error.ts';
export { printPatched } from './print-patched.ts';
export { applyStrategicMergePatch } from './strategic-merge-patch.ts';
