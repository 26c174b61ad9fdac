/** Bounds what a hostile body can make us remember. */
const MAX_FOUND = 64;

/** What JSON.parse does not say of a text. */
export interface JsonScan {
  /** The paths of members that occur twice in one object (`data.a`), in the order of the text. */
  readonly duplicates: readonly string[];
  /** How deep its objects and lists are nested. */
  readonly depth: number;
}

/** Looks through a JSON text, which must be valid. */
export function scanJson(text: string): JsonScan {
  const duplicates: string[] = [];
  let depth = 0;
  walk(text, (path, isDuplicate) => {
    depth = Math.max(depth, path.length);
    if (isDuplicate && duplicates.length < MAX_FOUND) duplicates.push(printPath(path));
  });
  return { duplicates, depth };
}

/** Where the member with this path (`spec.list[0].x`) stands last: the number of members before it. */
export function positionIn(text: string, wanted: string): number {
  let count = 0;
  let position = -1;
  walk(text, (path, _, isKey) => {
    if (!isKey) return;
    count++;
    if (wanted.endsWith(String(path.at(-1))) && printPath(path) === wanted) position = count;
  });
  return position;
}

/** Calls `visit` for each object and list that opens, and for each key. */
function walk(
  text: string,
  visit: (path: readonly (string | number)[], isDuplicate: boolean, isKey: boolean) => void,
): void {
  const path: (string | number)[] = [];
  const seen: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (expectsKey) {
        const key = readKey(text, at, end);
        const keys = seen.at(-1);
        path[path.length - 1] = key;
        visit(path, keys?.has(key) === true, true);
        keys?.add(key);
        expectsKey = false;
      }
      at = end;
    } else if (code === OPEN_BRACE) {
      seen.push(new Set());
      path.push('');
      visit(path, false, false);
      expectsKey = true;
    } else if (code === OPEN_BRACKET) {
      seen.push(undefined);
      path.push(0);
      visit(path, false, false);
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      seen.pop();
      path.pop();
      expectsKey = false;
    } else if (code === COMMA) {
      const last = path.at(-1);
      if (typeof last === 'number') path[path.length - 1] = last + 1;
      else expectsKey = true;
    }
  }
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** The index of the quote that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
    at = text.indexOf('"', at + 1);
  }
}

function readKey(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes('\\') ? (JSON.parse(text.slice(start, end + 1)) as string) : raw;
}

/** `spec.containers[0].name`. */
function printPath(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}
