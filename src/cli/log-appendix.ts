/** Characters by which the end of what was printed is found again in a log whose beginning has been cut off. */
const MARK = 400;

/**
 * What of a log is new since it was printed last. A log grows at its end; one that has become too long has lost lines in its middle,
 * maybe all that were printed last; and one that began anew is new as a whole, for its lines begin with times.
 */
export function logAppendix(printed: string, text: string): string {
  if (text.startsWith(printed)) return text.slice(printed.length);
  const mark = printed.slice(-MARK);
  const at = text.lastIndexOf(mark);
  return at === -1 ? text.slice(sameLines(printed, text)) : text.slice(at + mark.length);
}

/** Characters of the lines that both begin with. */
function sameLines(one: string, other: string): number {
  let same = 0;
  for (let at = 0; at < one.length && one[at] === other[at]; at += 1) if (one[at] === '\n') same = at + 1;
  return same;
}
