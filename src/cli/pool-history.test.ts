import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  API_VERSION,
  CURRENT_IMAGE_ANNOTATION,
  REVISION_ANNOTATION,
  ROLE_LABEL,
  ROLLBACK_TO_ANNOTATION,
  type MachineConfig,
  type MachineOSBuild,
} from '../api/index.ts';
import { historyText } from './history-command.ts';
import { poolHistory, type PoolHistory } from './pool-history.ts';
import { chooseRollback } from './rollback-choice.ts';
import { build, NOW, osConfig, pool } from './status-objects.ts';

const image = (digit: string): string => `registry.example.com/os@sha256:${digit.repeat(64)}`;

function past(number: number, configuration: string): MachineOSBuild {
  const at = `2026-01-01T00:0${number}:00Z`;
  const found = build('Succeeded', {
    name: `worker-${number}`,
    configuration,
    status: { digestedImagePushSpec: image(String(number)), buildEnd: at },
  });
  return { ...found, metadata: { ...found.metadata, creationTimestamp: at } };
}

function rendered(name: string, files: Readonly<Record<string, string>>): MachineConfig {
  const storage = Object.entries(files).map(([path, text]) => ({
    path,
    contents: { source: `data:,${text}` },
  }));
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata: {
      name,
      ownerReferences: [
        { apiVersion: API_VERSION, kind: 'MachineConfigPool', name: 'worker', uid: 'u', controller: true },
      ],
    },
    spec: { config: { ignition: { version: '3.5.0' }, storage: { files: storage } } },
  };
}

const source: MachineConfig = {
  apiVersion: API_VERSION,
  kind: 'MachineConfig',
  metadata: {
    name: '50-motd',
    labels: { [ROLE_LABEL]: 'worker' },
    managedFields: [
      { manager: 'ada', time: '2026-01-01T00:00:30Z' },
      { manager: 'grace', time: '2026-01-01T00:01:59Z' },
    ],
  },
  spec: {},
};

const BUILDS = [
  past(3, 'rendered-worker-2'),
  past(1, 'rendered-worker-1'),
  past(2, 'rendered-worker-2'),
  build('Failed', { name: 'worker-9', configuration: 'rendered-worker-0' }),
];

function history(rollback?: string, osBuilds: readonly MachineOSBuild[] = BUILDS): PoolHistory {
  const { spec, ...rest } = pool({
    spec: {
      configuration: { name: rollback ?? 'rendered-worker-2' },
      machineConfigSelector: { matchLabels: { [ROLE_LABEL]: 'worker' } },
    },
  });
  const metadata = {
    ...rest.metadata,
    ...(rollback === undefined ? {} : { annotations: { [ROLLBACK_TO_ANNOTATION]: rollback } }),
  };
  const objects = {
    pools: [],
    osConfigs: [osConfig(undefined, 'none')],
    osBuilds,
    nodes: ['b', 'a'].map((name) => ({
      metadata: {
        name,
        annotations: { [CURRENT_IMAGE_ANNOTATION]: `mirror.example.com/os@sha256:${'1'.repeat(64)}` },
      },
    })),
    machineConfigNodes: [],
    machineConfigs: [
      source,
      rendered('rendered-worker-1', { '/etc/motd': 'one' }),
      rendered('rendered-worker-2', { '/etc/motd': 'two', '/etc/issue': 'x' }),
    ],
    machineConfigurations: [],
    controlPlanePods: [],
  };
  return poolHistory(objects, { ...rest, metadata, spec });
}

describe('poolHistory()', () => {
  test('has every image by age: what changed, who did it, who runs it', () => {
    assert.deepEqual(
      history().images.map(({ number, build: name, changes, by, inForce, nodes }) => ({
        number,
        name,
        changes: changes?.toSorted() ?? null,
        by,
        inForce,
        nodes,
      })),
      [
        { number: 1, name: 'worker-1', changes: null, by: ['ada'], inForce: false, nodes: ['a', 'b'] },
        {
          number: 2,
          name: 'worker-2',
          changes: ['/etc/issue', '/etc/motd'],
          by: ['grace'],
          inForce: false,
          nodes: [],
        },
        {
          number: 3,
          name: 'worker-3',
          changes: ['the base image or the MachineOSConfig'],
          by: [],
          inForce: true,
          nodes: [],
        },
      ],
    );
  });

  test('an image keeps its number when older ones are not kept any more', () => {
    const numbered = (number: number, found: MachineOSBuild): MachineOSBuild => ({
      ...found,
      metadata: { ...found.metadata, annotations: { [REVISION_ANNOTATION]: String(number) } },
    });
    const kept = [numbered(9, past(3, 'rendered-worker-2')), numbered(8, past(2, 'rendered-worker-1'))];
    const { images } = history(undefined, kept);
    assert.deepEqual(
      images.map(({ number, build: name }) => [number, name]),
      [
        [8, 'worker-2'],
        [9, 'worker-3'],
      ],
    );
    assert.equal(chooseRollback(history(undefined, kept), '8').build, 'worker-2');
  });

  test('as text the newest is first, and a rollback is told with its undo', () => {
    const text = historyText(history('rendered-worker-1'), NOW);
    assert.match(text, /^NO +IMAGE +BUILT +BY +NODES +CHANGED\n 3 /u);
    assert.match(text, /\n\*1 +1{12} +4m ago|\n\*1 +1{12} +240s ago/u);
    assert.match(text, /\n {2}BY - where no MachineConfig that is there now was changed last for it/u);
    assert.match(text, /rolled back to rendered-worker-1; varve rollback worker --undo/u);
  });
});

describe('chooseRollback()', () => {
  test('takes a number, a build, an image, its digest, and the beginning of one', () => {
    for (const to of ['1', 'worker-1', 'sha256:111111', '1'.repeat(64), history().images[0]?.image])
      assert.equal(chooseRollback(history(), to).build, 'worker-1');
  });

  for (const [to, message] of [
    ['9', /has no image 9; varve history worker lists/u],
    ['3', /is what its nodes are to run already/u],
    ['2', /has the configuration of the one in force, rendered-worker-2/u],
    [undefined, /has the configuration of the one in force/u],
  ] as const)
    test(`refuses ${to ?? 'the one before, if that is no other configuration'}`, () => {
      assert.throws(() => chooseRollback(history(), to), message);
    });

  test('without a wish goes to the image before the one in force; from the first there is none', () => {
    const two = history();
    const [first, second] = two.images;
    const of = (images: PoolHistory['images']): PoolHistory => ({ ...two, images });
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(chooseRollback(of([first, { ...second, inForce: true }]), undefined), first);
    assert.throws(() => chooseRollback(of([{ ...first, inForce: true }]), undefined), /no image before/u);
    assert.throws(() => chooseRollback(of([]), undefined), /has had no image yet/u);
    // Its configuration has been rendered, and its image is not there yet.
    assert.equal(chooseRollback(of([first]), undefined), first);
  });
});
