import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiClient } from '../lab/api-client.ts';
import { atEnd } from '../lab/at-end.ts';
import { until } from '../lab/until.ts';
import { VarveProcess } from '../lab/varve-process.ts';

// Simulated machines whose pools have them driven by different tools, and the real agents and controllers between them.

const NODES = '/api/v1/nodes';
const API = '/apis/machineconfiguration.openshift.io/v1';
const ROLE = 'machineconfiguration.openshift.io/role';
const LAYERED = { 'machineconfiguration.openshift.io/layered': '' };
const RPM = 'node-role.kubernetes.io/rpm';

interface Node {
  readonly metadata: { readonly annotations: Readonly<Record<string, string | undefined>> };
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly nodeInfo?: { readonly bootID?: string } };
}

/** Empty before the node's kubelet has said so. */
function bootOf({ status }: Node): string {
  return status?.nodeInfo?.bootID ?? '';
}

test('one cluster is rolled out by bootc on the nodes of one pool and by rpm-ostree on those of another', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'varve-rollout-drivers-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const ports = ['--port', '0', '--registry-port', '0'];
  const up = new VarveProcess(['up', '--data', join(folder, 'data'), '--nodes', '2', ...ports], {
    HOME: folder,
  });
  atEnd(t, () => up.stop('SIGINT'));
  await up.printed(/Ctrl-C stops/);
  const admin = ApiClient.of(await readFile(join(folder, 'data/kubeconfig'), 'utf8'));
  atEnd(t, () => admin.close());
  const node = async (name: string): Promise<Node> => (await admin.get(`${NODES}/${name}`)).body as Node;
  const annotation = async (name: string, key: string): Promise<string | undefined> =>
    (await node(name)).metadata.annotations[`machineconfiguration.openshift.io/${key}`];
  const boots = new Map<string, string>();
  for (const name of ['node-1', 'node-2']) {
    await until(`${name} has booted`, async () => bootOf(await node(name)) !== '');
    boots.set(name, bootOf(await node(name)));
  }

  const pool = {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfigPool',
    metadata: { name: 'rpm', labels: LAYERED, annotations: { 'varve.dev/host-tool': 'rpm-ostree' } },
    spec: {
      machineConfigSelector: { matchLabels: { [ROLE]: 'worker' } },
      nodeSelector: { matchLabels: { [RPM]: '' } },
    },
  };
  assert.equal((await admin.post(`${API}/machineconfigpools`, pool)).status, 201);
  const labels = { metadata: { labels: { [RPM]: '' } } };
  assert.equal((await admin.merge(`${NODES}/node-2`, labels)).status, 200);
  const files = [{ path: '/etc/driven', contents: { source: 'data:,by%20either' } }];
  const config = {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: '60-driven', labels: { [ROLE]: 'worker' } },
    spec: { config: { ignition: { version: '3.5.0' }, storage: { files } } },
  };
  assert.equal((await admin.post(`${API}/machineconfigs`, config)).status, 201);
  const layered = { metadata: { labels: LAYERED } };
  assert.equal((await admin.merge(`${API}/machineconfigpools/worker`, layered)).status, 200);

  for (const [name, tool] of [
    ['node-1', 'bootc'],
    ['node-2', 'rpm-ostree'],
  ] as const) {
    await until(`${name} runs its pool's image and serves`, async () => {
      const found = await node(name);
      const image = await annotation(name, 'currentImage');
      const isThere = image !== undefined && image === (await annotation(name, 'desiredImage'));
      const isDone = (await annotation(name, 'state')) === 'Done' && found.spec?.unschedulable !== true;
      return isThere && isDone && bootOf(found) !== boots.get(name);
    });
    const log = await readFile(join(folder, 'data/nodes', name, 'log'), 'utf8');
    const driven = [...log.matchAll(/the host is driven \(tool ([a-z-]+)\)/gu)].map(([, found]) => found);
    assert.equal(driven.at(-1), tool, log);
  }
  for (const pools of ['worker', 'rpm'])
    await until(`pool ${pools} says that it is updated`, async () => {
      const { body } = await admin.get(`${API}/machineconfigpools/${pools}`);
      const { conditions = [] } = (body as { status: { conditions?: { type: string; status: string }[] } })
        .status;
      return conditions.some(({ type, status }) => type === 'Updated' && status === 'True');
    });
  assert.equal((await up.stop('SIGINT')).status, 0);
});
