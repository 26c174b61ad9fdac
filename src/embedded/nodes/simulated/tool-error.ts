/** A tool gives up: what it says after `error: ` on stderr, and its exit status. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** Whatever runs on a machine whose power goes, or that is killed, does nothing any more. */
export class Killed extends Error {
  override readonly name = 'Killed';
}
