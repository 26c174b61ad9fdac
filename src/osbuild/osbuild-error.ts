export type OsBuildErrorCode =
  | 'needs-container-build'
  | 'builder-refused'
  | 'builder-storage'
  | 'command-failed'
  | 'containerfile'
  | 'evicted'
  | 'image-missing'
  | 'network'
  | 'no-builder'
  | 'out-of-memory'
  | 'package-conflict'
  | 'package-missing'
  | 'package-not-found'
  | 'wrong-kernels'
  | 'registry-refused'
  | 'secret-in-image'
  | 'timeout'
  | 'base-not-bootable'
  | 'base-malformed'
  | 'cache'
  | 'provenance-missing'
  | 'push-over-base'
  | 'not-pushed'
  | 'invalid-configuration'
  | 'invalid-extension'
  | 'invalid-kernel-type'
  | 'invalid-os-config'
  | 'invalid-os-image'
  | 'invalid-secret'
  | 'invalid-trust-bundle';

/** The error class of osbuild: `retryable` says whether the same call can succeed without a change by a person. */
export class OsBuildError extends Error {
  override readonly name = 'OsBuildError';
  readonly code: OsBuildErrorCode;
  readonly retryable: boolean;
  /** The field of the pool's objects that a person has to change, e.g. `spec.extensions`. */
  readonly field: string | undefined;

  constructor(
    code: OsBuildErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryable?: boolean; readonly field?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.field = options.field;
  }
}
