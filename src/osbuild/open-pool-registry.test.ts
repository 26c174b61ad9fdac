import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { pushMiniatureBase } from '../embedded/index.ts';
import type { Rendered } from '../machineconfig/index.ts';
import { render } from '../machineconfig/index.ts';
import type { RegistryClient } from '../oci/index.ts';
import {
  OciError,
  openRegistry,
  parseDocument,
  parseReference,
  sha256,
  withDigest,
  withTag,
} from '../oci/index.ts';
import { memoryCache } from './build-cache.ts';
import { buildFailure } from './build-failure.ts';
import type { PoolRegistryOptions } from './open-pool-registry.ts';
import { openPoolRegistry } from './open-pool-registry.ts';
import { OsBuildError } from './osbuild-error.ts';
import type { PoolBuildRequest, PoolBuildResult, PoolRegistry, RegistryAccess } from './pool-registry.ts';
import type { RegistryRequest, TestRegistry } from './test-registry.ts';
import { startTestRegistry } from './test-registry.ts';

const SIGNAL = new AbortController().signal;
const apiVersion = 'machineconfiguration.openshift.io/v1';
const ROLE = 'machineconfiguration.openshift.io/role';

interface Lab {
  readonly registry: TestRegistry;
  readonly address: string;
  /** Of somebody who is asked for nothing. */
  readonly client: RegistryClient;
  open(this: void, access?: Partial<RegistryAccess>, options?: PoolRegistryOptions): PoolRegistry;
}

async function startLab(
  t: TestContext,
  architectures: readonly ('amd64' | 'arm64')[] = ['amd64'],
): Promise<Lab> {
  const registry = await startTestRegistry(t);
  const { address } = registry;
  const client = openRegistry({});
  t.after(() => client.close());
  await pushMiniatureBase(client, parseReference(`${address}/base/os:1`), { architectures });
  registry.forget();
  return {
    registry,
    address,
    client,
    open: (access = {}, options = { patience: { attempts: 1, deadline: 60_000, inactivity: 60_000 } }) => {
      const pool = openPoolRegistry(
        {
          pull: undefined,
          push: secret('push', {}),
          certificateAuthorities: [],
          insecureRegistries: [],
          proxyEnvironment: {},
          ...access,
        },
        memoryCache(),
        options,
      );
      t.after(() => pool.close());
      return pool;
    },
  };
}

function secret(name: string, logins: Readonly<Record<string, string>>): { name: string; document: string } {
  const auths = new Map(
    Object.entries(logins).map(([registry, login]) => [
      registry,
      { auth: Buffer.from(login).toString('base64') },
    ]),
  );
  return { name: `varve/${name}`, document: JSON.stringify({ auths: Object.fromEntries(auths) }) };
}

function rendered(text: string): Rendered {
  const source = `data:,${text}`;
  return render({
    pool: {
      apiVersion,
      kind: 'MachineConfigPool',
      metadata: { name: 'worker' },
      spec: { machineConfigSelector: { matchLabels: { [ROLE]: 'worker' } } },
    },
    machineConfigs: [
      {
        apiVersion,
        kind: 'MachineConfig',
        metadata: { name: '00-worker', labels: { [ROLE]: 'worker' } },
        spec: {
          config: {
            ignition: { version: '3.4.0' },
            storage: { files: [{ path: '/etc/motd', contents: { source } }] },
          },
        },
      },
    ],
    defaults: { osImageURL: 'registry.example.com/os:1', baseOSExtensionsContainerImage: '' },
  });
}

/** Builds one configuration of the pool `worker` under a tag of its own, on the base that there is now. */
async function build(
  { address }: Lab,
  pool: PoolRegistry,
  text: string,
  more: Partial<PoolBuildRequest> = {},
): Promise<PoolBuildResult> {
  const push = parseReference(`${address}/pools/os:build-${text}`);
  const request = { pool: 'worker', osImageURL: `${address}/base/os:1`, push, signal: SIGNAL };
  const base = more.base ?? parseReference((await pool.resolveBase(request)).base);
  return pool.build({
    pool: 'worker',
    rendered: rendered(text),
    base,
    push,
    architectures: 'all',
    signal: SIGNAL,
    say: () => undefined,
    ...more,
  });
}

async function digestOf({ client }: Lab, reference: string): Promise<string | undefined> {
  return (await client.resolve(parseReference(reference)))?.digest;
}

