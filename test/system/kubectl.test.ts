import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openControlPlane, type LabControlPlane } from '../lab/control-plane.ts';
import { serverScenarios } from '../lab/kubectl/asking-the-server.ts';
import { makeBench, type Bench, type Scenario } from '../lab/kubectl/bench.ts';
import { creatingScenarios } from '../lab/kubectl/creating.ts';
import { deletingScenarios } from '../lab/kubectl/deleting.ts';
import { nodeScenarios } from '../lab/kubectl/nodes.ts';
import { peopleScenarios } from '../lab/kubectl/people.ts';
import { findKubectls } from '../lab/kubectl/program.ts';
import { readingScenarios } from '../lab/kubectl/reading.ts';
import { waitingScenarios } from '../lab/kubectl/waiting.ts';
import { writingScenarios } from '../lab/kubectl/writing.ts';
import { skipWithout } from '../lab/requirements.ts';

/** In this order: later ones read what earlier ones made. */
const SCENARIOS: readonly Scenario[] = [
  ...serverScenarios,
  ...readingScenarios,
  ...writingScenarios,
  ...creatingScenarios,
  ...waitingScenarios,
  ...deletingScenarios,
  ...nodeScenarios,
  ...peopleScenarios,
];

describe('kubectl', { concurrency: 4, skip: skipWithout('kubectl') }, () => {
  let lab: LabControlPlane;

  before(async () => {
    lab = await openControlPlane();
  });
  after(() => lab.close());

  const programs = findKubectls();
  for (const program of programs) {
    describe(program.version, { concurrency: 1 }, () => {
      let bench: Bench;
      before(async () => {
        bench = await makeBench(lab, program);
      });
      for (const [name, scenario, since = 0] of SCENARIOS) {
        if (program.minor >= since) test(name, () => scenario(bench));
      }
    });
  }

  test('there is one', () => {
    assert.ok(programs.length > 0, 'no kubectl on PATH, nor in VARVE_TEST_KUBECTL');
  });
});
