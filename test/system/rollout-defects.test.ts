// What the nearest operators get wrong (demand.md C to F), each once.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  API_VERSION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  findCondition,
  FIRST_CONFIG_ANNOTATION,
  STUCK_AFTER_ANNOTATION,
} from '../../src/api/index.ts';
import { MACHINE_CONFIGS, NODES, OS_CONFIGS, POOLS } from '../../src/controllers/resources.ts';
import {
  KubeError,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
  type Patch,
  type ResourceType,
} from '../../src/kube/index.ts';
import type { LabPool } from '../lab/cluster/lab-pool.ts';
import { RolloutLab } from '../lab/cluster/rollout-lab.ts';
import { ScopedClient } from '../lab/cluster/scoped-client.ts';

interface Scene {
  readonly lab: RolloutLab;
  readonly pool: LabPool;
  readonly first: string;
}

/** A pool of two nodes that run its first configuration. */
async function scene(
  t: TestContext,
  annotations: Readonly<Record<string, string>> = {},
  client?: (lab: RolloutLab) => KubeClient,
): Promise<Scene> {
  const lab = await RolloutLab.open(t);
  const pool = lab.pool('p');
  await pool.create('first');
  await pool.patch(POOLS, '', { metadata: { annotations } });
  await lab.add(pool, 'n1', 'n2');
  lab.controllers(client === undefined ? {} : { client: client(lab) });
  await lab.until('the nodes run the first image', () => isAt(lab, pool, '', 'n1', 'n2'));
  return { lab, pool, first: (await pool.state()).pool.spec.configuration?.name ?? '' };
}

async function isAt(
  lab: RolloutLab,
  pool: LabPool,
  before: string,
  ...nodes: readonly string[]
): Promise<boolean> {
  const { pool: found, osConfig } = await pool.state();
  const config = found.spec.configuration?.name ?? '';
  if (config === '' || config === before) return false;
  return lab.areAt(nodes, config, osConfig?.status?.currentImagePullSpec);
}

/** `status reason: message` of a condition of the pool. */
async function says(pool: LabPool, type: string): Promise<string> {
  const { conditions } = (await pool.state()).pool.status ?? {};
  const { status = '', reason = '', message = '' } = findCondition(conditions, type) ?? {};
  return `${status} ${reason}: ${message}`;
}

test('a node that comes back NotReady does not freeze its pool without a word', async (t) => {
  const { lab, pool, first } = await scene(t, { [STUCK_AFTER_ANNOTATION]: '2s' });
  await pool.configure('second');
  await lab.until('a node is out of service', () => lab.away.size > 0);
  await lab.ready('n1', 'False');
  await lab.until('the pool says which node, and halts', async () => {
    return (
      (await says(pool, 'RolloutHalted')).startsWith('True') &&
      (await says(pool, 'NodeDegraded')).includes(`${lab.cluster.name}-n1`)
    );
  });
  assert.match(await says(pool, 'RolloutHalted'), /n1/u);
  assert.ok(!(await isAt(lab, pool, first, 'n2')));
  await lab.ready('n1', 'True');
  await lab.until('it goes on when the node is well', () => isAt(lab, pool, first, 'n1', 'n2'));
  await lab.until('and all is said to be well', async () =>
    (await says(pool, 'NodeDegraded')).startsWith('False'),
  );
  assert.deepEqual(lab.violations, []);
});

test('a node that is NotReady, or that a person has cordoned, counts as out of service', async (t) => {
  const { lab, pool, first } = await scene(t);
  await lab.ready('n1', 'False');
  await pool.configure('second');
  await lab.until('the pool says what it waits for', async () =>
    / NotReady: .*n1 is not well: Ready is False .*it gets its turn when it is/u.test(
      await says(pool, 'RolloutHalted'),
    ),
  );
  // Neither the other one, which would be one too many, nor itself.
  for (const node of ['n1', 'n2']) assert.equal(await lab.annotation(node, DESIRED_CONFIG_ANNOTATION), first);
  assert.equal(lab.away.size, 0);
  await lab.ready('n1', 'True');
  await lab.until('both are updated', () => isAt(lab, pool, first, 'n1', 'n2'));
  const second = await lab.annotation('n1', DESIRED_CONFIG_ANNOTATION);
  await lab.cordon('n2');
  await pool.configure('third');
  await lab.until('the pool names the cordon', async () =>
    (await says(pool, 'RolloutHalted')).startsWith('True CordonedByPerson:'),
  );
  assert.equal(await lab.annotation('n1', DESIRED_CONFIG_ANNOTATION), second);
  await lab.cordon('n2', false);
  const config = (await pool.state()).pool.spec.configuration?.name ?? '';
  await lab.until('both are updated again', async () => {
    const { osConfig } = await pool.state();
    return lab.areAt(['n1', 'n2'], config, osConfig?.status?.currentImagePullSpec);
  });
});

