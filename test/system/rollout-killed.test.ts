import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { findCondition } from '../../src/api/index.ts';
import { POOLS } from '../../src/controllers/resources.ts';
import type { KubeClient } from '../../src/kube/index.ts';
import { memoryCache } from '../../src/osbuild/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { ControllersApart } from '../lab/cluster/controllers-apart.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { RolloutLab } from '../lab/cluster/rollout-lab.ts';
import { randomOf, seedOf } from '../lab/random.ts';

/** Of controllers; agents beside them are killed half as often. */
const KILLS = Number(process.env['VARVE_TEST_KILLS'] ?? 200);

/** Controllers live at most so long, in milliseconds. */
const LIFE = 700;

const NODES = ['n1', 'n2', 'n3', 'n4'];

/** Controllers that end as by `kill -9`: what they ask for from then on, or wait for, comes to nothing. */
interface Mortal {
  readonly client: KubeClient;
  readonly controllers: LabControllers;
}

test(`controllers killed ${KILLS} times at random, two at work at once, agents killed beside them: no more nodes away than may, none undrained, and all ends well`, async (t) => {
  const seed = seedOf(t);
  const random = randomOf(seed);
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  await pool.create('first');
  await lab.add(pool, ...NODES);
  for (const [index, node] of NODES.entries()) await lab.runPod(node, `pod-${index}`);
  const cache = memoryCache();
  const start = (): Mortal => {
    const client = lab.cluster.scopedClient();
    return { client, controllers: new LabControllers(lab.cluster, { client, cache }) };
  };
  const ended: Promise<void>[] = [];
  const defects: string[] = [];
  const kill = async ({ client, controllers }: Mortal): Promise<void> => {
    await client.close();
    ended.push(controllers.stop().then(() => void defects.push(...controllers.defects)));
  };
  let isOver = false;
  const edit = async (isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      const what = random();
      if (what < 0.6) await pool.configure(`text-${Math.floor(random() * 4)}`);
      else if (what < 0.7) await pool.patch(POOLS, '', { spec: { paused: true } });
      else if (what < 0.9) await pool.patch(POOLS, '', { spec: { paused: false } });
      else {
        await lab.cordon('n4');
        await pause(random() * 500);
        await lab.cordon('n4', false);
      }
      await pause(random() * 1500);
    }
  };
  const editing = edit(() => isOver);
  let alive = [start(), start()];
  for (let kills = 0; kills < KILLS; kills += 1) {
    await pause((random() * LIFE) / 2);
    const [first, second] = alive;
    assert.ok(first !== undefined && second !== undefined);
    const [dies, stays] = random() < 0.3 ? [second, first] : [first, second];
    await kill(dies);
    alive = [stays, start()];
    if (kills % 2 === 0) {
      const node = lab.nodes.get(NODES[Math.floor(random() * NODES.length)] ?? '');
      await node?.agent.kill();
      node?.agent.start();
    }
    assert.deepEqual(lab.violations, []);
  }
  isOver = true;
  await editing;
  await pool.patch(POOLS, '', { spec: { paused: false } });
  await pool.configure('last');
  for (const mortal of alive) await kill(mortal);
  const last = lab.controllers({ cache });
  await pool.settled('last');
  await lab.until('all nodes run the last image', async () => {
    const { pool: found, osConfig } = await pool.state();
    const image = osConfig?.status?.currentImagePullSpec;
    return lab.areAt(NODES, found.spec.configuration?.name ?? '', image);
  });
  await lab.until('nothing is left of the drains', async () => {
    const nodes = await Promise.all(NODES.map((node) => lab.node(node)));
    return nodes.every(({ metadata, spec }) => {
      const kept = Object.keys(metadata.annotations ?? {});
      return (
        spec?.unschedulable !== true &&
        (spec?.taints ?? []).length === 0 &&
        !['varve.dev/cordon', 'varve.dev/drain-started', 'varve.dev/disruption-lease'].some((key) =>
          kept.includes(key),
        )
      );
    });
  });
  await lab.until('the pool says so', async () => {
    const { pool: found } = await pool.state();
    return findCondition(found.status?.conditions, 'Updated')?.status === 'True';
  });
  await Promise.all(ended);
  const boots = [...lab.nodes.values()].map(({ agent }) => agent.model.boots.length);
  t.diagnostic(`${boots.join(' ')} boots, at most ${lab.mostAway} nodes away`);
  assert.deepEqual(lab.violations, []);
  assert.deepEqual(lab.lifted, []);
  assert.deepEqual(defects, []);
  assert.equal(lab.mostAway, 1);
  // How many updates the controllers came to is the machine's affair; the first and the last there are.
  for (const count of boots) assert.ok(count >= 1);
  assert.ok(last.controllers.isLeading);
});

test('a leader that sleeps in the midst of a drain, and wakes when another one leads: one node at a time, and all ends well', async (t) => {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  await pool.create('first');
  await lab.add(pool, ...NODES);
  const folder = await mkdtemp(join(tmpdir(), 'varve-handover-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const started = await Promise.all(
    ['one', 'other'].map((identity) =>
      ControllersApart.start({
        test: lab.cluster.name,
        kubeconfig: lab.cluster.kubeconfig,
        namespace: lab.cluster.namespace,
        cache: join(folder, 'cache'),
        identity,
        // Longer than a busy machine lets a leader stand still.
        lease: { lease: 6000, renew: 5000, retry: 200 },
        compiled: join(folder, 'compiled'),
      }),
    ),
  );
  atEnd(t, () => Promise.all(started.map((controllers) => controllers.end())));
  const isAt = async (text: string): Promise<boolean> => {
    const { pool: found, osConfig } = await pool.state();
    const config = found.spec.configuration?.name ?? '';
    if (config === '' || !JSON.stringify((await pool.rendered(config)).spec).includes(`"data:,${text}"`))
      return false;
    return lab.areAt(NODES, config, osConfig?.status?.currentImagePullSpec);
  };
  await lab.until('the nodes run the first image', () => isAt('first'));
  const [leads, follows] = (await started[0]?.isLeading()) === true ? started : started.toReversed();
  assert.ok(leads !== undefined && follows !== undefined);
  await lab.runPod('n2', 'slow');
  lab.hold('slow');
  await pool.configure('second');
  await lab.until('n2 is being drained', () => lab.away.has(`${lab.cluster.name}-n2`));
  leads.pause();
  await lab.until('the other one leads', () => follows.isLeading());
  leads.resume();
  lab.hold();
  await lab.until('the nodes run the second image', () => isAt('second'));
  assert.deepEqual(lab.violations, []);
  assert.equal(lab.mostAway, 1);
  assert.equal(await follows.stop(), 0);
  assert.equal(await leads.stop(), 0);
  assert.deepEqual([leads.stderr, follows.stderr], ['', '']);
});
