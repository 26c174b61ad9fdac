import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MachineOSBuild } from '../api/index.ts';
import type { BuildFailureReason } from './build-failure.ts';
import { retryOf } from './build-retry.ts';
import type { Retry } from './build-retry.ts';
import { NOW, storedBuild } from './test-build-objects.ts';

function failed(reason: BuildFailureReason, attempt: number): MachineOSBuild {
  return storedBuild({ state: 'failed', reason, message: 'm' }, { origin: { attempt } });
}

/** Builds end a second after their start at the earliest, so that waits count from here. */
const END = NOW.getTime() + 1000;
const at = (seconds: number): Retry => ({ kind: 'at', time: new Date(END + seconds * 1000) });

const SENTENCES: Readonly<Record<string, [MachineOSBuild, string, number, Retry]>> = {
  'a registry that is down is asked again after two seconds': [
    failed('RegistryUnreachable', 1),
    'v1',
    0,
    at(2),
  ],
  'and then after four': [failed('RegistryUnreachable', 2), 'v1', 0, at(4)],
  'and never after more than five minutes': [failed('RegistryUnreachable', 9), 'v1', 0, at(300)],
  'however often it was': [failed('RegistryUnreachable', 9_000_000), 'v1', 0, at(300)],
  'when its time has come it is tried': [
    failed('RegistryUnreachable', 2),
    'v1',
    4,
    { kind: 'now', attempt: 3 },
  ],
  'a base that is missing is looked for after a minute': [failed('ImageMissing', 1), 'v1', 0, at(60)],
  'and every quarter of an hour in the end': [failed('ImageMissing', 7), 'v1', 0, at(900)],
  'what only an object can mend is not tried': [
    failed('ConfigurationInvalid', 1),
    'v1',
    100_000,
    { kind: 'never' },
  ],
  'a secret that has changed is tried at once': [
    failed('SecretInvalid', 1),
    'v2',
    0,
    { kind: 'now', attempt: 1 },
  ],
  'anything that has changed begins anew': [
    failed('RegistryUnreachable', 8),
    'v2',
    0,
    { kind: 'now', attempt: 1 },
  ],
  'an end that lies ahead by more than any wait is not believed': [
    failed('RegistryUnreachable', 1),
    'v1',
    -4000,
    { kind: 'now', attempt: 2 },
  ],
};

for (const [sentence, [build, circumstances, seconds, expected]] of Object.entries(SENTENCES)) {
  test(`retryOf(): ${sentence}`, () => {
    assert.deepEqual(retryOf(build, circumstances, new Date(END + seconds * 1000)), expected);
  });
}

test('retryOf() takes an attempt that somebody has spoilt for the first', () => {
  for (const spoilt of ['', '-3', '1.5', 'x', '1e400']) {
    const build = failed('RegistryUnreachable', 1);
    const annotations = { ...build.metadata.annotations, 'varve.dev/build-attempt': spoilt };
    const found = retryOf({ ...build, metadata: { ...build.metadata, annotations } }, 'v1', NOW);
    assert.deepEqual(found, at(2));
  }
});

test('retryOf() waits no less after more failures, and always for some time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), (attempt) => {
      const waits = [attempt, attempt + 1].map((one) => {
        const retry = retryOf(failed('RegistryError', one), 'v1', new Date(END));
        assert.ok(retry.kind === 'at');
        return retry.time.getTime() - END;
      });
      assert.ok(waits[0]! > 0 && waits[0]! <= waits[1]!);
    }),
  );
});
