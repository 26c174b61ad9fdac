import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  type MachineConfig,
  type MachineConfiguration,
} from '../api/index.ts';
import { ObjectCache, type KubeObject } from '../kube/index.ts';
import { readDisruptionNote } from '../machineconfig/index.ts';
import { ImageChanges } from './image-changes.ts';
import type { PoolNode } from './resources.ts';
import { image, machineConfig, withFile } from './test-view.ts';

const GATE = { kind: 'go', machineConfig: 'rendered-b', image: image('os', '2') } as const;

function changes(...configs: readonly MachineConfig[]): ImageChanges {
  const held = <T extends KubeObject>(objects: readonly T[]): { readonly cache: ObjectCache<T> } => {
    const cache = new ObjectCache<T>();
    cache.replace(objects);
    return { cache };
  };
  const view = { machineConfigs: held(configs), machineConfigurations: held<MachineConfiguration>([]) };
  return new ImageChanges(view);
}

function node(config: string, from: string): PoolNode {
  const annotations = { [CURRENT_CONFIG_ANNOTATION]: config, [CURRENT_IMAGE_ANNOTATION]: from };
  return { metadata: { name: 'n1', annotations } };
}

const FROM = image('os', '1');
const POLICY = '/etc/containers/policy.json';
const REGISTRIES = '/etc/containers/registries.conf';

function pair(path: string): readonly MachineConfig[] {
  return [
    machineConfig('rendered-a', 'worker', withFile(path, 'one')),
    machineConfig('rendered-b', 'worker', withFile(path, 'two')),
  ];
}

test('a change that the policy lets a running node make has a note of this change, for all nodes that make it', () => {
  const [found, ...more] = changes(...pair(POLICY)).to(GATE, [
    node('rendered-a', FROM),
    node('rendered-a', FROM),
  ]);
  assert.equal(more.length, 0);
  assert.equal(found?.isLive, true);
  assert.deepEqual(
    [found.from, found.to],
    [
      { machineConfig: 'rendered-a', image: FROM },
      { machineConfig: 'rendered-b', image: GATE.image },
    ],
  );
  assert.deepEqual(readDisruptionNote(found.note), {
    from: { config: 'rendered-a', image: FROM },
    to: { config: 'rendered-b', image: GATE.image },
    actions: [{ type: 'Reload', reload: { serviceName: 'crio.service' } }],
    items: [POLICY],
  });
});

test('a change that may drain the node has its note and is not live', () => {
  const [found] = changes(...pair(REGISTRIES)).to(GATE, [node('rendered-a', FROM)]);
  assert.equal(found?.isLive, false);
});

test('what costs a reboot, or of what nothing is known, has no note', () => {
  const nodes = [node('rendered-a', FROM)];
  assert.deepEqual(changes(...pair('/etc/motd')).to(GATE, nodes), []);
  assert.deepEqual(changes(pair(POLICY)[1]!).to(GATE, nodes), []);
  assert.deepEqual(changes(...pair(POLICY)).to(GATE, [node('', ''), node('rendered-a', GATE.image)]), []);
  assert.deepEqual(changes(...pair(POLICY)).to({ kind: 'not-layered' }, nodes), []);
});
