import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfigPool, OSImageStream } from '../api/index.ts';
import { GENERATED_BY_ANNOTATION } from '../api/index.ts';
import { render } from '../machineconfig/index.ts';
import { renderedOf, renderInput } from './render-input.ts';
import {
  OS_IMAGE,
  controllerConfig,
  image,
  machineConfig,
  osImageStream,
  pool,
  testView,
  withFile,
} from './test-view.ts';

const MOTD = machineConfig('50-motd', 'worker', withFile('/etc/motd', 'hello'));

/** What renderInput says, or throws, about the images of a pool. */
function imageOf(
  given: MachineConfigPool,
  objects: Parameters<typeof testView>[0],
): { readonly image: string; readonly extensions: string; readonly stream?: string } | string {
  try {
    const { defaults, streamClass } = renderInput(testView(objects), given);
    return {
      image: defaults.osImageURL,
      extensions: defaults.baseOSExtensionsContainerImage,
      ...(streamClass === undefined ? {} : { stream: streamClass }),
    };
  } catch (error) {
    return String(error);
  }
}

function noImage(name: string, reason: string): string {
  return `ControllerError: cannot render pool "${name}": ControllerConfig "machine-config-controller": spec.baseOSContainerImage: ${reason}; set it to the image of the operating system, or set spec.osImageURL of a MachineConfig of the pool`;
}

const streams = [osImageStream('rhel-9', 'rhel-10')];
const nine = { image: image('rhel-9', '1'), extensions: image('rhel-9', '2'), stream: 'rhel-9' };
const ten = { image: image('rhel-10', '1'), extensions: image('rhel-10', '2'), stream: 'rhel-10' };
const onTen = { osImageStream: { name: 'rhel-10' } };
const none = { image: '', extensions: '' };
const noStatus: OSImageStream = {
  apiVersion: 'machineconfiguration.openshift.io/v1',
  kind: 'OSImageStream',
  metadata: { name: 'cluster' },
  spec: { defaultStream: 'rhel-9' },
};
const own = machineConfig('60-os', 'infra', { osImageURL: image('own', '9') });
const generated = {
  ...own,
  metadata: { ...own.metadata, annotations: { [GENERATED_BY_ANNOTATION]: 'abc' } },
};

const IMAGES: Readonly<Record<string, [ReturnType<typeof imageOf>, ReturnType<typeof imageOf>]>> = {
  'the ControllerConfig says, where there are no streams': [
    imageOf(pool('infra'), { controllerConfigs: [controllerConfig(OS_IMAGE, image('extensions', '3'))] }),
    { image: OS_IMAGE, extensions: image('extensions', '3') },
  ],
  'the default stream goes before it': [imageOf(pool('infra'), { osImageStreams: streams }), nine],
  'a stream that is not known yet does not': [
    imageOf(pool('infra'), { osImageStreams: [noStatus] }),
    { image: OS_IMAGE, extensions: '' },
  ],
  'a pool names its stream': [imageOf(pool('infra', onTen), { osImageStreams: streams }), ten],
  'a custom pool takes that of the workers': [
    imageOf(pool('infra'), { osImageStreams: streams, pools: [pool('worker', onTen)] }),
    ten,
  ],
  'the control plane does not': [
    imageOf(pool('master'), { osImageStreams: streams, pools: [pool('worker', onTen)] }),
    nine,
  ],
  'nothing says': [
    imageOf(pool('infra'), { controllerConfigs: [] }),
    noImage('infra', 'there is no such object'),
  ],
  'the ControllerConfig says nothing': [
    imageOf(pool('infra'), { controllerConfigs: [controllerConfig('')] }),
    noImage('infra', 'empty'),
  ],
  'a MachineConfig of the pool says instead': [
    imageOf(pool('infra'), { controllerConfigs: [], machineConfigs: [own] }),
    none,
  ],
  'one of another pool does not': [
    imageOf(pool('other'), { controllerConfigs: [], machineConfigs: [own] }),
    noImage('other', 'there is no such object'),
  ],
  'one that a controller generated does not': [
    imageOf(pool('infra'), { controllerConfigs: [], machineConfigs: [generated] }),
    noImage('infra', 'there is no such object'),
  ],
  'the image of a MachineConfig is of no known stream': [
    imageOf(pool('infra'), { osImageStreams: streams, machineConfigs: [own] }),
    { image: nine.image, extensions: nine.extensions },
  ],
  'a stream that there is not': [
    imageOf(pool('infra', { osImageStream: { name: 'rhel-11' } }), { osImageStreams: streams }),
    'ControllerError: cannot render pool "infra": MachineConfigPool "infra": spec.osImageStream.name: "rhel-11": OSImageStream "cluster" has no such stream in status.availableStreams; choose one of rhel-9, rhel-10',
  ],
  'a stream of the workers that there is not': [
    imageOf(pool('infra'), { pools: [pool('worker', onTen)] }),
    'ControllerError: cannot render pool "infra": MachineConfigPool "worker": spec.osImageStream.name: "rhel-10": OSImageStream "cluster" does not exist; remove the field or create it',
  ],
  'a stream before any is known': [
    imageOf(pool('infra', onTen), { osImageStreams: [noStatus] }),
    'ControllerError: cannot render pool "infra": MachineConfigPool "infra": spec.osImageStream.name: "rhel-10": OSImageStream "cluster" has no status.availableStreams yet; remove the field or wait for them',
  ],
};

