import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayStay, type DrainPod } from './drain-pods.ts';

function podOf(metadata: Partial<DrainPod['metadata']>, phase = 'Running'): DrainPod {
  return { metadata: { name: 'p', namespace: 'a', ...metadata }, status: { phase } };
}

function owned(kind: string, controller = true): Partial<DrainPod['metadata']> {
  return { ownerReferences: [{ kind, name: 'o', uid: 'there', controller }] };
}

// As kubectl drain has it, with --force, --ignore-daemonsets and --delete-emptydir-data.
const ROWS: Readonly<Record<string, readonly [pod: DrainPod, isThere: boolean, expected: boolean]>> = {
  'a pod of no controller goes': [podOf({}), true, false],
  'a pod of a ReplicaSet goes': [podOf(owned('ReplicaSet')), true, false],
  'a pod of a DaemonSet stays': [podOf(owned('DaemonSet')), true, true],
  'a pod of a DaemonSet that is gone goes': [podOf(owned('DaemonSet')), false, false],
  'a pod of a DaemonSet that has run to its end goes': [podOf(owned('DaemonSet'), 'Succeeded'), true, false],
  'a pod that a DaemonSet only owns goes': [podOf(owned('DaemonSet', false)), true, false],
  'the mirror of a file stays': [
    podOf({ annotations: { 'kubernetes.io/config.mirror': 'hash' } }),
    true,
    true,
  ],
};

for (const [row, [pod, isThere, expected]] of Object.entries(ROWS)) {
  test(`mayStay(): ${row}`, () =>
    assert.equal(
      mayStay(pod, () => isThere),
      expected,
    ));
}
