import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROLLBACK_TO_ANNOTATION, type MachineConfig, type MachineConfigPool } from '../api/index.ts';
import { render } from '../machineconfig/index.ts';
import { renderInput } from './render-input.ts';
import { renderedObject } from './rendered-object.ts';
import { poolsOfPool } from './render-triggers.ts';
import { rollbackTarget } from './rollback-target.ts';
import { machineConfig, pool, testView, withFile } from './test-view.ts';

const source = machineConfig('50-motd', 'worker', withFile('/etc/motd', 'hello'));

function renderedFor(name: string): MachineConfig {
  const of = pool(name);
  return renderedObject(render(renderInput(testView({ machineConfigs: [source] }), of)), of);
}

function rolledBack(name: string, to: string): MachineConfigPool {
  const of = pool(name);
  return { ...of, metadata: { ...of.metadata, annotations: { [ROLLBACK_TO_ANNOTATION]: to } } };
}

describe('rollbackTarget()', () => {
  const own = renderedFor('infra');
  const foreign = renderedFor('edge');
  const view = testView({ machineConfigs: [source, own, foreign] });

  test('is what the annotation names, if it was rendered for the pool', () => {
    assert.equal(rollbackTarget(view, rolledBack('infra', own.metadata.name)), own);
    assert.equal(rollbackTarget(view, pool('infra')), undefined);
    assert.equal(rollbackTarget(view, rolledBack('infra', '')), undefined);
  });

  const edited = testView({
    machineConfigs: [{ ...own, spec: { ...own.spec, kernelArguments: ['quiet'] } }],
  });
  for (const [why, to, there] of [
    ['there is no such MachineConfig', 'rendered-infra-0', view],
    ['it was not rendered for pool infra', foreign.metadata.name, view],
    ['it was not rendered for pool infra', source.metadata.name, view],
    ['somebody has edited it', own.metadata.name, edited],
  ] as const) {
    test(`refuses ${to}: ${why}`, () => {
      assert.throws(() => rollbackTarget(there, rolledBack('infra', to)), {
        code: 'no-rollback',
        message: `pool infra cannot go back to MachineConfig ${to}, which its annotation varve.dev/rollback-to names: ${why}; see varve history infra, or take the annotation away with varve rollback infra --undo`,
      });
    });
  }

  test('a pool is looked at again when the annotation comes and when it goes', () => {
    const [old, object] = [pool('infra'), rolledBack('infra', own.metadata.name)];
    assert.deepEqual(poolsOfPool(view, { type: 'updated', old, object }), ['infra']);
    assert.deepEqual(poolsOfPool(view, { type: 'updated', old: object, object: old }), ['infra']);
    assert.deepEqual(poolsOfPool(view, { type: 'updated', old: object, object }), []);
  });
});
