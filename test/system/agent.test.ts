import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeFiles } from '../../src/agent/index.ts';
import { inlineFile, TestFiles } from '../../src/agent/test-files.ts';
import type { Fault, ModelImage } from '../../src/agent/test-host.ts';
import { IMAGES, modelHost } from '../../src/agent/test-images.ts';
import {
  API_VERSION,
  isConditionTrue,
  MACHINE_CONFIG_NODE_ANNOTATION,
  type MachineConfigNode,
} from '../../src/api/index.ts';
import { NODES } from '../../src/controllers/resources.ts';
import { type KubeObject, type ObjectKey, resourceType, systemClock } from '../../src/kube/index.ts';
import { type Cluster, openCluster } from '../lab/cluster/cluster.ts';
import { LameClient, NodeAgent } from '../lab/node-agent.ts';
import { randomOf, seedOf } from '../lab/random.ts';
import { atRest, until } from '../lab/until.ts';

const M = 'machineconfiguration.openshift.io';
const { a, b, c } = IMAGES;

const MACHINE_CONFIG_NODES = resourceType<MachineConfigNode & KubeObject>({
  group: M,
  version: 'v1',
  kind: 'MachineConfigNode',
  plural: 'machineconfignodes',
  namespaced: false,
});

interface Scene {
  readonly cluster: Cluster;
  readonly agent: NodeAgent;
  readonly key: ObjectKey;
  readonly client: LameClient;
  /** Whoever drains nodes is away. */
  isUndrained: boolean;
}

/** A node with its agent, and somebody who drains it as soon as it is asked for. */
async function scene(t: TestContext, model = modelHost()): Promise<Scene> {
  const cluster = await openCluster(t);
  const folder = await mkdtemp(join(tmpdir(), 'varve-agent-'));
  const name = `${cluster.name}-n1`;
  const key = { namespace: '', name };
  await cluster.create(NODES, { metadata: { name } });
  await cluster.create(MACHINE_CONFIG_NODES, {
    apiVersion: API_VERSION,
    kind: 'MachineConfigNode',
    metadata: { name },
    spec: { node: { name }, pool: { name: 'worker' }, configVersion: { desired: 'rendered-worker' } },
  });
  const client = new LameClient({ access: cluster.access, userAgent: 'varve-agent' });
  const agent = new NodeAgent(model, client, name, folder);
  const stop = new AbortController();
  const made: Scene = { cluster, agent, key, client, isUndrained: false };
  const drained = drain(made, stop.signal);
  agent.start();
  cluster.beforeClose(async () => {
    await agent.close();
    await client.close();
    stop.abort();
    await drained;
    await cluster.kube.delete(MACHINE_CONFIG_NODES, key);
    await rm(folder, { recursive: true, force: true });
  });
  return made;
}

/** Contract §3.9, without the pods. */
async function drain(scene: Scene, signal: AbortSignal): Promise<void> {
  const { key, cluster } = scene;
  const { kube } = cluster;
  for (; !signal.aborted; await sleep(10)) {
    if (scene.isUndrained) continue;
    const { metadata, spec } = await kube.get(NODES, key);
    const wish = metadata.annotations?.[`${M}/desiredDrain`];
    const isDrain = wish?.startsWith('drain-') === true;
    if (
      wish !== undefined &&
      (metadata.annotations?.[`${M}/lastAppliedDrain`] !== wish || (spec?.unschedulable ?? false) !== isDrain)
    ) {
      const annotations = { [`${M}/lastAppliedDrain`]: wish };
      const patch = { metadata: { annotations }, spec: { unschedulable: isDrain ? true : null } };
      await kube.patch(NODES, key, { type: 'merge', patch });
    }
  }
}

async function desire({ cluster, key }: Scene, image: ModelImage): Promise<void> {
  const annotations = { [`${M}/desiredConfig`]: image.config, [`${M}/desiredImage`]: image.image };
  await cluster.kube.patch(NODES, key, { type: 'merge', patch: { metadata: { annotations } } });
}

async function annotationsOf({ cluster, key }: Scene): Promise<Readonly<Record<string, string>>> {
  return (await cluster.kube.get(NODES, key)).metadata.annotations ?? {};
}

