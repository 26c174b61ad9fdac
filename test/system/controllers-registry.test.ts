import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findCondition } from '../../src/api/index.ts';
import { pushMiniatureBase, startRegistry } from '../../src/embedded/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { openCluster, type Cluster } from '../lab/cluster/cluster.ts';
import { LabControllers } from '../lab/cluster/lab-controllers.ts';
import { LabPool } from '../lab/cluster/lab-pool.ts';
import { fastClock } from '../lab/fast-clock.ts';
import { lastingPort } from '../lab/lasting-port.ts';
import {
  startTamperingRegistry,
  type ClientRequest,
  type Reply,
  type Script,
} from '../lab/tampering-registry.ts';
import { until } from '../lab/until.ts';

// Registries that lie, refuse or are gone; those that break in one phase of a push are in build-faults.test.ts.

/** Some causes are tried again after a minute. */
const FASTER = 8;

const complaint = (status: number, code: string, headers: Reply['headers'] = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ errors: [{ code, message: 'injected' }] }),
});

/** Answers requests of this method whose path below the pool's repositories fits. */
const always =
  (method: RegExp, path: RegExp, reply: Reply): Script =>
  (request) =>
    method.test(request.method) && path.test(request.path) ? reply : undefined;

/** Changes what the registry says to them. */
const change =
  (method: RegExp, path: RegExp, how: (reply: Reply, request: ClientRequest) => Reply): Script =>
  async (request, pass) =>
    method.test(request.method) && path.test(request.path) ? how(await pass(), request) : undefined;

const OTHER_DIGEST = `sha256:${'1'.repeat(64)}`;
const BUILD_TAG = /\/os\/manifests\/.*-[0-9a-f]{32}$/u;
const UPLOAD = /\/os\/blobs\/uploads\//u;
const BASE_BLOB = /\/base\/blobs\/sha256:/u;
const BASE_MANIFEST = /\/base\/manifests\//u;

const isLayer = ({ body = '' }: Reply): boolean => !Buffer.from(body).subarray(0, 1).equals(Buffer.from('{'));

const damaged = (reply: Reply): Reply =>
  isLayer(reply)
    ? { ...reply, body: Buffer.from(reply.body ?? '').map((byte, at) => (at === 20 ? byte ^ 1 : byte)) }
    : reply;

const cutShort = (reply: Reply): Reply => {
  const body = Buffer.from(reply.body ?? '');
  const headers = { 'content-length': String(body.length) };
  return isLayer(reply) ? { ...reply, headers, body: body.subarray(0, 40), cut: true } : reply;
};

