const CONTEXT = 3;
/** Beyond so many lines between the first and the last difference, all of them are shown as replaced. */
const MAX_COMPARED = 400;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** The hunks of a unified diff of two texts, without the names of files; '' if they are the same. */
export function unifiedDiff(old: string, next: string): string {
  const lines = compare(old.split('\n'), next.split('\n'));
  const hunks: string[] = [];
  let from = 0;
  while (from < lines.length) {
    const first = lines.findIndex(({ mark }, index) => index >= from && mark !== ' ');
    if (first === -1) break;
    let last = first;
    for (let index = first; index < lines.length && index - last <= 2 * CONTEXT; index++) {
      if (lines[index]?.mark !== ' ') last = index;
    }
    const begin = Math.max(from, first - CONTEXT);
    from = Math.min(lines.length, last + CONTEXT + 1);
    hunks.push(hunk(lines, begin, from));
  }
  return hunks.join('');
}

function hunk(lines: readonly Line[], begin: number, end: number): string {
  const count = (range: readonly Line[], mark: '-' | '+'): number =>
    range.filter((line) => line.mark === ' ' || line.mark === mark).length;
  const before = lines.slice(0, begin);
  const shown = lines.slice(begin, end);
  const range = (mark: '-' | '+'): string => {
    const length = count(shown, mark);
    const start = count(before, mark) + (length === 0 ? 0 : 1);
    return length === 1 ? String(start) : `${start},${length}`;
  };
  const text = shown.map((line) => `${line.mark}${line.text}\n`).join('');
  return `@@ -${range('-')} +${range('+')} @@\n${text}`;
}

function compare(old: readonly string[], next: readonly string[]): Line[] {
  let head = 0;
  while (head < Math.min(old.length, next.length) && old[head] === next[head]) head += 1;
  let tail = 0;
  const rest = Math.min(old.length, next.length) - head;
  while (tail < rest && old.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  const kept = (text: string): Line => ({ mark: ' ', text });
  return [
    ...old.slice(0, head).map(kept),
    ...middle(old.slice(head, old.length - tail), next.slice(head, next.length - tail)),
    ...old.slice(old.length - tail).map(kept),
  ];
}

/** What differs, with the longest common sequence of lines kept. */
function middle(old: readonly string[], next: readonly string[]): Line[] {
  if (old.length > MAX_COMPARED || next.length > MAX_COMPARED) {
    return [
      ...old.map((text): Line => ({ mark: '-', text })),
      ...next.map((text): Line => ({ mark: '+', text })),
    ];
  }
  const width = next.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let left = old.length - 1; left >= 0; left--) {
    for (let right = next.length - 1; right >= 0; right--) {
      lengths[left * width + right] =
        old[left] === next[right]
          ? 1 + (lengths[(left + 1) * width + right + 1] ?? 0)
          : Math.max(lengths[(left + 1) * width + right] ?? 0, lengths[left * width + right + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  let left = 0;
  let right = 0;
  while (left < old.length || right < next.length) {
    const gone = old[left];
    const come = next[right];
    const without = lengths[(left + 1) * width + right] ?? 0;
    const within = lengths[left * width + right + 1] ?? 0;
    if (gone !== undefined && gone === come) {
      lines.push({ mark: ' ', text: gone });
      left += 1;
      right += 1;
    } else if (gone !== undefined && (come === undefined || without >= within)) {
      lines.push({ mark: '-', text: gone });
      left += 1;
    } else {
      lines.push({ mark: '+', text: come ?? '' });
      right += 1;
    }
  }
  return lines;
}
