import { parse } from 'yaml';
import { isLooseBookmark, isPlain, type ActualAnswer } from './exchange.ts';
import { differences, normalised } from './normalised.ts';
import { isObject, type RecordedValues } from './recorded-values.ts';
import type { RecordedExchange } from './recording.ts';

/** Headers whose values are compared, and those of which only whether they are there. */
const COMPARED_HEADERS = ['content-type', 'cache-control', 'vary', 'retry-after'];
const PRESENT_HEADERS = ['etag', 'location'];

/** Where our answer differs from the recorded one; empty if they agree. Learns from the pair what stands for what. */
export function compare(exchange: RecordedExchange, actual: ActualAnswer, values: RecordedValues): string[] {
  const recorded = recordedAnswer(exchange);
  learn(exchange, recorded, actual, values);
  const rename = (text: string): string => values.rename(text);
  const found: string[] = [];
  // Of a request that curl gave up on no status is known.
  if (exchange.status !== 0 && actual.status !== exchange.status) {
    found.push(`status: recorded ${exchange.status}, ours ${actual.status} ${actual.text.slice(0, 600)}`);
  }
  if (recorded.kind === 'events') {
    found.push(
      ...differences(
        inComparableOrder(normalised(recorded.events, rename)),
        inComparableOrder(normalised(actual.events ?? [])),
        'events',
      ),
    );
    if (!(actual.headers['content-type'] ?? '').startsWith('application/json')) {
      found.push(`header content-type: a watch's events are JSON, ours ${actual.headers['content-type']}`);
    }
    if (actual.hasEnded === false) found.push('the watch did not end at its timeout');
    return found;
  }
  found.push(...headerDifferences(exchange, actual), ...warningDifferences(exchange, actual));
  if (recorded.kind === 'left out') found.push(...partDifferences(exchange, actual));
  else if (recorded.kind === 'text') found.push(...differences(recorded.text, actual.text, 'text'));
  else {
    const ours = parsed(actual.text);
    const theirs = recorded.value;
    found.push(...differences(normalised(theirs, rename), normalised(likewise(theirs, ours)), 'body'));
    found.push(...nameDifferences(exchange, ours, rename));
  }
  return found;
}

/** What controllers put into a new namespace comes in no certain order, but before everything else there. */
function inComparableOrder(events: unknown): unknown {
  if (!isList(events)) return events;
  const isOfController = (event: unknown): boolean => /"name":"[\w-]+-ca\.crt"/.test(JSON.stringify(event));
  const first = events
    .filter(isOfController)
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return [...first, ...events.filter((event) => !isOfController(event))];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

type RecordedAnswer =
  | { readonly kind: 'events'; readonly events: readonly unknown[] }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'left out' };

function recordedAnswer(exchange: RecordedExchange): RecordedAnswer {
  if (exchange.summary !== undefined) {
    const lines = (exchange.events ?? []).map(([, line]) => line);
    if (!isPlain(exchange)) return { kind: 'events', events: lines.filter((line) => !isLooseBookmark(line)) };
    return fromText(lines.join(''));
  }
  const { body } = exchange;
  if (body === '(elided)') return { kind: 'left out' };
  if (typeof body === 'string') return fromText(body);
  return { kind: 'value', value: body };
}

function fromText(text: string): RecordedAnswer {
  const value = parsed(text);
  return value === undefined ? { kind: 'text', text } : { kind: 'value', value };
}

/** The object that a text is as JSON or YAML; undefined if it is none. */
function parsed(text: string): unknown {
  if (!/^\s*[{[]|^apiVersion:/.test(text)) return undefined;
  try {
    return parse(text, { merge: false });
  } catch {
    return undefined;
  }
}

function learn(
  exchange: RecordedExchange,
  recorded: RecordedAnswer,
  actual: ActualAnswer,
  values: RecordedValues,
): void {
  if (recorded.kind === 'events') values.learn(recorded.events, actual.events ?? []);
  if (recorded.kind === 'value') values.learn(recorded.value, parsed(actual.text));
  const unquoted = (tag: string | undefined): string => (tag ?? '').replaceAll('"', '');
  if (exchange.headers['etag'] !== undefined) {
    values.set(unquoted(exchange.headers['etag']), unquoted(actual.headers['etag']));
  }
  if (exchange.id === 'sa-token') {
    const token = (parsed(actual.text) as { status?: { token?: string } } | undefined)?.status?.token;
    if (token !== undefined) values.set('<jwt>', token);
  }
}

/** Lists whose items the recording left out are compared without them. */
function likewise(recorded: unknown, ours: unknown): unknown {
  if (!isObject(recorded) || !isObject(ours) || recorded['items'] !== '(elided)') return ours;
  return { ...ours, items: '(elided)' };
}

function nameDifferences(
  { names }: RecordedExchange,
  ours: unknown,
  rename: (text: string) => string,
): string[] {
  if (names === undefined || !isObject(ours)) return [];
  const items = (ours['items'] ?? []) as readonly { readonly metadata: { readonly name: string } }[];
  return differences(
    names.map(rename),
    items.map(({ metadata }) => metadata.name),
    'names',
  );
}

/** Of a document that was left out: its members, and the parts of it that were kept. */
function partDifferences({ body_keys: keys, sample }: RecordedExchange, actual: ActualAnswer): string[] {
  if (keys === undefined) return [];
  const ours = parsed(actual.text);
  if (!isObject(ours)) return [`no document: ${actual.text.slice(0, 100)}`];
  const found = differences([...keys].sort(), Object.keys(ours).sort(), 'members');
  for (const [name, part] of Object.entries(sample ?? {})) {
    found.push(...differences(normalised(part), normalised(partOf(ours, name)), name));
  }
  return found;
}

/** `path /api/…` or `schema io.k8s.…` of an OpenAPI document. */
function partOf(document: Record<string, unknown>, name: string): unknown {
  const [what, key] = name.split(' ');
  const components = (document['components'] ?? {}) as Record<string, unknown>;
  const holder = what === 'path' ? document['paths'] : (components['schemas'] ?? document['definitions']);
  return isObject(holder) ? holder[key ?? ''] : undefined;
}

function headerDifferences({ headers }: RecordedExchange, actual: ActualAnswer): string[] {
  // The heads of watches were not recorded.
  if (Object.keys(headers).length === 0) return [];
  const found: string[] = [];
  for (const name of COMPARED_HEADERS) {
    found.push(...differences(headers[name], actual.headers[name], `header ${name}`));
  }
  for (const name of PRESENT_HEADERS) {
    found.push(...differences(name in headers, name in actual.headers, `header ${name}`));
  }
  return found;
}

function warningDifferences({ warnings }: RecordedExchange, actual: ActualAnswer): string[] {
  if (warnings === undefined || warnings === null) return [];
  return differences(warnings, actual.warnings, 'warnings');
}
