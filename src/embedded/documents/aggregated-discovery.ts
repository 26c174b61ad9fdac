import type { JsonObject } from '../../schema/index.ts';
import { orderedSubresources } from './discovery.ts';
import type { DocumentedKind, Subresource } from './documented-kind.ts';
import { servedGroups } from './group-order.ts';

/** The media type of an aggregated discovery document, as requests name it and the answer's Content-Type. */
export const AGGREGATED_DISCOVERY_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * `GET /api` (`core`: the core group alone) and `GET /apis` (all others) for clients that accept
 * {@link AGGREGATED_DISCOVERY_TYPE}: groups, versions, resources and subresources in one document.
 */
export function aggregatedDiscovery(kinds: readonly DocumentedKind[], core: boolean): JsonObject {
  const groups = servedGroups(kinds).filter((group) => (group.name === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map(({ version, kinds: served }) => ({
        version,
        resources: served.map(describeResource),
        freshness: 'Current',
      })),
    })),
  };
}

function describeResource(kind: DocumentedKind): JsonObject {
  const subresources = orderedSubresources(kind);
  return {
    resource: kind.plural,
    responseKind: responseKind(kind, kind),
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: [...kind.verbs],
    ...(kind.shortNames?.length ? { shortNames: [...kind.shortNames] } : {}),
    ...(kind.categories?.length ? { categories: [...kind.categories] } : {}),
    ...(subresources.length === 0
      ? {}
      : { subresources: subresources.map((each) => describeSubresource(kind, each)) }),
  };
}

function describeSubresource(kind: DocumentedKind, subresource: Subresource): JsonObject {
  return {
    subresource: subresource.name,
    responseKind: responseKind(kind, subresource.responseKind),
    verbs: [...subresource.verbs],
  };
}

/** Built-in resources leave out a group and version that are those of the list; custom ones tell them always. */
function responseKind(
  kind: DocumentedKind,
  response: { readonly group: string; readonly version: string; readonly kind: string },
): JsonObject {
  const isOwn = response.group === kind.group && response.version === kind.version;
  return isOwn && kind.custom !== true
    ? { group: '', version: '', kind: response.kind }
    : { group: response.group, version: response.version, kind: response.kind };
}
