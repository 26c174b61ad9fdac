import type { ListOptions } from './store.ts';

/**
 * The text by which an object is stored and ordered below its storage, as etcd's keys end: `namespace/name`; `/name` where there
 * is no namespace.
 */
export function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/**
 * False for what cannot be told apart from another object once it is stored: a slash would move the border of the two parts, and
 * half a surrogate pair has no UTF-8. Kubernetes refuses both in names.
 */
export function isStorable(namespace: string, name: string): boolean {
  return name !== '' && isSegment(namespace) && isSegment(name);
}

/** The two parts of an {@link objectKey}. */
export function parseObjectKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The keys between two, both exclusive. */
export interface KeyRange {
  readonly above: string;
  /** A blob is above every text in SQLite's order, and so stands for no limit. */
  readonly below: string | Uint8Array;
}

/** Where in the order of keys a list looks. */
export function keyRange(options: ListOptions): KeyRange {
  const { namespace, after } = options;
  const start = namespace === undefined ? '' : objectKey(namespace, '');
  const continued = after === undefined ? '' : objectKey(after.namespace, after.name);
  return {
    above: Buffer.compare(Buffer.from(continued), Buffer.from(start)) > 0 ? continued : start,
    below: namespace === undefined ? NO_LIMIT : `${namespace}${AFTER_SLASH}`,
  };
}

const NO_LIMIT = new Uint8Array();

/** The character after the slash: `ns0` is above all `ns/…`. */
const AFTER_SLASH = '0';

function isSegment(text: string): boolean {
  return !text.includes('/') && text.isWellFormed();
}
