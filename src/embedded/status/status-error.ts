import type { JsonObject } from '../../schema/index.ts';

/** The machine-readable cause of a failure (k8s.io/apimachinery metav1.StatusReason). */
export type StatusReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'InternalError'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'NotFound'
  | 'RequestEntityTooLarge'
  | 'Timeout'
  | 'TooManyRequests'
  | 'Unauthorized'
  | 'UnsupportedMediaType';

/** One entry of `details.causes`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Longer messages are cut: they repeat what a hostile client sent. */
const MAX_MESSAGE = 60_000;

/** A request that is answered with a `Status` object (kubernetes-api §4). */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: StatusReason | undefined;
  readonly details: StatusDetails | undefined;
  /** `metadata.continue` of the answer: where an expired list can go on. */
  readonly continueToken: string | undefined;
  /** What the client is warned of beside. */
  warnings: readonly string[] = [];

  constructor(
    code: number,
    reason: StatusReason | undefined,
    message: string,
    details?: StatusDetails,
    continueToken?: string,
  ) {
    super(message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`);
    this.name = 'StatusError';
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.continueToken = continueToken;
  }

  /** The object that the client gets. */
  toStatus(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined
        ? {}
        : { details: JSON.parse(JSON.stringify(this.details)) as JsonObject }),
      code: this.code,
    };
  }
}
