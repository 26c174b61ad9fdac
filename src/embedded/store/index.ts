export type { HistoryOptions, StoreOptions } from './open-store.ts';
export { openStore } from './open-store.ts';
export type { Change, ListOptions, ObjectKey, ObjectRecord, Store, StoredObject } from './store.ts';
export type { StoreErrorCode } from './store-error.ts';
export { StoreError } from './store-error.ts';
