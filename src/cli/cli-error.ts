/** A failure that the command line itself found: a bad argument value, a file that cannot be read. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: 'input';
  readonly retryable = false;

  constructor(code: 'input', message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
