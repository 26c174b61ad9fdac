import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineConfigPool } from '../api/index.ts';
import type { NodePlan, PoolPlan } from '../rollout/index.ts';
import type { PoolNode } from './resources.ts';
import { RolloutBoard } from './rollout-board.ts';

const POOL: PoolPlan = { progress: 'updating', reason: 'Draining', message: 'It goes on' };

function plan(name: string, message = 'It waits'): NodePlan {
  return { name, progress: 'waiting', reason: 'MaxUnavailable', message, drain: 'held' };
}

test('RolloutBoard tells of the nodes of which there is news, and of nothing twice', () => {
  const board = new RolloutBoard();
  const heard: string[] = [];
  board.listen((pool, nodes) => heard.push(`${pool}: ${nodes.join(' ')}`));
  board.tell('worker', { pool: POOL, nodes: [plan('n1'), plan('n2')] });
  board.tell('worker', { pool: POOL, nodes: [plan('n1'), plan('n2')] });
  board.tell('worker', { pool: POOL, nodes: [plan('n1'), plan('n2', 'It is its turn')] });
  board.tell('worker', {
    pool: { ...POOL, progress: 'halted' },
    nodes: [plan('n1'), plan('n2', 'It is its turn')],
  });
  board.tell('worker', { pool: { ...POOL, progress: 'halted' }, nodes: [plan('n1')] });
  board.forget('worker');
  board.forget('worker');
  assert.deepEqual(heard, ['worker: n1 n2', 'worker: n2', 'worker: ', 'worker: ', 'worker: n1']);
  assert.equal(board.of('worker'), undefined);
});

test('RolloutBoard permits no drain in a pool that is heard to be paused, before the next plan has been made', () => {
  const board = new RolloutBoard();
  let hearPool: (change: { type: 'added' | 'updated' | 'deleted'; object: MachineConfigPool }) => void = () =>
    undefined;
  let hearNode: (change: { type: 'added'; object: PoolNode }) => void = () => undefined;
  board.follow({
    pools: { subscribe: (listener: typeof hearPool) => ((hearPool = listener), () => undefined) },
    nodes: { subscribe: (listener: typeof hearNode) => ((hearNode = listener), () => undefined) },
  } as unknown as Parameters<RolloutBoard['follow']>[0]);
  const pool = (paused: boolean): MachineConfigPool => ({
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfigPool',
    metadata: { name: 'worker' },
    spec: { paused, nodeSelector: { matchLabels: { role: 'worker' } } },
  });
  hearPool({ type: 'added', object: pool(false) });
  hearNode({
    type: 'added',
    object: { metadata: { name: 'n1', labels: { role: 'worker' } } },
  });
  board.tell('worker', { pool: POOL, nodes: [{ ...plan('n1'), drain: 'permitted' }] });
  assert.equal(board.planOf('n1')?.drain, 'permitted');
  hearPool({ type: 'updated', object: pool(true) });
  const { drain, message } = board.planOf('n1') ?? {};
  assert.deepEqual(
    { drain, message },
    { drain: 'held', message: 'MachineConfigPool worker is paused: set spec.paused to false to go on' },
  );
  hearPool({ type: 'updated', object: pool(false) });
  assert.equal(board.planOf('n1')?.drain, 'permitted');
});
