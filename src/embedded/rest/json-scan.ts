/** As many problems of a text as Kubernetes tells of (sigs.k8s.io/json, saveStrictError); also bounds what we remember. */
export const MAX_PROBLEMS = 100;

/** What JSON.parse does not say of a text. */
export interface JsonScan {
  /** The paths of members that occur twice in one object (`data.a`), each once, in the order of the text. */
  readonly duplicates: readonly string[];
  readonly isTooDeep: boolean;
  /** A number beyond all that JSON.parse can hold, which it makes infinite. */
  readonly hugeNumber: string | undefined;
}

/**
 * Looks through a JSON text, which must be valid.
 *
 * @param maxDepth how deep objects and lists may be nested; what is nested deeper is not looked at
 */
export function scanJson(text: string, maxDepth: number): JsonScan {
  const duplicates = new Set<string>();
  let isTooDeep = false;
  let hugeNumber: string | undefined;
  walk(text, {
    container: (path) => {
      isTooDeep = path.length > maxDepth;
      return !isTooDeep;
    },
    key: (path, isDuplicate) => {
      if (isDuplicate && duplicates.size < MAX_PROBLEMS) duplicates.add(printPath(path));
    },
    number: (token) => {
      if (!Number.isFinite(Number(token))) hugeNumber ??= token;
    },
  });
  return { duplicates: [...duplicates], isTooDeep, hugeNumber };
}

/** Where the members with these paths (`spec.list[0].x`) stand last: the number of members before each. */
export function positionsIn(text: string, wanted: ReadonlySet<string>): ReadonlyMap<string, number> {
  const positions = new Map<string, number>();
  // Printing the path of each member would take long.
  const tails = new Set([...wanted].map((path) => tailOf(path)));
  let count = 0;
  walk(text, {
    key: (path) => {
      count++;
      const key = String(path.at(-1));
      if (key !== '' && !tails.has(tailOf(key))) return;
      const printed = printPath(path);
      if (wanted.has(printed)) positions.set(printed, count);
    },
  });
  return positions;
}

/** What the path of a member has at its end whatever is before it. */
function tailOf(key: string): string {
  return key.slice(-1);
}

type Path = readonly (string | number)[];

interface Visitor {
  /** An object or list opens. @returns whether to go on */
  readonly container?: (path: Path) => boolean;
  readonly key: (path: Path, isDuplicate: boolean) => void;
  /** A number that is long or has an exponent. */
  readonly number?: (token: string) => void;
}

function walk(text: string, visitor: Visitor): void {
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
        visitor.key(path, keys?.has(key) === true);
        keys?.add(key);
        expectsKey = false;
      }
      at = end;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      expectsKey = code === OPEN_BRACE;
      seen.push(expectsKey ? new Set() : undefined);
      path.push(expectsKey ? '' : 0);
      if (visitor.container?.(path) === false) return;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      seen.pop();
      path.pop();
      expectsKey = false;
    } else if (code === COMMA) {
      const last = path.at(-1);
      if (typeof last === 'number') path[path.length - 1] = last + 1;
      else expectsKey = true;
    } else if (code >= DIGIT_0 && code <= DIGIT_9) {
      const end = endOfNumber(text, at);
      if (end - at > PLAIN_DIGITS || /e/i.test(text.slice(at, end))) visitor.number?.(text.slice(at, end));
      at = end - 1;
    }
  }
}

/** Numbers that are no longer than this and have no exponent are far from infinite. */
const PLAIN_DIGITS = 40;

const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const UPPER_E = 69;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const LOWER_E = 101;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const IN_NUMBERS: ReadonlySet<number> = new Set([PLUS, MINUS, POINT, UPPER_E, LOWER_E]);

function endOfNumber(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!(code >= DIGIT_0 && code <= DIGIT_9) && !IN_NUMBERS.has(code)) break;
  }
  return at;
}

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
function printPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}
