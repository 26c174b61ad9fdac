import { textAt, goQuote, goQuoteList, type JsonObject } from '../../schema/index.ts';
import { isAggregating } from './cluster-role.ts';
import { compactRule, coversPath, coversResource, type PolicyRule, policyRules } from './policy-rule.ts';
import type { RbacPolicy } from './rbac-policy.ts';
import { rbacGroup, type RbacResource } from './rbac-source.ts';
import { forbidden, type StatusError } from '../status/index.ts';
import { type Authorize, resourceAttributes } from './request-attributes.ts';
import { mastersGroup, type User } from './user.ts';

/** A create or update of a role or binding that is about to be stored. */
export interface RbacWrite {
  readonly user: User;
  readonly resource: RbacResource;
  /** Empty for cluster-scoped resources. */
  readonly namespace: string;
  readonly object: JsonObject;
  /** What an update replaces. */
  readonly old?: JsonObject;
}

/**
 * Refuses to let users give away what they do not have (k8s.io/kubernetes/pkg/registry/rbac): who writes a role needs all
 * of its permissions, or the verb `escalate`; who writes a binding needs those of its role, or `bind` on it.
 */
export function refuseEscalation(
  write: RbacWrite,
  policy: RbacPolicy,
  authorize: Authorize,
): StatusError | undefined {
  if (write.user.groups.includes(mastersGroup) || isOnlyForCollection(write)) return undefined;
  return write.resource === 'roles' || write.resource === 'clusterroles'
    ? refuseRole(write, policy, authorize)
    : refuseBinding(write, policy, authorize);
}

function refuseRole(write: RbacWrite, policy: RbacPolicy, authorize: Authorize): StatusError | undefined {
  const { user, resource, namespace, object, old } = write;
  const name = old === undefined ? '' : nameOf(write);
  const attributes = { user, verb: 'escalate', group: rbacGroup, version: '*', resource, namespace, name };
  if (authorize(resourceAttributes(attributes)).allowed) return undefined;
  const problem = missingRights(write, policy, policyRules(object));
  if (problem !== undefined) return problem;
  const gathers = resource === 'clusterroles' && (isAggregating(object) || isAggregating(old));
  if (!gathers || missingRights(write, policy, everything) === undefined) return undefined;
  return refused(write, 'must have cluster-admin privileges to use the aggregationRule');
}

function refuseBinding(write: RbacWrite, policy: RbacPolicy, authorize: Authorize): StatusError | undefined {
  const { user, namespace, object } = write;
  const reference = { kind: textAt(object, 'roleRef', 'kind'), name: textAt(object, 'roleRef', 'name') };
  const attributes = {
    user,
    verb: 'bind',
    group: rbacGroup,
    version: '*',
    resource: reference.kind === 'Role' ? 'roles' : 'clusterroles',
    namespace,
    name: reference.name,
  };
  if (authorize(resourceAttributes(attributes)).allowed) return undefined;
  const rules = policy.rulesOf(reference, namespace);
  return 'code' in rules ? rules : missingRights(write, policy, rules);
}

function missingRights(
  write: RbacWrite,
  policy: RbacPolicy,
  wanted: readonly PolicyRule[],
): StatusError | undefined {
  const { user } = write;
  const { rules: held, problem } = policy.rulesFor(user, write.namespace);
  const missing = singleRules(wanted).filter((rule) => !held.some((one) => covers(one, rule)));
  if (missing.length === 0) return undefined;
  const shown = [...new Set(joinVerbs(missing).map(compactRule))].sort();
  const message =
    `user ${goQuote(user.username)} (groups=${goQuoteList(user.groups)}) is attempting to grant RBAC permissions` +
    ` not currently held:\n${shown.join('\n')}`;
  return refused(write, problem === '' ? message : `${message}; resolution errors: [${problem}]`);
}

