/**
 * A failure that the command line itself found, or explains: `input`, a bad argument value or a file that cannot be read;
 * `cluster`, an API server that cannot be used or lacks what was asked for.
 */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: 'input' | 'cluster';
  readonly retryable = false;

  constructor(code: 'input' | 'cluster', message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