async function failure(promise: Promise<unknown>): Promise<OciError | OsBuildError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof OciError || error instanceof OsBuildError, String(error));
    return error;
  }
  return assert.fail('no error');
}

/** An image of a kind that no tool makes any more. */
const SCHEMA_1 = {
  status: 200,
  headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
};

const isManifestPut = ({ method, path }: RegistryRequest): boolean =>
  method === 'PUT' && path.includes('/pools/os/manifests/');

test('PoolRegistry builds on the base that it resolves, and lets the tags of the pool name what it made', async (t) => {
  const lab = await startLab(t);
  const { address } = lab;
  const pool = lab.open();
  const push = parseReference(`${address}/pools/os:any`);
  const lines: string[] = [];
  const built = await build(lab, pool, 'one', { say: (line) => lines.push(line) });
  assert.equal(built.upToDate, false);
  assert.equal(built.image, `${address}/pools/os@${await digestOf(lab, `${address}/pools/os:build-one`)}`);
  assert.match(
    lines.join('\n'),
    /is new here: reading its 5 layers[^]*image .* pushed; base layers: 5 mounted/u,
  );
  assert.equal(await pool.has(built.image, SIGNAL), true);
  const { machineConfig } = rendered('one');
  await pool.publishTags({ pool: 'worker', image: built.image, rendered: machineConfig, signal: SIGNAL });
  assert.equal(`${address}/pools/os@${await digestOf(lab, `${address}/pools/os:worker`)}`, built.image);
  const images = await pool.listImages(push, SIGNAL);
  assert.deepEqual(images.map(({ tag }) => tag).sort(), ['build-one', 'worker', 'worker-rendered-config']);
  assert.deepEqual(await build(lab, pool, 'one'), { ...built, upToDate: true });
});

test('PoolRegistry.resolveBase() gives the base that osImageURL names, by its digest', async (t) => {
  const lab = await startLab(t);
  const { address, registry } = lab;
  const digest = await digestOf(lab, `${address}/base/os:1`);
  const pool = lab.open();
  const resolve = (osImageURL: string): ReturnType<PoolRegistry['resolveBase']> =>
    pool.resolveBase({
      pool: 'worker',
      osImageURL,
      push: parseReference(`${address}/pools/none:x`),
      signal: SIGNAL,
    });
  assert.deepEqual(await resolve(`${address}/base/os:1`), {
    base: `${address}/base/os@${digest}`,
    isExternal: false,
  });
  registry.forget();
  // Not even the registry is asked about a digest.
  const gone = `registry.invalid/os@${digest}`;
  assert.deepEqual(await resolve(gone), { base: gone, isExternal: false });
  assert.deepEqual(registry.lines(), ['HEAD /v2/pools/none/manifests/worker-external']);

  const missing = await failure(resolve(`${address}/base/os:2`));
  assert.equal(missing.code, 'image-missing');
  assert.match(
    missing.message,
    /base\/os:2: the registry has no such repository or tag; .*spec\.osImageURL/u,
  );
  for (const [bad, says] of [
    ['', /cannot build on no base: spec\.osImageURL of the rendered MachineConfig is empty/u],
    ['fedora', /"fedora": it does not name a registry.*spec\.osImageURL/u],
    [`${address}/Base/os`, /must be lower case.*spec\.osImageURL/u],
  ] as const) {
    const error = await failure(resolve(bad));
    assert.ok(error instanceof OsBuildError);
    assert.deepEqual([error.code, error.field], ['invalid-os-image', 'spec.osImageURL']);
    assert.match(error.message, says);
    assert.equal(buildFailure(error).reason, 'ImageNameInvalid');
  }
});

test("PoolRegistry.resolveBase() refuses the pool's own image as its base, of which there would be no end", async (t) => {
  const lab = await startLab(t);
  const { address } = lab;
  const push = parseReference(`${address}/base/os:any`);
  const resolve = (pool: string, osImageURL: string): ReturnType<PoolRegistry['resolveBase']> =>
    lab.open().resolveBase({ pool, osImageURL, push, signal: SIGNAL });
  for (const [pool, tag] of [
    ['worker', 'worker'],
    ['worker', 'worker-rendered-config'],
    ['latest', ''],
  ] as const) {
    const image = `${address}/base/os${tag === '' ? '' : `:${tag}`}`;
    const error = await failure(resolve(pool, image));
    assert.ok(error instanceof OsBuildError);
    assert.deepEqual([error.code, error.field], ['push-over-base', 'spec.osImageURL']);
    assert.ok(error.message.includes(image) && error.message.includes(`pool ${pool};`), error.message);
  }
  assert.equal((await resolve('worker', `${address}/base/os:1`)).isExternal, false);
});

