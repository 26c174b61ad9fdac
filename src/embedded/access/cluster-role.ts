import { matchesSelector } from '../../api/index.ts';
import { listAt, objectAt, objectsAt, textAt, type Json, type JsonObject } from '../../schema/index.ts';
import { type PolicyRule, policyRule, policyRules } from './policy-rule.ts';

/**
 * The rules of a ClusterRole. One with an aggregationRule has those of the ClusterRoles that its selectors match, and
 * theirs, whatever its own `rules` say: a cluster's controller writes them there a moment later.
 */
export function effectiveRules(role: JsonObject, all: readonly JsonObject[]): PolicyRule[] {
  if (objectAt(role, 'aggregationRule') === undefined) return policyRules(role);
  return gather(role, all, new Set()).map(policyRule);
}

/**
 * What `rules` of an aggregating ClusterRole should be, each rule once, in the order of the roles' names;
 * undefined if the role gathers nothing.
 */
export function aggregatedRules(role: JsonObject, all: readonly JsonObject[]): Json[] | undefined {
  return objectAt(role, 'aggregationRule') === undefined ? undefined : gather(role, all, new Set());
}

/** Whether a ClusterRole gathers the rules of others. */
export function isAggregating(role: JsonObject | undefined): boolean {
  return listAt(role, 'aggregationRule', 'clusterRoleSelectors').length > 0;
}

/** @param visited names of roles on the way here: roles may select each other */
function gather(role: JsonObject, all: readonly JsonObject[], visited: Set<string>): Json[] {
  visited.add(textAt(role, 'metadata', 'name'));
  const selectors = objectsAt(role, 'aggregationRule', 'clusterRoleSelectors');
  const rules = new Map<string, Json>();
  for (const other of all) {
    const labels = objectAt(other, 'metadata', 'labels');
    const isSelected = selectors.some((selector) => matchesSelector(selector, labels));
    if (!isSelected || visited.has(textAt(other, 'metadata', 'name'))) continue;
    const found =
      objectAt(other, 'aggregationRule') === undefined ? listAt(other, 'rules') : gather(other, all, visited);
    for (const rule of found) rules.set(JSON.stringify(rule), rule);
  }
  return [...rules.values()];
}
