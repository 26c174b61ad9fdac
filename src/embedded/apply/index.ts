export type { ApplyErrorCode } from './apply-error.ts';
export { ApplyError } from './apply-error.ts';
export type { ConflictCause } from './conflict.ts';
export { restoreManagedTimes } from './managed-fields.ts';
export type { ManagedUpdate } from './managed-fields-update.ts';
export { updateManagedFields } from './managed-fields-update.ts';
export type { ApplyOutcome, ServerSideApply } from './server-side-apply.ts';
export { serverSideApply } from './server-side-apply.ts';
