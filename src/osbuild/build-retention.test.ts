import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BuildState, MachineOSBuild } from '../api/index.ts';
import { disposableBuilds, disposableCustomisations, disposableImages } from './build-retention.ts';
import type { BuildUse, CustomisationUse, ImageUse, TaggedImage } from './build-retention.ts';
import { builderTag, configsTag, customisationTag } from './customisation-tags.ts';
import { osConfigOf, storedBuild } from './test-build-objects.ts';

const PREFIX = 'machineconfiguration.openshift.io';
const NODE_ANNOTATIONS = [`${PREFIX}/currentImage`, `${PREFIX}/desiredImage`, 'varve.dev/rollback-image'];

function digest(number: number): string {
  return `sha256:${String(number).padStart(64, '0')}`;
}

/** Tag and name of the `number`th build. */
function nameOf(number: number): string {
  return `worker-${String(number).padStart(32, '0')}`;
}

/** The `number`th build, with an image of that digest if it succeeded. */
function numbered(number: number, state: BuildState = 'succeeded'): MachineOSBuild {
  const metadata = { name: nameOf(number), creationTimestamp: new Date(number * 1000).toISOString() };
  const image = `registry.example.com/team/os@${digest(number)}`;
  return storedBuild(state === 'succeeded' ? { state, image } : state, { metadata });
}

function node(annotation: string, number: number): BuildUse['nodes'][number] {
  // From a mirror: only the digest says that it is the same image.
  return { metadata: { annotations: { [annotation]: `mirror.example.com/os@${digest(number)}` } } };
}

const FIVE = [1, 2, 3, 4, 5].map((number) => numbered(number));
const names = (...numbers: number[]): readonly string[] => numbers.map(nameOf);

function buildUse(more: Partial<BuildUse> = {}): BuildUse {
  return {
    osConfig: osConfigOf(),
    builds: FIVE,
    nodes: [],
    wanted: undefined,
    kept: 2,
    keptUnsuccessful: 1,
    ...more,
  };
}

const BUILDS: Readonly<Record<string, [Partial<BuildUse>, readonly string[]]>> = {
  'the newest stay': [{}, names(1, 2, 3)],
  'what is wanted stays': [{ wanted: nameOf(1) }, names(2, 3)],
  'what is wanted takes no place of the others': [{ wanted: nameOf(5) }, names(1, 2)],
  'what the MachineOSConfig names stays': [
    { osConfig: osConfigOf({}, { [`${PREFIX}/current-machine-os-build`]: nameOf(2) }) },
    names(1, 3),
  ],
  'whose image the MachineOSConfig has stays': [
    {
      osConfig: osConfigOf({}, {}, { currentImagePullSpec: `registry.example.com/team/os@${digest(3)}` }),
    },
    names(1, 2),
  ],
  'what has not ended stays': [
    { builds: [numbered(1, 'building'), numbered(2, 'prepared'), numbered(3, 'none'), ...FIVE.slice(3)] },
    [],
  ],
  'of those without an image the newest stay': [
    { builds: [numbered(6, 'failed'), numbered(7, 'interrupted'), numbered(8, 'failed'), ...FIVE.slice(3)] },
    names(6, 7),
  ],
};

for (const [sentence, [more, expected]] of Object.entries(BUILDS)) {
  test(`disposableBuilds(): ${sentence}`, () => {
    assert.deepEqual(disposableBuilds(buildUse(more)), expected);
  });
}

for (const annotation of NODE_ANNOTATIONS) {
  test(`disposableBuilds(): whose image a node names in ${annotation} stays`, () => {
    const nodes = [{ metadata: {} }, node(annotation, 1)];
    assert.deepEqual(disposableBuilds(buildUse({ nodes })), names(2, 3));
  });
}

test('disposableBuilds() keeps five with an image and three without by default', () => {
  const {
    kept: _,
    keptUnsuccessful: __,
    ...use
  } = buildUse({
    builds: Array.from({ length: 14 }, (___, at) => numbered(at + 10, at % 2 === 0 ? 'succeeded' : 'failed')),
  });
  assert.deepEqual(disposableBuilds(use), names(10, 11, 12, 13, 15, 17));
});

const tag = (number: number): TaggedImage => ({ tag: nameOf(number), digest: digest(number) });

function imageUse(more: Partial<ImageUse> = {}): ImageUse {
  return {
    osConfig: osConfigOf(),
    builds: [numbered(3)],
    nodes: [],
    tags: [1, 2, 3].map((number) => tag(number)),
    pools: ['worker'],
    ...more,
  };
}

