import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfigPool } from '../api/index.ts';
import type { PoolNode } from '../controllers/index.ts';
import { outsidePools } from './outside-pools.ts';
import { pool } from './status-objects.ts';

function selecting(name: string, label: string): MachineConfigPool {
  const given = pool({ spec: { nodeSelector: { matchLabels: { [label]: '' } } } });
  return { ...given, metadata: { ...given.metadata, name } };
}

const POOLS = [selecting('worker', 'worker'), selecting('infra', 'infra'), selecting('gpu', 'gpu')];

function said(...labels: readonly (readonly [string, string])[]): string | undefined {
  const node: PoolNode = { metadata: { name: 'n1', labels: Object.fromEntries(labels) }, spec: {} };
  return outsidePools({ nodes: [node], pools: POOLS }, 'n1');
}

test('outsidePools() tells a node that nobody selects from one that too many do', () => {
  assert.match(
    said() ?? '',
    /^node n1 is in no MachineConfigPool, .*: give it a label that the spec\.nodeSel/u,
  );
  assert.match(
    said(['worker', ''], ['gpu', ''], ['infra', '']) ?? '',
    /: the custom pools gpu and infra select it, and there may be one; change its labels, or the spec\.nodeSelector/u,
  );
  assert.match(
    said(['worker', ''], ['kubernetes.io/os', 'windows']) ?? '',
    /says windows, which no pool con/u,
  );
});

test('outsidePools() says nothing of a node that is in a pool, or is not there', () => {
  assert.equal(said(['worker', ''], ['gpu', '']), undefined);
  assert.equal(outsidePools({ nodes: [], pools: POOLS }, 'n1'), undefined);
});
