import { hash } from 'node:crypto';
import type { Json, JsonObject } from '../../schema/index.ts';
import { apiVersionOf, type DocumentedKind, type Subresource } from './documented-kind.ts';
import { type ServedGroup, servedGroups } from './group-order.ts';

/** `GET /api`. `serverAddress` is the host and port that clients should use, as the request named it. */
export function apiVersions(serverAddress: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `GET /apis`: all groups but the core one. */
export function apiGroupList(kinds: readonly DocumentedKind[]): JsonObject {
  const groups = servedGroups(kinds).filter((group) => group.name !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) };
}

/** `GET /apis/<group>`; undefined if nothing of the group is served. */
export function apiGroup(kinds: readonly DocumentedKind[], group: string): JsonObject | undefined {
  const found = servedGroups(kinds).find((each) => each.name === group && group !== '');
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(found) };
}

/** `GET /api/v1` (group '') and `GET /apis/<group>/<version>`; undefined if nothing of it is served. */
export function apiResourceList(
  kinds: readonly DocumentedKind[],
  group: string,
  version: string,
): JsonObject | undefined {
  const served = servedGroups(kinds)
    .find((each) => each.name === group)
    ?.versions.find((each) => each.version === version);
  if (served === undefined) return undefined;
  return {
    kind: 'APIResourceList',
    // The core group's document leaves it out.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: served.kinds.flatMap(describeResourceAndSubresources),
  };
}

/** A kind's subresources as documents list them: by name, but for a custom kind's scale, which follows its status. */
export function orderedSubresources(kind: DocumentedKind): readonly Subresource[] {
  const sorted = (kind.subresources ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return kind.custom === true ? sorted.toReversed() : sorted;
}

function describeGroup(group: ServedGroup): { [key: string]: Json } {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: `${group.name}/${version}`,
    version,
  }));
  return { name: group.name, versions, preferredVersion: { ...versions[0] } };
}

function describeResourceAndSubresources(kind: DocumentedKind): JsonObject[] {
  const subresources = orderedSubresources(kind).map((each) => describeSubresource(kind, each));
  return [describeResource(kind), ...subresources];
}

function describeResource(kind: DocumentedKind): JsonObject {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: [...kind.verbs],
    ...(kind.shortNames?.length ? { shortNames: [...kind.shortNames] } : {}),
    ...(kind.categories?.length ? { categories: [...kind.categories] } : {}),
    // What is never stored has no storage version.
    ...(kind.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(kind) } : {}),
  };
}

function describeSubresource(kind: DocumentedKind, subresource: Subresource): JsonObject {
  const { group, version } = subresource.responseKind;
  const isOwn = group === kind.group && version === kind.version;
  return {
    name: `${kind.plural}/${subresource.name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(isOwn ? {} : { group, version }),
    kind: subresource.responseKind.kind,
    verbs: [...subresource.verbs],
  };
}

/** A short hash of what objects are stored as (k8s.io/apiserver discovery.StorageVersionHash). */
function storageVersionHash({ group, version, kind }: DocumentedKind): string {
  return hash('sha256', `${group}/${version}/${kind}`, 'buffer').subarray(0, 8).toString('base64');
}
