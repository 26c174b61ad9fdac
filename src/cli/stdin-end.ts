/**
 * Aborts when nobody holds the other end of standard input any more. A process that another one started for itself so learns
 * that it is alone, however the other ended.
 */
export function whenStdinEnds(): AbortSignal {
  const end = new AbortController();
  const { stdin } = process;
  const onEnd = (): void => end.abort();
  stdin.once('end', onEnd).once('close', onEnd).once('error', onEnd);
  // What is said there means nothing.
  stdin.resume();
  return end.signal;
}
