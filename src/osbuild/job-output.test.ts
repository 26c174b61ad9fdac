import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatOutput, outputKey, OutputReader } from './job-output.ts';

test('OutputReader gives each line once, those of the earlier pod first', () => {
  const reader = new OutputReader();
  const first = outputKey('z', new Date('2026-01-01T00:00:00Z'));
  const second = outputKey('a', new Date('2026-01-01T00:00:01Z'));
  assert.match(first, /^[-._a-zA-Z0-9]+$/, 'a key of a ConfigMap');
  assert.deepEqual(reader.next({ [first]: formatOutput(0, ['one']) }), ['one']);
  const both = { [second]: formatOutput(0, ['three']), [first]: formatOutput(0, ['one', 'two']) };
  assert.deepEqual(reader.next(both), ['two', 'three']);
  assert.deepEqual(reader.next(both), []);
});

test('OutputReader says what is lost between two looks', () => {
  const reader = new OutputReader();
  assert.deepEqual(reader.next({ k: formatOutput(0, ['1', '2']) }), ['1', '2']);
  assert.deepEqual(reader.next({ k: formatOutput(1, ['2', '3']) }), ['3']);
  assert.deepEqual(reader.next({ k: formatOutput(5, ['6']) }), ['[2 lines are not kept]', '6']);
  assert.deepEqual(new OutputReader().next({ k: formatOutput(2, ['3']) }), ['[2 lines are not kept]', '3']);
});

test('OutputReader takes what is older than what it has seen, or is nothing of ours, for nothing new', () => {
  const reader = new OutputReader();
  reader.next({ k: formatOutput(0, ['1', '2', '3']) });
  assert.deepEqual(reader.next({ k: formatOutput(0, ['1']) }), []);
  assert.deepEqual(reader.next({ k: formatOutput(0, ['1', '2', '3', '4']) }), ['4']);
  assert.deepEqual(reader.next({ other: 'anything\nelse' }), []);
});
