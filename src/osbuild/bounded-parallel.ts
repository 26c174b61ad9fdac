/**
 * Works on items, at most `limit` at once, and gives their results in the order of the items. After a failure no
 * further item is begun and `signal` tells those under way to stop; the failure is thrown when all have ended.
 */
export async function inParallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const stop = new AbortController();
  const pending = items[Symbol.iterator]();
  let begun = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (failure === undefined) {
      const next = pending.next();
      if (next.done === true) return;
      const position = begun;
      begun += 1;
      try {
        results[position] = await work(next.value, stop.signal);
      } catch (error) {
        // What others throw because they were told to stop is no news.
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure !== undefined) throw failure.error;
  return results;
}
