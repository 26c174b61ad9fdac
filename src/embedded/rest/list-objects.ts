import { StoreError, type ListOptions as StoreListOptions, type StoredObject } from '../store/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { onlyKeyOf, type ListOptions, type Selection } from './list-options.ts';
import type { ListMetadata } from './presentation.ts';
import { StatusError, badRequest, futureResourceVersion } from '../status/index.ts';

/** One answer's part of a list. */
export interface ListPage {
  /** To be gone through once, before anything is written: what no page bounds is read while it is. */
  readonly objects: Iterable<StoredObject>;
  readonly metadata: ListMetadata;
}

/** Objects read at a time while a selection is searched for. */
const CHUNK = 500;

/** Lists objects: all, or a page that `continue` leads on from (kubernetes-api §11). @throws StatusError */
export function listObjects(environment: ApiEnvironment, options: ListOptions): ListPage {
  const { selection } = options;
  const from = startOf(environment, options);
  const only = onlyKeyOf(selection);
  if (only !== undefined && from.after === undefined && from.at.revision === undefined) {
    const object = environment.store.get(only);
    const objects = object !== undefined && selects(selection, object) ? [object] : [];
    return { objects, metadata: { resourceVersion: String(from.shown) } };
  }
  if (options.limit === undefined)
    return {
      objects: allObjects(environment, options, from),
      metadata: { resourceVersion: String(from.shown) },
    };
  const all = selection.labels.isEmpty && selection.fields.isEmpty;
  const found: StoredObject[] = [];
  const { limit } = options;
  let after = from.after;
  try {
    for (;;) {
      const size = all ? limit - found.length + 1 : CHUNK;
      const chunk = environment.store.list(selection.kind.storage, {
        ...scope(selection),
        ...from.at,
        ...at(after),
        limit: size,
      });
      for (const object of chunk) {
        if (!selects(selection, object)) continue;
        found.push(object);
        if (found.length > limit) break;
      }
      const last = chunk.at(-1);
      if (found.length > limit || last === undefined || chunk.length < size) break;
      after = { namespace: last.namespace, name: last.name };
    }
    const hasMore = found.length > limit;
    const objects = hasMore ? found.slice(0, limit) : found;
    const last = objects.at(-1);
    if (!hasMore || last === undefined) {
      return { objects, metadata: { resourceVersion: String(from.shown) } };
    }
    const remaining = all
      ? environment.store.count(selection.kind.storage, {
          ...scope(selection),
          ...from.at,
          after: { namespace: last.namespace, name: last.name },
        })
      : undefined;
    return {
      objects,
      metadata: {
        resourceVersion: String(from.shown),
        continue: writeToken(from.shown, keyText(selection, last)),
        ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
      },
    };
  } catch (error) {
    if (error instanceof StoreError && error.code === 'compacted') throw expired(options, after);
    throw error;
  }
}

/** Not all at once: of tens of thousands, one at a time is in memory. */
function* allObjects(
  environment: ApiEnvironment,
  options: ListOptions,
  from: Start,
): Generator<StoredObject, void, undefined> {
  const { selection } = options;
  let { after } = from;
  try {
    for (;;) {
      const chunk = environment.store.list(selection.kind.storage, {
        ...scope(selection),
        ...from.at,
        ...at(after),
        limit: CHUNK,
      });
      for (const object of chunk) if (selects(selection, object)) yield object;
      const last = chunk.at(-1);
      if (last === undefined || chunk.length < CHUNK) return;
      after = { namespace: last.namespace, name: last.name };
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'compacted') throw expired(options, after);
    throw error;
  }
}

/** Whether an object belongs to a selection; its namespace has been looked at. */
export function selects(
  { labels, fields }: Selection,
  object: Pick<StoredObject, 'fields' | 'labels' | 'name' | 'namespace'>,
): boolean {
  return labels.matches(object.labels) && fields.matches(object.namespace, object.name, object.fields);
}

interface Start {
  readonly after: StoreListOptions['after'] | undefined;
  /** The snapshot to read; that of now, if empty. */
  readonly at: { readonly revision?: number };
  /** The resourceVersion that the answer names. */
  readonly shown: number;
}

function startOf(environment: ApiEnvironment, options: ListOptions): Start {
  const { store } = environment;
  if (options.continueToken !== undefined) {
    const token = readToken(options.continueToken);
    const after = keyOfText(options.selection, token.start);
    // A token of an expired list goes on with what there is now.
    if (token.rv < 0) return { after, at: {}, shown: store.revision };
    // No list of this server has led there.
    if (token.rv > store.revision) throw expired(options, after);
    return { after, at: token.rv === store.revision ? {} : { revision: token.rv }, shown: token.rv };
  }
  const asked = Number(options.resourceVersion ?? 0);
  if (asked > store.revision) throw futureResourceVersion(options.resourceVersion ?? '', store.revision);
  // Without a match, a page of a list is meant to be of just that revision (kubernetes: "legacy exact").
  const isExact =
    options.match === 'Exact' || (options.match === undefined && options.limit !== undefined && asked > 0);
  if (isExact && asked !== store.revision) return { after: undefined, at: { revision: asked }, shown: asked };
  return { after: undefined, at: {}, shown: store.revision };
}

function scope({ kind, namespace }: Selection): { readonly namespace?: string } {
  return kind.namespaced && namespace !== '' ? { namespace } : {};
}

function at(after: StoreListOptions['after'] | undefined): Pick<StoreListOptions, 'after'> {
  return after === undefined ? {} : { after };
}

interface Token {
  readonly rv: number;
  readonly start: string;
}

function writeToken(rv: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url');
}

function readToken(text: string): Token {
  let token: unknown;
  const decoded = Buffer.from(text, 'base64url').toString('utf8');
  try {
    token = JSON.parse(decoded);
  } catch {
    throw badContinue(`invalid character '${decoded.slice(0, 1)}' looking for beginning of value`);
  }
  const { v, rv, start } = (typeof token === 'object' && token !== null ? token : {}) as Record<
    string,
    unknown
  >;
  if (v !== 'meta.k8s.io/v1')
    throw badContinue(`server does not recognize this encoded version ${JSON.stringify(v ?? '')}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw badContinue('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '')
    throw badContinue('encoded start key empty (version meta.k8s.io/v1)');
  return { rv, start };
}

function badContinue(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

/** The key of an object below its list's prefix, as etcd's keys have it. */
function keyText({ kind, namespace }: Selection, object: Pick<StoredObject, 'name' | 'namespace'>): string {
  if (!kind.namespaced) return `${object.name}\u0000`;
  return namespace === '' ? `${object.namespace}/${object.name}\u0000` : `/${object.name}\u0000`;
}

function keyOfText({ kind, namespace }: Selection, text: string): StoreListOptions['after'] {
  const key = text.endsWith('\u0000') ? text.slice(0, -1) : text;
  if (!kind.namespaced) return { namespace: '', name: key };
  if (namespace !== '') return { namespace, name: key.replace(/^\//, '') };
  const [first = '', ...rest] = key.split('/');
  return { namespace: first, name: rest.join('/') };
}

/** What the list was read from is gone; the token in the answer goes on with newer objects. */
function expired(options: ListOptions, after: StoreListOptions['after'] | undefined): StatusError {
  if (options.continueToken === undefined || after === undefined) {
    return new StatusError(410, 'Expired', 'The resourceVersion for the provided list is too old.');
  }
  return new StatusError(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    undefined,
    writeToken(-1, keyText(options.selection, after)),
  );
}
