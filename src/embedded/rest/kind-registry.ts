import type { Kind } from '../kinds/index.ts';

/** The kinds that are served now. Custom ones come and go with their CustomResourceDefinitions. */
export class KindRegistry {
  readonly #builtIn: readonly Kind[];
  #custom: readonly Kind[] = [];
  #byResource: ReadonlyMap<string, Kind> = new Map();
  #byKind: ReadonlyMap<string, Kind> = new Map();
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

  /** Replaces all custom kinds. */
  setCustom(kinds: readonly Kind[]): void {
    this.#custom = kinds;
    const all = this.all;
    this.#byResource = new Map(all.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
    this.#byKind = new Map(all.map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]));
    this.#groups = new Set(all.map(({ group }) => group));
    this.#generation++;
  }

  /** By the names in a request's path. */
  find(group: string, version: string, plural: string): Kind | undefined {
    return this.#byResource.get(`${group}/${version}/${plural}`);
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
