import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateExpression, objectsAt, textAt, type Json, type JsonObject } from '../schema/index.ts';
import { builderPermissions, WRITERS_ANNOTATION } from './builder-permissions.ts';

const CLAIM = 'authentication.kubernetes.io/pod-name';
const BUILDER = 'system:serviceaccount:ns:varve-builder';

interface Sample {
  readonly username?: string;
  readonly pod?: string;
  readonly old: JsonObject | null;
  readonly object: JsonObject;
}

/** What the policy says of a write of a ConfigMap, as kube-apiserver evaluates it. */
function verdict({ username = BUILDER, pod, old, object }: Sample): string {
  const policy = builderPermissions('ns').find(({ kind }) => kind === 'ValidatingAdmissionPolicy') ?? {};
  const extra: JsonObject = pod === undefined ? {} : { [CLAIM]: [pod] };
  const seen = { request: { userInfo: { username, extra } }, object, oldObject: old };
  const [condition = {}] = objectsAt(policy, 'spec', 'matchConditions');
  if (evaluateExpression(textAt(condition, 'expression'), seen) !== true) return 'not asked';
  const variables: Record<string, Json> = {};
  for (const each of objectsAt(policy, 'spec', 'variables'))
    variables[textAt(each, 'name')] = evaluateExpression(textAt(each, 'expression'), { ...seen, variables });
  const broken = objectsAt(policy, 'spec', 'validations').find(
    (each) => evaluateExpression(textAt(each, 'expression'), { ...seen, variables }) !== true,
  );
  return broken === undefined ? 'admitted' : textAt(broken, 'message');
}

const OLD: JsonObject = {
  metadata: {
    name: 'digest-worker-1',
    annotations: { [WRITERS_ANNOTATION]: 'build-worker-1-' },
    ownerReferences: [{ uid: 'u' }],
  },
};
const WRITTEN: JsonObject = { ...OLD, data: { digest: 'sha256:…' } };
const OTHERS = 'a pod of a build may only write the ConfigMaps that were made for it to report into';

/** Sentence → a write, and the verdict. */
const WRITES: Readonly<Record<string, [Sample, string]>> = {
  'data of what was made for the pod': [
    { pod: 'build-worker-1-x7k2p', old: OLD, object: WRITTEN },
    'admitted',
  ],
  'by a pod of another build': [{ pod: 'build-worker-2-x7k2p', old: OLD, object: WRITTEN }, OTHERS],
  'with a token that names no pod': [{ old: OLD, object: WRITTEN }, OTHERS],
  'of a ConfigMap that is for no pod': [
    { pod: 'build-worker-1-x7k2p', old: { metadata: { name: 'x' } }, object: { metadata: { name: 'x' } } },
    OTHERS,
  ],
  'of a new ConfigMap': [{ pod: 'build-worker-1-x7k2p', old: null, object: WRITTEN }, OTHERS],
  'that lets another pod write': [
    {
      pod: 'build-worker-1-x7k2p',
      old: OLD,
      object: { metadata: { name: 'digest-worker-1', annotations: { [WRITERS_ANNOTATION]: '' } } },
    },
    'a pod of a build may not change the annotations of what it reports into',
  ],
  'that lets it outlive its build': [
    {
      pod: 'build-worker-1-x7k2p',
      old: OLD,
      object: {
        metadata: { name: 'digest-worker-1', annotations: { [WRITERS_ANNOTATION]: 'build-worker-1-' } },
      },
    },
    'a pod of a build may not change the ownerReferences of what it reports into',
  ],
  'by somebody else': [{ username: 'admin', old: OLD, object: WRITTEN }, 'not asked'],
};

for (const [sentence, [write, expected]] of Object.entries(WRITES)) {
  test(`the policy for builders: a write ${sentence} is ${expected === OTHERS ? 'refused' : expected}`, () => {
    assert.equal(verdict(write), expected);
  });
}
