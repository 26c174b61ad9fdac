import { hash } from 'node:crypto';
import type { Json } from '../../schema/index.ts';
import { aggregatedDiscovery } from './aggregated-discovery.ts';
import type { DocumentedKind } from './documented-kind.ts';
import { encodeGnostic } from './gnostic.ts';
import { servedGroups } from './group-order.ts';
import { openApiV2 } from './openapi-v2.ts';
import { openApiV3 } from './openapi-v3.ts';

/** A document as it is sent. */
export interface ApiDocument {
  readonly body: string | Uint8Array;
  /** Of what the document says, in upper-case hexadecimal: its ETag, and the `hash` of an OpenAPI 3 address. */
  readonly hash: string;
}

/**
 * The larger documents about one list of served kinds, each made when it is first asked for. A pure function of the kinds:
 * make a new one when they change, and hand the old one over so that what did not change is not made again.
 */
export class ApiDocuments {
  readonly #kinds: readonly DocumentedKind[];
  readonly #serverVersion: string;
  readonly #made: Map<string, ApiDocument> = new Map();
  readonly #groupVersions: Map<string, readonly DocumentedKind[]> = new Map();

  constructor(kinds: readonly DocumentedKind[], serverVersion: string, previous?: ApiDocuments) {
    this.#kinds = kinds;
    this.#serverVersion = serverVersion;
    for (const { name, versions } of servedGroups(kinds)) {
      for (const { version, kinds: served } of versions) {
        const path = name === '' ? `api/${version}` : `apis/${name}/${version}`;
        this.#groupVersions.set(path, served);
        const known = previous === undefined ? undefined : previous.#documentOf(path, served);
        if (known !== undefined) this.#made.set(path, known);
      }
    }
  }

  /** The aggregated discovery document of `/api` (core) or `/apis`. */
  discovery(core: boolean): ApiDocument {
    return this.#make(core ? 'api' : 'apis', () => jsonDocument(aggregatedDiscovery(this.#kinds, core)));
  }

  /** `/openapi/v3`: where each group and version's document is. */
  openApiIndex(): string {
    const paths = [...this.#groupVersions.keys()].toSorted().map((path) => {
      const document = this.openApiV3(path);
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${document?.hash ?? ''}` }];
    });
    return `${JSON.stringify({ paths: Object.fromEntries(paths) as Json })}\n`;
  }

  /** `/openapi/v3/<path>`, the path being `api/v1` or `apis/<group>/<version>`; undefined if that is not served. */
  openApiV3(path: string): ApiDocument | undefined {
    const kinds = this.#groupVersions.get(path);
    if (kinds === undefined) return undefined;
    return this.#make(path, () => jsonDocument(openApiV3(kinds, this.#serverVersion)));
  }

  /** `/openapi/v2`. */
  openApiV2(): ApiDocument {
    return this.#make('v2', () => jsonDocument(openApiV2(this.#kinds, this.#serverVersion)));
  }

  /** `/openapi/v2` in gnostic's protobuf form. Its hash is that of the JSON form. */
  openApiV2Protobuf(): ApiDocument {
    return this.#make('v2 protobuf', () => ({
      body: encodeGnostic(openApiV2(this.#kinds, this.#serverVersion)),
      hash: this.openApiV2().hash,
    }));
  }

  #make(name: string, make: () => ApiDocument): ApiDocument {
    const known = this.#made.get(name) ?? make();
    this.#made.set(name, known);
    return known;
  }

  /** A document that was made of the very same kinds. */
  #documentOf(path: string, kinds: readonly DocumentedKind[]): ApiDocument | undefined {
    const own = this.#groupVersions.get(path);
    const isSame = own?.length === kinds.length && own.every((kind, index) => kind === kinds[index]);
    return isSame ? this.#made.get(path) : undefined;
  }
}

function jsonDocument(value: Json): ApiDocument {
  const body = `${JSON.stringify(value)}\n`;
  return { body, hash: hash('sha512', body).toUpperCase() };
}