async function isAt(scene: Scene, image: ModelImage): Promise<boolean> {
  const annotations = await annotationsOf(scene);
  return (
    annotations[`${M}/state`] === 'Done' &&
    annotations[`${M}/currentImage`] === image.image &&
    annotations[`${M}/currentConfig`] === image.config &&
    annotations[`${M}/lastAppliedDrain`] === annotations[`${M}/desiredDrain`]
  );
}

test('an agent takes its node to the image that is wanted, and writes nothing at rest', async (t) => {
  const node = await scene(t);
  const { cluster, agent, key } = node;
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  await desire(node, b);
  await until('the node runs b', () => isAt(node, b));
  assert.equal(agent.model.booted.image, b);
  const condition = async (type: string): Promise<boolean> =>
    isConditionTrue((await cluster.kube.get(MACHINE_CONFIG_NODES, key)).status?.conditions, type);
  await until('the MachineConfigNode says so', () => condition('Updated'));
  const { status } = await cluster.kube.get(MACHINE_CONFIG_NODES, key);
  assert.deepEqual(status?.configVersion, { current: b.config, desired: b.config });
  assert.deepEqual(
    status?.conditions?.filter((one) => one.status !== 'False').map(({ type }) => type),
    ['Updated'],
  );
  const annotations = await annotationsOf(node);
  assert.equal(annotations['varve.dev/rollback-image'], a.image);
  assert.equal(annotations['varve.dev/rollback-config'], a.config);

  const versions = async (): Promise<readonly unknown[]> => [
    (await cluster.kube.get(NODES, key)).metadata.resourceVersion,
    (await cluster.kube.get(MACHINE_CONFIG_NODES, key)).metadata.resourceVersion,
  ];
  await atRest('what is written, and how often the host is looked at', async () => [
    ...(await versions()),
    agent.looks,
  ]);
  assert.deepEqual(agent.troubles, []);
});

test('an agent fills a MachineConfigNode that was made anew: named on the Node at once, else with its next report', async (t) => {
  const node = await scene(t);
  const { cluster, agent, key } = node;
  const isFilled = async (config: string): Promise<boolean> => {
    const { status } = await cluster.kube.get(MACHINE_CONFIG_NODES, key);
    return isConditionTrue(status?.conditions, 'Updated') && status?.configVersion?.current === config;
  };
  const anew = async (): Promise<string> => {
    const { apiVersion, kind, metadata, spec } = await cluster.kube.get(MACHINE_CONFIG_NODES, key);
    await cluster.kube.delete(MACHINE_CONFIG_NODES, key);
    const made = await cluster.kube.create(MACHINE_CONFIG_NODES, {
      apiVersion,
      kind,
      metadata: { name: metadata.name },
      spec,
    });
    return String(made.metadata['uid']);
  };
  await desire(node, a);
  await until('the MachineConfigNode says so', () => isFilled(a.config ?? ''));
  const uid = await anew();
  const annotations = { [MACHINE_CONFIG_NODE_ANNOTATION]: uid };
  await cluster.kube.patch(NODES, key, { type: 'merge', patch: { metadata: { annotations } } });
  await until('the new one says so', () => isFilled(a.config ?? ''));
  await anew();
  await desire(node, b);
  await until('the newest one says so', () => isFilled(b.config ?? ''));
  assert.deepEqual(agent.troubles, []);
});

test('an agent that is killed again and again on a host that fails ends at the image that is wanted', async (t) => {
  const node = await scene(t);
  const { agent } = node;
  const random = randomOf(seedOf(t));
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  const faults: readonly Fault[] = [
    'none',
    'none',
    'none',
    'killed-before',
    'killed-after',
    'power-cut-after',
  ];
  const images = [b, c, a];
  for (let round = 0; round < 60; round += 1) {
    const image = images[round % images.length] ?? a;
    let failures = 3;
    agent.fault = () => {
      failures -= 1;
      return failures > 0 ? (faults[Math.floor(random() * faults.length)] ?? 'none') : 'none';
    };
    await desire(node, image);
    for (let kills = 0; kills < 9; kills += 1) {
      await sleep(random() * 25);
      await agent.kill();
      agent.start();
    }
    // What was cut off in a reboot waits a minute before the next; a person need not.
    await until(`the node runs image ${round}`, async () => {
      const last = agent.plans.at(-1);
      if (last?.step.kind === 'wait') await retry(node, `${round}-${agent.plans.length}`);
      return isAt(node, image);
    });
    assert.equal(agent.model.booted.image, image);
    assert.equal(agent.model.staged, undefined);
  }
});

