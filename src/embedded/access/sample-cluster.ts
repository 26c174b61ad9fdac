import { type JsonObject, textAt } from '../../schema/index.ts';
import { authorizer } from './authorizer.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';
import type { ReadObject } from './read-object.ts';
import { RbacPolicy } from './rbac-policy.ts';
import { rbacGroup, type RbacSource } from './rbac-source.ts';
import type { Authorize } from './request-attributes.ts';

/** A cluster in memory, for tests: the built-in policy and whatever objects a test adds. */
export class SampleCluster {
  readonly read: ReadObject = (apiVersion, kind, namespace, name) =>
    this.#objects.get(key(apiVersion, kind, namespace, name));
  readonly source: RbacSource = {
    version: () => this.#version,
    list: (resource) => {
      const kind = { clusterroles: 'ClusterRole', roles: 'Role' }[resource as string];
      const bindingKind = resource === 'rolebindings' ? 'RoleBinding' : 'ClusterRoleBinding';
      return [...this.#objects.values()].filter((object) => object['kind'] === (kind ?? bindingKind));
    },
  };
  readonly policy: RbacPolicy = new RbacPolicy(this.source);
  readonly authorize: Authorize = authorizer(this.policy, this.read);
  readonly #objects = new Map<string, JsonObject>();
  #version = 0;

  constructor(...objects: readonly JsonObject[]) {
    this.add(...bootstrapPolicy(), ...objects);
  }

  add(...objects: readonly JsonObject[]): void {
    for (const object of objects) this.#objects.set(keyOf(object), object);
    this.#version += 1;
  }

  remove(object: JsonObject): void {
    this.#objects.delete(keyOf(object));
    this.#version += 1;
  }
}

interface SampleRule {
  readonly verbs: string[];
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly resourceNames?: string[];
  readonly nonResourceURLs?: string[];
}

/** A Role; without a namespace, a ClusterRole. */
export function role(namespace: string, name: string, ...rules: readonly SampleRule[]): JsonObject {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: namespace === '' ? 'ClusterRole' : 'Role',
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    rules: structuredClone(rules) as unknown as JsonObject[],
  };
}

/** A RoleBinding; without a namespace, a ClusterRoleBinding. `roleKind` is what a binding of its kind mostly has. */
export function binding(
  namespace: string,
  name: string,
  roleName: string,
  subjects: readonly JsonObject[],
  roleKind: string = namespace === '' ? 'ClusterRole' : 'Role',
): JsonObject {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name, ...(namespace === '' ? {} : { namespace }) },
    roleRef: { apiGroup: rbacGroup, kind: roleKind, name: roleName },
    subjects: [...subjects],
  };
}

function keyOf(object: JsonObject): string {
  const namespace = textAt(object, 'metadata', 'namespace');
  return key(
    textAt(object, 'apiVersion'),
    textAt(object, 'kind'),
    namespace,
    textAt(object, 'metadata', 'name'),
  );
}

function key(...parts: readonly string[]): string {
  return parts.join(' ');
}