test("PoolRegistry.resolveBase() prefers the pool's external image as long as it is there", async (t) => {
  const lab = await startLab(t);
  const { address, client } = lab;
  const pool = lab.open();
  const push = parseReference(`${address}/pools/os:any`);
  const external = withTag(push, 'worker-external');
  const resolve = (name: string): ReturnType<PoolRegistry['resolveBase']> =>
    pool.resolveBase({ pool: name, osImageURL: `${address}/base/os:1`, push, signal: SIGNAL });
  assert.equal((await resolve('worker')).isExternal, false);
  const digest = await pushMiniatureBase(client, external, { architectures: ['arm64'] });
  const found = await resolve('worker');
  assert.deepEqual(found, { base: `${address}/pools/os@${digest}`, isExternal: true });
  // Another pool in the same repository has a tag of its own.
  assert.equal((await resolve('infra')).isExternal, false);
  const built = await build(lab, pool, 'external', { base: parseReference(found.base) });
  assert.equal(await pool.has(built.image, SIGNAL), true);
  await client.deleteManifest(external);
  assert.equal((await resolve('worker')).isExternal, false);
});

for (const architectures of [['amd64'], ['amd64', 'arm64']] as const) {
  test(`PoolRegistry.build() moves no layer of a base for ${architectures.join(' and ')} that the pool's image has`, async (t) => {
    const lab = await startLab(t, architectures);
    const { registry } = lab;
    const pool = lab.open();
    const mounts = (): number => registry.requests.filter(({ query }) => query.has('mount')).length;
    const publish = async (text: string, by: PoolRegistry): Promise<void> => {
      const { image } = await build(lab, by, text);
      const { machineConfig } = rendered(text);
      await by.publishTags({ pool: 'worker', image, rendered: machineConfig, signal: SIGNAL });
    };
    await publish('one', pool);
    assert.equal(mounts(), 5 * architectures.length);
    registry.forget();
    await publish('two', pool);
    assert.equal(mounts(), 0);
    assert.deepEqual(
      registry.lines('GET').filter((line) => line.includes('/base/')),
      [],
    );
    // A controller that starts anew knows nothing of what was pushed.
    await publish('three', lab.open());
    assert.equal(mounts(), 0);
  });
}

test('PoolRegistry keeps two pools of one repository apart', async (t) => {
  const lab = await startLab(t);
  const pool = lab.open();
  const images = await Promise.all(
    ['worker', 'infra'].map(async (name) => {
      const { image } = await build(lab, pool, name, { pool: name });
      const { machineConfig } = rendered(name);
      await pool.publishTags({ pool: name, image, rendered: machineConfig, signal: SIGNAL });
      return image;
    }),
  );
  const tags = await pool.listImages(parseReference(`${lab.address}/pools/os:any`), SIGNAL);
  const named = (tag: string): string =>
    `${lab.address}/pools/os@${tags.find((one) => one.tag === tag)?.digest}`;
  assert.deepEqual(images, [named('worker'), named('infra')]);
  assert.notEqual(named('worker-rendered-config'), named('infra-rendered-config'));
});