test("an image whose digest is gone from the registry is not rolled out, and the pool's conditions say so", async (t) => {
  const { lab, pool, first } = await scene(t);
  const before = (await pool.state()).osConfig?.status?.currentImagePullSpec ?? '';
  await pool.patch(POOLS, '', { spec: { paused: true } });
  await pool.configure('second');
  await lab.until('the image is built', async () => {
    const { osConfig } = await pool.state();
    return osConfig?.status?.currentImagePullSpec !== before;
  });
  // Somebody deletes it, and the registry takes nothing any more.
  lab.script = (request) =>
    request.path.includes('/manifests/') && request.path.includes(pool.name)
      ? { status: request.method === 'PUT' ? 500 : 404 }
      : undefined;
  await lab.until('the pool finds out', async () => {
    const halted = await says(pool, 'RolloutHalted');
    const degraded = await says(pool, 'ImageBuildDegraded');
    // That a build is pending may be of the moment before the image was built.
    return halted.includes('ImageGone') || degraded.startsWith('True');
  });
  await pool.patch(POOLS, '', { spec: { paused: false } });
  await lab.until('the pool says that nothing can be rolled out', async () => {
    const halted = await says(pool, 'RolloutHalted');
    return /ImageGone|BuildFailed|BuildPending/u.test(halted);
  });
  assert.equal(await lab.annotation('n1', DESIRED_IMAGE_ANNOTATION), before);
  assert.equal(await lab.annotation('n2', DESIRED_IMAGE_ANNOTATION), before);
  lab.script = undefined;
  const annotations = { 'machineconfiguration.openshift.io/rebuild': '' };

  await pool.patch(OS_CONFIGS, '', { metadata: { annotations } });
  await lab.until('both are updated', () => isAt(lab, pool, first, 'n1', 'n2'));
});

test('a node whose taints keep every agent away is named with them, and holds up no other', async (t) => {
  const { lab, pool, first } = await scene(t);
  const name = `${lab.cluster.name}-tainted`;
  await lab.cluster.create(NODES, {
    metadata: { name, labels: { 'varve.dev/pool': pool.name } },
    spec: { taints: [{ key: 'example.com/gpu', value: 'yes', effect: 'NoSchedule' }] },
  });
  await pool.configure('second');
  await lab.until('the others are updated', () => isAt(lab, pool, first, 'n1', 'n2'));
  // Agents have ten minutes to begin where the pool does not say less.
  await pool.patch(POOLS, '', { metadata: { annotations: { [STUCK_AFTER_ANNOTATION]: '1s' } } });
  await lab.until('the pool names the node and its taint', async () => {
    const halted = await says(pool, 'RolloutHalted');
    return (
      halted.startsWith('True NoAgent:') &&
      halted.includes(name) &&
      halted.includes('tolerates') &&
      halted.includes('example.com/gpu=yes:NoSchedule')
    );
  });
});

/** So many writes of labels fail: what one of them brings about by itself is not what tries the last one again. */
const FAILURES = 5;

/** A client whose first writes of labels to a Node fail. */
class FailingLabels extends ScopedClient {
  failures = 0;

  override async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options?: Parameters<KubeClient['patch']>[3],
  ): Promise<T> {
    if (
      type.plural === NODES.plural &&
      this.failures < FAILURES &&
      JSON.stringify(patch).includes('"labels"')
    ) {
      this.failures += 1;
      throw new KubeError('server-error', 'cannot patch Node: the test has it so');
    }
    return super.patch(type, key, patch, options);
  }
}

test('a write of labels that fails is tried again until it is made', async (t) => {
  const failing: FailingLabels[] = [];
  const { lab, pool, first } = await scene(t, {}, (opened) => {
    const client = new FailingLabels(opened.cluster.name, { access: opened.cluster.access });
    failing.push(client);
    return client;
  });
  lab.cluster.beforeClose(async () => failing[0]?.close());
  // A machine that was installed for the pool, and is in the pool that all are in that are in no other.
  const other = lab.pool('q');
  await other.create('elsewhere');
  await lab.add(other, 'm1');
  const rendered = await lab.cluster.get(MACHINE_CONFIGS, first);
  assert.equal(rendered.apiVersion, API_VERSION);
  await lab.cluster.patch(NODES, `${lab.cluster.name}-m1`, {
    metadata: { annotations: { [FIRST_CONFIG_ANNOTATION]: first } },
  });
  await other.configure('elsewhere-2');
  await lab.until('it has the labels of the pool that it was installed for', async () => {
    const { metadata } = await lab.node('m1');
    return metadata.labels?.['varve.dev/pool'] === pool.name;
  });
  assert.equal(failing[0]?.failures, FAILURES);
  await lab.until('and runs its image', () => isAt(lab, pool, '', 'm1'));
});
