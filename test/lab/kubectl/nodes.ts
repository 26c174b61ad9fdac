import assert from 'node:assert/strict';
import { at } from '../api-client.ts';
import { eventually, node, pod, row, setReady, type Scenario } from './bench.ts';

export const nodeScenarios: readonly Scenario[] = [
  [
    'cordon, uncordon and taint a node',
    async ({ k, lab, tag }) => {
      const name = `cordoned-${tag}`;
      await lab.admin.post('/api/v1/nodes', node(name));
      await eventually(
        () => lab.admin.get(`/api/v1/nodes/${name}`),
        ({ body }) => at(body, 'spec.taints') === undefined,
      );
      assert.equal(await k.say(`cordon ${name}`), `node/${name} cordoned\n`);
      assert.equal(await k.say(`cordon ${name}`), `node/${name} already cordoned\n`);
      assert.equal(row(await k.say(`get node ${name}`))['STATUS'], 'Ready,SchedulingDisabled');
      assert.equal(
        await k.say(`get nodes -o name --field-selector spec.unschedulable=true,metadata.name=${name}`),
        `node/${name}\n`,
      );
      assert.equal(await k.say(`uncordon ${name}`), `node/${name} uncordoned\n`);
      assert.equal(row(await k.say(`get node ${name}`))['STATUS'], 'Ready');
      assert.equal(await k.say(`taint node ${name} key=value:NoSchedule`), `node/${name} tainted\n`);
      assert.match(
        await k.refuse(`taint node ${name} key=other:NoSchedule`),
        /already has key taint\(s\) with same effect\(s\) and --overwrite is false/,
      );
      await k.say(`taint node ${name} key=other:NoSchedule --overwrite`);
      assert.match(await k.say(`describe node ${name}`), /^Taints: +key=other:NoSchedule$/m);
      assert.equal(await k.say(`taint node ${name} key:NoSchedule-`), `node/${name} untainted\n`);
      assert.match(await k.refuse(`cordon nothing-${tag}`), /nodes "nothing-v\d+" not found/);
    },
  ],
  [
    'drain waits for a PodDisruptionBudget, and goes on when it allows',
    async (bench) => {
      const { k, lab, tag } = bench;
      const name = `drained-${tag}`;
      await lab.admin.post('/api/v1/nodes', node(name));
      const pods = `/api/v1/namespaces/${tag}/pods`;
      for (const each of ['guarded-0', 'guarded-1']) {
        const object = pod(each, { app: 'guarded' }, each === 'guarded-0' ? name : `read-${tag}`);
        assert.equal((await lab.admin.post(pods, object)).status, 201);
        await setReady(bench, each);
      }
      const budget = `/apis/policy/v1/namespaces/${tag}/poddisruptionbudgets`;
      const { status } = await lab.admin.post(budget, {
        metadata: { name: 'guard' },
        spec: { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } },
      });
      assert.equal(status, 201);
      await eventually(
        () => lab.admin.get(`${budget}/guard`),
        ({ body }) => at(body, 'status.currentHealthy') === 2,
      );
      assert.match(
        await k.refuse(`drain ${name} --timeout=1s`),
        /cannot delete (Pods (declare no controller|that declare no controller)|Pods not managed by)/,
      );
      // kubectl asks again every five seconds, and looks at its own deadline when it does.
      const blocked = k.start(`drain ${name} --force --timeout=1s`);
      const draining = k.start(`drain ${name} --force --timeout=150s`);
      const { status: exit, stderr } = await blocked.ended();
      assert.equal(exit, 1);
      assert.match(stderr, /Cannot evict pod as it would violate the pod's disruption budget\./);
      assert.equal(row(await k.say(`get node ${name}`))['STATUS'], 'Ready,SchedulingDisabled');
      await lab.admin.merge(`${budget}/guard`, { spec: { minAvailable: 1 } });
      // The kubelet's part: what terminates goes.
      await eventually(
        () => lab.admin.get(`${pods}/guarded-0`),
        ({ body }) => at(body, 'metadata.deletionTimestamp') !== undefined,
      );
      assert.match(await k.say('get pod guarded-0'), /Terminating/);
      await lab.admin.delete(`${pods}/guarded-0`, { gracePeriodSeconds: 0 });
      const drained = await draining.ended();
      assert.equal(drained.status, 0, drained.stderr);
      assert.match(drained.stdout, /pod\/guarded-0 evicted\n/);
      assert.match(drained.stdout, new RegExp(`node/${name} (drained|evicted)\n$`));
      assert.equal((await lab.admin.get(`${pods}/guarded-1`)).status, 200);
    },
  ],
];
