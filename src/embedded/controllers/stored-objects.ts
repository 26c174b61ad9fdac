import type { Store, StoredObject } from '../store/index.ts';

/** Objects that are in memory at a time. */
const PAGE = 200;

/** All objects of a storage, or of one namespace in it, in the order of their keys; read page by page, since they may be many. */
export function* storedObjects(store: Store, storage: string, namespace?: string): Generator<StoredObject> {
  let after: { readonly namespace: string; readonly name: string } | undefined;
  for (;;) {
    const page = store.list(storage, {
      limit: PAGE,
      ...(namespace === undefined ? {} : { namespace }),
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { namespace: last.namespace, name: last.name };
  }
}
