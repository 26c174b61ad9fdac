import assert from 'node:assert/strict';
import test from 'node:test';

import { printPatched } from './print-patched.ts';

const patched = {
  kind: 'K',
  data: { b: '2', a: 1 },
  apiVersion: 'v1',
  metadata: { name: 'n', labels: { z: '1', y: '2' } },
};

test('printPatched() sorts what a merge patch reached into', () => {
  assert.equal(
    printPatched(patched, { data: { a: 1 } }, 'merge'),
    '{"apiVersion":"v1","data":{"a":1,"b":"2"},"kind":"K","metadata":{"name":"n","labels":{"z":"1","y":"2"}}}',
  );
});

test('printPatched() sorts what the paths of a JSON patch go through', () => {
  assert.equal(
    printPatched(patched, [{ op: 'add', path: '/metadata/labels/z', value: '1' }], 'json'),
    '{"apiVersion":"v1","data":{"b":"2","a":1},"kind":"K","metadata":{"labels":{"y":"2","z":"1"},"name":"n"}}',
  );
  assert.equal(printPatched({ b: 1, a: 2 }, [1, { path: '' }, { path: 'x' }], 'json'), '{"a":2,"b":1}');
});
