import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import {
  builderPermissions,
  buildStateOf,
  CURRENT_BUILD_ANNOTATION,
  findCondition,
  type MachineOSBuild,
} from '../../src/api/index.ts';
import { buildLogName, jobBuilding } from '../../src/controllers/index.ts';
import { CONFIG_MAPS, JOBS, OS_BUILDS, SECRETS } from '../../src/controllers/resources.ts';
import { resourceType, type KubeObject } from '../../src/kube/index.ts';
import { openRegistry, type RegistryClient } from '../../src/oci/index.ts';
import { DEFAULT_JOB_SETTINGS, JOB_UID_ANNOTATION } from '../../src/osbuild/index.ts';
import { Cluster } from '../lab/cluster/cluster.ts';
import { GRANTED_FOR_JOBS, grantedToController } from '../lab/cluster/granted.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LAB_AUTH, LabPool } from '../lab/cluster/lab-pool.ts';
import { RecordingClient } from '../lab/cluster/recording-client.ts';
import { fileContents } from '../lab/image-tree.ts';
import { JobRunner } from '../lab/job-runner.ts';
import { startRegistry, type Registry } from '../lab/registry.ts';
import { skipWithout } from '../lab/requirements.ts';
import { pushShellBase } from '../lab/shell-base.ts';
import { imageFromRegistry } from '../lab/stored-image.ts';
import { until } from '../lab/until.ts';

const skip = skipWithout('buildah', 'docker-registry');

/** The base has so many layers. */
const BASE_LAYERS = 6;
const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };

