import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API_VERSION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  findCondition,
  ROLE_LABEL,
  UPDATE_TAINT,
} from '../../src/api/index.ts';
import { MACHINE_CONFIG_NODES, NODES, POOLS } from '../../src/controllers/resources.ts';
import type { LabPool } from '../lab/cluster/lab-pool.ts';
import { RolloutLab } from '../lab/cluster/rollout-lab.ts';

interface RolledOut {
  readonly config: string;
  readonly image: string;
}

/** Waits until the nodes run the image of the configuration that says this, and the pool says that it is updated. */
async function rolledOut(
  lab: RolloutLab,
  pool: LabPool,
  suffixes: readonly string[],
  text: string,
): Promise<RolledOut> {
  let seen = { config: '', image: '' };
  await lab.until(`${suffixes.join(' ')} run the image of ${text}`, async () => {
    const { pool: found, osConfig } = await pool.state();
    const config = found.spec.configuration?.name ?? '';
    const image = osConfig?.status?.currentImagePullSpec ?? '';
    if (config === '' || image === '') return false;
    if (!JSON.stringify((await pool.rendered(config)).spec).includes(`"data:,${text}"`)) return false;
    seen = { config, image };
    return lab.areAt(suffixes, config, image);
  });
  await lab.until(`pool ${pool.name} is updated`, async () => {
    const { pool: found } = await pool.state();
    return (
      findCondition(found.status?.conditions, 'Updated')?.status === 'True' &&
      found.status?.configuration?.name === seen.config
    );
  });
  assert.deepEqual(lab.violations, []);
  assert.deepEqual(lab.lifted, []);
  return seen;
}

/** What the nodes have downloaded, once for each of them. */
function pulls(lab: RolloutLab): number {
  return [...lab.nodes.values()].reduce((sum, { agent }) => sum + agent.pulled.length, 0);
}

function boots(lab: RolloutLab): number {
  return [...lab.nodes.values()].reduce((sum, { agent }) => sum + agent.model.boots.length, 0);
}

test('install, update, A→B→A, rollback by deletion: one node at a time, nothing built or pulled for what was there', async (t) => {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  const nodes = ['n1', 'n2', 'n3'];
  await pool.create('first');
  await lab.add(pool, ...nodes);
  lab.controllers();
  const first = await rolledOut(lab, pool, nodes, 'first');
  await pool.configure('second');
  const second = await rolledOut(lab, pool, nodes, 'second');
  assert.notEqual(second.image, first.image);
  assert.equal(boots(lab), 6);
  const { builds } = await pool.state();
  const pulled = pulls(lab);
  await pool.configure('first');
  assert.deepEqual(await rolledOut(lab, pool, nodes, 'first'), first);
  assert.equal((await pool.state()).builds.length, builds.length);
  assert.equal(pulls(lab), pulled);
  for (const { name } of lab.nodes.values()) {
    const { spec, metadata } = await lab.cluster.get(MACHINE_CONFIG_NODES, name);
    assert.equal(spec.pool.name, pool.name);
    assert.equal(spec.configVersion.desired, first.config);
    // The agent says so when it hears that the node has been uncordoned, which the pool knows before it.
    await lab.until(`the MachineConfigNode ${name} says that it is updated`, async () => {
      const { status } = await lab.cluster.get(MACHINE_CONFIG_NODES, name);
      return findCondition(status?.conditions, 'Updated')?.status === 'True';
    });
    assert.equal((metadata['ownerReferences'] as readonly { name: string }[])[0]?.name, name);
  }
  await pool.add('added');
  await rolledOut(lab, pool, nodes, 'added');
  const pulledMore = pulls(lab);
  assert.ok(pulledMore > pulled);
  await pool.takeAway();
  await lab.until('it is the configuration of before', async () => {
    return (await pool.state()).pool.spec.configuration?.name === first.config;
  });
  assert.deepEqual(await rolledOut(lab, pool, nodes, 'first'), first);
  assert.equal((await pool.state()).builds.length, builds.length + 1);
  assert.equal(pulls(lab), pulledMore);
  assert.equal(lab.mostAway, 1);
  assert.equal(boots(lab), 15);
  for (const node of nodes)
    assert.deepEqual(
      (await lab.node(node)).spec?.taints?.filter(({ key }) => key === UPDATE_TAINT) ?? [],
      [],
    );
});

test('an update during an update: a node that has not begun goes to the last one at once', async (t) => {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  const nodes = ['n1', 'n2', 'n3', 'n4'];
  await pool.create('first');
  await lab.add(pool, ...nodes);
  lab.controllers();
  await rolledOut(lab, pool, nodes, 'first');
  await pool.configure('second');
  await lab.until('a node has begun', () => lab.away.size > 0);
  await pool.configure('third');
  await rolledOut(lab, pool, nodes, 'third');
  assert.ok(boots(lab) <= 4 + 4 + 2, `${boots(lab)} boots`);
  assert.equal(lab.mostAway, 1);
});