const IMAGES: Readonly<Record<string, [Partial<ImageUse>, readonly string[]]>> = {
  'those whose build is gone may go': [{}, [digest(1), digest(2)]],
  'what the MachineOSConfig has stays': [
    { osConfig: osConfigOf({}, {}, { currentImagePullSpec: `registry.example.com/team/os@${digest(1)}` }) },
    [digest(2)],
  ],
  'what the pool tag names stays': [{ tags: [tag(1), { tag: 'worker', digest: digest(1) }] }, []],
  "what an administrator's tag names stays": [
    { tags: [tag(1), { tag: 'worker-external', digest: digest(1) }, { tag: 'golden', digest: digest(4) }] },
    [],
  ],
  'what another MachineOSConfig pushed stays': [
    { tags: [{ tag: `infra-${'0'.repeat(32)}`, digest: digest(1) }] },
    [],
  ],
  'what is tagged otherwise stays': [{ tags: [{ tag: 'worker-latest', digest: digest(1) }] }, []],
  'the tag of a pool with such a name stays': [{ tags: [tag(1)], pools: ['worker', nameOf(1)] }, []],
  'what a build has under another tag stays': [{ tags: [{ tag: nameOf(1), digest: digest(3) }] }, []],
  'the tag of a build that runs stays': [{ tags: [tag(1)], builds: [numbered(1, 'building')] }, []],
  'a digest is named once': [{ tags: [tag(1), { tag: nameOf(2), digest: digest(1) }] }, [digest(1)]],
};

for (const [sentence, [more, expected]] of Object.entries(IMAGES)) {
  test(`disposableImages(): ${sentence}`, () => {
    assert.deepEqual(disposableImages(imageUse(more)), expected);
  });
}

for (const annotation of NODE_ANNOTATIONS) {
  test(`disposableImages(): what a node names in ${annotation} stays`, () => {
    assert.deepEqual(disposableImages(imageUse({ nodes: [node(annotation, 1)] })), [digest(2)]);
  });
}

const KEY = 'c'.repeat(32);
const KEPT = { tag: customisationTag(KEY), digest: digest(7) };
const LEFT = [
  { tag: builderTag(KEY, '0123abcd'), digest: digest(8) },
  { tag: configsTag(KEY), digest: digest(9) },
];

function customisationUse(more: Partial<CustomisationUse> = {}): CustomisationUse {
  return {
    builds: [numbered(3)],
    nodes: [],
    tags: [tag(3), KEPT],
    pools: ['worker'],
    stoodOn: new Set(),
    ...more,
  };
}

const CUSTOMISATIONS: Readonly<Record<string, [Partial<CustomisationUse>, readonly TaggedImage[]]>> = {
  'what no image stands on may go': [{}, [KEPT]],
  'what an image stands on stays': [{ stoodOn: new Set([KEY]) }, []],
  'what builds have left may go, whatever stands on what they made': [
    { tags: [KEPT, ...LEFT], stoodOn: new Set([KEY]) },
    LEFT,
  ],
  'what is called so that it is none stays': [
    {
      tags: ['customisation-1', `customisation-${KEY}0`, `build-${KEY}`, 'configs'].map((name) => ({
        tag: name,
        digest: KEPT.digest,
      })),
    },
    [],
  ],
  'the tag of a pool of such a name stays': [{ pools: [KEPT.tag] }, []],
  'the tag of a build of such a name stays': [
    { builds: [storedBuild('building', { metadata: { name: KEPT.tag } })] },
    [],
  ],
  'what another tag names, too, stays': [{ tags: [KEPT, { tag: 'golden', digest: KEPT.digest }] }, []],
  'what a node runs stays': [{ nodes: [node('varve.dev/rollback-image', 7)] }, []],
};

for (const [sentence, [more, expected]] of Object.entries(CUSTOMISATIONS)) {
  test(`disposableCustomisations(): ${sentence}`, () => {
    assert.deepEqual(
      disposableCustomisations(customisationUse(more)),
      expected.toSorted((one, other) => (one.tag < other.tag ? -1 : 1)),
    );
  });
}

test('retention never lets go of an image that is in use, nor of its build', () => {
  const number = fc.integer({ min: 1, max: 8 });
  const annotation = fc.constantFrom(...NODE_ANNOTATIONS);
  fc.assert(
    fc.property(
      fc.uniqueArray(number),
      fc.array(fc.tuple(annotation, number)),
      fc.option(number),
      fc.nat(3),
      (all, used, current, kept) => {
        const status =
          current === null ? {} : { currentImagePullSpec: `registry.example.com/team/os@${digest(current)}` };
        const osConfig = osConfigOf({}, {}, status);
        const builds = all.map((one) => numbered(one));
        const nodes = used.map(([key, one]) => node(key, one));
        const goneBuilds = disposableBuilds({ osConfig, builds, nodes, wanted: undefined, kept });
        const left = builds.filter(({ metadata }) => !goneBuilds.includes(metadata.name));
        const tags = all.map((one) => tag(one));
        const goneImages = disposableImages({ osConfig, builds: left, nodes, tags, pools: ['worker'] });
        const inUse = [...used.map(([, one]) => one), ...(current === null ? [] : [current])];
        for (const one of inUse) {
          assert.ok(!goneBuilds.includes(nameOf(one)));
          assert.ok(!goneImages.includes(digest(one)));
        }
        // What stays of builds and images is of one another.
        assert.equal(left.length, all.length - goneImages.length);
      },
    ),
  );
});
