/**
 * Milliseconds on a clock that never goes back, from an arbitrary start. Not `performance.now()`: to have that, Node
 * loads nine modules.
 */
export function milliseconds(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