test('a paused pool is built for and not disrupted; resumed, it goes on', async (t) => {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  const nodes = ['n1', 'n2'];
  await pool.create('first');
  await lab.add(pool, ...nodes);
  lab.controllers();
  const first = await rolledOut(lab, pool, nodes, 'first');
  await pool.patch(POOLS, '', { spec: { paused: true } });
  await pool.configure('second');
  await lab.until('the image is built', async () => {
    const { osConfig } = await pool.state();
    return (osConfig?.status?.currentImagePullSpec ?? first.image) !== first.image;
  });
  await lab.until('the pool says that it is paused', async () => {
    const { pool: found } = await pool.state();
    return findCondition(found.status?.conditions, 'RolloutHalted')?.reason === 'PoolPaused';
  });
  assert.ok(await lab.areAt(nodes, first.config, first.image));
  assert.equal(await lab.annotation('n1', DESIRED_CONFIG_ANNOTATION), first.config);
  assert.equal(boots(lab), 2);
  await pool.patch(POOLS, '', { spec: { paused: false } });
  await rolledOut(lab, pool, nodes, 'second');
});

test('a node that joins in the midst, one that goes, and one that moves to another pool and out of all', async (t) => {
  const lab = await RolloutLab.open(t);
  const [pool, other] = [lab.pool('p'), lab.pool('q')];
  await pool.create('first');
  await other.create('elsewhere');
  await lab.add(pool, 'n1', 'n2', 'n3');
  await lab.add(other, 'm1');
  lab.controllers();
  await rolledOut(lab, pool, ['n1', 'n2', 'n3'], 'first');
  await rolledOut(lab, other, ['m1'], 'elsewhere');
  await pool.configure('second');
  await lab.until('a node has begun', () => lab.away.size > 0);
  const [begun = ''] = lab.away;
  const gone = begun.slice(lab.cluster.name.length + 1);
  await Promise.all([lab.remove(gone), lab.add(pool, 'n4')]);
  const rest = ['n1', 'n2', 'n3', 'n4'].filter((name) => name !== gone);
  await rolledOut(lab, pool, rest, 'second');
  // Beside a kube-apiserver that runs by itself nobody lets objects go whose owner is gone.
  if (lab.cluster.isEmbedded)
    await lab.until(
      'its MachineConfigNode goes with it',
      async () => (await lab.cluster.find(MACHINE_CONFIG_NODES, `${lab.cluster.name}-${gone}`)) === undefined,
    );
  await lab.move('n4', other);
  await rolledOut(lab, other, ['m1', 'n4'], 'elsewhere');
  await rolledOut(
    lab,
    pool,
    rest.filter((name) => name !== 'n4'),
    'second',
  );
  await lab.until('its MachineConfigNode says so', async () => {
    const { spec } = await lab.cluster.get(MACHINE_CONFIG_NODES, `${lab.cluster.name}-n4`);
    return spec.pool.name === other.name;
  });
  await other.configure('further');
  await lab.move('n4', undefined);
  await rolledOut(lab, other, ['m1'], 'further');
  const { spec } = await lab.node('n4');
  assert.equal(spec?.unschedulable ?? false, false);
});

test('opting out takes nodes to the image that they would run without Varve, opting in back', async (t) => {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  const nodes = ['n1', 'n2'];
  await pool.create('first');
  await lab.add(pool, ...nodes);
  lab.controllers();
  const { config } = await rolledOut(lab, pool, nodes, 'first');
  await pool.optOut();
  await lab.until('the nodes run the base', async () => lab.areAt(nodes, config, undefined));
  assert.equal(await lab.annotation('n1', DESIRED_IMAGE_ANNOTATION), undefined);
  for (const { agent } of lab.nodes.values()) assert.equal(agent.model.booted.image.image, lab.base);
  assert.equal(lab.mostAway, 1);
  await pool.optIn();
  await rolledOut(lab, pool, nodes, 'first');
});

test('a custom pool goes before worker, and worker takes back what it loses', async (t) => {
  const lab = await RolloutLab.open(t, { embeddedBecause: 'makes a pool of the name worker' });
  const pool = lab.pool('p');
  await pool.create('first');
  const worker = 'node-role.kubernetes.io/worker';
  await lab.cluster.kube.create(POOLS, {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: { name: 'worker' },
    spec: {
      machineConfigSelector: { matchLabels: { [ROLE_LABEL]: 'worker' } },
      nodeSelector: { matchLabels: { [worker]: '' } },
    },
  });
  await lab.add(pool, 'n1', 'n2');
  for (const { name } of lab.nodes.values())
    await lab.cluster.patch(NODES, name, { metadata: { labels: { [worker]: '' } } });
  lab.controllers({ client: lab.cluster.client() });
  await rolledOut(lab, pool, ['n1', 'n2'], 'first');
  const poolOf = async (suffix: string): Promise<string> => {
    const found = await lab.cluster.get(MACHINE_CONFIG_NODES, `${lab.cluster.name}-${suffix}`);
    return found.spec.pool.name;
  };
  assert.equal(await poolOf('n1'), pool.name);
  await lab.move('n1', undefined);
  await lab.until('worker has it', async () => (await poolOf('n1')) === 'worker');
  await pool.configure('second');
  await rolledOut(lab, pool, ['n2'], 'second');
  await lab.move('n1', pool);
  await rolledOut(lab, pool, ['n1', 'n2'], 'second');
});
