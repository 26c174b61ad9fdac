import { compareText } from '../../ignition/index.ts';
import type { DocumentedKind } from './documented-kind.ts';

/** The order in which an API server lists its own groups; those of CustomResourceDefinitions follow, by name. */
const BUILT_IN_ORDER: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
];

/** The resources of one version of a group, by name. */
export interface ServedVersion {
  readonly version: string;
  readonly kinds: readonly DocumentedKind[];
}

/** An API group as it is served. The core group has the empty name. */
export interface ServedGroup {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly ServedVersion[];
}

/** Sorts kinds into groups and versions, all in the order in which documents list them. */
export function servedGroups(kinds: readonly DocumentedKind[]): ServedGroup[] {
  const groups = Map.groupBy(kinds, (kind) => kind.group);
  return [...groups]
    .toSorted(([a], [b]) => compareGroups(a, b))
    .map(([name, members]) => ({
      name,
      versions: [...Map.groupBy(members, (kind) => kind.version)]
        .toSorted(([a], [b]) => compareVersions(a, b))
        .map(([version, served]) => ({
          version,
          kinds: served.toSorted((a, b) => compareText(a.plural, b.plural)),
        })),
    }));
}

/**
 * Orders versions as Kubernetes does: stable ones first, then beta, then alpha, each from the highest number down; names
 * that are no such version last, by the alphabet.
 */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (left === undefined || right === undefined) {
    if (left === undefined && right === undefined) return compareText(a, b);
    return left === undefined ? 1 : -1;
  }
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

function parseVersion(text: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

function compareGroups(a: string, b: string): number {
  const rank = (group: string): number => {
    const place = BUILT_IN_ORDER.indexOf(group);
    return place < 0 ? BUILT_IN_ORDER.length : place;
  };
  return rank(a) - rank(b) || compareText(a, b);
}
