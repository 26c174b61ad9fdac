import { isJsonObject, type JsonObject } from '../../schema/index.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export type RbacResource = 'clusterroles' | 'roles' | 'clusterrolebindings' | 'rolebindings';

/** Where the authorizer reads roles and bindings. */
export interface RbacSource {
  /** Differs after any change of a role or binding, also one that was read and then taken back. */
  version(): number;
  /** All of a resource, each with its metadata. */
  list(resource: RbacResource): readonly JsonObject[];
}

/** What is needed of the objects' store. */
export interface RbacStore {
  list(storage: string): readonly StoredText[];
  /** Rejects if what can be read now does not come to disk, and so is taken back. */
  settled(): Promise<void>;
  subscribe(listener: (storages: ReadonlySet<string>) => void): () => void;
}

interface StoredText {
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly text: string;
}

/**
 * Roles and bindings of a store. Asking for the version costs nothing: it is counted when the store tells of changes, and
 * when it takes back what was read here. `close` stops the former.
 */
export function storedRbac(store: RbacStore): RbacSource & { close(): void } {
  const parsed = new Map<RbacResource, ParsedObjects>();
  let version = 0;
  const close = store.subscribe((changed) => {
    if (rbacResources.some((resource) => changed.has(storage(resource)))) version += 1;
  });
  return {
    version: () => version,
    list: (resource) => {
      // Nobody may keep rights that were never stored; and the revisions of what is taken back are given out again.
      store.settled().catch(() => {
        version += 1;
        parsed.clear();
      });
      const objects = parseAll(store.list(storage(resource)), parsed.get(resource) ?? new Map());
      parsed.set(resource, objects);
      return [...objects.values()].map(({ object }) => object);
    },
    close,
  };
}

const rbacResources: readonly RbacResource[] = [
  'clusterroles',
  'roles',
  'clusterrolebindings',
  'rolebindings',
];

type ParsedObjects = Map<string, { readonly revision: number; readonly object: JsonObject }>;

/** Parses what is not known from last time: one binding more among thousands is one text more. */
function parseAll(stored: readonly StoredText[], known: ParsedObjects): ParsedObjects {
  const objects: ParsedObjects = new Map();
  for (const { namespace, name, revision, text } of stored) {
    const key = `${namespace}/${name}`;
    const before = known.get(key);
    objects.set(key, before?.revision === revision ? before : { revision, object: parse(text) });
  }
  return objects;
}

function parse(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  return isJsonObject(value) ? value : {};
}

function storage(resource: RbacResource): string {
  return `${rbacGroup}/${resource}`;
}
