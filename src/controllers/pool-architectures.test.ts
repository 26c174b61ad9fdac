import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfig, MachineOSConfig } from '../api/index.ts';
import { OsBuildError } from '../osbuild/index.ts';
import { architecturesOfNodes, poolArchitectures, type ArchitecturesInput } from './pool-architectures.ts';
import type { PoolNode } from './resources.ts';
import { osConfigOf } from './test-images.ts';
import { machineConfig, pool } from './test-view.ts';

const ANNOTATION = 'varve.dev/architectures';
const RENDERED: MachineConfig = machineConfig('rendered-worker-1', 'worker');
const DIRECT = osConfigOf('worker');
const containerFile = [{ containerfileArch: 'NoArch', content: 'FROM configs AS final\n' }] as const;
const CONTAINER: MachineOSConfig = osConfigOf('worker', { containerFile });

function input(more: Partial<ArchitecturesInput> = {}): ArchitecturesInput {
  return {
    pool: pool('worker'),
    osConfig: CONTAINER,
    rendered: RENDERED,
    ofNodes: () => ['amd64', 'arm64'],
    setting: 'all',
    own: 'amd64',
    ...more,
  };
}

function annotated(text: string): MachineOSConfig {
  return osConfigOf('worker', {}, { annotations: { [ANNOTATION]: text } });
}

const both = ['amd64', 'arm64'];
const SENTENCES: Readonly<
  Record<string, [Partial<ArchitecturesInput>, ReturnType<typeof poolArchitectures>]>
> = {
  'a container build is made for the architectures of the nodes': [
    {},
    { architectures: both, required: both },
  ],
  'before there are nodes it is made for that of this machine': [
    { ofNodes: () => [] },
    { architectures: ['amd64'] },
  ],
  'before there are nodes, and where nobody knows this machine, the base decides': [
    { ofNodes: () => [], own: undefined },
    { architectures: 'all' },
  ],
  'extensions take a container build': [
    {
      osConfig: DIRECT,
      rendered: machineConfig('rendered-worker-1', 'worker', { extensions: ['usbguard'] }),
    },
    { architectures: both, required: both },
  ],
  'an image that is assembled directly has all architectures of its base': [
    { osConfig: DIRECT },
    { architectures: 'all' },
  ],
  'what the installation says goes before nodes': [{ setting: ['s390x'] }, { architectures: ['s390x'] }],
  'the annotation of the MachineOSConfig goes before all': [
    { osConfig: annotated(' arm64 , amd64,arm64'), setting: ['s390x'] },
    { architectures: both, required: both },
  ],
  'the annotation may say all': [
    { osConfig: annotated('all'), setting: ['s390x'] },
    { architectures: 'all' },
  ],
  'the annotation of the pool counts where the MachineOSConfig has none': [
    { pool: { ...pool('worker'), metadata: { name: 'worker', annotations: { [ANNOTATION]: 'arm64' } } } },
    { architectures: ['arm64'], required: ['arm64'] },
  ],
};

for (const [sentence, [more, expected]] of Object.entries(SENTENCES)) {
  test(`poolArchitectures(): ${sentence}`, () => {
    assert.deepEqual(poolArchitectures(input(more)), expected);
  });
}

for (const text of ['', 'amd64,', 'AMD64', 'amd64 arm64', 'linux/amd64']) {
  test(`poolArchitectures() refuses an annotation that says ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => poolArchitectures(input({ osConfig: annotated(text) })),
      (error) =>
        error instanceof OsBuildError &&
        error.code === 'invalid-os-config' &&
        error.field === `metadata.annotations[${ANNOTATION}]` &&
        error.message.includes(
          `annotation ${ANNOTATION} of MachineOSConfig worker is ${JSON.stringify(text)}`,
        ),
    );
  });
}

function node(name: string, role: string, labels: Record<string, string>, architecture?: string): PoolNode {
  return {
    metadata: { name, labels: { [`node-role.kubernetes.io/${role}`]: '', ...labels } },
    status: architecture === undefined ? {} : { nodeInfo: { architecture } },
  };
}

test('architecturesOfNodes() asks the nodes whose primary pool it is', () => {
  const pools = new Map(['worker', 'infra'].map((name) => [name, pool(name).spec] as const));
  const nodes = [
    node('a', 'worker', { 'kubernetes.io/arch': 'arm64' }),
    node('b', 'worker', {}, 'amd64'),
    // A label that somebody has changed does not make a machine another one.
    node('c', 'worker', { 'kubernetes.io/arch': 's390x' }, 'amd64'),
    node('d', 'worker', {}),
    node('g', 'worker', { 'kubernetes.io/arch': 'loong64' }, ''),
    node('e', 'infra', { 'kubernetes.io/arch': 'ppc64le' }),
    node('f', 'worker', { 'kubernetes.io/arch': 'riscv64', 'node-role.kubernetes.io/infra': '' }),
  ];
  assert.deepEqual(architecturesOfNodes('worker', nodes, pools), ['amd64', 'arm64', 'loong64']);
  assert.deepEqual(architecturesOfNodes('infra', nodes, pools), ['ppc64le', 'riscv64']);
});