/** By what the pool is called: what the registry does, and what the pool says. */
const FAULTS: Readonly<Record<string, { readonly script: Script; readonly says: RegExp }>> = {
  'wants-a-login': {
    script: always(
      /./u,
      /\/os\//u,
      complaint(401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="r"' }),
    ),
    says: /REGISTRY refused the credentials .*\(401\)/u,
  },
  'allows-no-push': {
    script: always(/POST/u, UPLOAD, complaint(403, 'DENIED')),
    says: /REGISTRY does not allow it \(403 DENIED: injected\); check the rights of the account that is used/u,
  },
  'is-asked-too-often': {
    script: always(/./u, /\/os\//u, complaint(429, 'TOOMANYREQUESTS', { 'retry-after': '0' })),
    says: /REGISTRY is asked too often \(429.*\)/u,
  },
  'stores-another-manifest': {
    script: always(/PUT/u, BUILD_TAG, { status: 201, headers: { 'docker-content-digest': OTHER_DIGEST } }),
    says: /its digest is sha256:…, not the one asked for; the registry's storage or a proxy is at fault/u,
  },
  'loses-a-blob': {
    script: always(/PUT/u, UPLOAD, { status: 201 }),
    says: /(?:does not have content that is referred to|cannot push)/u,
  },
  'has-no-such-base': {
    script: always(/./u, BASE_MANIFEST, complaint(404, 'MANIFEST_UNKNOWN')),
    says: /^cannot find base image REGISTRY\/POOL\/base:1: the registry has no such repository or tag; push it there/u,
  },
  'fails-at-the-base': {
    script: always(/./u, BASE_MANIFEST, complaint(500, 'UNKNOWN', { 'retry-after': '0' })),
    says: /^cannot resolve REGISTRY\/POOL\/base:1: REGISTRY failed \(500.*\); its log says why/u,
  },
  'damages-the-base': {
    script: change(/GET/u, BASE_BLOB, damaged),
    says: /cannot read blob sha256:… of REGISTRY\/POOL\/base: its content has the digest sha256:…; the registry's storage or a proxy damages it/u,
  },
  'cuts-the-base-short': {
    script: change(/GET/u, BASE_BLOB, cutShort),
    says: /cannot read blob sha256:… of REGISTRY\/POOL\/base: /u,
  },
};

interface Lab {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly controllers: LabControllers;
}

async function openLab(t: TestContext): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-registries-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const cluster = await openCluster(t);
  const client = cluster.scopedClient({ clock: fastClock(FASTER), requestTimeout: 30_000 * FASTER });
  const controllers = new LabControllers(cluster, { client });
  cluster.beforeClose(async () => {
    await controllers.stop();
    assert.deepEqual(controllers.defects, []);
  });
  return { cluster, folder, controllers };
}

/** A base of the pool's own, so that it is not known from other pools. */
async function makeBase(address: string, pool: string): Promise<void> {
  const client = openRegistry({});
  try {
    const kernel = `6.1.0-${pool}`;
    await pushMiniatureBase(client, parseReference(`${address}/${pool}/base:1`), { kernel });
  } finally {
    client.close();
  }
}

async function problemOf(pool: LabPool): Promise<string> {
  const condition = findCondition((await pool.state()).pool.status?.conditions, 'ImageBuildDegraded');
  if (condition?.status !== 'True') return '';
  return (condition.message ?? '')
    .replaceAll(pool.registry, 'REGISTRY')
    .replaceAll(pool.name, 'POOL')
    .replaceAll(/sha256:[0-9a-f]{64}/gu, 'sha256:…')
    .replace(
      /^Failed to build OS image for pool POOL(?: \(MachineOSBuild: [^)]+\))?: (?:Build Failed: )?/u,
      '',
    );
}

test('a registry that refuses, lies or damages is told of by name, and mending it is enough', async (t) => {
  const lab = await openLab(t);
  const registry = await startRegistry({ directory: join(lab.folder, 'registry') });
  const scripts = new Map<string, Script>();
  const front = await startTamperingRegistry(registry.address, (request, pass, die) => {
    const [, pool = ''] = /^\/v2\/([^/]+)\//u.exec(request.path) ?? [];
    return scripts.get(pool)?.(request, pass, die);
  });
  lab.cluster.beforeClose(async () => {
    await front.close();
    await registry.close();
  });
  const rows = Object.entries(FAULTS).map(async ([suffix, { script, says }]) => {
    const name = `${lab.cluster.name}-${suffix}`;
    const pool = new LabPool(lab.cluster, {
      suffix,
      registry: front.address,
      base: `${front.address}/${name}/base:1`,
    });
    await makeBase(registry.address, name);
    scripts.set(name, script);
    await pool.create('one');
    // It goes while the next attempt is under way.
    let problem = '';
    await until(`a condition of ${suffix}`, async () => (problem = await problemOf(pool)) !== '');
    t.diagnostic(`${suffix}: ${problem}`);
    assert.match(problem, says, suffix);
    assert.doesNotMatch(problem, /dmFydmU|varve:varve/u);
    scripts.delete(name);
    await pool.settled('one');
  });
  await Promise.all(rows);
});

test('a registry that is gone for a while: the image in force stays, and what is new is made when it is back', async (t) => {
  const lab = await openLab(t);
  const directory = join(lab.folder, 'registry');
  const port = await lastingPort();
  let registry = await startRegistry({ directory, port });
  const { address } = registry;
  lab.cluster.beforeClose(() => registry.close());
  await makeBase(address, lab.cluster.name);
  const base = `${address}/${lab.cluster.name}/base:1`;
  const pool = new LabPool(lab.cluster, { suffix: 'a', registry: address, base });
  await pool.create('one');
  const { osConfig } = await pool.settled('one');
  await registry.close();
  await pool.configure('two');
  let problem = '';
  await until('the pool says so', async () => (problem = await problemOf(pool)) !== '');
  assert.match(problem, /REGISTRY refused the connection; check that the registry runs and listens there$/u);
  const meanwhile = (await pool.state()).osConfig?.status?.currentImagePullSpec;
  assert.equal(meanwhile, osConfig?.status?.currentImagePullSpec);
  registry = await startRegistry({ directory, port });
  await pool.settled('two');
});