for (const [name, [found, expected]] of Object.entries(IMAGES)) {
  test(`renderInput() finds the images of a pool: ${name}`, () => assert.deepEqual(found, expected));
}

test('renderInput() gives what a pool runs now, and what may differ from it', () => {
  const before = render(renderInput(testView({ machineConfigs: [MOTD] }), pool('infra')));
  const given = pool('infra', { configuration: { name: before.name } });
  const view = testView({
    machineConfigs: [MOTD, before.machineConfig],
    machineConfigurations: [
      {
        apiVersion: 'operator.openshift.io/v1',
        kind: 'MachineConfiguration',
        metadata: { name: 'cluster' },
        spec: { irreconcilableValidationOverrides: { storage: ['Disks'] } },
      } as never,
    ],
  });
  const input = renderInput(view, given);
  assert.equal(input.current?.metadata.name, before.name);
  assert.deepEqual(input.irreconcilableOverrides, ['Disks']);
});

test('renderInput() takes nothing that was rendered for a source', () => {
  const rendered = machineConfig('rendered-infra-1', 'worker');
  const owner = { kind: 'MachineConfigPool', name: 'infra', uid: 'uid-infra', controller: true };
  const owned = { ...rendered, metadata: { ...rendered.metadata, ownerReferences: [owner] } };
  const input = renderInput(testView({ machineConfigs: [MOTD, owned] }), pool('infra'));
  assert.deepEqual(
    input.machineConfigs.map(({ metadata }) => metadata.name),
    ['50-motd'],
  );
});

const rendered = render(renderInput(testView({ machineConfigs: [MOTD] }), pool('infra')));
const inForce = pool('infra', { configuration: { name: rendered.name } });
const FILE = { section: 'storage.files', key: '/etc/motd' } as const;

test('renderedOf() knows who contributed what, as long as that renders to the same', () => {
  const found = renderedOf(testView({ machineConfigs: [MOTD, rendered.machineConfig] }), inForce);
  assert.deepEqual(found?.provenance.of(FILE), ['50-motd']);
  assert.equal(found.name, rendered.name);
});

const bad = machineConfig('60-bad', 'worker', { kernelType: 'sometimes' });
const more = machineConfig('60-more', 'worker', withFile('/etc/issue', 'hello'));
const LATER: Readonly<Record<string, Parameters<typeof testView>[0]>> = {
  'cannot be rendered': { machineConfigs: [MOTD, bad, rendered.machineConfig] },
  'render to something else': { machineConfigs: [MOTD, more, rendered.machineConfig] },
  'are gone': { machineConfigs: [rendered.machineConfig] },
  'have lost their base': {
    machineConfigs: [MOTD, rendered.machineConfig],
    controllerConfigs: [],
  },
};

for (const [name, objects] of Object.entries(LATER)) {
  test(`renderedOf() gives the configuration in force though its MachineConfigs ${name}`, () => {
    const found = renderedOf(testView(objects), inForce);
    assert.deepEqual(found?.machineConfig, rendered.machineConfig);
    assert.deepEqual(found.config, rendered.config);
    assert.deepEqual(found.provenance.of(FILE), [rendered.name]);
  });
}

test('renderedOf() gives nothing for a pool without a rendered MachineConfig', () => {
  assert.equal(renderedOf(testView({ machineConfigs: [MOTD] }), pool('infra')), undefined);
  assert.equal(renderedOf(testView({ machineConfigs: [MOTD] }), inForce), undefined);
});

test('renderedOf() gives nothing of a rendered MachineConfig that somebody has edited', () => {
  const { metadata, spec } = rendered.machineConfig;
  const edited = {
    ...rendered.machineConfig,
    metadata: { ...metadata, generation: 2 },
    spec: { ...spec, fips: true },
  };
  assert.equal(renderedOf(testView({ machineConfigs: [MOTD, edited] }), inForce), undefined);
});
