import { isObject } from './recorded-values.ts';

const TIMES: ReadonlySet<string> = new Set([
  'creationTimestamp',
  'deletionTimestamp',
  'time',
  'expirationTimestamp',
  'startTime',
  'completionTime',
]);

/** Texts in which every server has numbers and identities of its own. */
function normaliseText(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (uid) =>
      /^1{8}-/.test(uid) ? uid : '<uid>',
    )
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, (time) =>
      time.startsWith('2026-11-') ? '<time>' : time,
    )
    .replaceAll(/(resourceVersion\\*": ?\\*")\d+/g, '$1<rv>')
    .replaceAll(/in record \(\d+\)/g, 'in record (<rv>)')
    .replaceAll(/current: \d+/g, 'current: <rv>')
    .replaceAll(/too old resource version: \d+ \(\d+\)/g, 'too old resource version: <rv> (<rv>)')
    .replaceAll(/X509SHA256=[0-9a-f]{64}/g, 'X509SHA256=<hash>')
    .replaceAll(/JTI=<uid>/g, 'JTI=<uid>')
    .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<random>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replaceAll(/10\.96\.\d+\.\d+/g, '<cluster IP>')
    .replaceAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g, '<certificate>')
    .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>');
}

/**
 * A body in which what is each server's own (identities, times, revisions, random parts of names) is replaced by what it is,
 * so that two answers can be compared. Lists in which Kubernetes has no order are sorted.
 */
export function normalised(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    if (key === 'resourceVersion') return /^\d+$/.test(value) ? '<rv>' : value;
    if (key === 'continue' && value !== '') return '<token>';
    if (TIMES.has(key)) return '<time>';
    if (key === 'message') return normaliseMessage(normaliseText(value));
    return normaliseText(value);
  }
  if (typeof value === 'number' && key === 'remainingItemCount') return '<count>';
  if (Array.isArray(value)) {
    const items = value.map((item) => normalised(item, key));
    if (key === 'managedFields' || key === 'causes' || key === 'groups') return items.sort(byText);
    return items;
  }
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, member]) => [name, normalised(member, name)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  return value;
}

/** `… is invalid: [a, b]`: the errors of one object come in the order of Go's maps, which is none. */
function normaliseMessage(text: string): string {
  const list = /^(.*? is invalid: )\[(.*)\]$/s.exec(text);
  if (list === null) return text;
  const parts = (list[2] ?? '').split(
    /, (?=[\w.[\]<>"=/-]+: (?:Invalid|Required|Unsupported|Too|Duplicate|Forbidden|Not))/,
  );
  return `${list[1] ?? ''}[${parts.sort().join(', ')}]`;
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** The first places at which two normalised bodies differ, for a person. */
export function differences(recorded: unknown, actual: unknown, path = ''): string[] {
  if (isObject(recorded) && isObject(actual)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(actual)])].sort();
    return keys.flatMap((key) =>
      differences(recorded[key], actual[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    const length = Math.max(recorded.length, actual.length);
    return Array.from({ length }, (_, index) =>
      differences(recorded[index], actual[index], `${path}[${index}]`),
    ).flat();
  }
  if (recorded === actual) return [];
  return [`${path}: recorded ${show(recorded)}, ours ${show(actual)}`];
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
