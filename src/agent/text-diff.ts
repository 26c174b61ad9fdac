/** Lines of one text that are compared; a longer one is told by its hash. */
const MOST_LINES = 4000;

/** Lines that differ before it is given up to find how they belong together. */
const MOST_EDITS = 400;

/** Unchanged lines around a change. */
const CONTEXT = 3;

type Edit = { readonly kind: ' ' | '-' | '+'; readonly line: string };

/**
 * The differences of two texts in the unified format, without its head; undefined when they are too long or too different to
 * be worth reading.
 *
 * @param most lines of the answer
 */
export function unifiedDiff(before: string, after: string, most: number): readonly string[] | undefined {
  const old = linesOf(before);
  const now = linesOf(after);
  if (old.length > MOST_LINES || now.length > MOST_LINES) return undefined;
  const edits = shortestEdits(old, now);
  if (edits === undefined) return undefined;
  const lines = hunks(edits);
  return lines.length <= most ? lines : [...lines.slice(0, most), `… ${lines.length - most} lines more`];
}

/** A last line without its end is another one than with it, and said so as diff does. */
function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') return lines.slice(0, -1);
  return [...lines.slice(0, -1), `${lines.at(-1)}\n\\ No newline at end of file`];
}

/** Myers' greedy algorithm: the way with the fewest lines taken away and added. */
function shortestEdits(old: readonly string[], now: readonly string[]): readonly Edit[] | undefined {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= MOST_EDITS; edits += 1) {
    trace.push(new Map(furthest));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const isDown = comesDown(furthest, diagonal, edits);
      let x = isDown ? (furthest.get(diagonal + 1) ?? 0) : (furthest.get(diagonal - 1) ?? 0) + 1;
      while (x < old.length && x - diagonal < now.length && old[x] === now[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      if (x >= old.length && x - diagonal >= now.length) return walkBack(trace, old, now);
    }
  }
  return undefined;
}

function comesDown(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  if (diagonal === edits) return false;
  return (furthest.get(diagonal - 1) ?? 0) < (furthest.get(diagonal + 1) ?? 0);
}

function walkBack(
  trace: readonly ReadonlyMap<number, number>[],
  old: readonly string[],
  now: readonly string[],
): readonly Edit[] {
  const edits: Edit[] = [];
  let x = old.length;
  let y = now.length;
  for (let depth = trace.length - 1; depth >= 0; depth -= 1) {
    const furthest = trace[depth] ?? new Map<number, number>();
    const diagonal = x - y;
    const isDown = comesDown(furthest, diagonal, depth);
    const before = isDown ? diagonal + 1 : diagonal - 1;
    const beforeX = furthest.get(before) ?? 0;
    const beforeY = beforeX - before;
    while (x > beforeX && y > beforeY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      edits.push({ kind: ' ', line: old[x] ?? '' });
    }
    if (depth === 0) break;
    if (isDown) {
      y -= 1;
      edits.push({ kind: '+', line: now[y] ?? '' });
    } else {
      x -= 1;
      edits.push({ kind: '-', line: old[x] ?? '' });
    }
  }
  return edits.reverse();
}

function hunks(edits: readonly Edit[]): readonly string[] {
  const lines: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  for (let at = 0; at < edits.length;) {
    const first = edits.findIndex(({ kind }, index) => index >= at && kind !== ' ');
    if (first === -1) break;
    const from = Math.max(at, first - CONTEXT);
    let last = first;
    for (let index = first; index < edits.length && index <= last + 2 * CONTEXT; index += 1) {
      if (edits[index]?.kind !== ' ') last = index;
    }
    const to = Math.min(edits.length, last + CONTEXT + 1);
    oldLine += from - at;
    newLine += from - at;
    const part = edits.slice(from, to);
    const oldCount = part.filter(({ kind }) => kind !== '+').length;
    const newCount = part.filter(({ kind }) => kind !== '-').length;
    lines.push(`@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@`);
    for (const { kind, line } of part) lines.push(...`${kind}${line}`.split('\n'));
    oldLine += oldCount;
    newLine += newCount;
    at = to;
  }
  return lines;
}

/** A range of no lines is told by the line before it (diffutils, "Detailed Unified"). */
function range(line: number, count: number): string {
  return `${count === 0 ? line - 1 : line}${count === 1 ? '' : `,${count}`}`;
}
