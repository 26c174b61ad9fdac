import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../schema/index.ts';
import type { JsonObject } from '../../schema/index.ts';

/** Who makes a request. */
export interface User {
  readonly username: string;
  /** Empty if unknown. */
  readonly uid: string;
  readonly groups: readonly string[];
  /** More about the user, by key: a map, because keys may come from a request's headers. */
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

export const anonymousUser = 'system:anonymous';
export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';
/** Members may do everything. */
export const mastersGroup = 'system:masters';
export const nodesGroup = 'system:nodes';
/** Members are the agents on the nodes that their names say, and may less than the kubelets there. Not of Kubernetes. */
export const agentsGroup = 'varve:agents';
export const nodeUserPrefix = 'system:node:';

/** Keys of {@link User.extra}, as k8s.io/apiserver/pkg/authentication/serviceaccount names them. */
export const extraKeys = {
  credentialId: 'authentication.kubernetes.io/credential-id',
  podName: 'authentication.kubernetes.io/pod-name',
  podUid: 'authentication.kubernetes.io/pod-uid',
  nodeName: 'authentication.kubernetes.io/node-name',
  nodeUid: 'authentication.kubernetes.io/node-uid',
} as const;

export function user(username: string, facts: Partial<Omit<User, 'username'>> = {}): User {
  return {
    username,
    uid: facts.uid ?? '',
    groups: facts.groups ?? [],
    extra: facts.extra ?? new Map(),
  };
}

/** A user that proved who it is: with the group that all such users are in. */
export function authenticated(one: User): User {
  const isSorted =
    one.username === anonymousUser ||
    one.groups.includes(authenticatedGroup) ||
    one.groups.includes(unauthenticatedGroup);
  return isSorted ? one : { ...one, groups: [...one.groups, authenticatedGroup] };
}

export const anonymous: User = user(anonymousUser, { groups: [unauthenticatedGroup] });

const serviceAccountPrefix = 'system:serviceaccount:';

export function serviceAccountUsername(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** Namespace and name of the service account that a user name means; undefined if it means none. */
export function parseServiceAccountUsername(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...rest] = username.slice(serviceAccountPrefix.length).split(':');
  if (namespace === undefined || name === undefined || rest.length > 0) return undefined;
  const isOne = dns1123LabelProblems(namespace).length === 0 && dns1123SubdomainProblems(name).length === 0;
  return isOne ? { namespace, name } : undefined;
}

/** The node that a user name means, whatever its groups; undefined if it means none. */
export function parseNodeUsername(username: string): string | undefined {
  if (!username.startsWith(nodeUserPrefix)) return undefined;
  const name = username.slice(nodeUserPrefix.length);
  return dns1123SubdomainProblems(name).length === 0 ? name : undefined;
}

/** `userInfo` as reviews show it; what is empty is left out. */
export function userInfo(one: User): JsonObject {
  return {
    username: one.username,
    ...(one.uid === '' ? {} : { uid: one.uid }),
    ...(one.groups.length === 0 ? {} : { groups: [...one.groups] }),
    ...(one.extra.size === 0
      ? {}
      : { extra: Object.fromEntries([...one.extra].map(([key, values]) => [key, [...values]])) }),
  };
}
