/**
 * What went wrong, for programs. The codes in capitals are those of the distribution specification 1.1 ("Error Codes"),
 * as clients of the registry see them, and three of ours where it has none.
 */
export type EmbeddedErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'INTERNAL'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'SIZE_INVALID'
  | 'STORAGE_FULL'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNSUPPORTED'
  | 'cannot-start';

/** Facts that accompany an {@link EmbeddedError}. */
export interface EmbeddedErrorFacts {
  readonly cause?: unknown;
  /** What the error is about, for the `detail` member of an error body. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** The HTTP status, where it is not the usual one of the code. */
  readonly status?: number;
  /** Headers that the answer needs besides, as for `RANGE_INVALID` the range that is there. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one error class of this room. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
  readonly code: EmbeddedErrorCode;
  /** True when the same request may succeed later without any change by a person. */
  readonly retryable: boolean;
  /** The HTTP status that a client gets. */
  readonly status: number;
  readonly detail: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: EmbeddedErrorCode, message: string, facts: EmbeddedErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = code === 'INTERNAL' || code === 'TOOMANYREQUESTS';
    this.status = facts.status ?? STATUS[code];
    this.detail = facts.detail;
    this.headers = facts.headers ?? {};
  }
}

const STATUS: Readonly<Record<EmbeddedErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  INTERNAL: 500,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 400,
  STORAGE_FULL: 507,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNSUPPORTED: 404,
  'cannot-start': 500,
};