test('an agent breaks off a pull when its image is no longer wanted', async (t) => {
  const node = await scene(t);
  const { agent } = node;
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  agent.holds = (act) => act.kind === 'stage' && act.digest === b.digest;
  await desire(node, b);
  await until('b is pulled', () => agent.plans.at(-1)?.step.kind === 'stage');
  await desire(node, c);
  await until('the node runs c', () => isAt(node, c));
  assert.deepEqual(agent.troubles, []);
});

test('an agent breaks off a pull ahead of its turn that is no longer asked for', async (t) => {
  const node = await scene(t, modelHost({ ahead: 'fetch' }));
  const { agent, cluster, key } = node;
  const ask = (image: string | null): Promise<unknown> => {
    const annotations = { 'varve.dev/prefetch-image': image };
    return cluster.kube.patch(NODES, key, { type: 'merge', patch: { metadata: { annotations } } });
  };
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  let isPulled = false;
  agent.holds = (act) => {
    const isB = act.kind === 'fetch' && act.digest === b.digest;
    isPulled ||= isB;
    return isB;
  };
  await ask(b.image);
  await until('b is pulled', () => isPulled);
  await ask(c.image);
  await until('c is at hand', async () => {
    return (await annotationsOf(node))['varve.dev/prefetched-image'] === c.image;
  });
  assert.deepEqual(agent.troubles, []);
});

test('an agent breaks off a pull to what would boot at once when its node is no longer drained', async (t) => {
  const node = await scene(t, modelHost({ lock: 'none' }));
  const { agent, cluster, key } = node;
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  let isPulled = false;
  agent.holds = ({ kind }) => {
    isPulled ||= kind === 'stage';
    return kind === 'stage';
  };
  await desire(node, b);
  await until('b is pulled', () => isPulled);
  node.isUndrained = true;
  const patch = { spec: { unschedulable: null } };
  await until('it waits for the drain again', async () => {
    await cluster.kube.patch(NODES, key, { type: 'merge', patch });
    return agent.plans.at(-1)?.step.kind === 'rest';
  });
  assert.equal(agent.model.staged, undefined);
  agent.holds = () => false;
  node.isUndrained = false;
  await until('the node runs b', () => isAt(node, b));
  assert.deepEqual(agent.troubles, []);
});

test('an agent heeds what it heard while its own word was not answered yet', async (t) => {
  const node = await scene(t);
  const { client } = node;
  let isOvertaken = false;
  client.beforeAnswer = async (patch) => {
    if (isOvertaken || !JSON.stringify(patch).includes('"Done"')) return;
    isOvertaken = true;
    await desire(node, b);
    await sleep(200);
  };
  await desire(node, a);
  await until('the node runs b', () => isAt(node, b));
  assert.ok(isOvertaken);
});

test('an agent does nothing without its journal, says why, and goes on when it has it', async (t) => {
  const node = await scene(t);
  const { agent } = node;
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  const { journal } = agent;
  const boots = agent.model.boots.length;
  for (const path of [`${journal}/below-a-file.json`, '/proc/varve/journal.json', join(journal, '..')]) {
    await agent.kill();
    agent.journal = path;
    agent.start();
    await until('it says so', async () => {
      const annotations = await annotationsOf(node);
      return annotations[`${M}/reason`]?.startsWith("The agent's journal cannot be ") === true;
    });
    await desire(node, b);
    await sleep(100);
    assert.equal(agent.model.staged, undefined);
    await agent.kill();
    agent.journal = journal;
    await desire(node, a);
    agent.start();
    await until('all is well again', () => isAt(node, a));
  }
  assert.equal(agent.model.boots.length, boots);
});

