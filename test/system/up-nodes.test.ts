import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { ApiClient } from '../lab/api-client.ts';
import { lastingPort } from '../lab/lasting-port.ts';
import { until } from '../lab/until.ts';
import { buildImage, CHECKOUT } from '../lab/varve.ts';
import { VarveProcess } from '../lab/varve-process.ts';

const M = 'machineconfiguration.openshift.io';
const NODES = '/api/v1/nodes';
const PODS = '/api/v1/namespaces/apps/pods';

/** A member of an answer. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  );
}

/** `varve up` with nodes as a user starts it; nobody but the test says what they are to run, and drains them. */
suite('varve up --nodes 2', () => {
  let folder: string;
  let up: VarveProcess;
  let admin: ApiClient;
  let registry: string;
  let base: string;
  const clients: ApiClient[] = [];

  async function start(...args: readonly string[]): Promise<void> {
    up = new VarveProcess(['up', '--data', join(folder, 'data'), '--no-controller', ...args], {
      HOME: folder,
    });
    await up.printed(/Ctrl-C stops/);
    registry = await up.printed(/^registry +(\S+)$/m);
    base = await up.printed(/^base image +(\S+)$/m);
    admin = await clientOf(join(folder, 'data/kubeconfig'));
  }

  async function clientOf(kubeconfig: string): Promise<ApiClient> {
    const client = ApiClient.of(await readFile(kubeconfig, 'utf8'));
    clients.push(client);
    return client;
  }

  const nodeOf = async (name: string): Promise<unknown> => (await admin.get(`${NODES}/${name}`)).body;

  async function isReady(name: string, status = 'True'): Promise<boolean> {
    const conditions = at(await nodeOf(name), 'status', 'conditions') as
      | { type: string; status: string }[]
      | undefined;
    return conditions?.some((one) => one.type === 'Ready' && one.status === status) === true;
  }

  const annotation = async (name: string, key: string): Promise<unknown> =>
    at(await nodeOf(name), 'metadata', 'annotations', `${M}/${key}`);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-up-nodes-'));
    const ports = ['--port', String(await lastingPort()), '--registry-port', String(await lastingPort())];
    await start('--nodes', '2', ...ports);
  });
  after(async () => {
    for (const client of clients) client.close();
    const { status } = await up.stop('SIGINT');
    await rm(folder, { recursive: true, force: true });
    assert.equal(status, 0);
  });

  test('has nodes with a role, a zone, a boot and a heartbeat of their own', async () => {
    for (const name of ['node-1', 'node-2']) {
      await until(`${name} is ready`, () => isReady(name));
      const node = await nodeOf(name);
      const labels = at(node, 'metadata', 'labels') as Record<string, string>;
      assert.equal(labels['node-role.kubernetes.io/worker'], '');
      assert.equal(labels['topology.kubernetes.io/zone'], name === 'node-1' ? 'zone-a' : 'zone-b');
      const info = at(node, 'status', 'nodeInfo') as Record<string, string>;
      assert.match(info['bootID'] ?? '', /^[\da-f-]{36}$/);
      assert.match(info['osImage'] ?? '', /^Varve Miniature/);
      const lease = await admin.get(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`);
      assert.equal(at(lease.body, 'spec', 'holderIdentity'), name);
    }
  });

  test('runs what is bound to them, and ends what is evicted', async () => {
    await admin.post('/api/v1/namespaces', { metadata: { name: 'apps' } });
    await until(
      'the namespace has its service account',
      async () => (await admin.get('/api/v1/namespaces/apps/serviceaccounts/default')).status === 200,
    );
    const pod = {
      metadata: { name: 'web' },
      spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] },
    };
    assert.equal((await admin.post(PODS, pod)).status, 201);
    await until(
      'the pod runs',
      async () => at((await admin.get(`${PODS}/web`)).body, 'status', 'phase') === 'Running',
    );
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'web', namespace: 'apps' },
    };
    assert.equal((await admin.post(`${PODS}/web/eviction`, eviction)).status, 201);
    await until('the pod has ended', async () => (await admin.get(`${PODS}/web`)).status === 404);
  });

  test('brings a node to the image that it is told to run, once it is drained', async () => {
    const digest = await buildImage({
      pool: 'layered',
      files: [join(CHECKOUT, 'examples/pool-layered.yaml'), join(CHECKOUT, 'examples/file.yaml')],
      base,
      push: `${registry}/pools/layered:1`,
    });
    const image = `${registry}/pools/layered@${digest}`;
    const wish = { [`${M}/desiredConfig`]: 'rendered-layered-1', [`${M}/desiredImage`]: image };
    const boot = at(await nodeOf('node-1'), 'status', 'nodeInfo', 'bootID');
    await admin.merge(`${NODES}/node-1`, { metadata: { annotations: wish } });
    await until(
      'it asks for its drain',
      async () => (await annotation('node-1', 'desiredDrain')) !== undefined,
    );
    assert.equal(at(await nodeOf('node-1'), 'status', 'nodeInfo', 'bootID'), boot, 'it waits');
    const drained = await annotation('node-1', 'desiredDrain');
    await admin.merge(`${NODES}/node-1`, {
      metadata: { annotations: { [`${M}/lastAppliedDrain`]: drained } },
      spec: { unschedulable: true },
    });
    await until(
      'it asks to be uncordoned',
      async () => (await annotation('node-1', 'desiredDrain')) === 'uncordon-rendered-layered-1',
    );
    await admin.merge(`${NODES}/node-1`, {
      metadata: { annotations: { [`${M}/lastAppliedDrain`]: 'uncordon-rendered-layered-1' } },
      spec: { unschedulable: null },
    });
    await until('it is done', async () => (await annotation('node-1', 'state')) === 'Done');
    assert.equal(await annotation('node-1', 'currentImage'), image);
    await until('it is ready again', () => isReady('node-1'));
    assert.notEqual(at(await nodeOf('node-1'), 'status', 'nodeInfo', 'bootID'), boot);
  });

  test('has agents that write their own Nodes and nothing else, and read one secret', async () => {
    const agent = await clientOf(join(folder, 'data/nodes/node-1/agent.kubeconfig'));
    const say = (name: string, key: string): Promise<{ status: number }> =>
      agent.merge(`${NODES}/${name}`, { metadata: { annotations: { [key]: 'x' } } });
    assert.equal((await say('node-1', `${M}/reason`)).status, 200);
    assert.equal((await say('node-2', `${M}/reason`)).status, 403);
    assert.equal((await say('node-1', `${M}/desiredImage`)).status, 403);
    assert.equal((await agent.merge(`${NODES}/node-1`, { metadata: { labels: { a: 'b' } } })).status, 403);
    assert.equal((await agent.merge(`${NODES}/node-1`, { spec: { unschedulable: true } })).status, 403);
    assert.equal((await agent.get(`${NODES}/node-2`)).status, 403);
    assert.equal((await agent.get(PODS)).status, 403);
    const secrets = '/api/v1/namespaces/openshift-machine-config-operator/secrets';
    assert.equal((await agent.get(`${secrets}/registry`)).status, 200);
    assert.equal((await agent.get(`${secrets}/another`)).status, 403);
    assert.equal((await agent.get(secrets)).status, 403);
  });

  test('goes on where it was after Ctrl-C, and takes out the nodes beyond a smaller number', async () => {
    assert.equal((await up.stop('SIGINT')).status, 0);
    await start('--nodes', '1');
    await until('node-1 is ready', () => isReady('node-1'));
    assert.equal(await annotation('node-1', 'state'), 'Done');
    assert.equal((await admin.get(`${NODES}/node-2`)).status, 404);
    const nodes = at((await admin.get(NODES)).body, 'items') as unknown[];
    assert.equal(nodes.length, 1);
  });
});
