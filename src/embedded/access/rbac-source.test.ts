import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedRbac } from './rbac-source.ts';

interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly text: string;
}

class SampleStore {
  readonly rows = new Map<string, Row[]>();
  written = Promise.resolve();
  #listener: ((storages: ReadonlySet<string>) => void) | undefined;

  list(storage: string): readonly Row[] {
    return this.rows.get(storage) ?? [];
  }

  settled(): Promise<void> {
    return this.written;
  }

  subscribe(listener: (storages: ReadonlySet<string>) => void): () => void {
    this.#listener = listener;
    return () => (this.#listener = undefined);
  }

  tell(...storages: string[]): void {
    this.#listener?.(new Set(storages));
  }
}

test('the version differs after a change of a role or binding, and after no other', () => {
  const store = new SampleStore();
  const source = storedRbac(store);
  const first = source.version();
  store.tell('pods', 'nodes');
  assert.equal(source.version(), first);
  store.tell('pods', 'rbac.authorization.k8s.io/roles');
  const second = source.version();
  assert.notEqual(second, first);
  store.tell('rbac.authorization.k8s.io/clusterrolebindings');
  assert.notEqual(source.version(), second);
  source.close();
  const last = source.version();
  store.tell('rbac.authorization.k8s.io/roles');
  assert.equal(source.version(), last);
});

test('only what changed is parsed again, and what is gone is forgotten', () => {
  const store = new SampleStore();
  const source = storedRbac(store);
  const row = (name: string, revision: number): Row => ({
    namespace: 'ns',
    name,
    revision,
    text: `{"n":${revision}}`,
  });
  store.rows.set('rbac.authorization.k8s.io/roles', [row('a', 1), row('b', 2)]);
  const [a, b] = source.list('roles');
  assert.deepEqual([a, b], [{ n: 1 }, { n: 2 }]);
  store.rows.set('rbac.authorization.k8s.io/roles', [row('b', 3), row('a', 1)]);
  const later = source.list('roles');
  assert.deepEqual(later, [{ n: 3 }, { n: 1 }]);
  assert.equal(later[1], a);
  assert.deepEqual(source.list('clusterroles'), []);
});

test('what was read and then could not be written to disk is read anew, even under the same revision', async () => {
  const store = new SampleStore();
  const source = storedRbac(store);
  const roles = 'rbac.authorization.k8s.io/roles';
  const first = source.version();
  const { promise, reject } = Promise.withResolvers<void>();
  store.written = promise;
  store.rows.set(roles, [{ namespace: 'ns', name: 'a', revision: 2, text: '{"n":1}' }]);
  assert.deepEqual(source.list('roles'), [{ n: 1 }]);
  reject(new Error('disk full'));
  await assert.rejects(promise);
  assert.notEqual(source.version(), first);
  store.written = Promise.resolve();
  store.rows.set(roles, [{ namespace: 'ns', name: 'a', revision: 2, text: '{"n":2}' }]);
  assert.deepEqual(source.list('roles'), [{ n: 2 }]);
});
