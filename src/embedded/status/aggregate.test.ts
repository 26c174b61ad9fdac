import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidValue, requiredValue } from '../../schema/index.ts';
import { aggregate, aggregateErrors } from './index.ts';

test('aggregate() puts several in brackets, each once', () => {
  assert.equal(aggregate(['a']), 'a');
  assert.equal(aggregate(['a', 'b', 'a']), '[a, b]');
  assert.equal(aggregate(['a', 'a']), 'a');
});

test('aggregateErrors() names the fields', () => {
  const errors = [requiredValue('spec.a'), invalidValue('spec.b', 1, 'must be 2')];
  assert.equal(aggregateErrors(errors), '[spec.a: Required value, spec.b: Invalid value: 1: must be 2]');
});
