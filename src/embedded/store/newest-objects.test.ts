import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NewestObjects } from './newest-objects.ts';
import type { StoredObject } from './store.ts';

function object(name: string, text = '{}', namespace = 'default', storage = 'configmaps'): StoredObject {
  return { storage, namespace, name, revision: 2, text, labels: {}, fields: {} };
}

describe('NewestObjects', () => {
  test('have each object as it was written last', () => {
    const newest = new NewestObjects(100);
    const [first, second] = [object('a', '{"n":1}'), object('a', '{"n":2}')];
    newest.add(first);
    newest.add(second);
    assert.equal(newest.get(object('a')), second);
    assert.equal(newest.get(object('a', '', 'other')), undefined);
    assert.equal(newest.get(object('a', '', 'default', 'secrets')), undefined);
    newest.delete(object('a'));
    newest.delete(object('b'));
    assert.equal(newest.get(object('a')), undefined);
  });

  test('let those go first whose last write is the longest ago', () => {
    const newest = new NewestObjects(10);
    newest.add(object('a', '12345'));
    newest.add(object('b', '12345'));
    newest.add(object('a', '12345'));
    newest.add(object('c', '12345'));
    const known = (): string[] =>
      ['a', 'b', 'c', 'd'].filter((name) => newest.get(object(name)) !== undefined);
    assert.deepEqual(known(), ['a', 'c']);
    newest.add(object('d', '12345678901'));
    assert.deepEqual(known(), []);
    newest.add(object('a', '1234567890'));
    assert.deepEqual(known(), ['a']);
    newest.clear();
    assert.deepEqual(known(), []);
    newest.add(object('b', '1234567890'));
    assert.deepEqual(known(), ['b']);
  });
});
