import { createInterface } from 'node:readline';

/**
 * Aborts when nobody holds the other end of standard input any more. A process that another one started for itself so learns
 * that it is alone, however the other ended.
 *
 * @param onLine what is said there, a line each; without it, that means nothing
 */
export function whenStdinEnds(onLine?: (line: string) => void): AbortSignal {
  const end = new AbortController();
  const { stdin } = process;
  const onEnd = (): void => end.abort();
  stdin.once('end', onEnd).once('close', onEnd).once('error', onEnd);
  if (onLine === undefined) stdin.resume();
  else createInterface({ input: stdin }).on('line', onLine);
  return end.signal;
}
