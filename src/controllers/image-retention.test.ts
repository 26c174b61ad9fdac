import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSBuild } from '../api/index.ts';
import { DESIRED_IMAGE_ANNOTATION } from '../api/index.ts';
import { FakeClock, KubeError, ObjectCache, type KubeObject } from '../kube/index.ts';
import { OciError } from '../oci/index.ts';
import type { PoolRegistry, TaggedImage } from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { ImageRetention, type ImageRetentionResult } from './image-retention.ts';
import { PoolRegistries } from './pool-registries.ts';
import { DEFAULT_SETTINGS } from './support.ts';
import { buildOf, osConfigOf, registryOf, REPOSITORY, secretOf } from './test-images.ts';
import { pool } from './test-view.ts';

const POOL = 'worker';
const OS_CONFIG = osConfigOf(POOL);
const GONE = buildOf(POOL, '0').metadata.name;
const digest = (digit: string): TaggedImage['digest'] => `sha256:${digit.repeat(64)}`;
const SUCCEEDED = buildOf(POOL, '1', { state: 'succeeded', image: `${REPOSITORY}@${digest('1')}` });

interface Lab {
  readonly clock: FakeClock;
  readonly images: ImageRetention;
  readonly builds: ObjectCache<MachineOSBuild>;
  /** What was deleted. */
  readonly deleted: readonly string[];
  listed: number;
  tidy(): Promise<ImageRetentionResult>;
}

function open(
  does: Partial<PoolRegistry> = {},
  {
    builds = [SUCCEEDED],
    nodes = [],
  }: { builds?: readonly MachineOSBuild[]; nodes?: readonly KubeObject[] } = {},
): Lab {
  const clock = new FakeClock();
  const osBuilds = new ObjectCache<MachineOSBuild>({
    osConfig: ({ spec }) => [spec.machineOSConfig.name],
  });
  osBuilds.replace(builds);
  const cached = (objects: readonly KubeObject[]): object => {
    const cache = new ObjectCache<KubeObject>();
    cache.replace(objects);
    return { cache };
  };
  const view = {
    osBuilds: { cache: osBuilds },
    osConfigs: cached([OS_CONFIG]),
    pools: cached([pool(POOL)]),
    nodes: cached(nodes),
    secrets: cached([secretOf('push')]),
    controllerConfigs: cached([]),
  } as unknown as ClusterView;
  const deleted: string[] = [];
  const lab: Lab = {
    clock,
    builds: osBuilds,
    deleted,
    listed: 0,
    images: new ImageRetention({
      view,
      clock,
      settings: { ...DEFAULT_SETTINGS, namespace: 'varve' },
      registries: new PoolRegistries(() =>
        registryOf({
          listImages: () => {
            lab.listed += 1;
            return Promise.resolve([
              { tag: GONE, digest: digest('0') },
              { tag: SUCCEEDED.metadata.name, digest: digest('1') },
              { tag: POOL, digest: digest('1') },
            ]);
          },
          deleteImages: (_push, digests) => {
            deleted.push(...digests);
            return Promise.resolve(digests.length);
          },
          ...does,
        }),
      ),
    }),
    tidy: () => lab.images.tidy(OS_CONFIG, new AbortController().signal),
  };
  return lab;
}

test('images whose build has gone are deleted when a build has gone, and now and then', async () => {
  const lab = open();
  assert.deepEqual(await lab.tidy(), { kind: 'not-now' });
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 1 });
  assert.deepEqual(lab.deleted, [digest('0')]);
  assert.deepEqual(await lab.tidy(), { kind: 'not-now' });
  await lab.clock.advance(3_600_000);
  assert.equal((await lab.tidy()).kind, 'done');
  assert.equal(lab.listed, 2);
});

test('what a node is to run stays', async () => {
  const image = `mirror.example.com/os@${digest('0')}`;
  const node = { metadata: { name: 'n', annotations: { [DESIRED_IMAGE_ANNOTATION]: image } } };
  const lab = open({}, { nodes: [node] });
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
});

test('nothing is deleted while a build is under way, not even one that began while tags were read', async () => {
  const building = buildOf(POOL, '2', { state: 'building' });
  const lab = open({}, { builds: [SUCCEEDED, building] });
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), { kind: 'not-now' });
  assert.equal(lab.listed, 0);
  let isQuiet = false;
  const begins: Lab = open({
    listImages: () => {
      if (!isQuiet) begins.builds.put(building);
      return Promise.resolve([{ tag: GONE, digest: digest('0') }]);
    },
  });
  begins.images.expect(OS_CONFIG);
  assert.deepEqual(await begins.tidy(), { kind: 'not-now' });
  assert.deepEqual(begins.deleted, []);
  begins.builds.replace([SUCCEEDED]);
  isQuiet = true;
  assert.deepEqual(await begins.tidy(), { kind: 'done', deleted: 1 }, 'it is looked again when none is');
});

