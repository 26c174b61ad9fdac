import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodePlan, PoolPlan } from '../rollout/index.ts';
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
