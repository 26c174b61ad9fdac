import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildStateOf } from '../api/index.ts';
import type { MachineOSBuild } from '../api/index.ts';
import { formatReplacement, replacementOf } from './build-replacement.ts';
import { buildStatus } from './build-status.ts';
import type { BuildNews } from './build-status.ts';
import { buildStep } from './build-step.ts';
import type { BuildSituation, BuildStep } from './build-step.ts';
import { newBuild } from './new-build.ts';
import { OsBuildError } from './osbuild-error.ts';
import {
  DIGEST_A,
  DIGEST_B,
  INPUTS,
  layeredPool,
  NOW,
  osConfigOf,
  renderedConfig,
  storedBuild,
} from './test-build-objects.ts';

const PREFIX = 'machineconfiguration.openshift.io';
const CURRENT = `${PREFIX}/current-machine-os-build`;
const REBUILD = `${PREFIX}/rebuild`;
const PRE_BUILT = `${PREFIX}/pre-built-image`;
const REPLACES = 'varve.dev/replaces-build';
const IMAGE = `registry.example.com/team/os@${DIGEST_A}`;
const NAME = storedBuild('none').metadata.name;
const UID = `uid of ${NAME}`;
const WAIT_OVER = new Date(NOW.getTime() + 3_600_000);

const OTHER_INPUTS = {
  ...INPUTS,
  pool: layeredPool('rendered-worker-2'),
  rendered: renderedConfig('rendered-worker-2', INPUTS.rendered.spec),
};
const OTHER_NAME = storedBuild('none', { inputs: OTHER_INPUTS }).metadata.name;

function situation(builds: readonly MachineOSBuild[], more: Partial<BuildSituation> = {}): BuildSituation {
  return { ...INPUTS, builds, circumstances: 'v1', now: NOW, ...more };
}

function failed(
  reason: (BuildNews & { state: 'failed' })['reason'],
  more: Parameters<typeof storedBuild>[1] = {},
): MachineOSBuild {
  return storedBuild({ state: 'failed', reason, message: 'm' }, more);
}

const superseded = storedBuild({ state: 'interrupted', reason: 'Superseded', message: 'm' });
const inUse = osConfigOf({}, { [CURRENT]: NAME }, { currentImagePullSpec: IMAGE });
const create = (attempt = 1, circumstances = 'v1'): BuildStep => ({
  kind: 'create',
  build: newBuild(INPUTS, { attempt, circumstances }),
});
const replace = (attempt = 1): BuildStep => ({
  kind: 'replace',
  replacement: { name: NAME, uid: UID, attempt },
});
const replacing = (build: MachineOSBuild, attempt: number): Record<string, string> => ({
  [REPLACES]: formatReplacement(replacementOf(build, attempt)),
});
/** Of a MachineOSConfig that is to begin with the image. */
const seeding = (more: Readonly<Record<string, string>> = {}): Partial<BuildSituation> => ({
  osConfig: osConfigOf({}, { [PRE_BUILT]: IMAGE, ...more }),
});
const SEED_LABEL = { labels: { ...storedBuild('none').metadata.labels, [PRE_BUILT]: 'true' } };
const ELSEWHERE = `registry.example.com/golden/os@${DIGEST_B}`;
const seedOf = (state: Parameters<typeof storedBuild>[0]): MachineOSBuild =>
  storedBuild(state, { metadata: SEED_LABEL });
const wait = (message: string): BuildStep => ({ kind: 'wait', message });

const FOR = 'varve.dev/build-architectures';
/** A build for some architectures. */
function builtFor(architectures: string, state: Parameters<typeof storedBuild>[0]): MachineOSBuild {
  const { annotations = {} } = storedBuild('none').metadata;
  return storedBuild(state, { metadata: { annotations: { ...annotations, [FOR]: architectures } } });
}
const NODES_OF_BOTH: Partial<BuildSituation> = {
  architectures: ['amd64', 'arm64'],
  requiredArchitectures: ['amd64', 'arm64'],
};
const NODES_OF_ONE: Partial<BuildSituation> = { architectures: ['amd64'], requiredArchitectures: ['amd64'] };

