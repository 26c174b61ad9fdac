import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildStateOf, isTerminalState } from '../api/index.ts';
import type { BuildState, MachineOSBuild } from '../api/index.ts';
import { buildStatus, mayMove } from './build-status.ts';
import type { BuildNews } from './build-status.ts';
import { DIGEST_A, NOW, storedBuild } from './test-build-objects.ts';

type NewState = BuildNews['state'];
const IMAGE = `registry.example.com/team/os@${DIGEST_A}`;
const TO: readonly NewState[] = ['initial', 'prepared', 'building', 'succeeded', 'failed', 'interrupted'];

// Contract, appendix A.1.
const MATRIX: Readonly<Record<BuildState, readonly NewState[]>> = {
  none: TO,
  initial: ['prepared', 'building', 'succeeded', 'failed', 'interrupted'],
  prepared: ['building', 'succeeded', 'failed', 'interrupted'],
  building: ['succeeded', 'failed', 'interrupted'],
  succeeded: [],
  failed: [],
  interrupted: [],
};

for (const [from, allowed] of Object.entries(MATRIX) as [BuildState, readonly NewState[]][]) {
  for (const to of TO) {
    const isAllowed = allowed.includes(to);
    test(`mayMove(): from ${from} to ${to}: ${isAllowed ? 'yes' : 'no'}`, () => {
      assert.equal(mayMove(from, to), isAllowed);
    });
  }
}

/** Type, status, reason and message of all conditions. */
function conditionsOf({ status }: MachineOSBuild): readonly string[] {
  return (status?.conditions ?? []).map(
    ({ type, status: is, reason, message }) => `${type} ${is} ${reason}: ${message}`,
  );
}

const ALL_FALSE = [
  'Prepared False Prepared: Build Prepared and Pending',
  'Building False Building: Image Build In Progress',
  'Failed False Failed: Build Failed',
  'Interrupted False Interrupted: Build Interrupted',
  'Succeeded False Ready: Build Ready',
];

function allFalseBut(at: number, condition: string): readonly string[] {
  return ALL_FALSE.with(at, condition);
}

// Contract §4.7: all five conditions in each state.
const CONDITIONS: Readonly<Record<string, [BuildNews, readonly string[]]>> = {
  'nothing has happened': [{ state: 'initial' }, ALL_FALSE],
  'it is prepared': [
    { state: 'prepared' },
    allFalseBut(0, 'Prepared True Prepared: Build Prepared and Pending'),
  ],
  'it runs': [{ state: 'building' }, allFalseBut(1, 'Building True Building: Image Build In Progress')],
  'it failed': [
    { state: 'failed', reason: 'ImageMissing', message: 'no base' },
    allFalseBut(2, 'Failed True ImageMissing: Build Failed: no base'),
  ],
  'it was interrupted': [
    { state: 'interrupted', reason: 'Superseded', message: 'by worker-2' },
    allFalseBut(3, 'Interrupted True Superseded: Build Interrupted: by worker-2'),
  ],
  'it succeeded': [{ state: 'succeeded', image: IMAGE }, allFalseBut(4, 'Succeeded True Ready: Build Ready')],
  // Contract §4.10.
  'its image had been built before': [
    { state: 'succeeded', image: IMAGE, isSeeded: true },
    allFalseBut(4, 'Succeeded True PreBuiltImageSeeded: Build Ready: the image had been built before'),
  ],
};

for (const [sentence, [news, expected]] of Object.entries(CONDITIONS)) {
  test(`buildStatus(): conditions when ${sentence}`, () => {
    assert.deepEqual(conditionsOf(storedBuild(news)), expected);
  });
}

function later(seconds: number): Date {
  return new Date(NOW.getTime() + seconds * 1000);
}

function move(build: MachineOSBuild, news: BuildNews, at: Date): MachineOSBuild {
  const status = buildStatus(build, news, at);
  return status === undefined ? build : { ...build, status };
}

test('buildStatus() dates start and end once', () => {
  const prepared = storedBuild('prepared');
  assert.equal(prepared.status?.buildStart, undefined);
  const building = move(prepared, { state: 'building' }, later(1));
  assert.equal(building.status?.buildStart, '2026-03-01T12:00:01Z');
  const done = move(building, { state: 'succeeded', image: IMAGE }, later(61));
  assert.equal(done.status?.buildStart, '2026-03-01T12:00:01Z');
  assert.equal(done.status?.buildEnd, '2026-03-01T12:01:01Z');
  assert.equal(done.status?.digestedImagePushSpec, IMAGE);
});

test('buildStatus() ends a build of milliseconds a second after its start, and one whose clock was set back, too', () => {
  const building = storedBuild('building');
  for (const end of [NOW, later(-3600)]) {
    const done = move(building, { state: 'succeeded', image: IMAGE }, end);
    assert.equal(done.status?.buildStart, '2026-03-01T12:00:00Z');
    assert.equal(done.status?.buildEnd, '2026-03-01T12:00:01Z');
  }
});

test('buildStatus() of an image that had been built before ends a second after its start (contract §4.10)', () => {
  const { status } = storedBuild({ state: 'succeeded', image: IMAGE, isSeeded: true });
  assert.equal(status?.buildStart, '2026-03-01T12:00:00Z');
  assert.equal(status?.buildEnd, '2026-03-01T12:00:01Z');
  assert.equal(status?.digestedImagePushSpec, IMAGE);
});

test('buildStatus() gives a build that never ran a start and an end', () => {
  const { status } = storedBuild({ state: 'failed', reason: 'SecretInvalid', message: 'no key' });
  assert.equal(status?.buildStart, '2026-03-01T12:00:00Z');
  assert.equal(status?.buildEnd, '2026-03-01T12:00:01Z');
});

test('buildStatus() clips a message that the API would refuse', () => {
  const message = 'x'.repeat(100_000);
  const { status } = storedBuild({ state: 'failed', reason: 'InternalError', message });
  const failed = status?.conditions?.find(({ type }) => type === 'Failed');
  assert.ok((failed?.message.length ?? 0) < 32_768);
});

test('buildStatus() keeps every rule of the API on any way through the states', () => {
  const news = fc.constantFrom<BuildNews>(...Object.values(CONDITIONS).map(([one]) => one));
  const ways = fc.array(fc.tuple(news, fc.integer({ min: -10, max: 10 })));
  fc.assert(
    fc.property(ways, (steps) => {
      let build = storedBuild('none');
      for (const [one, seconds] of steps) {
        const before = build;
        build = move(before, one, later(seconds));
        const { status } = build;
        const { status: old } = before;
        // Contract §1.4: frozen in the end, times immutable, the end after the start, at most 8 conditions.
        if (isTerminalState(buildStateOf(before))) assert.equal(build, before);
        if (old?.buildStart !== undefined) assert.equal(status?.buildStart, old.buildStart);
        if (old?.buildEnd !== undefined) assert.equal(status?.buildEnd, old.buildEnd);
        if (status?.buildEnd !== undefined)
          assert.ok(status.buildEnd > (status.buildStart ?? status.buildEnd));
        const conditions = status?.conditions ?? [];
        assert.ok([0, 5].includes(conditions.length));
        assert.ok(conditions.filter((condition) => condition.status === 'True').length <= 1);
      }
    }),
  );
});
