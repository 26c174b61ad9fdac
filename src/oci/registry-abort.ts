import type { OciError } from './oci-error.ts';

/** Waits for what others began, which goes on without us: until the signal aborts, then not a moment longer. */
export function waitFor<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  aborted: () => OciError,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted());
    const end = (): void => signal.removeEventListener('abort', stop);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    work.then(resolve, reject).finally(end);
  });
}
