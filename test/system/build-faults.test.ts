import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildStateOf, findCondition } from '../../src/api/index.ts';
import { pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { openCluster, type Cluster } from '../lab/cluster/cluster.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { ownVersions } from '../lab/cluster/own-versions.ts';
import { startTamperingRegistry, type Reply, type Script } from '../lab/tampering-registry.ts';
import { atRest, until } from '../lab/until.ts';

/** In front of a pool's repository, while it is broken. */
type Fault = (request: Parameters<Script>[0], pass: () => Promise<Reply>) => ReturnType<Script>;

const NO: Reply = { status: 500, body: '{"errors":[{"code":"UNKNOWN","message":"it broke"}]}' };
const FULL: Reply = { status: 507, body: 'no space left on device' };
const CUT: Reply = { status: 200, headers: { 'content-length': '100' }, body: 'half', cut: true };

/** An answer to requests of this method whose path fits. */
function to(method: string, path: RegExp, reply: Reply): Fault {
  return (request) => (request.method === method && path.test(request.path) ? reply : undefined);
}

const BUILD_TAG = /\/manifests\/.*-[0-9a-f]{32}$/u;
const UPLOAD = /\/blobs\/uploads\//u;

/** By what the pool is called. */
const FAULTS: Readonly<Record<string, { readonly fault: Fault; readonly says: RegExp }>> = {
  'no-answer-about-external': { fault: to('HEAD', /-external$/u, NO), says: /-external/u },
  'no-answer-about-tag': { fault: to('HEAD', BUILD_TAG, NO), says: /500/u },
  'no-upload': { fault: to('POST', UPLOAD, NO), says: /500/u },
  'no-end-of-upload': { fault: to('PUT', UPLOAD, NO), says: /500/u },
  full: { fault: to('PUT', UPLOAD, FULL), says: /507/u },
  'no-manifest': { fault: to('PUT', BUILD_TAG, NO), says: /500/u },
  'cut-off': { fault: to('PUT', BUILD_TAG, CUT), says: /cannot push|cannot /u },
  refuses: { fault: to('PUT', BUILD_TAG, { status: 400, body: '{}' }), says: /400/u },
  'no-verification': { fault: to('GET', /\/manifests\/sha256:/u, NO), says: /500/u },
  // What it says that it has stored is not there.
  forgets: { fault: to('PUT', BUILD_TAG, { status: 201 }), says: /cannot/u },
  'a-portal': {
    fault: to('GET', /\/manifests\/sha256:/u, {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>Please log in</html>',
    }),
    says: /cannot/u,
  },
  down: { fault: () => CUT, says: /cannot/u },
};

interface Lab {
  readonly cluster: Cluster;
  readonly registry: string;
  readonly base: string;
  readonly faults: Map<string, Fault>;
  poolOf(suffix: string): LabPool;
}

async function openLab(t: TestContext): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-build-faults-'));
  const registry = await startRegistry({ directory: folder });
  const faults = new Map<string, Fault>();
  const front = await startTamperingRegistry(registry.address, (request, pass) => {
    const [, pool = ''] = /^\/v2\/([^/]+)\/os\//u.exec(request.path) ?? [];
    return faults.get(pool)?.(request, pass);
  });
  atEnd(t, async () => {
    await front.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  const cluster = await openCluster(t);
  const client = openRegistry({});
  const digest = await pushMiniatureBase(client, parseReference(`${registry.address}/base/os:1`));
  client.close();
  const base = `${front.address}/base/os@${digest}`;
  return {
    cluster,
    registry: front.address,
    base,
    faults,
    poolOf: (suffix) => new LabPool(cluster, { suffix, registry: front.address, base }),
  };
}

async function problemOf(pool: LabPool): Promise<string> {
  const condition = findCondition((await pool.state()).pool.status?.conditions, 'ImageBuildDegraded');
  return condition?.status === 'True' ? (condition.message ?? '') : '';
}

test('a registry that breaks in whatever phase is a condition that says so, and an image when it is mended', async (t) => {
  const lab = await openLab(t);
  const controllers = new LabControllers(lab.cluster);
  lab.cluster.beforeClose(() => controllers.stop());
  const pools = new Map(Object.keys(FAULTS).map((name) => [name, lab.poolOf(name)]));
  for (const [name, pool] of pools) {
    lab.faults.set(pool.name, FAULTS[name]!.fault);
    await pool.create('one');
  }
  const ends = [...pools].map(async ([name, pool]) => {
    await until(`a condition of ${name}`, async () => (await problemOf(pool)) !== '');
    const problem = await problemOf(pool);
    assert.match(problem, FAULTS[name]!.says, name);
    assert.ok(problem.startsWith(`Failed to build OS image for pool ${pool.name}`), problem);
    t.diagnostic(`${name}: ${problem.replace(/^.*?: (?:Build Failed: )?/u, '')}`);
    lab.faults.delete(pool.name);
    await pool.settled('one');
  });
  await Promise.all(ends);
  assert.deepEqual(controllers.defects, []);
});

test('two controllers at once, and a lease that goes from one to the other: one acts', async (t) => {
  const lab = await openLab(t);
  const lease = { lease: 15_000, renew: 10_000, retry: 100 };
  const acted: string[] = [];
  const start = (identity: string): LabControllers =>
    new LabControllers(lab.cluster, {
      identity,
      lease,
      onReconciled: () => void acted.push(identity),
    });
  const [one, two] = [start('one'), start('two')];
  lab.cluster.beforeClose(async () => {
    await one.stop();
    await two.stop();
  });
  const pool = lab.poolOf('a');
  await pool.create('one');
  await pool.settled('one');
  const leader = acted[0]!;
  assert.deepEqual([...new Set(acted)], [leader]);
  const other = leader === 'one' ? 'two' : 'one';
  // In the middle of a build.
  let isHeld = false;
  lab.faults.set(pool.name, ({ method, path }) => {
    if (method !== 'PUT' || !BUILD_TAG.test(path)) return undefined;
    isHeld = true;
    return new Promise<undefined>(() => {});
  });
  await pool.configure('two');
  await until('the push is held up', () => isHeld);
  const under = (await pool.state()).builds.find((build) => buildStateOf(build) === 'building');
  acted.length = 0;
  await (leader === 'one' ? one : two).stop();
  lab.faults.clear();
  const state = await pool.settled('two');
  assert.ok(acted.includes(other));
  assert.equal(state.builds.length, 2);
  if (under !== undefined)
    assert.ok(state.builds.some(({ metadata }) => metadata['uid'] === under.metadata['uid']));
  await sleep(100);
  assert.deepEqual([...one.defects, ...two.defects], []);
});

test('two controllers that both act come to the same end, with one build for each configuration', async (t) => {
  const lab = await openLab(t);
  const both = [new LabControllers(lab.cluster), new LabControllers(lab.cluster)];
  lab.cluster.beforeClose(async () => {
    for (const controllers of both) await controllers.stop();
  });
  const pools = ['a', 'b', 'c'].map((suffix) => lab.poolOf(suffix));
  for (const pool of pools) await pool.create('one');
  for (const text of ['two', 'three', 'one', 'four']) {
    await Promise.all(pools.map((pool) => pool.configure(text)));
    for (const pool of pools) await pool.settled(text);
  }
  await atRest('what is written', () => ownVersions(lab.cluster));
  for (const pool of pools) {
    const { builds } = await pool.state();
    assert.deepEqual(
      builds.map(buildStateOf),
      Array.from({ length: 4 }, () => 'succeeded'),
    );
  }
  assert.deepEqual([...both[0]!.defects, ...both[1]!.defects], []);
});
