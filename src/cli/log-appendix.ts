/** Characters by which the end of what was printed is found again in a log whose beginning has been cut off. */
const MARK = 400;

/**
 * What of a log is new since it was printed last. A log grows at its end; one that has become too long may have lost its
 * beginning, and one that began anew is new as a whole.
 */
export function logAppendix(printed: string, text: string): string {
  if (text.startsWith(printed)) return text.slice(printed.length);
  const mark = printed.slice(-MARK);
  const at = text.lastIndexOf(mark);
  return at === -1 ? text : text.slice(at + mark.length);
}