// The rows of contract §4.2 and appendix A.2 that events decide there; here, the state does.
const SENTENCES: Readonly<Record<string, [BuildSituation, BuildStep]>> = {
  'a build records for which architectures it is': [
    situation([], NODES_OF_BOTH),
    {
      kind: 'create',
      build: newBuild(INPUTS, { attempt: 1, circumstances: 'v1', architectures: ['amd64', 'arm64'] }),
    },
  ],
  'an image that lacks an architecture of the nodes gives way': [
    situation([builtFor('amd64', { state: 'succeeded', image: IMAGE })], {
      osConfig: inUse,
      ...NODES_OF_BOTH,
    }),
    replace(),
  ],
  'a build that runs for too few architectures gives way': [
    situation([builtFor('amd64', 'building')], NODES_OF_BOTH),
    replace(),
  ],
  'an image for more architectures than there are nodes of stays': [
    situation([builtFor('amd64,arm64', { state: 'succeeded', image: IMAGE })], {
      osConfig: inUse,
      ...NODES_OF_ONE,
    }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'an image that stays for the architecture of the machine is not made anew before there are nodes': [
    situation([builtFor('amd64', { state: 'succeeded', image: IMAGE })], {
      osConfig: inUse,
      architectures: ['arm64'],
    }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'an image of before Varve recorded architectures stays': [
    situation([storedBuild({ state: 'succeeded', image: IMAGE })], { osConfig: inUse, ...NODES_OF_BOTH }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'a build that failed for other architectures is made anew': [
    situation(
      [builtFor('amd64,arm64', { state: 'failed', reason: 'BuildUnsupported', message: 'no builder' })],
      NODES_OF_ONE,
    ),
    replace(),
  ],
  'a pool without a configuration waits': [
    situation([], { pool: layeredPool(undefined) }),
    wait('pool worker has no rendered configuration yet'),
  ],
  'a configuration that is not there is waited for': [
    { ...situation([]), rendered: renderedConfig('rendered-worker-0') },
    wait('MachineConfig rendered-worker-1 is not there'),
  ],
  'nothing is built for a MachineOSConfig that is being deleted': [
    situation([], {
      osConfig: { ...osConfigOf(), metadata: { name: 'worker', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    }),
    wait('MachineOSConfig worker is being deleted'),
  ],
  'the first build is made': [situation([]), create()],
  'a paused pool builds': [
    situation([], { pool: layeredPool('rendered-worker-1', { paused: true }) }),
    create(),
  ],
  'a pool with degraded nodes builds': [
    situation([], {
      pool: { ...INPUTS.pool, status: { conditions: [{ type: 'NodeDegraded', status: 'True' }] } },
    }),
    create(),
  ],
  'a build without conditions runs': [situation([storedBuild('none')]), { kind: 'run', build: NAME }],
  'a prepared build runs': [situation([storedBuild('prepared')]), { kind: 'run', build: NAME }],
  'a running build runs on': [situation([storedBuild('building')]), { kind: 'run', build: NAME }],
  'a secret that changes is nothing to a running build': [
    situation([storedBuild('building')], { circumstances: 'v2' }),
    { kind: 'run', build: NAME },
  ],
  'a secret that changes is nothing to an image': [
    situation([storedBuild('succeeded')], { osConfig: inUse, circumstances: 'v2' }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'an image is verified before it is used': [
    situation([storedBuild('succeeded')]),
    { kind: 'inspect', image: IMAGE },
  ],
  'an image that the registry has is used': [
    situation([storedBuild('succeeded')], { image: 'present' }),
    { kind: 'use', build: NAME, image: IMAGE },
  ],
  'an image that is gone is built again': [
    situation([storedBuild('succeeded')], { image: 'missing' }),
    replace(),
  ],
  'an image in use that is gone is built again': [
    situation([storedBuild('succeeded')], { osConfig: inUse, image: 'missing' }),
    replace(),
  ],
  'a registry that does not say is asked again': [
    situation([storedBuild('succeeded')], { image: { reason: 'RegistryUnreachable', message: 'm' } }),
    { kind: 'inspect', image: IMAGE, problem: { reason: 'RegistryUnreachable', message: 'm' } },
  ],
  'a registry that does not say takes nothing out of use': [
    situation([storedBuild('succeeded')], {
      osConfig: inUse,
      image: { reason: 'RegistryUnreachable', message: 'm' },
    }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'an image that is in use needs nothing': [
    situation([storedBuild('succeeded')], { osConfig: inUse }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'the image of an earlier configuration is used again': [
    situation([storedBuild('succeeded'), storedBuild('succeeded', { inputs: OTHER_INPUTS })], {
      osConfig: osConfigOf({}, { [CURRENT]: OTHER_NAME }, { currentImagePullSpec: IMAGE }),
      image: 'present',
    }),
    { kind: 'use', build: NAME, image: IMAGE },
  ],
  'a success without an image is built again': [
    situation([storedBuild({ state: 'succeeded', image: '' })]),
    replace(),
  ],
  'other sources of the same configuration change nothing': [
    situation([storedBuild('succeeded')], {
      osConfig: inUse,
      pool: layeredPool(undefined, { configuration: { name: 'rendered-worker-1', source: [{ name: 'a' }] } }),
    }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'of two builds of one configuration the current one counts': [
    situation(
      [storedBuild('succeeded', { metadata: { name: 'worker-first' } }), storedBuild('succeeded')].reverse(),
      {
        osConfig: osConfigOf({}, { [CURRENT]: 'worker-first' }, { currentImagePullSpec: IMAGE }),
        pool: layeredPool(undefined, {
          configuration: { name: 'rendered-worker-1', source: [{ name: 'a' }] },
        }),
      },
    ),
    { kind: 'done', build: 'worker-first', image: IMAGE },
  ],
  'a build that nobody owns counts': [
    situation([{ ...storedBuild('building'), metadata: { name: NAME, uid: UID } }]),
    { kind: 'run', build: NAME },
  ],
  'another MachineOSConfig spec is another build': [
    situation([storedBuild('succeeded')], {
      osConfig: { ...inUse, spec: osConfigOf({ baseImagePullSecret: { name: 'pull' } }).spec },
    }),
    {
      kind: 'create',
      build: newBuild(
        {
          ...INPUTS,
          osConfig: { ...inUse, spec: osConfigOf({ baseImagePullSecret: { name: 'pull' } }).spec },
        },
        { attempt: 1, circumstances: 'v1' },
      ),
    },
  ],
  'another base is another build': [
    situation([storedBuild('succeeded')], { base: `registry.example.com/base@${DIGEST_A}` }),
    {
      kind: 'create',
      build: newBuild(
        { ...INPUTS, base: `registry.example.com/base@${DIGEST_A}` },
        { attempt: 1, circumstances: 'v1' },
      ),
    },
  ],
  'a failure that passes is tried again in time': [
    situation([failed('RegistryUnreachable')]),
    {
      kind: 'retry',
      build: NAME,
      at: new Date(NOW.getTime() + 3000),
      message: `MachineOSBuild ${NAME} failed`,
    },
  ],
  'when its time has come it is replaced': [
    situation([failed('RegistryUnreachable', { origin: { attempt: 2 } })], { now: WAIT_OVER }),
    replace(3),
  ],
  'a failure that does not pass stays': [
    situation([failed('ConfigurationInvalid')], { now: WAIT_OVER }),
    {
      kind: 'stopped',
      build: NAME,
      message: `MachineOSBuild ${NAME} failed; change what its condition Failed names`,
    },
  ],
  'a secret that changes mends a failure at once': [
    situation([failed('SecretInvalid')], { circumstances: 'v2' }),
    replace(),
  ],
  'a build that somebody interrupted stays': [
    situation([storedBuild('interrupted')], { now: WAIT_OVER }),
    {
      kind: 'stopped',
      build: NAME,
      message: `MachineOSBuild ${NAME} was interrupted; annotate MachineOSConfig worker with ${REBUILD} to build again`,
    },
  ],
  'a build that another took the place of is made again': [situation([superseded]), replace()],
  'a rebuild replaces the build': [
    situation([storedBuild('succeeded')], {
      osConfig: {
        ...inUse,
        metadata: { ...inUse.metadata, annotations: { [CURRENT]: NAME, [REBUILD]: '' } },
      },
    }),
    replace(),
  ],
  'a rebuild replaces a build that failed for good': [
    situation([failed('ConfigurationInvalid')], { osConfig: osConfigOf({}, { [REBUILD]: '' }) }),
    replace(),
  ],
  'a rebuild where there is no build is nothing but a build': [
    situation([], { osConfig: osConfigOf({}, { [REBUILD]: '' }) }),
    { kind: 'forget', annotation: 'rebuild' },
  ],
  'a build that is replaced is deleted': [
    situation([storedBuild('succeeded')], {
      osConfig: osConfigOf({}, replacing(storedBuild('succeeded'), 2)),
    }),
    { kind: 'delete', build: NAME, uid: UID },
  ],
  'its end is waited for': [
    situation([storedBuild('succeeded', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })], {
      osConfig: osConfigOf({}, replacing(storedBuild('succeeded'), 2)),
    }),
    wait(`MachineOSBuild ${NAME} is being deleted`),
  ],
  'the new one is the attempt that was meant': [
    situation([], { osConfig: osConfigOf({}, replacing(storedBuild('failed'), 7)) }),
    create(7),
  ],
  'unless something else is wanted by then': [
    situation([], {
      osConfig: osConfigOf({}, replacing(storedBuild('failed', { inputs: OTHER_INPUTS }), 7)),
    }),
    create(1),
  ],
  'once it is there the replacement is forgotten': [
    situation([storedBuild('building', { metadata: { uid: 'another' } })], {
      osConfig: osConfigOf({}, replacing(storedBuild('failed'), 7)),
    }),
    { kind: 'forget', annotation: 'replacement' },
  ],
  'a replacement that nobody can read is forgotten': [
    situation([storedBuild('building')], { osConfig: osConfigOf({}, { [REPLACES]: 'x' }) }),
    { kind: 'forget', annotation: 'replacement' },
  ],
  'a build that somebody deletes is waited for': [
    situation([storedBuild('building', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })]),
    wait(`MachineOSBuild ${NAME} is being deleted`),
  ],
  // Contract §4.10.
  'an image to begin with is looked for first': [situation([], seeding()), { kind: 'inspect', image: IMAGE }],
  'an image to begin with is a build that nobody made': [
    situation([], { ...seeding(), image: 'present' }),
    {
      kind: 'create',
      build: {
        ...newBuild(INPUTS, { attempt: 1, circumstances: 'v1' }),
        metadata: { ...newBuild(INPUTS, { attempt: 1, circumstances: 'v1' }).metadata, ...SEED_LABEL },
      },
    },
  ],
  'an image to begin with that is not there is waited for, and nothing is built': [
    situation([], { ...seeding(), image: 'missing' }),
    {
      kind: 'inspect',
      image: IMAGE,
      problem: {
        reason: 'ImageMissing',
        message: `MachineOSConfig worker is to begin with image ${IMAGE}, as its annotation ${PRE_BUILT} says, and the registry does not have it; push it, or correct or remove the annotation`,
      },
    },
  ],
  'a registry that does not say has nothing built in its place': [
    situation([], { ...seeding(), image: { reason: 'RegistryUnreachable', message: 'm' } }),
    { kind: 'inspect', image: IMAGE, problem: { reason: 'RegistryUnreachable', message: 'm' } },
  ],
  'a build that stands for it is not run': [
    situation([seedOf('none')], { ...seeding(), image: 'present' }),
    { kind: 'seed', build: NAME, image: IMAGE },
  ],
  'when it says so its image is used': [
    situation([seedOf({ state: 'succeeded', image: IMAGE, isSeeded: true })], {
      ...seeding(),
      image: 'present',
    }),
    { kind: 'use', build: NAME, image: IMAGE },
  ],
  'another image to begin with is another build': [
    situation([seedOf({ state: 'succeeded', image: ELSEWHERE, isSeeded: true })], seeding()),
    replace(),
  ],
  'a build that is under way gives way to it': [situation([storedBuild('building')], seeding()), replace()],
  'a build that stands for it and was superseded is made anew': [
    situation([seedOf({ state: 'interrupted', reason: 'Superseded', message: 'm' })], seeding()),
    replace(),
  ],
  'when the image to begin with is in force the request for it goes': [
    situation([seedOf({ state: 'succeeded', image: IMAGE, isSeeded: true })], {
      osConfig: osConfigOf({}, { [PRE_BUILT]: IMAGE, [CURRENT]: NAME }, { currentImagePullSpec: IMAGE }),
    }),
    { kind: 'forget', annotation: 'pre-built-image' },
  ],
  'also if another configuration is wanted by then': [
    situation([], {
      osConfig: osConfigOf(
        {},
        { [PRE_BUILT]: IMAGE, [CURRENT]: OTHER_NAME },
        { currentImagePullSpec: IMAGE },
      ),
    }),
    { kind: 'forget', annotation: 'pre-built-image' },
  ],
  'an image to begin with where something has been built comes too late': [
    situation([storedBuild('succeeded')], {
      osConfig: osConfigOf({}, { [PRE_BUILT]: ELSEWHERE, [CURRENT]: NAME }, { currentImagePullSpec: IMAGE }),
    }),
    {
      kind: 'forget',
      annotation: 'pre-built-image',
      problem: `Annotation ${PRE_BUILT} is for a MachineOSConfig that has no build yet, this one has; ${ELSEWHERE} is not used and the annotation removed. To run it, delete the MachineOSConfig and make it with the annotation`,
    },
  ],
  'the same with what is no image and may hold a password': [
    situation([storedBuild('succeeded')], {
      osConfig: osConfigOf(
        {},
        { [PRE_BUILT]: `ada:s3cret@registry.example.com/os@${DIGEST_A}`, [CURRENT]: NAME },
        { currentImagePullSpec: IMAGE },
      ),
    }),
    {
      kind: 'forget',
      annotation: 'pre-built-image',
      problem: `Annotation ${PRE_BUILT} is for a MachineOSConfig that has no build yet, this one has; its value is not used and the annotation removed. To run it, delete the MachineOSConfig and make it with the annotation`,
    },
  ],
  'a build that stands for an image that nobody names any more is made a real one': [
    situation([seedOf('none')]),
    replace(),
  ],
  'a rebuild of what had been built before builds': [
    situation([seedOf({ state: 'succeeded', image: IMAGE, isSeeded: true })], {
      osConfig: osConfigOf({}, { [REBUILD]: '', [CURRENT]: NAME }, { currentImagePullSpec: IMAGE }),
    }),
    replace(),
  ],
  'what had been built before is used like any other image': [
    situation([seedOf({ state: 'succeeded', image: IMAGE, isSeeded: true })], { osConfig: inUse }),
    { kind: 'done', build: NAME, image: IMAGE },
  ],
  'another configuration than that of an image which had been built before is built': [
    {
      ...situation([seedOf({ state: 'succeeded', image: IMAGE, isSeeded: true })], { osConfig: inUse }),
      ...OTHER_INPUTS,
      osConfig: inUse,
    },
    {
      kind: 'create',
      build: newBuild({ ...OTHER_INPUTS, osConfig: inUse }, { attempt: 1, circumstances: 'v1' }),
    },
  ],
  'a build of an earlier MachineOSConfig goes first': [
    situation([storedBuild('succeeded', { metadata: { ownerReferences: [{ uid: 'earlier' }] } })]),
    wait(`MachineOSBuild ${NAME} is being deleted`),
  ],
};

for (const [sentence, [given, expected]] of Object.entries(SENTENCES)) {
  test(`buildStep(): ${sentence}`, () => {
    assert.deepEqual(buildStep(given).step, expected);
  });
}

test('buildStep() supersedes what is under way to another image, and nothing else', () => {
  const states = ['none', 'initial', 'prepared', 'building', 'succeeded', 'failed', 'interrupted'] as const;
  const builds = states.map((state, at) => {
    const name = `rendered-worker-${at + 10}`;
    const inputs = { ...INPUTS, pool: layeredPool(name), rendered: renderedConfig(name) };
    return storedBuild(state, { inputs, metadata: { name: `worker-${state}` } });
  });
  const dying = storedBuild('building', {
    inputs: OTHER_INPUTS,
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
  });
  assert.deepEqual(buildStep(situation([...builds, dying, storedBuild('building')])).superseded, [
    'worker-none',
    'worker-initial',
    'worker-prepared',
    'worker-building',
  ]);
  assert.deepEqual(buildStep(situation(builds, { pool: layeredPool(undefined) })).superseded, []);
});

test('buildStep() refuses a MachineOSConfig that nothing can be built for', () => {
  const osConfig = osConfigOf({ renderedImagePushSpec: 'registry.example.com/Team/os:latest' });
  assert.throws(() => buildStep(situation([], { osConfig })), {
    code: 'invalid-os-config',
    field: 'spec.renderedImagePushSpec',
  });
});

// As the API takes images that it records (contract §1.0); nothing of what may be a password is said.
const NOT_BY_DIGEST = 'is not an image by its sha256 digest alone, as builds record it';
const SEEDS: Readonly<Record<string, string | RegExp>> = {
  '': /^cannot read image reference "": /u,
  'registry.example.com/golden/os': `"registry.example.com/golden/os" ${NOT_BY_DIGEST}`,
  'registry.example.com/golden/os:1': `"registry.example.com/golden/os:1" ${NOT_BY_DIGEST}`,
  [`registry.example.com/golden/os:1@${DIGEST_A}`]: `"registry.example.com/golden/os:1@${DIGEST_A}" ${NOT_BY_DIGEST}`,
  [`registry.example.com/golden/os@${DIGEST_A.toUpperCase()}`]: /what follows @ is not a digest/u,
  'registry.example.com/golden/os@sha256:12': /what follows @ is not a digest/u,
  [`registry.example.com/golden/os@sha512:${'a'.repeat(128)}`]: /sha512/u,
  [`localhost/os@${DIGEST_A}`]: `"localhost/os@${DIGEST_A}" ${NOT_BY_DIGEST}`,
  [`registry.example.com/a.b/os@${DIGEST_A}`]: `"registry.example.com/a.b/os@${DIGEST_A}" ${NOT_BY_DIGEST}`,
  [`ada:s3cret@registry.example.com/os@${DIGEST_A}`]:
    /^cannot read image reference: it holds a user name or password before the host/u,
};

for (const [image, problem] of Object.entries(SEEDS)) {
  test(`buildStep() refuses to begin with ${JSON.stringify(image)}`, () => {
    const osConfig = osConfigOf({}, { [PRE_BUILT]: image });
    assert.throws(
      () => buildStep(situation([], { osConfig })),
      (error) => {
        assert.ok(error instanceof OsBuildError);
        assert.equal(error.field, `metadata.annotations[${PRE_BUILT}]`);
        const [prefix, suffix] = [
          `cannot begin with the image that MachineOSConfig "worker" names: metadata.annotations[${PRE_BUILT}]: `,
          '; write HOST/NAME@sha256:DIGEST, or remove it to have an image built',
        ];
        assert.ok(error.message.startsWith(prefix) && error.message.endsWith(suffix), error.message);
        const why = error.message.slice(prefix.length, -suffix.length);
        if (typeof problem === 'string') assert.equal(why, problem);
        else assert.match(why, problem);
        assert.doesNotMatch(error.message, /s3cret/u);
        return true;
      },
    );
  });
}

const NOTES = { rebuild: REBUILD, replacement: REPLACES, 'pre-built-image': PRE_BUILT };

/** A cluster in which a step is done in full or, as by a kill, not at all. */
class Cluster {
  builds: readonly MachineOSBuild[] = [];
  osConfig = osConfigOf({}, {}, {});
  registry = new Set<string>();
  inputs = INPUTS;
  now = NOW;
  created = 0;
  circumstances = 'v1';
  #image: BuildSituation['image'];

  step(): BuildStep['kind'] {
    this.now = new Date(this.now.getTime() + 1000);
    const image = this.#image === undefined ? {} : { image: this.#image };
    const { step, superseded } = buildStep({
      ...this.inputs,
      osConfig: this.osConfig,
      builds: this.builds,
      circumstances: this.circumstances,
      now: this.now,
      ...image,
    });
    this.#image = undefined;
    for (const name of superseded)
      this.tell(name, { state: 'interrupted', reason: 'Superseded', message: '' });
    switch (step.kind) {
      case 'create':
        this.created += 1;
        this.builds = [
          ...this.builds,
          { ...step.build, metadata: { ...step.build.metadata, uid: `uid ${this.created}` } },
        ];
        // As the real one does when it runs; nothing that stands for an image is.
        if (step.build.metadata.labels?.[PRE_BUILT] === undefined)
          this.#annotate({ [CURRENT]: step.build.metadata.name });
        break;
      case 'delete':
        this.builds = this.builds.filter(({ metadata }) => metadata['uid'] !== step.uid);
        break;
      case 'replace':
        this.#annotate({ [REBUILD]: undefined, [REPLACES]: formatReplacement(step.replacement) });
        break;
      case 'forget':
        this.#annotate({ [NOTES[step.annotation]]: undefined });
        break;
      case 'seed':
        this.tell(step.build, { state: 'succeeded', image: step.image, isSeeded: true });
        break;
      case 'inspect':
        this.#image = this.registry.has(step.image) ? 'present' : 'missing';
        break;
      case 'use':
        this.osConfig = { ...this.osConfig, status: { currentImagePullSpec: step.image } };
        this.#annotate({ [CURRENT]: step.build });
        break;
      case 'run':
        this.#work(step.build);
        break;
      case 'done':
      case 'retry':
      case 'stopped':
      case 'wait':
        break;
    }
    return step.kind;
  }

  settle(): BuildStep['kind'] {
    let kind: BuildStep['kind'] = 'wait';
    for (let steps = 0; steps < 40; steps += 1) kind = this.step();
    return kind;
  }

  askForRebuild(): void {
    this.#annotate({ [REBUILD]: '' });
  }

  tell(name: string, news: BuildNews): void {
    this.builds = this.builds.map((build) => {
      if (build.metadata.name !== name) return build;
      const status = buildStatus(build, news, this.now);
      return status === undefined ? build : { ...build, status };
    });
  }

  nameSeed(image: string | undefined): void {
    this.#annotate({ [PRE_BUILT]: image });
  }

  forgetCurrent(): void {
    this.#annotate({ [CURRENT]: undefined });
  }

  #work(name: string): void {
    const image = `registry.example.com/team/os@${DIGEST_B}`;
    const build = this.builds.find(({ metadata }) => metadata.name === name);
    assert.equal(build?.metadata.labels?.[PRE_BUILT], undefined);
    const isRunning = build !== undefined && buildStateOf(build) === 'building';
    if (isRunning) this.registry.add(image);
    this.tell(name, isRunning ? { state: 'succeeded', image } : { state: 'building' });
  }

  #annotate(changes: Readonly<Record<string, string | undefined>>): void {
    const { metadata } = this.osConfig;
    const annotations: Record<string, string> = {};
    for (const [key, value] of Object.entries({ ...metadata.annotations, ...changes })) {
      if (value !== undefined) annotations[key] = value;
    }
    this.osConfig = { ...this.osConfig, metadata: { ...metadata, annotations } };
  }
}

test('buildStep() leads to an image in use, with one build for one set of inputs', () => {
  const cluster = new Cluster();
  assert.equal(cluster.settle(), 'done');
  assert.equal(cluster.created, 1);
});

test('buildStep() begins with an image that is there, and builds what comes after it', () => {
  const cluster = new Cluster();
  cluster.registry.add(ELSEWHERE);
  cluster.nameSeed(ELSEWHERE);
  assert.equal(cluster.settle(), 'done');
  assert.equal(cluster.osConfig.status?.currentImagePullSpec, ELSEWHERE);
  assert.deepEqual(cluster.osConfig.metadata.annotations, { [CURRENT]: NAME });
  assert.equal(cluster.created, 1);
  cluster.inputs = OTHER_INPUTS;
  assert.equal(cluster.settle(), 'done');
  assert.notEqual(cluster.osConfig.status?.currentImagePullSpec, ELSEWHERE);
  assert.equal(cluster.osConfig.metadata.annotations?.[CURRENT], OTHER_NAME);
});

test('buildStep() builds nothing in the place of an image to begin with', () => {
  const cluster = new Cluster();
  cluster.nameSeed(ELSEWHERE);
  assert.equal(cluster.settle(), 'inspect');
  assert.equal(cluster.created, 0);
  cluster.registry.add(ELSEWHERE);
  assert.equal(cluster.settle(), 'done');
});

test('buildStep() builds once more for one request, and forgets it', () => {
  const cluster = new Cluster();
  cluster.settle();
  cluster.askForRebuild();
  assert.equal(cluster.settle(), 'done');
  assert.equal(cluster.created, 2);
  assert.deepEqual(Object.keys(cluster.osConfig.metadata.annotations ?? {}), [CURRENT]);
});

test('buildStep() comes to rest with the wanted image in use, whatever has happened before', () => {
  const happening = fc.constantFrom<(cluster: Cluster) => void>(
    (cluster) => void cluster.step(),
    (cluster) => void cluster.step(),
    (cluster) => cluster.askForRebuild(),
    (cluster) => cluster.registry.clear(),
    (cluster) => (cluster.inputs = cluster.inputs === INPUTS ? OTHER_INPUTS : INPUTS),
    (cluster) => (cluster.circumstances += '+'),
    (cluster) => (cluster.builds = cluster.builds.slice(1)),
    (cluster) => cluster.nameSeed(ELSEWHERE),
    (cluster) => cluster.nameSeed(IMAGE),
    (cluster) => cluster.nameSeed(undefined),
    (cluster) => cluster.forgetCurrent(),
    (cluster) => {
      const [first] = cluster.builds;
      const news = { state: 'failed', reason: 'RegistryError', message: '' } as const;
      if (first !== undefined) cluster.tell(first.metadata.name, news);
    },
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 25 }), (happenings) => {
      const cluster = new Cluster();
      for (const happen of happenings) happen(cluster);
      // Longer than any wait for a retry.
      cluster.now = new Date(cluster.now.getTime() + 400_000);
      for (const image of [ELSEWHERE, IMAGE]) cluster.registry.add(image);
      cluster.settle();
      assert.equal(cluster.step(), 'done');
      const names = cluster.builds.map(({ metadata }) => metadata.name);
      assert.equal(new Set(names).size, names.length);
      const annotations = cluster.osConfig.metadata.annotations ?? {};
      assert.deepEqual(Object.keys(annotations), [CURRENT]);
      assert.equal(annotations[CURRENT], cluster.inputs === INPUTS ? NAME : OTHER_NAME);
      const before = cluster.created;
      cluster.settle();
      assert.equal(cluster.created, before);
    }),
  );
});
