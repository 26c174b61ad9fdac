const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/** What Ctrl-C or a supervisor's SIGTERM makes of a command: no failure to speak of, but a status of its own. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** What the process exits with, as a shell says it of a process that the signal killed. */
  readonly status: number;

  constructor(signal: keyof typeof STATUS) {
    super(`interrupted by ${signal}`);
    this.status = STATUS[signal];
  }
}

/**
 * Runs work that must not leave anything behind: on SIGINT or SIGTERM its signal is aborted and it has the time to
 * unwind. A second one ends the process at once.
 *
 * @throws Interruption when the work failed after such a signal; else what the work throws.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onInterrupt = (signal: keyof typeof STATUS): void => {
    disarm();
    stop.abort(new Interruption(signal));
  };
  // Of both: the second one may be the other.
  const disarm = (): void => void process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt);
  process.on('SIGINT', onInterrupt).on('SIGTERM', onInterrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    disarm();
  }
}

/** Waits for what cannot be stopped itself, such as a person who types, until the signal is aborted. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}
