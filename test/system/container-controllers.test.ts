import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  BUILDER_ANNOTATION,
  buildStateOf,
  CURRENT_BUILD_ANNOTATION,
  findCondition,
  type MachineOSBuild,
} from '../../src/api/index.ts';
import { buildLogName } from '../../src/controllers/index.ts';
import { CONFIG_MAPS, OS_CONFIGS } from '../../src/controllers/resources.ts';
import { openRegistry, type RegistryClient } from '../../src/oci/index.ts';
import { Cluster } from '../lab/cluster/cluster.ts';
import { ControllersApart } from '../lab/cluster/controllers-apart.ts';
import { labBuilding } from '../lab/cluster/lab-building.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { fileContents } from '../lab/image-tree.ts';
import { startRegistry, type Registry } from '../lab/registry.ts';
import { skipWithout } from '../lab/requirements.ts';
import { pushShellBase } from '../lab/shell-base.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { startTamperingRegistry, type Script, type TamperingRegistry } from '../lab/tampering-registry.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { until } from '../lab/until.ts';

const skip = skipWithout('buildah', 'docker-registry');

/** The base has so many layers. */
const BASE_LAYERS = 6;

suite('the controllers make container builds, by real buildah', { skip }, () => {
  let folder: string;
  let registry: Registry;
  let proxy: TamperingRegistry;
  let script: Script | undefined;
  let client: RegistryClient;
  let cluster: Cluster;
  let base: string;
  let controllers: LabControllers;
  const storage = (): string => join(folder, 'containers');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-container-builds-'));
    registry = await startRegistry({ parent: folder });
    proxy = await startTamperingRegistry(registry.host, (...request) => script?.(...request));
    client = openRegistry({});
    cluster = await Cluster.open();
    base = await pushShellBase(client, `${proxy.address}/base/os`);
    controllers = start();
  });
  after(async () => {
    await controllers.stop();
    await cluster.close();
    client.close();
    await proxy.close();
    await registry.stop();
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual(controllers.defects, []);
  });

  function start(): LabControllers {
    return new LabControllers(cluster, { containers: labBuilding(storage()) });
  }

  async function openPool(suffix: string, containerfile: string): Promise<LabPool> {
    const pool = new LabPool(cluster, { suffix, registry: proxy.address, base });
    await pool.create('first', {}, containerfile);
    return pool;
  }

  async function setContainerfile(pool: LabPool, content: string): Promise<void> {
    await pool.patch(OS_CONFIGS, '', { spec: { containerFile: [{ containerfileArch: 'NoArch', content }] } });
  }

  /** The current build, once it has come to this state. */
  async function build(pool: LabPool, state: string, than?: MachineOSBuild): Promise<MachineOSBuild> {
    let found: MachineOSBuild | undefined;
    await until(`the build of ${pool.name} has ${state}`, async () => {
      const { builds, osConfig } = await pool.state();
      const name = osConfig?.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
      found = builds.find(({ metadata }) => metadata.name === name);
      if (found === undefined || found.metadata['uid'] === than?.metadata['uid']) return false;
      return buildStateOf(found) === state;
    });
    assert.ok(found !== undefined);
    return found;
  }

  async function logOf({ metadata }: MachineOSBuild): Promise<string> {
    const found = await cluster.find(CONFIG_MAPS, buildLogName(metadata.name));
    return found?.data?.['log'] ?? '';
  }

  /** The log of a build that has ended, which is written whole a moment later. */
  async function wholeLogOf(ended: MachineOSBuild): Promise<string> {
    const name = buildLogName(ended.metadata.name);
    await until('the log is whole', async () => {
      return (await cluster.find(CONFIG_MAPS, name))?.data?.['whole'] === 'true';
    });
    return logOf(ended);
  }

  async function contentsOf(image: string): Promise<ReadonlyMap<string, Buffer>> {
    let contents: ReadonlyMap<string, Buffer> | undefined;
    // docker-registry answers 500 while somebody puts the same manifest under another tag, as controllers do.
    await until(`${image} can be read`, async () => {
      contents = await imageFromRegistry(image).then(
        (found) => fileContents(found, BASE_LAYERS),
        () => undefined,
      );
      return contents !== undefined;
    });
    return contents ?? new Map();
  }

  /** Command lines of all processes. */
  async function commands(): Promise<readonly string[]> {
    const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    return Promise.all(processes.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')));
  }

  async function runs(...command: readonly string[]): Promise<boolean> {
    return (await commands()).includes(`${command.join('\u0000')}\u0000`);
  }

  test('a pool with a Containerfile gets its image; what the build cannot see changes without a container', async () => {
    const pool = await openPool('plain', 'FROM configs AS final\nRUN echo made > /usr/share/made\n');
    const { builds, osConfig } = await pool.settled('first');
    const first = builds[0]!;
    const contents = await contentsOf(osConfig?.status?.currentImagePullSpec ?? '');
    assert.equal(contents.get('usr/share/made')?.toString(), 'made\n');
    assert.equal(contents.get('etc/motd')?.toString(), 'first');
    const builder = first.metadata.annotations?.[BUILDER_ANNOTATION] ?? '';
    assert.match(builder, /^buildah, as a process of this machine, as this test says$/);
    assert.match(await wholeLogOf(first), / STEP 2\/\d+: RUN echo made/);

    await pool.configure('second');
    const after = await pool.settled('second');
    const second = await contentsOf(after.osConfig?.status?.currentImagePullSpec ?? '');
    assert.equal(second.get('usr/share/made')?.toString(), 'made\n');
    assert.equal(second.get('etc/motd')?.toString(), 'second');
    const other = await build(pool, 'succeeded', first);
    assert.equal(other.metadata.annotations?.[BUILDER_ANNOTATION], undefined);
    assert.match(await wholeLogOf(other), /what a container build would make is there already/);
    assert.doesNotMatch(await wholeLogOf(other), /STEP/);
  });

  test('a command that fails is told with its line and its last words, and is mended by mending it', async () => {
    const pool = await openPool(
      'failing',
      'FROM configs AS final\nRUN true\nRUN echo oh no >&2; \\\n  exit 3\n',
    );
    const failed = await build(pool, 'failed');
    const condition = findCondition(failed.status?.conditions, 'Failed');
    assert.equal(condition?.reason, 'CommandFailed');
    assert.match(
      condition?.message ?? '',
      /^Build Failed: cannot build the image: a command failed at line 3 of the Containerfile, RUN echo oh no/,
    );
    assert.match(condition?.message ?? '', /it ended with:\n(?:.*\n)*oh no\n/);
    await setContainerfile(
      pool,
      'FROM configs AS final\nRUN echo E: Unable to locate package nosuch; exit 100\n',
    );
    const missing = findCondition((await build(pool, 'failed', failed)).status?.conditions, 'Failed');
    assert.equal(missing?.reason, 'PackageNotFound');
    await setContainerfile(pool, 'FROM configs AS final\nRUN true\n');
    await pool.settled('first');
  });

  test('a text that is no Containerfile fails at once, with line and column', async () => {
    const pool = await openPool('text', 'FROM configs AS final\nRUNN true\n');
    const condition = findCondition((await build(pool, 'failed')).status?.conditions, 'Failed');
    assert.equal(condition?.reason, 'ContainerfileInvalid');
    assert.match(condition?.message ?? '', /2:1: Unknown instruction: RUNN/);
  });

  test('what supersedes a build ends its processes; two pools take turns', async () => {
    const pool = await openPool('superseded', 'FROM configs AS final\nRUN echo begun; exec sleep 86391\n');
    const old = await build(pool, 'building');
    await until('its command runs', () => runs('sleep', '86391'));
    const other = await openPool('waiting', 'FROM configs AS final\nRUN echo other > /usr/share/other\n');
    const waiting = await build(other, 'building');
    await until('the other one waits', async () =>
      /another container build is under way/.test(await logOf(waiting)),
    );
    await setContainerfile(pool, 'FROM configs AS final\nRUN echo new > /usr/share/new\n');
    await until('the old one is interrupted', async () => {
      const { builds } = await pool.state();
      const found = builds.find(({ metadata }) => metadata['uid'] === old.metadata['uid']);
      return found === undefined || buildStateOf(found) === 'interrupted';
    });
    await until('its command has ended', async () => !(await runs('sleep', '86391')));
    await pool.settled('first');
    await other.settled('first');
  });

  test('a registry that dies in the push is waited for', async () => {
    script = ({ method, path }) => {
      // Its connections end without an answer.
      if (method === 'PATCH' && path.includes('-push/')) throw new Error('the registry has died');
      return undefined;
    };
    const pool = await openPool('push', 'FROM configs AS final\nRUN echo pushed > /usr/share/pushed\n');
    const failed = findCondition((await build(pool, 'failed')).status?.conditions, 'Failed');
    assert.match(failed?.reason ?? '', /^Registry(?:Error|Unreachable)$/);
    script = undefined;
    await pool.settled('first');
  });

  test('controllers that stop end their builds, and those that are killed have theirs ended; the next ones go on', async () => {
    const pool = await openPool('restart', 'FROM configs AS final\nRUN exec sleep 86392\n');
    await until('its command runs', () => runs('sleep', '86392'));
    await controllers.stop();
    assert.deepEqual(controllers.defects, []);
    assert.ok(!(await runs('sleep', '86392')), 'it has ended with them');
    assert.equal(buildStateOf(await build(pool, 'building')), 'building');
    const apart = await ControllersApart.start({
      test: cluster.name,
      kubeconfig: cluster.kubeconfig,
      namespace: cluster.namespace,
      cache: join(folder, 'cache'),
      containers: storage(),
      identity: 'apart',
      compiled: join(folder, 'compiled'),
    });
    try {
      await until('its command runs again', () => runs('sleep', '86392'));
    } finally {
      await apart.kill();
    }
    await until('it has ended with them', async () => !(await runs('sleep', '86392')));
    controllers = start();
    await until('its command runs once more', () => runs('sleep', '86392'));
    await setContainerfile(pool, 'FROM configs AS final\nRUN echo done > /usr/share/done\n');
    await pool.settled('first');
    const left = await readdir(join(storage(), 'tmp'));
    assert.deepEqual(left, [], 'nothing of the builds stays');
  });
});
