import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageMode } from './image-mode.ts';
import { osConfig } from './test-builds.ts';
import { pool } from './test-objects.ts';
import type { ImageMode, ImageModeDefaults } from './image-mode.ts';
import type { MachineConfigPool, MachineOSConfig, ObjectMeta } from '../api/index.ts';

const LABEL = { 'machineconfiguration.openshift.io/layered': '' };
const ANSWERED = { 'varve.dev/layered-answered': 'true' };
const ON_REQUEST: ImageModeDefaults = {
  pushRepository: 'registry.example.com/os',
  pushSecret: 'push',
  everyPool: false,
};
const EVERY_POOL = { ...ON_REQUEST, everyPool: true };

function given(metadata: Partial<ObjectMeta> = {}, name = 'infra'): MachineConfigPool {
  return { ...pool(name), metadata: { ...metadata, name } };
}

function made(metadata: Partial<ObjectMeta> = {}): MachineOSConfig {
  return { ...osConfig(), metadata: { name: 'infra', ...metadata } };
}

const DEFAULT_ONE: MachineOSConfig = {
  apiVersion: 'machineconfiguration.openshift.io/v1',
  kind: 'MachineOSConfig',
  metadata: { name: 'infra', annotations: { 'varve.dev/default': 'true' } },
  spec: {
    machineConfigPool: { name: 'infra' },
    imageBuilder: { imageBuilderType: 'Job' },
    renderedImagePushSecret: { name: 'push' },
    renderedImagePushSpec: 'registry.example.com/os:infra',
  },
};
const OURS = { ...DEFAULT_ONE, status: {} };
const THEIRS = made();
const DYING = made({ deletionTimestamp: '2026-01-01T00:00:00Z' });
const OLD = made({ name: 'old', creationTimestamp: '2026-01-01T00:00:00Z' });
const YOUNG = made({ creationTimestamp: '2026-01-02T00:00:00Z' });
const ELSEWHERE = { ...made(), spec: { ...made().spec, machineConfigPool: { name: 'worker' } } };

type Row = [MachineConfigPool, MachineOSConfig[], ImageModeDefaults | undefined, ImageMode];

