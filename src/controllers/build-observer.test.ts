import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, type MachineOSBuild } from '../api/index.ts';
import { FakeClock } from '../kube/index.ts';
import { BuildObserver, type EndedBuild } from './build-observer.ts';

type Status = NonNullable<MachineOSBuild['status']>;

function build(type: string, more: Partial<Status> = {}): MachineOSBuild {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSBuild',
    metadata: { name: 'worker-1', uid: 'u' },
    spec: {
      machineConfig: { name: 'rendered-worker-1' },
      machineOSConfig: { name: 'worker' },
      renderedImagePushSpec: 'registry.example.com/os/worker:1',
    },
    status: {
      conditions: [
        { type, status: 'True', reason: type, message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
      ...more,
    },
  };
}

function observer(): {
  readonly ended: EndedBuild[];
  readonly clock: FakeClock;
  readonly see: BuildObserver;
} {
  const ended: EndedBuild[] = [];
  const clock = new FakeClock();
  return { ended, clock, see: new BuildObserver((one) => ended.push(one), clock) };
}

test('a build that is seen from its beginning to its end takes what the own clock says', async () => {
  const { ended, clock, see } = observer();
  see.see({ type: 'added', object: build('Prepared') });
  see.see({ type: 'updated', object: build('Building'), old: build('Prepared') });
  await clock.advance(120);
  see.see({ type: 'updated', object: build('Building'), old: build('Building') });
  await clock.advance(130);
  see.see({ type: 'updated', object: build('Succeeded'), old: build('Building') });
  see.see({ type: 'updated', object: build('Succeeded'), old: build('Succeeded') });
  assert.deepEqual(ended, [{ pool: 'worker', state: 'succeeded', seconds: 0.25 }]);
});

test('one that nobody saw begin takes what its status says, if it does', () => {
  const { ended, see } = observer();
  const times = { buildStart: '2026-01-01T00:00:00Z', buildEnd: '2026-01-01T00:01:30Z' };
  see.see({ type: 'updated', object: build('Failed', times), old: build('Prepared') });
  see.see({ type: 'updated', object: build('Interrupted'), old: build('Prepared') });
  assert.deepEqual(ended, [
    { pool: 'worker', state: 'failed', seconds: 90 },
    { pool: 'worker', state: 'interrupted' },
  ]);
});

test('what was over before anybody looked, and what was deleted, is not counted', async () => {
  const { ended, clock, see } = observer();
  see.see({ type: 'added', object: build('Succeeded') });
  see.see({ type: 'added', object: build('Building') });
  see.see({ type: 'deleted', object: build('Building') });
  await clock.advance(60_000);
  // Of the same uid, for a test: nothing is remembered of the deleted one.
  see.see({ type: 'updated', object: build('Succeeded'), old: build('Prepared') });
  assert.deepEqual(ended, [{ pool: 'worker', state: 'succeeded' }]);
});
