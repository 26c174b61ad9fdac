import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiClient } from '../lab/api-client.ts';
import { atEnd } from '../lab/at-end.ts';
import { openLaboratory } from '../lab/laboratory.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { until } from '../lab/until.ts';
import { VarveProcess } from '../lab/varve-process.ts';

// From MachineConfigs to the boot of real ostree deployments, with all of Varve between them: API, controllers, builds, agent.

const API = '/apis/machineconfiguration.openshift.io/v1';
const M = 'machineconfiguration.openshift.io';
const NODE = '/api/v1/nodes/node-1';

const skip = skipWithout('systemd-nspawn', 'ostree', 'mmdebstrap', 'docker-registry', 'skopeo', 'nsenter');

interface Node {
  readonly metadata: { readonly annotations: Readonly<Record<string, string | undefined>> };
  readonly spec: { readonly unschedulable?: boolean };
  readonly status?: { readonly nodeInfo?: { readonly bootID?: string } };
}

interface OSConfig {
  readonly status?: { readonly currentImagePullSpec?: string };
}

/** A MachineConfig with one file. */
function fileConfig(name: string, path: string): object {
  const files = [{ path, contents: { source: `data:,${name}` } }];
  return {
    apiVersion: `${M}/v1`,
    kind: 'MachineConfig',
    metadata: { name, labels: { [`${M}/role`]: 'worker' } },
    spec: { config: { ignition: { version: '3.5.0' }, storage: { files } } },
  };
}

test(
  'a machine of systemd-nspawn is rolled out to: install, update, rollback by deletion',
  { skip },
  async (t) => {
    const lab = await openLaboratory('bootable');
    atEnd(t, () => lab.close());
    const data = join(lab.folder, 'data');
    // ostree has nobody remove a deployment by mistake.
    atEnd(t, () => run('chattr', ['-R', '-f', '-i', join(data, 'nodes')], { accept: [0, 1] }));
    const base = `${lab.registry.host}/base/os@${lab.baseDigest}`;
    const ports = ['--port', '0', '--registry-port', '0'];
    const nodes = ['--nodes', '1', '--node-engine', 'nspawn'];
    const up = new VarveProcess(['up', '--data', data, '--base', base, ...ports, ...nodes], {
      HOME: lab.folder,
    });
    atEnd(t, () => up.stop('SIGINT'));
    await up.printed(/Ctrl-C stops/);
    const admin = ApiClient.of(await readFile(join(data, 'kubeconfig'), 'utf8'));
    atEnd(t, () => admin.close());
    // The only node of a cluster would not be drained.
    assert.equal((await admin.post('/api/v1/nodes', { metadata: { name: 'elsewhere' } })).status, 201);

    const node = async (): Promise<Node> => (await admin.get(NODE)).body as Node;
    const bootOf = ({ status }: Node): string => status?.nodeInfo?.bootID ?? '';
    const builds = async (): Promise<number> =>
      ((await admin.get(`${API}/machineosbuilds`)).body as { readonly items: readonly object[] }).items
        .length;
    /** Until the machine has booted once more, into the pool's image, and serves. @returns the image */
    const rolledOut = async (boot: string, isIt: (image: string) => boolean): Promise<string> => {
      let image = '';
      await until('the node runs the image of its pool', async () => {
        const { status } = (await admin.get(`${API}/machineosconfigs/worker`)).body as OSConfig;
        image = status?.currentImagePullSpec ?? '';
        const found = await node();
        const said = (key: string): string => found.metadata.annotations[`${M}/${key}`] ?? '';
        const isThere = isIt(image) && said('currentImage') === image && said('state') === 'Done';
        // It was drained for that.
        const isBack = said('lastAppliedDrain').startsWith('uncordon-') && found.spec.unschedulable !== true;
        return isThere && isBack && ![boot, ''].includes(bootOf(found));
      });
      return image;
    };

    await until('it has booted', async () => bootOf(await node()) !== '');
    let boot = bootOf(await node());
    const site = fileConfig('50-site', '/etc/motd');
    assert.equal((await admin.post(`${API}/machineconfigs`, site)).status, 201);
    const layered = { metadata: { labels: { [`${M}/layered`]: '' } } };
    assert.equal((await admin.merge(`${API}/machineconfigpools/worker`, layered)).status, 200);
    const first = await rolledOut(boot, (image) => image !== '');

    boot = bootOf(await node());
    const more = fileConfig('60-more', '/var/lib/more');
    assert.equal((await admin.post(`${API}/machineconfigs`, more)).status, 201);
    await rolledOut(boot, (image) => image !== first);
    const built = await builds();

    boot = bootOf(await node());
    assert.equal((await admin.delete(`${API}/machineconfigs/60-more`)).status, 200);
    await rolledOut(boot, (image) => image === first);
    assert.equal(await builds(), built);
    assert.equal((await up.stop('SIGINT')).status, 0);
  },
);