suite('container builds as Jobs, whose pods are run as a kubelet would', { skip }, () => {
  let folder: string;
  let registry: Registry;
  let client: RegistryClient;
  let cluster: Cluster;
  let base: string;
  let runner: JobRunner;
  let controllers: LabControllers;
  let recorder: RecordingClient;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-jobs-'));
    registry = await startRegistry({ parent: folder });
    client = openRegistry({});
    cluster = await Cluster.open();
    base = await pushShellBase(client, `${registry.host}/base/os`);
    await allowBuilder();
    const { namespace, access, kube } = cluster;
    runner = new JobRunner({ kube, access, namespace, folder: join(folder, 'pods') });
    recorder = new RecordingClient({ access });
    controllers = start();
  });
  after(async () => {
    await controllers.stop();
    await runner.close();
    await recorder.close();
    await cluster.close();
    client.close();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual(controllers.defects, []);
  });

  /** What deploy/builder/rbac.yaml gives in its namespace. */
  async function allowBuilder(): Promise<void> {
    const kinds = [
      resourceType({
        group: '',
        version: 'v1',
        kind: 'ServiceAccount',
        plural: 'serviceaccounts',
        namespaced: true,
      }),
      resourceType({ ...RBAC, kind: 'Role', plural: 'roles' }),
      resourceType({ ...RBAC, kind: 'RoleBinding', plural: 'rolebindings' }),
    ];
    const objects = builderPermissions(cluster.namespace) as unknown as readonly KubeObject[];
    for (const object of objects) {
      const type = kinds.find(({ kind }) => kind === object.kind);
      if (type !== undefined) await cluster.create(type, object);
    }
  }

  function start(): LabControllers {
    const { namespace } = cluster;
    const settings = { ...DEFAULT_JOB_SETTINGS, image: 'varve-builder' };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const containers = jobBuilding({
      client: recorder,
      namespace,
      settings,
      log,
      why: 'as this test says',
    });
    return new LabControllers(cluster, { containers });
  }

  async function openPool(suffix: string, containerfile: string): Promise<LabPool> {
    const pool = new LabPool(cluster, { suffix, registry: registry.host, base });
    await pool.create('first', {}, containerfile);
    return pool;
  }

  /** The current build, once it has come to this state. */
  async function build(pool: LabPool, state: string): Promise<MachineOSBuild> {
    let found: MachineOSBuild | undefined;
    await until(`the build of ${pool.name} has ${state}`, async () => {
      const { builds, osConfig } = await pool.state();
      const name = osConfig?.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
      found = builds.find(({ metadata }) => metadata.name === name);
      return found !== undefined && buildStateOf(found) === state;
    });
    assert.ok(found !== undefined);
    return found;
  }

  /** Names of what there is of a build, without the log. */
  async function objectsOf(name: string): Promise<readonly string[]> {
    const selection = { namespace: cluster.namespace };
    const lists = await Promise.all(
      [JOBS, CONFIG_MAPS, SECRETS].map(async (type) => (await cluster.kube.list(type, selection)).items),
    );
    return lists
      .flat()
      .map(({ kind = '', metadata }) => `${kind} ${metadata.name ?? ''}`)
      .filter((text) => text.includes(name) && !text.includes('build-log'))
      .toSorted();
  }

  async function logOf({ metadata }: MachineOSBuild): Promise<string> {
    return (await cluster.find(CONFIG_MAPS, buildLogName(metadata.name)))?.data?.['log'] ?? '';
  }

  /** The log of a build that has ended, which is written whole a moment later. */
  async function wholeLogOf(ended: MachineOSBuild): Promise<string> {
    const name = buildLogName(ended.metadata.name);
    await until('the log is whole', async () => {
      return (await cluster.find(CONFIG_MAPS, name))?.data?.['whole'] === 'true';
    });
    return logOf(ended);
  }

  test('a pool gets its image from a Job, of which nothing stays but the digest', async () => {
    const pool = await openPool('plain', 'FROM configs AS final\nRUN echo made > /usr/share/made\n');
    const { builds, osConfig } = await pool.settled('first');
    const contents = await fileContents(
      await imageFromRegistry(osConfig?.status?.currentImagePullSpec ?? ''),
      BASE_LAYERS,
    );
    assert.equal(contents.get('usr/share/made')?.toString(), 'made\n');
    const [made] = builds;
    assert.ok(made !== undefined);
    const { name } = made.metadata;
    assert.equal(made.status?.builder?.job?.name, `build-${name}`);
    await until('what it was made with is gone', async () => (await objectsOf(name)).length === 1);
    assert.deepEqual(await objectsOf(name), [`ConfigMap digest-${name}`]);
    assert.match(await wholeLogOf(made), / STEP 2\/\d+: RUN echo made/);
  });

  test('what failed is told as by any builder, in one pod, and kept to look into until its build goes', async () => {
    const pool = await openPool('failing', `FROM configs AS final\nRUN echo oh no ${LAB_AUTH} >&2; exit 3\n`);
    const failed = await build(pool, 'failed');
    const condition = findCondition(failed.status?.conditions, 'Failed');
    assert.equal(condition?.reason, 'CommandFailed');
    assert.match(condition?.message ?? '', /a command failed at line 2 of the Containerfile, RUN echo oh no/);
    const { name } = failed.metadata;
    assert.deepEqual(await objectsOf(name), [
      `ConfigMap additionaltrustbundle-${name}`,
      `ConfigMap containerfile-${name}`,
      `ConfigMap digest-${name}`,
      `ConfigMap output-${name}`,
      `Job build-${name}`,
      `Secret base-${name}`,
      `Secret final-${name}`,
    ]);
    for (const written of ['output', 'digest']) {
      const { data } = await cluster.get(CONFIG_MAPS, `${written}-${name}`);
      const text = Object.values(data ?? {}).join('\n');
      assert.match(text, /oh no \*\*\*/);
      assert.ok(!text.includes(LAB_AUTH), `${written} has the credentials of the push secret`);
    }
    const job = await cluster.get(JOBS, `build-${name}`);
    assert.equal(job.status?.failed, 1, 'another pod would find the same');
    await pool.optOut();
    await until('all of it is gone', async () => (await objectsOf(name)).length === 0);
  });

  test('another controller goes on with the Job that there is; a pod that is evicted costs nothing', async () => {
    const pool = await openPool('adopted', waiting('86381'));
    const { name } = (await build(pool, 'building')).metadata;
    const [evicted = ''] = await begun('86381');
    const { uid } = (await cluster.get(JOBS, `build-${name}`)).metadata;
    await until('the build names its Job', async () => {
      const { metadata } = await cluster.get(OS_BUILDS, name);
      return metadata.annotations?.[JOB_UID_ANNOTATION] === uid;
    });
    await controllers.stop();
    assert.deepEqual(controllers.defects, []);
    assert.equal((await cluster.get(JOBS, `build-${name}`)).metadata.uid, uid, 'it runs on');
    await runner.evict(evicted);
    controllers = start();
    const [second = ''] = await begun('86381');
    assert.notEqual(second, evicted);
    for (const pid of await waitingProcesses('86381')) await writeFile(`/proc/${pid}/root/go`, '');
    const { builds } = await pool.settled('first');
    assert.deepEqual(
      builds.map(({ metadata }) => metadata.name),
      [name],
    );
    const log = await wholeLogOf(builds[0]!);
    assert.match(log, /is under way: this build goes on with it/);
    assert.match(log, new RegExp(`pod ${evicted} is evicted, and another one takes its place`));
    assert.match(log, /begun[^]*begun/, 'what both pods said');
  });

  test('what nobody wants any more ends, and leaves nothing', async () => {
    const pool = await openPool('unwanted', waiting('86382'));
    const { name } = (await build(pool, 'building')).metadata;
    await begun('86382');
    await pool.optOut();
    await until('its command has ended', async () => (await waitingProcesses('86382')).length === 0);
    await until('its pod has ended', () => runner.running.length === 0);
    await until('all of it is gone', async () => (await objectsOf(name)).length === 0);
  });

  test('needs what deploy/controller grants for Jobs, and no more', async () => {
    const granted = await grantedToController();
    assert.deepEqual(
      [...recorder.used].filter((use) => !granted.has(use)),
      [],
    );
    // What is left of a build the garbage collector deletes, mostly before anybody else does.
    for (const use of ['delete  configmaps', 'delete  secrets']) recorder.used.add(use);
    assert.deepEqual(
      GRANTED_FOR_JOBS.filter((use) => !recorder.used.has(use)),
      [],
    );
  });

  /** A Containerfile whose command waits for a file in its container. */
  function waiting(mark: string): string {
    return `FROM configs AS final\nRUN echo begun; while [ ! -e /go ]; do sleep 0.2; done; echo ${mark}\n`;
  }

  /** The shells of such a command. */
  async function waitingProcesses(mark: string): Promise<readonly string[]> {
    const found: string[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.startsWith('/bin/sh\0-c\0echo begun;') && command.includes(`echo ${mark}`)) found.push(pid);
    }
    return found;
  }

  /** Waits until such a command runs. @returns the pods that run */
  async function begun(mark: string): Promise<readonly string[]> {
    await until(`the command ${mark} runs`, async () => (await waitingProcesses(mark)).length > 0);
    return runner.running;
  }
});
