import type { Kind } from '../kinds/index.ts';

/** The kinds that are served now. Custom ones come and go with their CustomResourceDefinitions. */
export class KindRegistry {
  readonly #builtIn: readonly Kind[];
  #custom: readonly Kind[] = [];
  #byResource: ReadonlyMap<string, Kind> = new Map();
  #byKind: ReadonlyMap<string, Kind> = new Map();
  #byStorage: ReadonlyMap<string, readonly Kind[]> = new Map();
  #groups: ReadonlySet<string> = new Set();
  #generation = 0;

  constructor(builtIn: readonly Kind[]) {
    this.#builtIn = builtIn;
    this.setCustom([]);
  }

  /** Counts the changes: what is made from the kinds (discovery, OpenAPI) is good for one generation. */
  get generation(): number {
    return this.#generation;
  }

  get all(): readonly Kind[] {
    return [...this.#builtIn, ...this.#custom];
  }

  /** Those that are always served. */
  get builtIn(): readonly Kind[] {
    return this.#builtIn;
  }

  /** The kinds that are stored in one place; two views of one object, and all versions of a custom kind, are. */
  storedIn(storage: string): readonly Kind[] {
    return this.#byStorage.get(storage) ?? [];
  }

  /** Replaces all custom kinds. None of them takes the place of a built-in one. */
  setCustom(kinds: readonly Kind[]): void {
    const taken = new Set(this.#builtIn.map(({ storage }) => storage));
    this.#custom = kinds.filter(({ storage }) => !taken.has(storage));
    // What comes later in a map counts.
    const all = [...this.#custom, ...this.#builtIn];
    this.#byStorage = Map.groupBy(this.all, ({ storage }) => storage);
    this.#byResource = new Map(all.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
    this.#byKind = new Map(all.map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]));
    this.#groups = new Set(all.map(({ group }) => group));
    this.#generation++;
  }

  /** By the names in a request's path. */
  find(group: string, version: string, plural: string): Kind | undefined {
    return this.#byResource.get(`${group}/${version}/${plural}`);
  }

  /** Whether a kind is still what is served under its names: its definition may be another now, or gone. */
  serves({ group, version, plural, schema }: Kind): boolean {
    return this.find(group, version, plural)?.schema === schema;
  }

  /** By the names in an object. */
  findByKind(apiVersion: string, kind: string): Kind | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The package of a group's internal types in kube-apiserver, which its messages name: `core`, `apps`. */
export function goPackageOf({ group }: { readonly group: string }): string {
  return group === '' ? 'core' : group.replace(/\..*$/s, '');
}
