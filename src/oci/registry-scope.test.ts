import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteScope, pullScope, pushScope, scopeValues } from './registry-scope.ts';

test('scopeValues() merges what we need with what the challenge names, per repository', () => {
  assert.deepEqual(scopeValues([pushScope('a'), pullScope('b'), pullScope('a')], undefined), [
    'repository:a:pull,push',
    'repository:b:pull',
  ]);
  assert.deepEqual(scopeValues([pullScope('a')], 'repository:a:push,pull repository:c:pull aws'), [
    'repository:a:pull,push',
    'repository:c:pull',
    'aws',
  ]);
  assert.deepEqual(scopeValues([deleteScope('a')], ''), ['repository:a:delete,pull']);
});