test('PoolRegistry logs in with the push secret where it pushes and with the pull secret elsewhere', async (t) => {
  const lab = await startLab(t);
  const { registry, address } = lab;
  const pull = secret('pull', { [address]: 'puller:pw-a' });
  const push = secret('push', { [address]: 'pusher:pw-b' });
  const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } };
  registry.fault = ({ path, login }) => {
    const wanted = path.startsWith('/v2/base/') ? 'puller:pw-a' : 'pusher:pw-b';
    return login === wanted ? undefined : challenge;
  };
  const pool = lab.open({ pull, push });
  const { image } = await build(lab, pool, 'one');
  assert.equal(await pool.has(image, SIGNAL), true);
  // The index of the base lies beside the images of pools.
  assert.ok(registry.lines('PUT').some((line) => line.startsWith('PUT /v2/pools/base-index/manifests/')));

  // One secret is enough where it is good for both, whichever it is.
  registry.fault = ({ login }) => (login === 'both:pw-c' ? undefined : challenge);
  const both = secret('both', { [address]: 'both:pw-c' });
  for (const access of [
    { pull: both, push: secret('push', {}) },
    { pull: secret('pull', {}), push: both },
    { pull: undefined, push: both },
    { pull: both, push: both },
  ]) {
    assert.equal((await build(lab, lab.open(access), 'one')).upToDate, true);
  }

  for (const [access, says] of [
    [
      { pull, push },
      /refused the credentials from secret "varve\/push" .*put the credentials for 127\S+ into secret "varve\/push"/u,
    ],
    [
      { pull: secret('pull', {}), push: secret('push', {}) },
      /secret "varve\/push", secret "varve\/pull" has none for it; put the credentials for 127\S+ into secret "varve\/push"/u,
    ],
  ] as const) {
    const error = await failure(build(lab, lab.open(access), 'two'));
    assert.equal(error.code, 'unauthorized');
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /podman|pw-/u);
    assert.equal(buildFailure(error).reason, 'RegistryRefused');
  }
  const document = JSON.stringify({ auths: { [address]: { auth: 'bm8gY29sb24=' } } });
  const error = await failure(build(lab, lab.open({ push: { name: 'varve/push', document } }), 'two'));
  assert.equal(error.code, 'invalid-secret');
  assert.equal(
    error.message,
    `cannot use secret "varve/push": auths["${address}"] has a member auth that is not base64 of USER:PASSWORD; put the credentials for ${address} into secret "varve/push"`,
  );
});

test('PoolRegistry.build() fails where the registry took what it has not got, and succeeds when it keeps it', async (t) => {
  const lab = await startLab(t);
  const { registry, address } = lab;
  const pool = lab.open();
  registry.fault = (request) => (isManifestPut(request) ? { status: 201 } : undefined);
  const error = await failure(build(lab, pool, 'one'));
  assert.ok(error instanceof OciError);
  assert.deepEqual([error.code, error.retryable], ['registry-error', true]);
  assert.match(
    error.message,
    /cannot push \S+\/pools\/os:build-one: 127\S+ said that it took sha256:[0-9a-f]{64} and has not got it/u,
  );
  assert.deepEqual(buildFailure(error), { reason: 'RegistryError', message: error.message });
  // Once is forgiven: everything is pushed again.
  let lies = 1;
  registry.fault = (request) => (isManifestPut(request) && lies-- > 0 ? { status: 201 } : undefined);
  const { image, upToDate } = await build(lab, pool, 'one');
  assert.equal(upToDate, false);
  assert.equal(await digestOf(lab, image), await digestOf(lab, `${address}/pools/os:build-one`));
});

test('PoolRegistry.build() pushes again what the registry has lost of an image that its tag names', async (t) => {
  const lab = await startLab(t);
  const { registry, client } = lab;
  const pool = lab.open();
  const { image } = await build(lab, pool, 'one');
  const { machineConfig } = rendered('one');
  await pool.publishTags({ pool: 'worker', image, rendered: machineConfig, signal: SIGNAL });
  const found = await client.requireManifest(parseReference(image));
  const document = parseDocument(found.bytes, found.mediaType);
  assert.ok(document.kind === 'manifest');
  const lost = [document.manifest.config, ...document.manifest.layers].map(({ digest }) => digest);
  for (const digest of lost) {
    const path = `/v2/pools/os/blobs/${digest}`;
    const { status } = await fetch(`http://${lab.address}${path}`, { method: 'DELETE' });
    assert.equal(status, 202);
    const lines: string[] = [];
    assert.deepEqual(await build(lab, pool, 'one', { say: (line) => lines.push(line) }), {
      image,
      upToDate: false,
      warnings: [],
    });
    assert.match(lines.join('\n'), new RegExp(`the registry said that it has ${digest}, and has not`, 'u'));
    assert.equal(await client.hasBlob(parseReference(image), digest), true);
  }
  registry.fault = ({ method, path }) =>
    method === 'HEAD' && path.endsWith(`/pools/os/blobs/${lost[0]}`) ? { status: 404 } : undefined;
  assert.equal((await failure(build(lab, pool, 'one'))).code, 'registry-error');
});