test('an agent whose disk is full tries again now and then, and goes on when there is room', async (t) => {
  const node = await scene(t);
  const { agent } = node;
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  node.isUndrained = true;
  // What is staged is dropped for a, and replaced for c: the one needs no journal before, the other does.
  for (const image of [a, c]) {
    await desire(node, b);
    await until('b is staged', () => agent.model.staged?.image === b);
    agent.isDiskFull = true;
    agent.fault = () => 'fails';
    const { looks } = agent;
    await desire(node, image);
    await until('it says so', async () => {
      const annotations = await annotationsOf(node);
      return annotations[`${M}/reason`]?.startsWith("The agent's journal cannot be written") === true;
    });
    await sleep(1000);
    assert.ok(agent.looks - looks < 12, `the host was looked at ${agent.looks - looks} times`);
    agent.isDiskFull = false;
    agent.fault = () => 'none';
  }
});

test('an agent lets nothing go that it cannot ask about, and keeps what is staged locked', async (t) => {
  const node = await scene(t);
  const { agent, client } = node;
  await desire(node, a);
  await until('the node runs a', () => isAt(node, a));
  node.isUndrained = true;
  await desire(node, b);
  await until('it asks for the drain', async () => {
    const annotations = await annotationsOf(node);
    return annotations[`${M}/desiredDrain`] === `drain-${b.config}`;
  });
  client.isLame = true;
  node.isUndrained = false;
  await until('it is told to let go', () => agent.plans.at(-1)?.step.kind === 'unlock');
  await until('it has tried', () => agent.troubles.length > 0);
  assert.equal(agent.model.staged?.locked, true);
  agent.model.cutPower();
  assert.equal(agent.model.booted.image, a);
  client.isLame = false;
  await until('the node runs b', () => isAt(node, b));
});

async function retry({ cluster, key }: Scene, token: string): Promise<void> {
  const annotations = { 'varve.dev/retry': token };
  await cluster.kube.patch(NODES, key, { type: 'merge', patch: { metadata: { annotations } } });
}

test(
  'an agent says in its MachineConfigNode which files differ, is no less Done for it, and heals when the Node says so',
  { skip: process.getuid?.() === 0 ? false : 'not root' },
  async (t) => {
    const world = await scene(t);
    const { agent, cluster, key } = world;
    const { kube } = cluster;
    await desire(world, a);
    await until('it is done', () => isAt(world, a));
    await agent.kill();
    const host = new TestFiles(t);
    host.install(
      'a',
      { files: [inlineFile('/etc/app.conf', 'of the image'), inlineFile('/var/lib/x', 'x')] },
      '50-app',
    );
    host.boot('a');
    host.write('/etc/app.conf', 'of the image');
    agent.files = new NodeFiles({ runner: host.runner, memory: host.memory, clock: systemClock });
    agent.start();
    const says = async (text: string): Promise<void> => {
      await until(`it says ${text}`, async () => {
        const found = (await kube.get(MACHINE_CONFIG_NODES, key)).status?.conditions ?? [];
        const drifted = found.find(({ type }) => type === 'ConfigDrifted');
        return `${drifted?.status} ${drifted?.reason} ${drifted?.message}`.startsWith(text);
      });
    };
    await says('False AsExpected');
    assert.equal(host.show('/var/lib/x'), '644 0:0 x');
    host.write('/etc/app.conf', 'of a person');
    await says(
      'True FilesChanged A path differs from the image: /etc/app.conf (content; MachineConfig 50-app)',
    );
    const { metadata } = await kube.get(NODES, key);
    assert.equal(metadata.annotations?.[`${M}/state`], 'Done');
    await atRest('what it says', async () => {
      return (await kube.get(MACHINE_CONFIG_NODES, key)).metadata.resourceVersion;
    });
    const annotations = { 'varve.dev/drift-policy': 'Heal' };
    await kube.patch(NODES, key, { type: 'merge', patch: { metadata: { annotations } } });
    await says('False AsExpected');
    assert.equal(host.show('/etc/app.conf'), '644 0:0 of the image');
  },
);
