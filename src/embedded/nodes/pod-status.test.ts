import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isFinished,
  type NodePod,
  runningStatus,
  runsIn,
  stoppedStatus,
  terminationTime,
} from './pod-status.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

function pod(status?: NodePod['status'], metadata: NodePod['metadata'] = {}): NodePod {
  return {
    metadata,
    spec: { containers: [{ name: 'c', image: 'i' }] },
    ...(status === undefined ? {} : { status }),
  };
}

test('a pod that is started runs, is ready, and has been restarted never', () => {
  const status = runningStatus(pod(), 'boot-1', NOW) as NonNullable<NodePod['status']>;
  assert.equal(status.phase, 'Running');
  assert.equal(status.startTime, '2026-01-02T03:04:05Z');
  assert.equal(status.containerStatuses?.[0]?.restartCount, 0);
  assert.ok(runsIn(pod(status), 'boot-1'));
});

test('a pod of an earlier boot is started again, and is as old as it was', () => {
  const first = runningStatus(pod(), 'boot-1', NOW) as NonNullable<NodePod['status']>;
  assert.ok(!runsIn(pod(first), 'boot-2'));
  const later = new Date('2026-01-02T04:00:00Z');
  const second = runningStatus(pod(first), 'boot-2', later) as NonNullable<NodePod['status']>;
  assert.equal(second.containerStatuses?.[0]?.restartCount, 1);
  assert.equal(second.startTime, '2026-01-02T03:04:05Z');
});

test('a pod whose node has gone down does not run in any boot', () => {
  const running = runningStatus(pod(), 'boot-1', NOW);
  assert.ok(!runsIn(pod({ ...running, ...stoppedStatus(NOW) }), 'boot-1'));
});

test('a pod ends when it is told to, after the time that it asks for, and within its grace period', () => {
  const ending = (grace: number, seconds?: string): number =>
    terminationTime(
      pod(undefined, {
        deletionGracePeriodSeconds: grace,
        ...(seconds === undefined ? {} : { annotations: { 'varve.dev/termination-seconds': seconds } }),
      }),
    );
  assert.equal(ending(30), 500);
  assert.equal(ending(30, '12'), 12_000);
  assert.equal(ending(5, '12'), 5000);
  assert.equal(ending(0), 0);
  assert.equal(ending(30, 'long'), 500);
});

test('a pod that has finished is left alone', () => {
  assert.ok(isFinished(pod({ phase: 'Succeeded' })) && isFinished(pod({ phase: 'Failed' })));
  assert.ok(!isFinished(pod({ phase: 'Running' })) && !isFinished(pod()));
});
