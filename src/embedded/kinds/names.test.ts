import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configKeyProblems,
  environmentNameProblems,
  pathSegmentProblems,
  portNameProblems,
} from './names.ts';

test('good names have no problems', () => {
  const table: [(name: string) => string[], string[]][] = [
    [configKeyProblems, ['a', '.a', 'A_b-c.d', '-']],
    [environmentNameProblems, ['A', 'a b', '1']],
    [pathSegmentProblems, ['system:node', 'A b', 'x.y']],
    [portNameProblems, ['http', 'a-1']],
  ];
  for (const [problems, names] of table) {
    for (const name of names) assert.deepEqual(problems(name), [], name);
  }
});

test('bad names are told in the words of Kubernetes', () => {
  assert.deepEqual(configKeyProblems('..'), ["must not be '..'"]);
  assert.deepEqual(configKeyProblems('..a'), ["must not start with '..'"]);
  assert.deepEqual(pathSegmentProblems('a/b%'), ["may not contain '/'", "may not contain '%'"]);
  assert.deepEqual(pathSegmentProblems('..'), ["may not be '..'"]);
});
