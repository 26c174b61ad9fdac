/** What went wrong, for programs. */
export type StoreErrorCode =
  /** The revision asked for is no longer known. */
  | 'compacted'
  /** The revision asked for is not yet written. */
  | 'future'
  /** There is no room for the write; what is stored can still be read. */
  | 'disk-full'
  /** The operating system failed to read or write. */
  | 'io'
  /** The files are damaged. They were left as they are. */
  | 'corrupt'
  /** The database is another program's. */
  | 'foreign'
  /** The database was written by a newer release. */
  | 'newer'
  /** Another process has the directory open. */
  | 'in-use'
  /** The directory or a file in it cannot be written. */
  | 'read-only'
  /** The store was closed. */
  | 'closed'
  /** The caller broke the contract; a defect of this program. */
  | 'misuse';

/** The one error class of the object store. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  /** True when the same call may succeed later without any change to the program or its files. */
  readonly retryable: boolean;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = code === 'disk-full' || code === 'io' || code === 'in-use' || code === 'future';
  }
}
