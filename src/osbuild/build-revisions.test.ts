import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, REVISION_ANNOTATION, type MachineOSBuild } from '../api/index.ts';
import { nextRevision, numberBuilds } from './build-revisions.ts';

/** A build of this minute. */
function build(minute: number, revision?: string): MachineOSBuild {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineOSBuild',
    metadata: {
      name: `b${minute}`,
      creationTimestamp: `2026-01-01T00:0${minute}:00Z`,
      ...(revision === undefined ? {} : { annotations: { [REVISION_ANNOTATION]: revision } }),
    },
    spec: {
      machineConfig: { name: 'rendered-worker-1' },
      machineOSConfig: { name: 'worker' },
      renderedImagePushSpec: 'registry.example.com/os:b',
    },
  };
}

const ROWS: Readonly<Record<string, readonly [builds: readonly MachineOSBuild[], numbers: string]>> = {
  'of a new pool none has a number': [[], ''],
  'those that were made before there were numbers are counted': [[build(2), build(1)], 'b1=1 b2=2'],
  'a number stays when older ones go': [[build(4, '4'), build(3, '3')], 'b3=3 b4=4'],
  'numbers go on after those that were counted': [[build(1), build(2), build(3, '3')], 'b1=1 b2=2 b3=3'],
  'the same number is given once, whoever gave it': [
    [build(2, '1'), build(1, '1'), build(3, '3')],
    'b1=1 b2=2 b3=3',
  ],
  'the number decides, and not the clock': [[build(1, '7'), build(2, '6')], 'b2=6 b1=7'],
  'what is no number counts as none': [[build(1, 'x'), build(2, '-3'), build(3, '3')], 'b1=1 b2=2 b3=3'],
};

for (const [rule, [builds, expected]] of Object.entries(ROWS)) {
  test(`numberBuilds(): ${rule}`, () => {
    const found = numberBuilds(builds).map(
      ({ build: { metadata }, revision }) => `${metadata.name}=${revision}`,
    );
    assert.equal(found.join(' '), expected);
  });
}

test('nextRevision() is one more than that of any build there is', () => {
  assert.equal(nextRevision([]), 1);
  assert.equal(nextRevision([build(1, '4'), build(2)]), 5);
});
