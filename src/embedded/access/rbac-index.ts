import { listAt, textAt, goQuote, type Json, type JsonObject } from '../../schema/index.ts';
import { effectiveRules } from './cluster-role.ts';
import { type PolicyRule, policyRules } from './policy-rule.ts';
import { rbacGroup, type RbacSource } from './rbac-source.ts';
import { notFound } from '../status/index.ts';
import { serviceAccountUsername, type User } from './user.ts';

/** What a binding gives to one of its subjects. */
export interface Grant {
  /** Narrow roles before wide ones; the same for all subjects of a binding. */
  readonly rank: number;
  /** Which of the binding's subjects. */
  readonly subject: number;
  readonly rules: readonly PolicyRule[];
  /** Why there are no rules: the role is not there. */
  readonly problem: string;
  /** `RoleBinding "r/ns" of Role "r" to User "alice"`. */
  readonly description: string;
}

/** A RoleBinding's or ClusterRoleBinding's role. */
export interface RoleReference {
  readonly kind: string;
  readonly name: string;
}

/** All roles and bindings, by whom they concern: what a request needs is found without looking at the others. */
export class RbacIndex {
  readonly #clusterRoles: ReadonlyMap<string, readonly PolicyRule[]>;
  readonly #roles: ReadonlyMap<string, readonly PolicyRule[]>;
  readonly #clusterGrants: GrantsBySubject;
  readonly #namespaceGrants: ReadonlyMap<string, GrantsBySubject>;

  constructor(source: RbacSource) {
    const clusterRoles = source.list('clusterroles');
    this.#clusterRoles = new Map(
      clusterRoles.map((role) => [textAt(role, 'metadata', 'name'), effectiveRules(role, clusterRoles)]),
    );
    this.#roles = new Map(
      source.list('roles').map((role) => {
        const key = `${textAt(role, 'metadata', 'namespace')}/${textAt(role, 'metadata', 'name')}`;
        return [key, policyRules(role)];
      }),
    );
    this.#clusterGrants = this.#grants(source.list('clusterrolebindings'), '');
    const byNamespace = Map.groupBy(source.list('rolebindings'), (binding) =>
      textAt(binding, 'metadata', 'namespace'),
    );
    this.#namespaceGrants = new Map(
      [...byNamespace].map(([namespace, bindings]) => [namespace, this.#grants(bindings, namespace)]),
    );
  }

  /** What the user has for requests in a namespace: from ClusterRoleBindings, then from that namespace's RoleBindings. */
  *grantsFor(user: User, namespace: string): Generator<readonly Grant[]> {
    const cluster = grantsOf(this.#clusterGrants, user);
    if (cluster.length > 0) yield cluster;
    const bindings = namespace === '' ? undefined : this.#namespaceGrants.get(namespace);
    const local = bindings === undefined ? [] : grantsOf(bindings, user);
    if (local.length > 0) yield local;
  }

  /** The rules that a reference means; undefined if the role is not there. `namespace` is the binding's. */
  rulesOf(reference: RoleReference, namespace: string): readonly PolicyRule[] | undefined {
    if (reference.kind === 'ClusterRole') return this.#clusterRoles.get(reference.name);
    return reference.kind === 'Role' ? this.#roles.get(`${namespace}/${reference.name}`) : undefined;
  }

  #grants(bindings: readonly JsonObject[], namespace: string): GrantsBySubject {
    const resolved = bindings.map((binding) => {
      const name = textAt(binding, 'metadata', 'name');
      const reference = {
        kind: textAt(binding, 'roleRef', 'kind'),
        name: textAt(binding, 'roleRef', 'name'),
      };
      const rules = this.rulesOf(reference, namespace);
      return { binding, name, reference, rules: rules ?? [], problem: rules ? '' : missingRole(reference) };
    });
    resolved.sort((a, b) => width(a.rules) - width(b.rules) || (a.name < b.name ? -1 : 1));
    const grants: GrantsBySubject = new Map();
    for (const [rank, { binding, name, reference, rules, problem }] of resolved.entries()) {
      for (const [subject, given] of listAt(binding, 'subjects').entries()) {
        const key = subjectKey(given, namespace);
        if (key === undefined) continue;
        const description = describe(name, reference, given, namespace);
        const list = grants.get(key) ?? [];
        list.push({ rank, subject, rules, problem, description });
        grants.set(key, list);
      }
    }
    return grants;
  }
}

type GrantsBySubject = Map<string, Grant[]>;

/** In the order of rank; of a binding that names the user several times, only what its first such subject gives. */
function grantsOf(grants: GrantsBySubject, user: User): readonly Grant[] {
  const lists: (readonly Grant[])[] = [];
  for (const key of [`User ${user.username}`, ...user.groups.map((group) => `Group ${group}`)]) {
    const list = grants.get(key);
    if (list !== undefined) lists.push(list);
  }
  const [only, ...others] = lists;
  if (only === undefined) return [];
  if (others.length === 0) return only;
  const sorted = lists.flat().sort((a, b) => a.rank - b.rank || a.subject - b.subject);
  return sorted.filter((grant, index) => grant.rank !== sorted[index - 1]?.rank);
}

/** Service accounts are users with a name of their own. */
function subjectKey(subject: Json, bindingNamespace: string): string | undefined {
  const name = textAt(subject, 'name');
  switch (textAt(subject, 'kind')) {
    case 'User':
      return `User ${name}`;
    case 'Group':
      return `Group ${name}`;
    case 'ServiceAccount': {
      const namespace = textAt(subject, 'namespace') || bindingNamespace;
      return namespace === '' ? undefined : `User ${serviceAccountUsername(namespace, name)}`;
    }
    default:
      return undefined;
  }
}

function describe(binding: string, role: RoleReference, subject: Json, namespace: string): string {
  const own =
    namespace === ''
      ? `ClusterRoleBinding ${goQuote(binding)}`
      : `RoleBinding ${goQuote(`${binding}/${namespace}`)}`;
  const kind = textAt(subject, 'kind');
  const name = textAt(subject, 'name');
  const shown = kind === 'ServiceAccount' ? `${name}/${textAt(subject, 'namespace') || namespace}` : name;
  return `${own} of ${role.kind} ${goQuote(role.name)} to ${kind} ${goQuote(shown)}`;
}

function missingRole({ kind, name }: RoleReference): string {
  if (kind !== 'Role' && kind !== 'ClusterRole') return `unsupported role reference kind: ${goQuote(kind)}`;
  return notFound({ group: rbacGroup, plural: kind.toLowerCase() }, name).message;
}

/**
 * How much a role allows, roughly. Kubernetes looks at bindings in no particular order; here the reason that is given for
 * a permission names the narrowest role that has it.
 */
function width(rules: readonly PolicyRule[]): number {
  let sum = 0;
  for (const rule of rules) {
    const members = [...rule.verbs, ...rule.apiGroups, ...rule.resources, ...rule.nonResourceURLs];
    if (members.includes('*')) return Infinity;
    sum += rule.verbs.length * (rule.apiGroups.length * rule.resources.length + rule.nonResourceURLs.length);
  }
  return sum;
}
