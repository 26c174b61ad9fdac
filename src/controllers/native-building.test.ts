import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OsBuildError, type ContainerBuilder } from '../osbuild/index.ts';
import type { ContainerBuilding, ContainerBuildOrder } from './container-building.ts';
import { nativeBuilding } from './native-building.ts';
import type { PoolNode } from './resources.ts';

const BUILDER: ContainerBuilder = { description: 'a Job', build: () => Promise.reject(new Error('unused')) };
const node = (name: string, architecture?: string): PoolNode => ({
  metadata: { name, labels: architecture === undefined ? {} : { 'kubernetes.io/arch': architecture } },
});

function ask(
  kind: ContainerBuilding['kind'],
  nodes: readonly PoolNode[],
  architecture: string,
): ContainerBuilder {
  const containers: ContainerBuilding = { kind, buildersFor: () => ({ for: () => BUILDER }) };
  return nativeBuilding(containers, () => nodes)
    .buildersFor({} as ContainerBuildOrder)
    .for(architecture);
}

test('nativeBuilding() refuses a Job for an architecture that no node is of', () => {
  const nodes = [node('a', 'amd64'), node('b', 'arm64')];
  assert.equal(ask('job', nodes, 'arm64'), BUILDER);
  assert.throws(
    () => ask('job', nodes, 's390x'),
    (error) =>
      error instanceof OsBuildError &&
      error.code === 'no-builder' &&
      error.message.includes('no node of s390x, only of amd64, arm64, and nothing is emulated'),
  );
});

test('nativeBuilding() refuses nothing where nobody knows', () => {
  assert.equal(ask('job', [], 's390x'), BUILDER);
  assert.equal(ask('job', [node('a', 'amd64'), node('b')], 's390x'), BUILDER);
  assert.equal(ask('process', [node('a', 'amd64')], 's390x'), BUILDER);
});