const nothing: PolicyRule = {
  verbs: ['*'],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
};
const everything: readonly PolicyRule[] = [
  { ...nothing, apiGroups: ['*'], resources: ['*'] },
  { ...nothing, nonResourceURLs: ['*'] },
];

/** Beyond so many, rules are not taken apart: a small body could multiply to billions. */
const singlesLimit = 10_000;

/**
 * The same permissions as rules with one verb, one resource and at most one name each. Where that would be too many, as
 * the rules are: then one held rule has to have all of a wanted one.
 */
function singleRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  let count = 0;
  for (const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
    const objects = apiGroups.length * resources.length * Math.max(1, resourceNames.length);
    count += verbs.length * (objects + nonResourceURLs.length);
  }
  return count > singlesLimit ? rules : rules.flatMap((rule) => [...takeApart(rule)]);
}

function* takeApart(rule: PolicyRule): Generator<PolicyRule> {
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      for (const verb of rule.verbs) {
        for (const resourceNames of names) {
          yield { ...nothing, verbs: [verb], apiGroups: [group], resources: [resource], resourceNames };
        }
      }
    }
  }
  for (const url of rule.nonResourceURLs) {
    for (const verb of rule.verbs) yield { ...nothing, verbs: [verb], nonResourceURLs: [url] };
  }
}

/** Whether a held rule has all that a single one asks for. */
function covers(held: PolicyRule, single: PolicyRule): boolean {
  const has = (members: readonly string[], wanted: readonly string[]): boolean =>
    members.includes('*') || wanted.every((one) => members.includes(one));
  return (
    has(held.verbs, single.verbs) &&
    has(held.apiGroups, single.apiGroups) &&
    single.resources.every((resource) => coversWritten(held.resources, resource)) &&
    single.nonResourceURLs.every((url) => held.nonResourceURLs.some((one) => coversPath(one, url))) &&
    (held.resourceNames.length === 0 ||
      (single.resourceNames.length > 0 &&
        single.resourceNames.every((name) => held.resourceNames.includes(name))))
  );
}

/** As a rule writes resources: `pods`, `pods/log`. */
function coversWritten(held: readonly string[], written: string): boolean {
  const slash = written.indexOf('/');
  return slash === -1
    ? coversResource(held, written, '')
    : coversResource(held, written.slice(0, slash), written.slice(slash + 1));
}

/** Rules for the same resource become one, so that a message is short. */
function joinVerbs(singles: readonly PolicyRule[]): PolicyRule[] {
  const plain = singles.filter((rule) => rule.resources.length > 0 && rule.resourceNames.length === 0);
  const byResource = Map.groupBy(plain, (rule) => `${rule.apiGroups.join('')}/${rule.resources.join('')}`);
  const joined: PolicyRule[] = [];
  for (const [rule = nothing, ...others] of byResource.values()) {
    joined.push({ ...rule, verbs: [rule, ...others].flatMap(({ verbs }) => verbs) });
  }
  const isPlain = new Set(plain);
  return [...singles.filter((rule) => !isPlain.has(rule)), ...joined];
}

/** An update that only lets the garbage collector go on: everything but finalizers and owners stays. */
function isOnlyForCollection({ object, old }: RbacWrite): boolean {
  return old !== undefined && essence(object) === essence(old);
}

function essence(object: JsonObject): string {
  const { metadata, ...rest } = object;
  const kept = Object.entries(typeof metadata === 'object' && metadata !== null ? metadata : {}).filter(
    ([member]) => !['finalizers', 'ownerReferences', 'managedFields', 'resourceVersion'].includes(member),
  );
  return JSON.stringify([sorted(Object.fromEntries(kept)), sorted(rest)]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, member]) => [key, sorted(member)]);
}

function nameOf(write: RbacWrite): string {
  return textAt(write.object, 'metadata', 'name');
}

function refused(write: RbacWrite, why: string): StatusError {
  return forbidden({ group: rbacGroup, plural: write.resource }, nameOf(write), why);
}
