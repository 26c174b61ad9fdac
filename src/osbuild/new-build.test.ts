import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildName, inputsHash, newBuild } from './new-build.ts';
import type { BuildInputs } from './new-build.ts';
import { OsBuildError } from './osbuild-error.ts';
import { DIGEST_A, INPUTS, layeredPool, osConfigOf, renderedConfig } from './test-build-objects.ts';

const ORIGIN = { circumstances: 'v1', attempt: 3 };

// contract §4.3: a vector of the contract's own tests, recomputed.
const IMAGE = 'registry.hostname.com/org/repo@sha256 string = ';
const GOLDEN: BuildInputs = {
  pool: layeredPool(undefined),
  osConfig: osConfigOf({
    containerFile: [],
    renderedImagePushSecret: { name: '' },
    renderedImagePushSpec: 'registry.hostname.com/org/repo:latest',
  }),
  rendered: {
    ...renderedConfig('rendered-worker-1', {
      osImageURL: `${IMAGE}220a60ecd4a3c32c282622a625a54db9ba0ff55b5ba9c29c7064a2bc358b6a3e`,
      baseOSExtensionsContainerImage: `${IMAGE}5fb4ba1a651bae8057ec6b5cdafc93fa7e0b7d944d6f02a4b751de4e15464def`,
    }),
    metadata: {
      name: 'rendered-worker-1',
      annotations: { 'machineconfiguration.openshift.io/release-image-version': 'release-version' },
    },
  },
};

test('buildName() reproduces the golden vectors', () => {
  assert.equal(buildName(GOLDEN), 'worker-699e6be74658adcb3ff2b48f32cd1584');
  const { containerFile: _, ...spec } = GOLDEN.osConfig.spec;
  const absent = { ...GOLDEN.osConfig, spec };
  assert.equal(buildName({ ...GOLDEN, osConfig: absent }), 'worker-a45fa0692b2e163b920ef1e7d0d2aac8');
});

const otherRendered = renderedConfig('rendered-worker-2', INPUTS.rendered.spec);
const source = (...names: string[]): BuildInputs['pool'] =>
  layeredPool(undefined, {
    configuration: { name: 'rendered-worker-1', source: names.map((name) => ({ name })) },
  });

// Contract §4.3 and appendix A.2: whether the name changes, and the hash of the inputs.
const CHANGES: Readonly<Record<string, [Partial<BuildInputs>, boolean, boolean]>> = {
  'another rendered configuration': [
    { pool: layeredPool('rendered-worker-2'), rendered: otherRendered },
    true,
    true,
  ],
  'another base': [{ base: `registry.example.com/base@${DIGEST_A}` }, true, true],
  'the same base by its digest': [{ base: INPUTS.rendered.spec.osImageURL ?? '' }, false, false],
  'another push spec': [
    { osConfig: osConfigOf({ renderedImagePushSpec: 'registry.example.com/other:latest' }) },
    true,
    true,
  ],
  'another push secret': [
    { osConfig: osConfigOf({ renderedImagePushSecret: { name: 'other' } }) },
    true,
    true,
  ],
  'a pull secret': [{ osConfig: osConfigOf({ baseImagePullSecret: { name: 'pull' } }) }, true, true],
  'a Containerfile': [
    {
      osConfig: osConfigOf({ containerFile: [{ containerfileArch: 'NoArch', content: 'FROM configs' }] }),
    },
    true,
    true,
  ],
  'other sources of the same configuration': [{ pool: source('a', 'b') }, true, false],
  'no sources': [{ pool: source() }, false, false],
  'pausing the pool': [{ pool: layeredPool('rendered-worker-1', { paused: true }) }, false, false],
  'annotations and status of the MachineOSConfig': [
    { osConfig: osConfigOf({}, { a: 'b' }, { observedGeneration: 2 }) },
    false,
    false,
  ],
};

for (const [sentence, [more, changesName, changesHash]] of Object.entries(CHANGES)) {
  test(`buildName(): ${sentence} ${changesName ? 'makes another name' : 'makes the same name'}`, () => {
    const inputs = { ...INPUTS, ...more };
    assert.equal(buildName(inputs) !== buildName(INPUTS), changesName);
    assert.equal(inputsHash(inputs) !== inputsHash(INPUTS), changesHash);
  });
}

