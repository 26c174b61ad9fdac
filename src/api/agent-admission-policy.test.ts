import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  evaluateExpression,
  type Json,
  type JsonObject,
  objectAt,
  objectsAt,
  textAt,
} from '../schema/index.ts';
import { agentAdmissionPolicies } from './agent-admission-policy.ts';
import { AGENT_ANNOTATIONS } from './agent-annotations.ts';

const NAMESPACE = 'ns';
const M = 'machineconfiguration.openshift.io';
const CLAIM = 'authentication.kubernetes.io/node-name';
const AGENT = `system:serviceaccount:${NAMESPACE}:varve-agent`;

interface Sample {
  readonly username?: string;
  readonly extra?: JsonObject;
  readonly resource: string;
  readonly object: JsonObject;
  readonly old?: JsonObject;
}

/** Whether the policies admit a request, and with which words they do not: as kube-apiserver evaluates them. */
function verdict({ username = AGENT, extra = { [CLAIM]: ['a'] }, resource, object, old }: Sample): string {
  const request = { userInfo: { username, extra } };
  const seen = { request, object, oldObject: old ?? null };
  for (const policy of agentAdmissionPolicies(NAMESPACE)) {
    if (textAt(policy, 'kind') !== 'ValidatingAdmissionPolicy') continue;
    const spec = objectAt(policy, 'spec') ?? {};
    const resources = objectsAt(spec, 'matchConstraints', 'resourceRules').flatMap(
      (rule) => rule['resources'],
    );
    if (!resources.includes(resource)) continue;
    const conditions = objectsAt(spec, 'matchConditions');
    if (conditions.some((each) => evaluateExpression(textAt(each, 'expression'), seen) !== true)) continue;
    const variables: Record<string, Json> = {};
    for (const each of objectsAt(spec, 'variables')) {
      variables[textAt(each, 'name')] = evaluateExpression(textAt(each, 'expression'), {
        ...seen,
        variables,
      });
    }
    for (const each of objectsAt(spec, 'validations')) {
      if (evaluateExpression(textAt(each, 'expression'), { ...seen, variables }) === true) continue;
      const made = textAt(each, 'messageExpression');
      return made === ''
        ? textAt(each, 'message')
        : JSON.stringify(evaluateExpression(made, { ...seen, variables })).slice(1, -1);
    }
  }
  return 'admitted';
}

const BEFORE: JsonObject = {
  metadata: {
    name: 'a',
    labels: { zone: 'x' },
    annotations: { [`${M}/desiredImage`]: 'i', [`${M}/state`]: 'Done' },
  },
  spec: { unschedulable: true },
  status: { phase: 'p' },
};

function node(annotations: JsonObject, more: JsonObject = {}, name = 'a'): JsonObject {
  return { ...BEFORE, metadata: { ...objectAt(BEFORE, 'metadata'), name, annotations, ...more } };
}

const KEPT = { [`${M}/desiredImage`]: 'i' };
const update = { resource: 'nodes', old: BEFORE } as const;

test('an agent writes all annotations that are its own, and takes them away', () => {
  const all = Object.fromEntries(AGENT_ANNOTATIONS.map((key) => [key, 'x']));
  assert.equal(verdict({ ...update, object: node({ ...KEPT, ...all }) }), 'admitted');
  assert.equal(verdict({ ...update, object: node(KEPT) }), 'admitted');
  const bare = { metadata: { name: 'a' }, spec: {}, status: {} };
  const said = { ...bare, metadata: { name: 'a', annotations: { [`${M}/state`]: 'Done' } } };
  assert.equal(verdict({ resource: 'nodes', old: bare, object: said }), 'admitted', 'the first of all');
  assert.equal(verdict({ resource: 'nodes', old: said, object: bare }), 'admitted', 'the last of all');
});

test('an agent changes no annotation of others', () => {
  const refusal = 'an agent may not change the annotations of others on its Node';
  for (const annotations of [
    { ...KEPT, [`${M}/lastAppliedDrain`]: 'drain-x' },
    { [`${M}/desiredImage`]: 'j' },
    {},
    { ...KEPT, 'varve.dev/prefetch-image': 'i' },
    { ...KEPT, 'varve.dev/machine-config-node': 'u' },
  ]) {
    assert.equal(verdict({ ...update, object: node(annotations) }), refusal);
  }
});

test('an agent changes nothing else of its Node', () => {
  const only = 'an agent may only change annotations of its Node, not its';
  for (const [object, part] of [
    [{ ...node(KEPT), spec: {} }, 'spec'],
    [{ ...node(KEPT), status: {} }, 'status'],
    [node(KEPT, { labels: {} }), 'labels'],
    [node(KEPT, { labels: { zone: 'x', 'node-role.kubernetes.io/master': '' } }), 'labels'],
    [node(KEPT, { finalizers: ['f'] }), 'finalizers'],
    [node(KEPT, { ownerReferences: [{ name: 'o' }] }), 'ownerReferences'],
  ] as const) {
    assert.equal(verdict({ ...update, object }), `${only} ${part}`);
  }
});

test("an agent writes no other node's objects, and none without the claim of its token", () => {
  const words = 'the agent of node a may write no object of b';
  const named = { metadata: { name: 'b' } };
  assert.equal(verdict({ ...update, object: node(KEPT, {}, 'b'), old: node(KEPT, {}, 'b') }), words);
  for (const resource of ['machineconfignodes', 'machineconfignodes/status']) {
    assert.equal(verdict({ resource, object: named, old: named }), words);
    assert.equal(verdict({ resource, object: BEFORE, old: BEFORE }), 'admitted');
  }
  for (const extra of [{}, { [CLAIM]: [] }, { [CLAIM]: ['a', 'b'] }]) {
    assert.match(verdict({ ...update, extra, object: node(KEPT) }), /^the token of this agent names no node/);
  }
});

test('an agent tells events of its own Node alone', () => {
  const about = (kind: string, name: string): JsonObject => ({ involvedObject: { kind, name } });
  assert.equal(verdict({ resource: 'events', object: about('Node', 'a') }), 'admitted');
  for (const object of [about('Node', 'b'), about('Pod', 'a'), { involvedObject: {} }]) {
    assert.equal(verdict({ resource: 'events', object }), 'an agent may only tell events of its own Node');
  }
});

test('nobody else is held to anything', () => {
  const object = { ...node({}, {}, 'b'), spec: {} };
  for (const username of ['admin', 'system:serviceaccount:other:varve-agent', 'system:node:a']) {
    assert.equal(verdict({ ...update, username, object }), 'admitted');
  }
});