const PHASES: Readonly<Record<string, (request: RegistryRequest) => boolean>> = {
  'asked for the base': ({ method, path }) => method === 'HEAD' && path.includes('/base/os/manifests/'),
  'asked for the manifest of the base': ({ method, path }) =>
    method === 'GET' && path.includes('/base/os/manifests/'),
  'asked for a layer of the base': ({ method, path }) => method === 'GET' && path.includes('/base/os/blobs/'),
  'asked for the tag': ({ method, path }) => method === 'HEAD' && path.endsWith('/manifests/build-one'),
  'mounting a layer': ({ query }) => query.has('mount'),
  'taking a blob': ({ method, path }) => method === 'POST' && path === '/v2/pools/os/blobs/uploads/',
  'putting a blob': ({ method, path }) => method === 'PUT' && path.startsWith('/v2/pools/os/blobs/'),
  'taking the manifest': isManifestPut,
  'asked whether it has the manifest': ({ method, path }) =>
    method === 'GET' && path.startsWith('/v2/pools/os/manifests/sha256:'),
  'asked whether it has a blob': ({ method, path }) =>
    method === 'HEAD' && path.startsWith('/v2/pools/os/blobs/'),
};

for (const [phase, isIt] of Object.entries(PHASES)) {
  test(`PoolRegistry.build() survives a registry that fails when ${phase}`, async (t) => {
    const lab = await startLab(t);
    const { registry } = lab;
    const pool = lab.open();
    registry.fault = (request) => (isIt(request) ? { status: 500 } : undefined);
    const error = await failure(build(lab, pool, 'one'));
    assert.ok(error instanceof OciError);
    assert.deepEqual([error.code, error.retryable, error.status], ['registry-error', true, 500]);
    assert.match(error.message, /^cannot .*127\.0\.0\.1:\d+ failed \(500\); its log says why$/u);

    registry.fault = (request) => (isIt(request) ? { status: 403 } : undefined);
    // A mount that is not allowed is made up for by a copy.
    if (phase !== 'mounting a layer') {
      const refused = await failure(build(lab, pool, 'one'));
      assert.equal(refused.code, 'denied');
    }

    const abort = new AbortController();
    registry.fault = (request) => {
      if (!isIt(request)) return undefined;
      setTimeout(() => abort.abort(), 5);
      return 'hang';
    };
    const aborted = await failure(
      pool
        .resolveBase({
          pool: 'worker',
          osImageURL: `${lab.address}/base/os:1`,
          push: parseReference(`${lab.address}/pools/os:build-one`),
          signal: abort.signal,
        })
        .then(({ base }) => build(lab, pool, 'one', { base: parseReference(base), signal: abort.signal })),
    );
    assert.equal(aborted.code, 'aborted');
    // Nothing goes on but what was on its way.
    for (let tries = 0; tries < 200 && registry.lines().length > 0; tries += 1) {
      registry.forget();
      await new Promise((done) => setTimeout(done, 30));
    }
    assert.deepEqual(registry.lines(), []);

    registry.fault = () => undefined;
    const { image } = await build(lab, pool, 'one');
    assert.equal(await pool.has(image, SIGNAL), true);
  });
}

test('PoolRegistry.build() reads a new base once for all pools, and again if the one that reads it is aborted', async (t) => {
  const lab = await startLab(t);
  const { registry } = lab;
  const pool = lab.open();
  const isLayer = ({ method, path }: RegistryRequest): boolean =>
    method === 'GET' && path.startsWith('/v2/base/os/blobs/') && registry.lines().length > 0;
  const abort = new AbortController();
  let hangs = 1;
  registry.fault = (request) => {
    if (!isLayer(request) || hangs-- <= 0) return undefined;
    setTimeout(() => abort.abort(), 20);
    return 'hang';
  };
  const lines: string[] = [];
  const first = failure(build(lab, pool, 'one', { signal: abort.signal }));
  const second = build(lab, pool, 'two', { say: (line) => lines.push(line) });
  assert.equal((await first).code, 'aborted');
  assert.equal((await second).upToDate, false);
  registry.forget();
  await Promise.all(['three', 'four'].map((text) => build(lab, pool, text)));
  assert.deepEqual(
    registry.lines('GET').filter((line) => line.includes('/base/')),
    [],
  );
});