test('newBuild() makes the object of contract §4.3', () => {
  const name = buildName(INPUTS);
  const prefix = 'machineconfiguration.openshift.io';
  assert.deepEqual(newBuild(INPUTS, ORIGIN), {
    apiVersion: `${prefix}/v1`,
    kind: 'MachineOSBuild',
    metadata: {
      name,
      labels: {
        [`${prefix}/target-machine-config-pool`]: 'worker',
        [`${prefix}/rendered-machine-config`]: 'rendered-worker-1',
        [`${prefix}/machine-os-config`]: 'worker',
      },
      annotations: {
        [`${prefix}/rendered-image-push-secret`]: 'push',
        'varve.dev/build-inputs': inputsHash(INPUTS),
        'varve.dev/build-circumstances': 'v1',
        'varve.dev/build-attempt': '3',
      },
      finalizers: ['foregroundDeletion'],
      ownerReferences: [
        {
          apiVersion: `${prefix}/v1`,
          kind: 'MachineOSConfig',
          name: 'worker',
          uid: 'config-uid',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      machineConfig: { name: 'rendered-worker-1' },
      machineOSConfig: { name: 'worker' },
      renderedImagePushSpec: `registry.example.com/team/os:${name}`,
    },
  });
});

test('newBuild() leaves out a label that the API would refuse', () => {
  const rendered = renderedConfig(`rendered-worker-${'a'.repeat(60)}`);
  const labels = newBuild({ ...INPUTS, rendered }, ORIGIN).metadata.labels ?? {};
  assert.deepEqual(Object.values(labels), ['worker', 'worker']);
});

test('newBuild() pushes to a registry inside the cluster', () => {
  const osConfig = osConfigOf({
    renderedImagePushSpec: 'image-registry.openshift-image-registry.svc:5000/openshift/os:latest',
  });
  assert.match(
    newBuild({ ...INPUTS, osConfig }, ORIGIN).spec.renderedImagePushSpec,
    /^image-registry\.openshift-image-registry\.svc:5000\/openshift\/os:worker-[0-9a-f]{32}$/,
  );
});

const long = 'w'.repeat(96);
const REFUSED: Readonly<Record<string, [Partial<BuildInputs>, string, string]>> = {
  'a push spec that no registry takes': [
    { osConfig: osConfigOf({ renderedImagePushSpec: 'registry.example.com/Team/os:latest' }) },
    'spec.renderedImagePushSpec',
    'cannot build an image for MachineOSConfig "worker": spec.renderedImagePushSpec: cannot read image reference "registry.example.com/Team/os:latest": its name must be lower case; write registry.example.com/team/os',
  ],
  'a pool of another MachineOSConfig': [
    { osConfig: osConfigOf({ machineConfigPool: { name: 'infra' } }) },
    'spec.machineConfigPool.name',
    'cannot build an image for MachineOSConfig "worker": spec.machineConfigPool.name: is infra, received pool "worker"',
  ],
  'a configuration that was not rendered': [
    { rendered: renderedConfig('99-mine') },
    'spec.machineConfigPool.name',
    'cannot build an image for MachineOSConfig "worker": spec.machineConfigPool.name: pool worker has spec.configuration.name "99-mine", which is no rendered MachineConfig; its name would begin with rendered-',
  ],
  'a name too long for a tag': [
    { osConfig: { ...osConfigOf(), metadata: { name: long } } },
    'metadata.name',
    `cannot build an image for MachineOSConfig "${long}": metadata.name: has 96 characters; builds are tagged with it and a hash, and registries take 128 characters, so that it and the pool may have 95`,
  ],
};

for (const [sentence, [more, field, message]] of Object.entries(REFUSED)) {
  test(`newBuild() refuses ${sentence}`, () => {
    assert.throws(
      () => newBuild({ ...INPUTS, ...more }, ORIGIN),
      (error) => {
        assert.ok(error instanceof OsBuildError);
        assert.deepEqual(
          { code: error.code, field: error.field, message: error.message, retryable: error.retryable },
          { code: 'invalid-os-config', field, message, retryable: false },
        );
        return true;
      },
    );
  });
}
