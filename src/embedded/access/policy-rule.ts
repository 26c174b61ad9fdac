import { listAt, textsAt, goQuoteList, type Json, type JsonObject } from '../../schema/index.ts';
import { requestedName, type RequestAttributes } from './request-attributes.ts';

/** One rule of a Role or ClusterRole: what it allows. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Empty: all objects, and requests that name none. */
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** A rule about resources, as the built-in policy is written. */
export function resourceRule(
  verbs: readonly string[],
  apiGroups: readonly string[],
  resources: readonly string[],
): PolicyRule {
  return { verbs, apiGroups, resources, resourceNames: [], nonResourceURLs: [] };
}

/** A rule about paths outside the API groups. */
export function pathRule(verbs: readonly string[], nonResourceURLs: readonly string[]): PolicyRule {
  return { verbs, apiGroups: [], resources: [], resourceNames: [], nonResourceURLs };
}

/** The rules of a stored Role or ClusterRole. */
export function policyRules(role: JsonObject | undefined): PolicyRule[] {
  return listAt(role, 'rules').map(policyRule);
}

export function policyRule(rule: Json): PolicyRule {
  return {
    verbs: textsAt(rule, 'verbs'),
    apiGroups: textsAt(rule, 'apiGroups'),
    resources: textsAt(rule, 'resources'),
    resourceNames: textsAt(rule, 'resourceNames'),
    nonResourceURLs: textsAt(rule, 'nonResourceURLs'),
  };
}

/** A rule as the API has it: empty members are left out. */
export function policyRuleObject(rule: PolicyRule): JsonObject {
  return Object.fromEntries(
    (['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const)
      .filter((member) => rule[member].length > 0)
      .map((member) => [member, [...rule[member]]]),
  );
}

/** Whether the rule allows the request (k8s.io/kubernetes/pkg/apis/rbac/v1: evaluation helpers). */
export function ruleAllows(rule: PolicyRule, attributes: RequestAttributes): boolean {
  if (!rule.verbs.includes(attributes.verb) && !rule.verbs.includes('*')) return false;
  if (!attributes.isResource) return rule.nonResourceURLs.some((url) => coversPath(url, attributes.path));
  return (
    (rule.apiGroups.includes(attributes.group) || rule.apiGroups.includes('*')) &&
    coversResource(rule.resources, attributes.resource, attributes.subresource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(requestedName(attributes)))
  );
}

/** Whether `pods/log` and the like are among these: exactly, as `*`, or for a subresource as an asterisk before the slash. */
export function coversResource(granted: readonly string[], resource: string, subresource: string): boolean {
  if (granted.includes('*')) return true;
  if (subresource === '') return granted.includes(resource);
  return granted.includes(`${resource}/${subresource}`) || granted.includes(`*/${subresource}`);
}

/** Whether a path is the granted one, or begins with it where that ends with an asterisk. */
export function coversPath(granted: string, path: string): boolean {
  return granted === path || (granted.endsWith('*') && path.startsWith(withoutTrailingAsterisks(granted)));
}

function withoutTrailingAsterisks(text: string): string {
  let end = text.length;
  while (text[end - 1] === '*') end -= 1;
  return text.slice(0, end);
}

/** How an error message shows a rule: `{APIGroups:["" "apps"], Resources:["pods"], Verbs:["get"]}`. */
export function compactRule(rule: PolicyRule): string {
  const members = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = members.filter(([, values]) => values.length > 0);
  return `{${shown.map(([name, values]) => `${name}:${goQuoteList(values)}`).join(', ')}}`;
}
