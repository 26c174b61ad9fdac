import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PoolMembers } from './pool-members.ts';
import { primaryPool, type NodeSelection } from './primary-pool.ts';
import { node } from './test-nodes.ts';
import type { RolloutNode } from './node-state.ts';

function selecting(...roles: readonly string[]): NodeSelection {
  return { nodeSelector: { matchExpressions: [{ key: 'role', operator: 'In', values: [...roles] }] } };
}

function names(nodes: Iterable<RolloutNode>): readonly string[] {
  return [...nodes].map(({ metadata }) => metadata.name).sort();
}

function withRole(name: string, role: string): RolloutNode {
  return node({ name, labels: { role } });
}

test('PoolMembers tells which pools a change to a node concerns', () => {
  const members = new PoolMembers();
  assert.equal(members.putPool('infra', selecting('infra')), true);
  assert.equal(members.putPool('worker', selecting('worker')), true);
  assert.deepEqual(names(members.nodesOf('worker')), []);
  assert.deepEqual(members.putNode(withRole('n1', 'worker')), ['worker']);
  assert.deepEqual(members.putNode(withRole('n1', 'worker')), ['worker']);
  assert.deepEqual(members.putNode(withRole('n1', 'infra')), ['worker', 'infra']);
  assert.deepEqual(names(members.nodesOf('infra')), ['n1']);
  assert.deepEqual(names(members.nodesOf('worker')), []);
  assert.deepEqual(members.putNode(withRole('n1', 'other')), ['infra']);
  assert.deepEqual(members.putNode(withRole('n1', 'other')), []);
  assert.deepEqual(members.putNode(withRole('n1', 'infra')), ['infra']);
  assert.deepEqual(members.removeNode('n1'), ['infra']);
  assert.deepEqual(members.removeNode('n1'), []);
  assert.deepEqual(names(members.nodesOf('infra')), []);
});

test('PoolMembers tells whether a change to a pool moves nodes', () => {
  const members = new PoolMembers();
  members.putNode(withRole('n1', 'a'));
  assert.deepEqual(names(members.nodesOf('infra')), []);
  assert.equal(members.putPool('infra', selecting('a')), true);
  assert.equal(members.putPool('infra', selecting('a')), false);
  assert.deepEqual(names(members.nodesOf('infra')), ['n1']);
  assert.equal(members.putPool('infra', selecting('b')), true);
  assert.deepEqual(names(members.nodesOf('infra')), []);
  assert.equal(members.removePool('infra'), true);
  assert.equal(members.removePool('infra'), false);
});

test('PoolMembers gives the node as it is now', () => {
  const members = new PoolMembers();
  members.putPool('infra', selecting('a'));
  members.putNode(withRole('n1', 'a'));
  const now = node({ name: 'n1', labels: { role: 'a' }, config: 'b' });
  members.putNode(now);
  assert.deepEqual([...members.nodesOf('infra')], [now]);
});

const POOL = fc.constantFrom('master', 'worker', 'infra', 'gpu');
const ROLE = fc.constantFrom('a', 'b', 'c');
const STEP = fc.oneof(
  fc.record({ kind: fc.constant('putPool' as const), pool: POOL, roles: fc.uniqueArray(ROLE) }),
  fc.record({ kind: fc.constant('removePool' as const), pool: POOL }),
  fc.record({ kind: fc.constant('putNode' as const), node: fc.nat(4), role: ROLE }),
  fc.record({ kind: fc.constant('removeNode' as const), node: fc.nat(4) }),
  fc.record({ kind: fc.constant('look' as const) }),
);

test('PoolMembers is at any time what classifying every node would give', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
      const members = new PoolMembers();
      const pools = new Map<string, NodeSelection>();
      const nodes = new Map<string, RolloutNode>();
      const look = (): void => {
        for (const pool of ['master', 'worker', 'infra', 'gpu']) {
          const expected = [...nodes.values()].filter(({ metadata }) => {
            const membership = primaryPool(metadata.labels, pools);
            return membership.kind === 'member' && membership.pool === pool;
          });
          assert.deepEqual(names(members.nodesOf(pool)), names(expected));
        }
      };
      for (const step of steps) {
        switch (step.kind) {
          case 'putPool':
            pools.set(step.pool, selecting(...step.roles));
            members.putPool(step.pool, selecting(...step.roles));
            break;
          case 'removePool':
            pools.delete(step.pool);
            members.removePool(step.pool);
            break;
          case 'putNode': {
            const given = withRole(`n${step.node}`, step.role);
            nodes.set(given.metadata.name, given);
            members.putNode(given);
            break;
          }
          case 'removeNode':
            nodes.delete(`n${step.node}`);
            members.removeNode(`n${step.node}`);
            break;
          case 'look':
            look();
        }
      }
      look();
    }),
  );
});
