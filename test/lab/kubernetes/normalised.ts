import { isObject, type ContinueToken } from './recorded-values.ts';

/** Members that hold a time which a server chose. Times that a request brought are recognised by their text. */
const REQUESTED_TIME = /^(?:2026-01-01|2001-01-01)T/;

/**
 * A body in which what is each server's own (identities, times, revisions, random parts of names, certificates, addresses) is
 * replaced by a word for it, so that two answers can be compared. Lists in which Kubernetes has no order are sorted.
 *
 * @param rename - applied to each text first: gives recorded names their counterparts
 */
export function normalised(value: unknown, rename: (text: string) => string = (text) => text): unknown {
  return new Normaliser(rename).value(value, '');
}

class Normaliser {
  readonly #rename: (text: string) => string;

  constructor(rename: (text: string) => string) {
    this.#rename = rename;
  }

  value(value: unknown, key: string): unknown {
    if (typeof value === 'string') return this.#string(value, key);
    if (Array.isArray(value)) return this.#array(value, key);
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value)
          .map(([name, member]) => [this.#rename(name), this.value(member, name)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    }
    return value;
  }

  #string(value: string, key: string): unknown {
    if (key === 'resourceVersion') return /^\d+$/.test(value) ? '<version>' : value;
    if (key === 'continue' && value !== '') return this.#token(value);
    if (key === 'cells' && /^(?:\d+[smhdy])+$/.test(value)) return '<age>';
    if (key === 'kid' || key === 'n') return '<key>';
    const text = this.#text(value);
    return key === 'message' ? sortedErrors(text) : text;
  }

  #array(values: readonly unknown[], key: string): unknown {
    const items = values.filter((item) => !isOpenShift(item)).map((item) => this.value(item, key));
    return UNORDERED.has(key) ? items.sort(byText) : items;
  }

  #token(token: string): unknown {
    const decoded = JSON.parse(Buffer.from(token, 'base64url').toString()) as ContinueToken;
    return { ...decoded, rv: '<version>', start: this.#text(decoded.start) };
  }

  /** Texts in which every server has numbers and identities of its own. */
  #text(value: string): string {
    return this.#rename(value)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (uid) =>
        uid.startsWith('11111111-') ? uid : '<uid>',
      )
      .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, (time) =>
        REQUESTED_TIME.test(time) ? time : '<time>',
      )
      .replaceAll(/(resourceVersion\\*": ?\\*")\d+/g, '$1<version>')
      .replaceAll(/in record \(\d+\)/g, 'in record (<version>)')
      .replaceAll(/current: \d+/g, 'current: <version>')
      .replaceAll(/too old resource version: \d+ \(\d+\)/g, 'too old resource version: <version> (<version>)')
      .replaceAll(/X509SHA256=[0-9a-f]{64}/g, 'X509SHA256=<hash>')
      .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<random>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
      .replaceAll(/10\.96\.\d+\.\d+/g, '<cluster IP>')
      .replaceAll(/\?hash=[0-9A-F]+/g, '?hash=<hash>')
      .replaceAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g, '<certificate>')
      .replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>');
  }
}

/** Kubernetes sorts managedFields by seconds, errors by Go's maps, groups of a user as they were found. */
const UNORDERED: ReadonlySet<string> = new Set(['managedFields', 'causes', 'groups']);

/** The volume source that OpenShift's build of the recorded server adds to every pod (kubernetes-api §10). */
function isOpenShift(item: unknown): boolean {
  return (
    isObject(item) &&
    isObject(item['configMap']) &&
    item['configMap']['name'] === 'openshift-service-ca.crt' &&
    Array.isArray(item['configMap']['items'])
  );
}

/** `… is invalid: [a, b]`: the errors of one object come in the order of Go's maps, which is none. */
function sortedErrors(text: string): string {
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

/**
 * The places at which two normalised bodies differ, for a person. Items of lists are named after themselves where each has a
 * name of its own: `body.resources[pods]`.
 */
export function differences(recorded: unknown, actual: unknown, path = ''): string[] {
  if (isObject(recorded) && isObject(actual)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(actual)])].sort();
    return keys.flatMap((key) =>
      differences(recorded[key], actual[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(recorded) && Array.isArray(actual)) return listDifferences(recorded, actual, path);
  if (recorded === actual) return [];
  return [`${path}: recorded ${show(recorded)}, ours ${show(actual)}`];
}

function listDifferences(recorded: readonly unknown[], actual: readonly unknown[], path: string): string[] {
  const theirs = byName(recorded);
  const ours = byName(actual);
  if (theirs === undefined || ours === undefined) {
    const length = Math.max(recorded.length, actual.length);
    return Array.from({ length }, (_, index) =>
      differences(recorded[index], actual[index], `${path}[${index}]`),
    ).flat();
  }
  const names = [...new Set([...theirs.keys(), ...ours.keys()])];
  const found = names.flatMap((name) => differences(theirs.get(name), ours.get(name), `${path}[${name}]`));
  const theirOrder = [...theirs.keys()].filter((name) => ours.has(name));
  const ourOrder = [...ours.keys()].filter((name) => theirs.has(name));
  if (theirOrder.join() !== ourOrder.join()) {
    found.push(`${path}: in the order recorded ${show(theirOrder)}, ours ${show(ourOrder)}`);
  }
  return found;
}

/** The items by their names; undefined where one has none, or two have the same. */
function byName(items: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const named = new Map<string, unknown>();
  for (const item of items) {
    const name = nameOf(item);
    if (name === undefined || named.has(name)) return undefined;
    named.set(name, item);
  }
  return named;
}

/** What an item is called in a list: of objects, resources, groups, versions, paths. */
function nameOf(item: unknown): string | undefined {
  if (typeof item === 'string') return item;
  if (!isObject(item)) return undefined;
  const metadata = isObject(item['metadata']) ? item['metadata'] : {};
  for (const name of [
    metadata['name'],
    item['name'],
    item['resource'],
    item['subresource'],
    item['version'],
  ]) {
    if (typeof name === 'string') return name;
  }
  return undefined;
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 1200 ? `${text.slice(0, 1200)}…` : text;
}