test('a build that goes while images are deleted has its own deleted the next time', async () => {
  let goes = true;
  const lab: Lab = open({
    deleteImages: (_push, digests) => {
      if (goes) lab.images.expect(OS_CONFIG);
      goes = false;
      return Promise.resolve(digests.length);
    },
  });
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 1 });
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 1 });
  assert.deepEqual(await lab.tidy(), { kind: 'not-now' });
});

test('a registry that cannot list is told of once, and asked again later', async () => {
  const lab = open({ listImages: () => Promise.reject(new OciError('unsupported', 'cannot list tags')) });
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), { kind: 'failed', news: 'cannot list tags' });
  assert.deepEqual(await lab.tidy(), { kind: 'not-now' });
  await lab.clock.advance(600_000);
  assert.deepEqual(await lab.tidy(), { kind: 'failed', news: undefined });
});

test('a registry that does not delete is told of', async () => {
  const lab = open({ deleteImages: () => Promise.resolve(0) });
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), {
    kind: 'failed',
    news: `cannot delete 1 of 1 images that nothing needs from ${REPOSITORY}: the registry does not delete, or does not let the push secret`,
  });
});

test('what ends with the process is no failure of the registry', async () => {
  const error = new KubeError('aborted', 'the process stops');
  const lab = open({ listImages: () => Promise.reject(error) });
  lab.images.expect(OS_CONFIG);
  await assert.rejects(lab.images.tidy(OS_CONFIG, AbortSignal.abort(error)), error);
});

test('a repository that takes longer to list than there is time is left alone for a while', async () => {
  const late = new KubeError('timeout', 'cannot finish worker in retention within 120 s');
  let signal = AbortSignal.abort(late);
  const lab = open({
    listImages: () => (signal.aborted ? Promise.reject(late) : Promise.resolve([])),
  });
  lab.images.expect(OS_CONFIG);
  await assert.rejects(lab.images.tidy(OS_CONFIG, signal), late);
  signal = new AbortController().signal;
  assert.deepEqual(await lab.images.tidy(OS_CONFIG, signal), { kind: 'not-now' });
  await lab.clock.advance(600_000);
  assert.deepEqual(await lab.images.tidy(OS_CONFIG, signal), { kind: 'done', deleted: 0 });
});

const KEY = 'c'.repeat(32);
const CUSTOMISATION = { tag: `customisation-${KEY}`, digest: digest('7') };
const USED = [
  { tag: SUCCEEDED.metadata.name, digest: digest('1') },
  { tag: POOL, digest: digest('1') },
];
const HOUR = 3_600_000;

/** A repository with one customisation, and what its images stand on. */
function customised(stoodOn: () => readonly string[], begin = (): void => undefined): Lab {
  return open({
    listImages: () => Promise.resolve([...USED, CUSTOMISATION]),
    customisationsOf: (_push, digests) => {
      assert.deepEqual(digests, [digest('1')]);
      begin();
      return Promise.resolve(new Set(stoodOn()));
    },
  });
}

test('what a container build has made goes when no image has stood on it for a while', async () => {
  let stoodOn = [KEY];
  const lab = customised(() => stoodOn);
  lab.images.expect(OS_CONFIG);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
  stoodOn = [];
  await lab.clock.advance(HOUR);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
  // Somebody builds on it once more: it is as if it had never been of no use.
  stoodOn = [KEY];
  await lab.clock.advance(HOUR);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
  stoodOn = [];
  await lab.clock.advance(HOUR);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
  // A look in between makes it no older.
  lab.images.expect(OS_CONFIG);
  await lab.clock.advance(HOUR / 2);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
  await lab.clock.advance(HOUR);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 1 });
  assert.deepEqual(lab.deleted, [CUSTOMISATION.digest]);
});

test('what is made again after it has gone is of no use only from then on', async () => {
  let kept = [CUSTOMISATION];
  const lab = open({
    listImages: () => Promise.resolve([...USED, ...kept]),
    customisationsOf: () => Promise.resolve(new Set<string>()),
  });
  lab.images.expect(OS_CONFIG);
  for (const [there, deleted] of [
    [[CUSTOMISATION], 0],
    [[CUSTOMISATION], 1],
    [[], 0],
    [[CUSTOMISATION], 0],
  ] as const) {
    kept = [...there];
    assert.deepEqual(await lab.tidy(), { kind: 'done', deleted });
    await lab.clock.advance(HOUR);
  }
});

test('what container builds have made stays while another pool with the same repository is being built', async () => {
  const building = buildOf('infra', '3', { state: 'building' });
  const lab = customised(() => []);
  lab.images.expect(OS_CONFIG);
  await lab.tidy();
  lab.builds.put(building);
  await lab.clock.advance(HOUR);
  assert.deepEqual(await lab.tidy(), { kind: 'done', deleted: 0 });
  // Nor does it go for a build that begins while images are read.
  let isBegun = false;
  const late: Lab = customised(
    () => [],
    () => {
      if (isBegun) late.builds.put(building);
      isBegun = true;
    },
  );
  late.images.expect(OS_CONFIG);
  await late.tidy();
  await late.clock.advance(HOUR);
  assert.deepEqual(await late.tidy(), { kind: 'done', deleted: 0 });
  assert.deepEqual(late.deleted, []);
});