test('PoolRegistry.has() says whether the registry has the image, or fails', async (t) => {
  const lab = await startLab(t);
  const { registry, address } = lab;
  const pool = lab.open();
  const { image } = await build(lab, pool, 'one');
  assert.equal(await pool.has(image, SIGNAL), true);
  assert.equal(await pool.has(`${address}/pools/os@${sha256(Buffer.from('none'))}`, SIGNAL), false);
  assert.equal(await pool.has(`${address}/no/such@${sha256(Buffer.from('none'))}`, SIGNAL), false);
  for (const [status, code] of [
    [500, 'registry-error'],
    [403, 'denied'],
    [429, 'rate-limited'],
  ] as const) {
    registry.fault = () => ({ status });
    assert.equal((await failure(pool.has(image, SIGNAL))).code, code);
  }
  assert.equal((await failure(pool.has('fedora', SIGNAL))).code, 'invalid-reference');
  assert.equal((await failure(pool.has(image, AbortSignal.abort()))).code, 'aborted');
});

test('PoolRegistry.publishTags() writes only what has changed', async (t) => {
  const lab = await startLab(t);
  const { registry, client, address } = lab;
  const pool = lab.open();
  const one = await build(lab, pool, 'one');
  const { machineConfig } = rendered('one');
  const publish = (image: string, config: typeof machineConfig): Promise<void> =>
    pool.publishTags({ pool: 'worker', image, rendered: config, signal: SIGNAL });
  await publish(one.image, machineConfig);
  const tag = parseReference(`${address}/pools/os:worker-rendered-config`);
  const artifact = await client.requireManifest(tag);
  const { artifactType, layers } = JSON.parse(Buffer.from(artifact.bytes).toString()) as {
    artifactType: string;
    layers: { mediaType: string; digest: `sha256:${string}`; size: number }[];
  };
  assert.equal(artifactType, 'application/vnd.varve.rendered-config.v1');
  const content = await client.getBlobBytes(tag, layers[0]!, 1024 * 1024);
  assert.deepEqual(JSON.parse(Buffer.from(content).toString()), {
    apiVersion,
    kind: 'MachineConfig',
    metadata: { name: machineConfig.metadata.name },
    spec: machineConfig.spec,
  });

  registry.forget();
  const reversed = Object.fromEntries(Object.entries(machineConfig.spec).reverse());
  await publish(one.image, {
    ...machineConfig,
    metadata: { ...machineConfig.metadata, resourceVersion: '7', uid: 'u' },
    spec: reversed as typeof machineConfig.spec,
  });
  assert.deepEqual(registry.lines(), [
    'HEAD /v2/pools/os/manifests/worker',
    'HEAD /v2/pools/os/manifests/worker-rendered-config',
  ]);

  const two = await build(lab, pool, 'two');
  await publish(two.image, rendered('two').machineConfig);
  assert.equal(`${address}/pools/os@${await digestOf(lab, `${address}/pools/os:worker`)}`, two.image);
  assert.notEqual(await digestOf(lab, `${address}/pools/os:worker-rendered-config`), artifact.digest);
  registry.fault = ({ method }) => (method === 'PUT' ? { status: 500 } : undefined);
  assert.equal((await failure(publish(one.image, machineConfig))).code, 'registry-error');
  registry.fault = ({ method, path }) =>
    method !== 'PUT' && /\/worker(?:-rendered-config)?$/u.test(path) ? SCHEMA_1 : undefined;
  await publish(one.image, machineConfig);
  const three = await build(lab, pool, 'three');
  registry.fault = () => undefined;
  assert.equal(`${address}/pools/os@${await digestOf(lab, `${address}/pools/os:worker`)}`, one.image);
  assert.equal(await pool.has(three.image, SIGNAL), true);
  const gone = withDigest(tag, sha256(Buffer.from('gone')));
  assert.equal(
    (await failure(publish(`${address}/pools/os@${gone.digest}`, machineConfig))).code,
    'not-found',
  );
});

test('PoolRegistry.listImages() lists every tag that names something', async (t) => {
  const lab = await startLab(t);
  const { registry, address } = lab;
  const pool = lab.open();
  assert.deepEqual(await pool.listImages(parseReference(`${address}/no/such:x`), SIGNAL), []);
  const one = await build(lab, pool, 'one');
  const two = await build(lab, pool, 'two');
  const push = parseReference(`${address}/pools/os:any`);
  const digests = [one, two].map(({ image }) => image.slice(image.indexOf('@') + 1));
  const all = await pool.listImages(push, SIGNAL);
  assert.deepEqual(
    [...all].sort((a, b) => a.tag.localeCompare(b.tag)),
    [
      { tag: 'build-one', digest: digests[0] },
      { tag: 'build-two', digest: digests[1] },
    ],
  );
  // A tag that somebody deletes meanwhile, and one whose image is of a kind that nobody pushes any more.
  for (const fault of [{ status: 404 }, SCHEMA_1]) {
    registry.fault = ({ path }) => (path.endsWith('/manifests/build-one') ? fault : undefined);
    assert.deepEqual(await pool.listImages(push, SIGNAL), [{ tag: 'build-two', digest: digests[1] }]);
  }
  registry.fault = ({ path }) => (path.endsWith('/manifests/build-one') ? { status: 500 } : undefined);
  assert.equal((await failure(pool.listImages(push, SIGNAL))).code, 'registry-error');
});

