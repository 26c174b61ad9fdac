import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { CURRENT_BUILD_ANNOTATION, findCondition, type MachineOSBuild } from '../../src/api/index.ts';
import type { ContainerBuilding } from '../../src/controllers/index.ts';
import { NODES, OS_CONFIGS } from '../../src/controllers/resources.ts';
import { pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import {
  openRegistry,
  parseDocument,
  parseReference,
  type Reference,
  type RegistryClient,
} from '../../src/oci/index.ts';
import { standInBuilders } from '../../src/osbuild/test-container-builders.ts';
import { Cluster } from '../lab/cluster/cluster.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { until } from '../lab/until.ts';

/** What runs on this machine is of one architecture: a stand-in for the builder, for two of them, takes the base and adds a file. */
suite(
  'images of container builds for nodes of several architectures, and what becomes of those that nobody needs',
  () => {
    let folder: string;
    let registry: Awaited<ReturnType<typeof startRegistry>>;
    let client: RegistryClient;
    let cluster: Cluster;
    let base: string;
    let controllers: LabControllers;
    const ran: string[] = [];
    /** The architectures that there are builders for. */
    let builders = ['amd64'];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'varve-architectures-'));
      registry = await startRegistry({ directory: folder });
      client = openRegistry({});
      cluster = await Cluster.open();
      base = `${registry.address}/base/os:1`;
      await pushMiniatureBase(client, parseReference(base), { architectures: ['amd64', 'arm64'] });
      const containers: ContainerBuilding = {
        kind: 'process',
        buildersFor: () => standInBuilders(client, ran, ...builders),
      };
      const settings = {
        machineArchitecture: 'amd64',
        keptBuilds: 0,
        // Longer than any build takes to begin, and short enough to wait for.
        retention: { delay: 50, period: 1000 },
      };
      controllers = new LabControllers(cluster, { containers, settings });
    });
    after(async () => {
      await controllers.stop();
      await cluster.close();
      client.close();
      await registry.close();
      await rm(folder, { recursive: true, force: true });
      assert.deepEqual(controllers.defects, []);
    });

    async function openPool(suffix: string, annotations: Record<string, string> = {}): Promise<LabPool> {
      const pool = new LabPool(cluster, { suffix, registry: registry.address, base });
      await pool.create('first', annotations, 'FROM configs AS final\nRUN first\n');
      return pool;
    }

    async function addNode(pool: LabPool, architecture: string): Promise<void> {
      const labels = { 'varve.dev/pool': pool.name, 'kubernetes.io/arch': architecture };
      await cluster.create(NODES, { metadata: { name: `${pool.name}-${architecture}`, labels } });
    }

    async function setContainerfiles(pool: LabPool, texts: Readonly<Record<string, string>>): Promise<void> {
      const containerFile = Object.entries(texts).map(([containerfileArch, run]) => ({
        containerfileArch,
        content: `FROM configs AS final\nRUN ${run}\n`,
      }));
      await pool.patch(OS_CONFIGS, '', { spec: { containerFile } });
    }

    async function annotate(pool: LabPool, architectures: string): Promise<void> {
      const annotations = { 'varve.dev/architectures': architectures };
      await pool.patch(OS_CONFIGS, '', { metadata: { annotations } });
    }

    /** The architectures of the image in force. */
    async function imageOf(pool: LabPool): Promise<readonly string[]> {
      const { osConfig } = await pool.state();
      const image = osConfig?.status?.currentImagePullSpec;
      if (image === undefined) return [];
      const { bytes, mediaType } = await client.requireManifest(parseReference(image));
      const parsed = parseDocument(bytes, mediaType);
      assert.equal(parsed.kind, 'index');
      return parsed.kind === 'index'
        ? parsed.index.manifests.map(({ platform }) => platform?.architecture ?? '')
        : [];
    }

    async function tagsOf(pool: LabPool): Promise<readonly string[]> {
      const push: Reference = parseReference(`${registry.address}/${pool.name}/os:x`);
      return client.listTags(push);
    }

    async function currentBuild(pool: LabPool): Promise<MachineOSBuild | undefined> {
      const { osConfig, builds } = await pool.state();
      const current = osConfig?.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
      return builds.find(({ metadata }) => metadata.name === current);
    }

    async function failure(pool: LabPool): Promise<MachineOSBuild['status']> {
      const build = await currentBuild(pool);
      return findCondition(build?.status?.conditions, 'Failed')?.status === 'True'
        ? build?.status
        : undefined;
    }

    /** Waits for the image of the current build to be in force; nodes without agents would never run it. */
    async function inForce(pool: LabPool): Promise<void> {
      await until(`the image of ${pool.name} is in force`, async () => {
        const { osConfig } = await pool.state();
        const image = (await currentBuild(pool))?.status?.digestedImagePushSpec;
        return image !== undefined && image === osConfig?.status?.currentImagePullSpec;
      });
    }

    test('an image is for the architecture of the machine, then for those of the nodes; what cannot be built says for which', async () => {
      const pool = await openPool('nodes');
      await pool.settled('first');
      assert.deepEqual(await imageOf(pool), ['amd64'], 'before there are nodes');
      const before = ran.length;
      await addNode(pool, 'amd64');
      await addNode(pool, 'arm64');
      let failed: MachineOSBuild['status'];
      await until('the build fails', async () => (failed = await failure(pool)) !== undefined);
      const condition = findCondition(failed?.conditions, 'Failed');
      assert.equal(condition?.reason, 'BuildUnsupported');
      assert.match(condition.message, /for arm64: this machine is amd64, and nothing is emulated/);
      assert.deepEqual(await imageOf(pool), ['amd64'], 'what was in force stays');
      assert.equal(ran.length, before);

      await annotate(pool, 'amd64');
      await inForce(pool);
      assert.deepEqual(await imageOf(pool), ['amd64']);

      builders = ['amd64', 'arm64'];
      await annotate(pool, 'amd64,arm64');
      await until('the image is for both', async () => (await imageOf(pool)).join() === 'amd64,arm64');
      const both = ran.length;
      await setContainerfiles(pool, { AMD64: 'one', NoArch: 'other' });
      await until('each has its own', () => ran.length === both + 2);
      await inForce(pool);
    });

    test('what container builds have made goes when no image stands on it, and not before', async () => {
      const pool = await openPool('pruned', { 'varve.dev/architectures': 'amd64' });
      await pool.settled('first');
      const customisations = async (): Promise<readonly string[]> =>
        (await tagsOf(pool)).filter((tag) => tag.startsWith('customisation-'));
      const [first] = await customisations();
      assert.ok(first !== undefined);
      await setContainerfiles(pool, { NoArch: 'second' });
      await until('the second is there', async () => (await customisations()).length === 2);
      await inForce(pool);
      const before = ran.length;
      await pool.configure('second');
      await pool.settled('second');
      await until('the first is gone', async () => !(await customisations()).includes(first));
      assert.equal((await customisations()).length, 1);
      await pool.configure('third');
      await pool.settled('third');
      assert.equal(ran.length, before, 'the other was there to be used');
    });
  },
);
