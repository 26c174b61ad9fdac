/**
 * Waits until everything written to a stream has left the process: an exit cuts off what a pipe has not taken yet.
 * A reader that has gone away wants no more, which is no failure.
 *
 * @returns the code of the system's error when something could not be written, such as `ENOSPC`.
 */
export function flush(stream: NodeJS.WritableStream): Promise<string | undefined> {
  return new Promise((done) => {
    const end = (error: Error | null | undefined): void => {
      const code = error && 'code' in error ? String(error.code) : undefined;
      done(code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' ? undefined : code);
    };
    // A failed write is told to its callback and as an event, which nobody else listens to.
    stream.once('error', end);
    stream.write('', end);
  });
}