const SENTENCES: Readonly<Record<string, Row>> = {
  'a pool without label and object is left alone': [given(), [ELSEWHERE], ON_REQUEST, {}],
  'an object opts in': [given(), [THEIRS], undefined, { osConfig: THEIRS }],
  'an object opts in a pool of the control plane': [
    given({}, 'master'),
    [{ ...THEIRS, spec: { ...THEIRS.spec, machineConfigPool: { name: 'master' } } }],
    undefined,
    { osConfig: { ...THEIRS, spec: { ...THEIRS.spec, machineConfigPool: { name: 'master' } } } },
  ],
  'the label asks for a default object': [
    given({ labels: LABEL }),
    [],
    ON_REQUEST,
    { action: { kind: 'create', osConfig: DEFAULT_ONE } },
  ],
  'the default object has the pull secret that is configured': [
    given({ labels: LABEL }),
    [],
    { ...ON_REQUEST, pullSecret: 'pull' },
    {
      action: {
        kind: 'create',
        osConfig: { ...DEFAULT_ONE, spec: { ...DEFAULT_ONE.spec, baseImagePullSecret: { name: 'pull' } } },
      },
    },
  ],
  'the answer to the label is remembered': [
    given({ labels: LABEL }),
    [OURS],
    ON_REQUEST,
    { osConfig: OURS, action: { kind: 'remember' } },
  ],
  'once remembered nothing is left to do': [
    given({ labels: LABEL, annotations: ANSWERED }),
    [OURS],
    ON_REQUEST,
    { osConfig: OURS },
  ],
  'without its label the default object goes': [
    given({ annotations: ANSWERED }),
    [OURS],
    ON_REQUEST,
    { action: { kind: 'delete', osConfig: 'infra' } },
  ],
  'without label and object the memory goes': [
    given({ annotations: ANSWERED }),
    [],
    ON_REQUEST,
    { action: { kind: 'forget' } },
  ],
  'without its object the label goes': [
    given({ labels: LABEL, annotations: ANSWERED }),
    [],
    ON_REQUEST,
    { action: { kind: 'forget' } },
  ],
  'an object that is being deleted is as good as gone': [
    given({ labels: LABEL, annotations: ANSWERED }),
    [DYING],
    ON_REQUEST,
    { action: { kind: 'forget' } },
  ],
  "a person's object stays without the label": [
    given({ annotations: ANSWERED }),
    [THEIRS],
    ON_REQUEST,
    { osConfig: THEIRS, action: { kind: 'forget' } },
  ],
  "a person's object is not the answer to the label": [
    given({ labels: LABEL }),
    [THEIRS],
    ON_REQUEST,
    { osConfig: THEIRS },
  ],
  'where image mode is the default every pool gets an object': [
    given(),
    [],
    EVERY_POOL,
    { action: { kind: 'create', osConfig: DEFAULT_ONE } },
  ],
  'where image mode is the default the object needs no label': [
    given(),
    [OURS],
    EVERY_POOL,
    { osConfig: OURS },
  ],
  'where image mode is the default a deleted object comes back': [
    given({ labels: LABEL, annotations: ANSWERED }),
    [],
    EVERY_POOL,
    { action: { kind: 'create', osConfig: DEFAULT_ONE } },
  ],
  'where image mode is the default a deleted object comes back when the old one is gone': [
    given(),
    [DYING],
    EVERY_POOL,
    {},
  ],
  'the label of a control-plane pool does nothing': [
    given({ labels: LABEL }, 'master'),
    [],
    ON_REQUEST,
    {
      problem: {
        reason: 'LayeredLabelNotSupported',
        message:
          'metadata.labels: machineconfiguration.openshift.io/layered is for worker and custom pools; create a MachineOSConfig named master to build images for pool master',
      },
    },
  ],
  'the label needs a repository': [
    given({ labels: LABEL }),
    [],
    undefined,
    {
      problem: {
        reason: 'NoPushRepository',
        message:
          'metadata.labels: machineconfiguration.openshift.io/layered asks for an image of pool infra, but no repository to push images to is configured; configure one, or create a MachineOSConfig named infra',
      },
    },
  ],
  'of two objects the older one stays in force': [
    given(),
    [YOUNG, OLD],
    ON_REQUEST,
    {
      osConfig: OLD,
      problem: {
        reason: 'SeveralMachineOSConfigs',
        message:
          'MachineOSConfigs old, infra all have spec.machineConfigPool.name "infra"; old stays in force, delete the others',
      },
    },
  ],
};

for (const [sentence, [target, osConfigs, defaults, expected]] of Object.entries(SENTENCES)) {
  test(`imageMode(): ${sentence}`, () => {
    assert.deepEqual(imageMode(target, osConfigs, defaults), expected);
  });
}

/** Does what a decision says, as a controller would. */
function act(
  target: MachineConfigPool,
  osConfigs: readonly MachineOSConfig[],
  { action }: ImageMode,
): [MachineConfigPool, readonly MachineOSConfig[]] {
  const { name } = target.metadata;
  switch (action?.kind) {
    case undefined:
      return [target, osConfigs];
    case 'create':
      return [target, [...osConfigs, action.osConfig]];
    case 'delete':
      return [target, osConfigs.filter(({ metadata }) => metadata.name !== action.osConfig)];
    case 'remember':
      return [{ ...target, metadata: { ...target.metadata, annotations: ANSWERED } }, osConfigs];
    case 'forget':
      return [{ ...target, metadata: { name } }, osConfigs];
  }
}

for (const [sentence, [target, osConfigs, defaults]] of Object.entries(SENTENCES)) {
  test(`imageMode() comes to rest: ${sentence}`, () => {
    let state: [MachineConfigPool, readonly MachineOSConfig[]] = [target, osConfigs];
    for (let step = 0; step < 4; step += 1) state = act(...state, imageMode(...state, defaults));
    assert.equal(imageMode(...state, defaults).action, undefined);
  });
}
