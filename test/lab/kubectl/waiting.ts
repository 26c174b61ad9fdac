import assert from 'node:assert/strict';
import { configMap, given, MCO, pool, type Scenario } from './bench.ts';

export const waitingScenarios: readonly Scenario[] = [
  [
    'wait: for a condition, for deletion, in vain',
    async (bench) => {
      const { k, lab, tag } = bench;
      const name = `waited-${tag}`;
      await given(bench, pool(name));
      const waiting = k.start(`wait --for=condition=Updated mcp/${name} --timeout=150s`);
      const inVain = k.start(`wait --for=condition=Degraded mcp/${name} --timeout=1s`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const condition = {
        type: 'Updated',
        status: 'True',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: '',
        message: '',
      };
      const path = `/apis/${MCO}/v1/machineconfigpools/${name}`;
      assert.equal(
        (await lab.admin.merge(`${path}/status`, { status: { conditions: [condition] } })).status,
        200,
      );
      assert.deepEqual(await waiting.ended(), {
        status: 0,
        stdout: `machineconfigpool.${MCO}/${name} condition met\n`,
        stderr: '',
      });
      const late = await inVain.ended();
      assert.deepEqual(
        [late.status, late.stderr],
        [1, `error: timed out waiting for the condition on machineconfigpools/${name}\n`],
      );
      assert.equal(
        await k.say(`wait --for=condition=Updated=true mcp ${name}`),
        `machineconfigpool.${MCO}/${name} condition met\n`,
      );
      await given(bench, configMap('waited'));
      const gone = k.start('wait --for=delete configmap/waited --timeout=150s -v=6');
      await gone.watching();
      await k.say('delete configmap waited');
      const { status, stdout } = await gone.ended();
      assert.deepEqual([status, stdout], [0, 'configmap/waited condition met\n']);
      assert.match(
        await k.refuse('wait --for=condition=Ready pod/nothing --timeout=1s'),
        /pods "nothing" not found/,
      );
    },
  ],
  [
    'wait --for=jsonpath',
    async (bench) => {
      const { k } = bench;
      await given(bench, configMap('awaited', { a: '1' }));
      const waiting = k.start('wait --for=jsonpath={.data.a}=2 configmap/awaited --timeout=150s');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await given(bench, configMap('awaited', { a: '2' }));
      const { status, stdout, stderr } = await waiting.ended();
      assert.deepEqual([status, stdout, stderr], [0, 'configmap/awaited condition met\n', '']);
    },
    23,
  ],
  [
    'wait --for=create',
    async (bench) => {
      const { k } = bench;
      const waiting = k.start('wait --for=create configmap/to-come --timeout=150s');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await given(bench, configMap('to-come'));
      const { status, stdout } = await waiting.ended();
      assert.deepEqual([status, stdout], [0, 'configmap/to-come condition met\n']);
    },
    31,
  ],
];
