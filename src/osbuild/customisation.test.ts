import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { MiniatureArchitecture } from '../embedded/index.ts';
import { pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import { type Rendered, render } from '../machineconfig/index.ts';
import type { Digest, Reference, RegistryClient } from '../oci/index.ts';
import { openRegistry, parseReference, withDigest, withTag } from '../oci/index.ts';
import { makeArtifact, pushArtifact } from './artifact.ts';
import { memoryCache } from './build-cache.ts';
import { readContainerfile } from './containerfile.ts';
import type { CustomisationWish } from './customisation.ts';
import { customisationsOf } from './image-customisations.ts';
import { Label } from './image-labels.ts';
import { type BuiltImage, PoolBuilder } from './pool-builder.ts';
import { standInBuilders } from './test-container-builders.ts';

interface Lab {
  readonly registry: RegistryClient;
  readonly push: Reference;
  /** Of each container build: where its image went. */
  readonly ran: readonly string[];
  readonly said: readonly string[];
  build(containerfiles: Readonly<Record<string, string>>): Promise<BuiltImage>;
}

const rendered: Rendered = render({
  pool: {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfigPool',
    metadata: { name: 'worker' },
    spec: { machineConfigSelector: { matchLabels: { role: 'worker' } }, nodeSelector: {} },
  },
  machineConfigs: [
    {
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfig',
      metadata: { name: '50-quiet', labels: { role: 'worker' } },
      spec: { kernelArguments: ['quiet'] },
    },
  ],
  defaults: { osImageURL: 'registry.example.com/os:1', baseOSExtensionsContainerImage: '' },
});

async function startLab(t: TestContext, architectures?: readonly MiniatureArchitecture[]): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-customisation-'));
  const server = await startRegistry({ directory });
  const registry = openRegistry({});
  t.after(async () => {
    registry.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  const base = parseReference(`${server.address}/base/os:1`);
  await pushMiniatureBase(registry, base, architectures === undefined ? {} : { architectures });
  const push = parseReference(`${server.address}/pools/worker:1`);
  const ran: string[] = [];
  const said: string[] = [];
  const builder = new PoolBuilder(
    { registry, cache: memoryCache() },
    {
      architectures: 'all',
      customiser: {
        builders: standInBuilders(registry, ran, 'amd64'),
        inputs: { mounts: [], certificateAuthorities: [], proxyEnvironment: {} },
        signal: new AbortController().signal,
        say: (line) => void said.push(line),
      },
    },
  );
  return {
    registry,
    push,
    ran,
    said,
    build: (containerfiles) =>
      builder.finish(builder.ask(base, push), {
        pool: 'worker',
        rendered,
        compression: 'gzip',
        wishFor: (architecture) => Promise.resolve(wishOf(containerfiles[architecture])),
      }),
  };
}

function wishOf(text: string | undefined): CustomisationWish | undefined {
  if (text === undefined) return undefined;
  const reading = readContainerfile(text);
  assert.equal(reading.state, 'read');
  return { containerfile: reading.containerfile, extensions: [], buildInputs: '' };
}

const ONE = 'FROM configs AS final\nRUN one\n';
const OTHER = 'FROM configs AS final\nRUN other\n';

/** The name under which a build's customisation is kept, which is also in the image. */
function keptBy({ push }: Lab, { images: [image] }: BuiltImage): Reference {
  const labels = image?.base.config.config?.Labels ?? {};
  return withTag(push, `customisation-${labels[Label.customisation] ?? ''}`);
}

test('a customisation is made once, and what the builder pushed for it goes', async (t) => {
  const lab = await startLab(t);
  const first = await lab.build({ amd64: ONE });
  const second = await lab.build({ amd64: ONE });
  assert.equal(lab.ran.length, 1);
  assert.equal(second.pushed.digest, first.pushed.digest);
  assert.equal(first.images[0]?.base.config.config?.Labels?.['com.example.made'], 'yes');
  assert.equal(await lab.registry.resolve(withTag(lab.push, lab.ran[0] ?? '')), undefined);
});

test('two builds of the same at once do not take each other its image', async (t) => {
  const lab = await startLab(t);
  const [first, second] = await Promise.all([lab.build({ amd64: ONE }), lab.build({ amd64: ONE })]);
  assert.equal(first.pushed.digest, second.pushed.digest);
  assert.equal(new Set(lab.ran).size, lab.ran.length);
});

for (const [sentence, replace] of Object.entries({
  'the base itself': ({ registry }: Lab, kept: Reference) => pushMiniatureBase(registry, kept),
  'what another Containerfile made': async (lab: Lab, kept: Reference) => {
    const other = keptBy(lab, await lab.build({ amd64: OTHER }));
    const { bytes, mediaType } = await lab.registry.requireManifest(other);
    await lab.registry.putManifest(kept, bytes, mediaType);
  },
})) {
  test(`${sentence} under the name of a customisation is not taken for it`, async (t) => {
    const lab = await startLab(t);
    const first = await lab.build({ amd64: ONE });
    await replace(lab, keptBy(lab, first));
    const before = lab.ran.length;
    const second = await lab.build({ amd64: ONE });
    assert.equal(lab.ran.length, before + 1);
    assert.equal(second.pushed.digest, first.pushed.digest);
    assert.match(
      lab.said.join('\n'),
      /warning: .*:customisation-\S+ is not what a container build has made of/,
    );
  });
}

test('a customisation whose layers the registry has collected is made anew', async (t) => {
  const lab = await startLab(t);
  const first = await lab.build({ amd64: ONE });
  const layer = first.images[0]?.base.manifest.layers.at(-1);
  const { registry, repository } = lab.push;
  const url = `http://${registry}/v2/${repository}/blobs/${layer?.digest}`;
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 202);
  const second = await lab.build({ amd64: ONE });
  assert.equal(lab.ran.length, 2);
  assert.match(
    lab.said.join('\n'),
    /warning: the registry does not have all of .*:customisation-\S+ any more/,
  );
  assert.equal(
    await lab.registry.hasBlob(lab.push, second.images[0]?.base.manifest.layers.at(-1)?.digest ?? 'sha256:'),
    true,
  );
});

test('layers of the base that the registry has collected below a customisation are provided again', async (t) => {
  const lab = await startLab(t);
  const first = await lab.build({ amd64: ONE });
  const { registry, repository } = lab.push;
  const below = first.images[0]?.base.manifest.layers[0];
  const gone = await fetch(`http://${registry}/v2/${repository}/blobs/${below?.digest}`, {
    method: 'DELETE',
  });
  assert.equal(gone.status, 202);
  const manifest = `http://${registry}/v2/${repository}/manifests/${first.pushed.digest}`;
  assert.equal((await fetch(manifest, { method: 'DELETE' })).status, 202);
  const second = await lab.build({ amd64: ONE });
  assert.equal(lab.ran.length, 1);
  assert.equal(second.pushed.digest, first.pushed.digest);
  assert.equal(await lab.registry.hasBlob(lab.push, below?.digest ?? 'sha256:'), true);
});

test('customisationsOf() reads what images stand on, of each architecture', async (t) => {
  const lab = await startLab(t);
  const built = await lab.build({ amd64: ONE });
  const host = { registry: lab.registry, cache: memoryCache() };
  const { digest } = built.pushed;
  const key = built.images[0]?.base.config.config?.Labels?.[Label.customisation];
  assert.ok(key !== undefined);
  const asked = { ...withDigest(lab.push, digest), digest };
  assert.deepEqual(await customisationsOf(host, asked), [key]);
  // What a digest names never changes.
  await lab.registry.deleteManifest(asked);
  assert.deepEqual(await customisationsOf(host, asked), [key]);
  const fresh = { registry: lab.registry, cache: memoryCache() };
  assert.deepEqual(await customisationsOf(fresh, asked), []);
  await lab.build({ amd64: ONE });
  assert.deepEqual(await customisationsOf(fresh, asked), [key], 'what was not there may be, later');
});

test('customisationsOf() of an index is that of all its images, and of an artifact none', async (t) => {
  const lab = await startLab(t, ['amd64', 'arm64']);
  const { pushed } = await lab.build({ amd64: ONE });
  const host = { registry: lab.registry, cache: memoryCache() };
  const of = (digest: Digest): Promise<readonly string[]> =>
    customisationsOf(host, { ...withDigest(lab.push, digest), digest });
  assert.equal((await of(pushed.digest)).length, 1);
  const artifact = makeArtifact('application/x-test', 'application/x-test', Buffer.from('x'));
  await pushArtifact(lab.registry, withTag(lab.push, 'artifact'), artifact);
  assert.deepEqual(await of(artifact.digest), []);
});

test('each architecture has its own Containerfile, or none', async (t) => {
  const lab = await startLab(t, ['amd64', 'arm64']);
  const { images } = await lab.build({ amd64: ONE });
  const made = images.map(({ base: { config } }) => [
    config.architecture,
    config.config?.Labels?.['com.example.made'],
  ]);
  assert.deepEqual(made, [
    ['amd64', 'yes'],
    ['arm64', undefined],
  ]);
  await assert.rejects(
    lab.build({ amd64: ONE, arm64: ONE }),
    /this machine is amd64, and nothing is emulated/,
  );
});