test('PoolRegistry.deleteImages() deletes what the registry lets it delete', async (t) => {
  const lab = await startLab(t);
  const { registry, address } = lab;
  const pool = lab.open();
  const { image } = await build(lab, pool, 'one');
  const push = parseReference(`${address}/pools/os:any`);
  const digests = [image.slice(image.indexOf('@') + 1), sha256(Buffer.from('gone'))];
  for (const status of [401, 403, 404, 405]) {
    registry.fault = ({ method }) => (method === 'DELETE' ? { status } : undefined);
    assert.equal(await pool.deleteImages(push, digests, SIGNAL), 0, String(status));
  }
  registry.fault = ({ method }) => (method === 'DELETE' ? { status: 500 } : undefined);
  assert.equal((await failure(pool.deleteImages(push, digests, SIGNAL))).code, 'registry-error');
  registry.fault = () => undefined;
  assert.equal(await pool.deleteImages(push, digests, SIGNAL), 1);
  assert.equal(await pool.has(image, SIGNAL), false);
  assert.equal(await pool.deleteImages(push, digests, SIGNAL), 0);
});

test('PoolRegistry tells of a registry that is dead or silent within seconds', async (t) => {
  const lab = await startLab(t);
  const { registry, address } = lab;
  const image = `pools/os@${sha256(Buffer.from('any'))}`;
  const started = performance.now();
  const dead = await failure(lab.open({}, {}).has(`127.0.0.1:1/${image}`, SIGNAL));
  assert.equal(dead.code, 'unreachable');
  assert.equal(buildFailure(dead).reason, 'RegistryUnreachable');
  registry.fault = () => 'hang';
  const patience = { attempts: 3, deadline: 200, inactivity: 100 };
  const silent = await failure(lab.open({}, { patience }).has(`${address}/${image}`, SIGNAL));
  assert.match(silent.message, /did not answer in time/u);
  assert.ok(performance.now() - started < 60_000);
});

test('PoolRegistry trusts the authorities that it is given, and goes through the proxy', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-tls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [string, string];
  const names = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const make = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  if (spawnSync('openssl', [...make, ...names, '-keyout', key, '-out', cert]).status !== 0)
    return t.skip('openssl is missing');
  const pem = readFileSync(cert, 'utf8');
  const registry = await startTestRegistry(t, { key: readFileSync(key, 'utf8'), cert: pem });
  const lab = await startLab(t);
  const image = `pools/os@${sha256(Buffer.from('none'))}`;
  const has = (access: Partial<RegistryAccess>, address: string): Promise<boolean> =>
    lab.open(access).has(`${address}/${image}`, SIGNAL);

  assert.equal(await has({ certificateAuthorities: [pem] }, registry.address), false);
  assert.equal(await has({ insecureRegistries: [registry.address] }, registry.address), false);
  const untrusted = await failure(has({}, registry.address));
  assert.equal(buildFailure(untrusted).reason, 'RegistryUntrusted');
  assert.match(untrusted.message, /add its CA to spec\.additionalTrustBundle of the ControllerConfig/u);

  const proxy = `http://${lab.address}`;
  const proxyEnvironment = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
  const insecureRegistries = ['registry.invalid:80'];
  assert.equal(await has({ proxyEnvironment, insecureRegistries }, 'registry.invalid:80'), false);
  assert.deepEqual(lab.registry.lines(), [`HEAD /v2/${image.replace('@', '/manifests/')}`]);
});

test('PoolRegistry.close() ends what is under way', async (t) => {
  const lab = await startLab(t);
  const pool = lab.open();
  lab.registry.fault = ({ path }) => {
    if (!path.includes('/base/os/blobs/')) return undefined;
    setTimeout(() => pool.close(), 5);
    return 'hang';
  };
  assert.equal((await failure(build(lab, pool, 'one'))).code, 'aborted');
});
