import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { numberAt, objectAt, objectsAt, textAt, type JsonObject } from '../../schema/index.ts';
import { TestCluster, gadgets, type TestAnswer } from '../test-cluster.ts';

let cluster: TestCluster;
const MAPS = '/api/v1/namespaces/default/configmaps';

before(async () => {
  cluster = await TestCluster.open({ revisions: 2000 });
  cluster.serve(gadgets());
});

after(() => cluster.close());

function list(query = '', path = MAPS): Promise<TestAnswer> {
  return cluster.call('GET', `${path}?${query}`);
}

function names(answer: TestAnswer): string[] {
  assert.equal(answer.status, 200, answer.text);
  return objectsAt(answer.body, 'items').map((item) => textAt(item, 'metadata', 'name'));
}

function map(name: string, namespace = 'default', labels: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } };
}

async function remove(object: JsonObject): Promise<void> {
  const kind = cluster.kind('v1', 'ConfigMap');
  const found = cluster.get(object);
  if (found !== undefined) await cluster.store.transact(() => cluster.client.delete(kind, found));
}

async function clear(): Promise<void> {
  for (const { namespace, name } of cluster.store.list('configmaps')) await remove(map(name, namespace));
}

describe('A list in pages', () => {
  test('says how to go on, and how many are left', async () => {
    await clear();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await cluster.create(map(name));
    const first = await list('limit=2');
    assert.deepEqual(names(first), ['a', 'b']);
    assert.equal(numberAt(first.body, 'metadata', 'remainingItemCount'), 3);
    const token = textAt(first.body, 'metadata', 'continue');
    const revision = textAt(first.body, 'metadata', 'resourceVersion');
    assert.deepEqual(JSON.parse(Buffer.from(token, 'base64url').toString()), {
      v: 'meta.k8s.io/v1',
      rv: Number(revision),
      start: '/b\u0000',
    });
    await remove(map('c'));
    await cluster.create(map('bb'));
    const rest = await list(`limit=10&continue=${token}`);
    assert.deepEqual(names(rest), ['c', 'd', 'e']);
    assert.equal(textAt(rest.body, 'metadata', 'resourceVersion'), revision);
    assert.equal(textAt(rest.body, 'metadata', 'continue'), '');
  });

  test('of a selection does not say how many are left', async () => {
    await clear();
    for (const name of ['a', 'b', 'c', 'd'])
      await cluster.create(map(name, 'default', name < 'd' ? { l: 'x' } : {}));
    const first = await list('limit=2&labelSelector=l%3Dx');
    assert.deepEqual(names(first), ['a', 'b']);
    assert.equal(numberAt(first.body, 'metadata', 'remainingItemCount'), undefined);
    const token = textAt(first.body, 'metadata', 'continue');
    assert.deepEqual(names(await list(`limit=2&labelSelector=l%3Dx&continue=${token}`)), ['c']);
  });

  test('all pages together are the list of the first page, whatever is written meanwhile', async () => {
    const name = fc
      .string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 3 })
      .map((n) => `x${n}x`);
    const object = fc.record({ name, namespace: fc.constantFrom('default', 'other') });
    const write = fc.record({ object, deleted: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { maxLength: 12 }),
        fc.array(fc.array(write, { maxLength: 3 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(MAPS, '/api/v1/configmaps'),
        fc.constantFrom('', '&labelSelector=l'),
        async (objects, writes, limit, path, selector) => {
          await clear();
          let count = 0;
          const put = async (one: { name: string; namespace: string }): Promise<void> => {
            if (cluster.get(map(one.name, one.namespace)) !== undefined)
              await remove(map(one.name, one.namespace));
            await cluster.create(map(one.name, one.namespace, count++ % 3 === 0 ? {} : { l: 'x' }));
          };
          for (const one of objects) await put(one);
          const whole = objectsAt((await list(selector.slice(1), path)).body, 'items');
          const paged: JsonObject[] = [];
          let token = '';
          let page = 0;
          do {
            const answer = await list(`limit=${limit}${selector}${token}`, path);
            assert.equal(answer.status, 200, answer.text);
            paged.push(...objectsAt(answer.body, 'items'));
            const next = textAt(answer.body, 'metadata', 'continue');
            token = next === '' ? '' : `&continue=${next}`;
            for (const { object: one, deleted } of writes[page++] ?? []) {
              if (deleted) await remove(map(one.name, one.namespace));
              else await put(one);
            }
          } while (token !== '');
          assert.deepEqual(paged, whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('an expired one goes on with what there is now, if the client wants that', async () => {
    await clear();
    for (const name of ['a', 'b', 'c']) await cluster.create(map(name));
    const token = textAt((await list('limit=1')).body, 'metadata', 'continue');
    await cluster.create(map('bb'));
    await cluster.store.compact(cluster.store.revision);
    const expired = await list(`limit=1&continue=${token}`);
    assert.equal(expired.status, 410);
    assert.equal(expired.body['reason'], 'Expired');
    const inconsistent = textAt(expired.body, 'metadata', 'continue');
    assert.deepEqual(names(await list(`continue=${inconsistent}`)), ['b', 'bb', 'c']);
  });

  const bad: Readonly<Record<string, string>> = {
    '!': 'invalid continue token: continue key is not valid: ',
    [encode({ v: 'x', rv: 1, start: 'a' })]: 'invalid continue token: continue key is not valid: ',
    [encode({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' })]:
      'invalid continue token: continue key is not valid: ',
    [encode({ v: 'meta.k8s.io/v1', rv: 1.5, start: 'a' })]:
      'invalid continue token: continue key is not valid: ',
    [encode({ v: 'meta.k8s.io/v1', rv: 1 })]: 'invalid continue token: continue key is not valid: ',
    [encode(null)]: 'invalid continue token: continue key is not valid: ',
    [encode([])]: 'invalid continue token: continue key is not valid: ',
  };
  for (const [token, message] of Object.entries(bad)) {
    test(`no token of ours is refused: ${Buffer.from(token, 'base64url').toString()}`, async () => {
      const answer = await list(`continue=${encodeURIComponent(token)}`);
      assert.equal(answer.status, 400);
      assert.ok(textAt(answer.body, 'message').startsWith(message), answer.text);
    });
  }

  test('a token that leads into the future, or anywhere, does no harm', async () => {
    const future = await list(`continue=${encode({ v: 'meta.k8s.io/v1', rv: 1e9, start: 'a' })}`);
    assert.equal(future.status, 410);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), async (start) => {
        const token = encode({ v: 'meta.k8s.io/v1', rv: cluster.store.revision, start });
        for (const path of [MAPS, '/api/v1/configmaps', '/api/v1/nodes'])
          assert.equal((await list(`continue=${token}`, path)).status, 200);
      }),
      { numRuns: 50 },
    );
  });
});

function encode(token: unknown): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

describe('A list of one name', () => {
  test('has the object of that name, where it is what else is asked for, as of when it is asked for', async () => {
    await clear();
    for (const name of ['a', 'b', 'c']) await cluster.create(map(name, 'default', { l: name }));
    await cluster.create(map('b', 'other'));
    const all = '/api/v1/configmaps';
    const named = (name: string): string => `fieldSelector=metadata.name%3D${name}`;
    const answer = await list(`${named('b')}&limit=500`);
    assert.deepEqual(names(answer), ['b']);
    assert.equal(textAt(answer.body, 'metadata', 'resourceVersion'), String(cluster.store.revision));
    assert.deepEqual(names(await list(named('b'))), ['b']);
    assert.deepEqual(names(await list(named('b'), all)), ['b', 'b']);
    assert.deepEqual(names(await list(`${named('b')},metadata.namespace%3Dother`, all)), ['b']);
    assert.deepEqual(names(await list(`${named('b')},metadata.namespace%3Dother`)), []);
    assert.deepEqual(names(await list(`${named('b')}&labelSelector=l%3Da`)), []);
    assert.deepEqual(names(await list(named('d'))), []);
    const before = cluster.store.revision;
    await remove(map('b'));
    assert.deepEqual(names(await list(named('b'))), []);
    const exact = `&resourceVersionMatch=Exact&resourceVersion=${before}`;
    assert.deepEqual(names(await list(`${named('b')}${exact}`)), ['b']);
    assert.deepEqual(names(await list(named('web-1'), '/api/v1/nodes')), []);
    await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'web-1' } });
    assert.deepEqual(names(await list(named('web-1'), '/api/v1/nodes')), ['web-1']);
  });
});

describe('resourceVersion of a list', () => {
  test('0 and older ones mean what there is, Exact means just that', async () => {
    await clear();
    await cluster.create(map('a'));
    const revision = cluster.store.revision;
    await cluster.create(map('b'));
    const now = String(cluster.store.revision);
    for (const query of ['', 'resourceVersion=0', `resourceVersion=${revision}`]) {
      const answer = await list(query);
      assert.deepEqual(names(answer), ['a', 'b']);
      assert.equal(textAt(answer.body, 'metadata', 'resourceVersion'), now);
    }
    const notOlder = `resourceVersion=${revision}&resourceVersionMatch=NotOlderThan`;
    assert.deepEqual(names(await list(notOlder)), ['a', 'b']);
    assert.deepEqual(names(await list(`${notOlder}&limit=5`)), ['a', 'b']);
    for (const query of ['&resourceVersionMatch=Exact', '&limit=5']) {
      const exact = await list(`resourceVersion=${revision}${query}`);
      assert.deepEqual(names(exact), ['a'], query);
      assert.equal(textAt(exact.body, 'metadata', 'resourceVersion'), String(revision));
    }
  });

  test('one that is forgotten, or not written yet, is told so', async () => {
    await cluster.create(map('z'));
    await cluster.store.compact(cluster.store.revision);
    const old = await list('resourceVersion=2&resourceVersionMatch=Exact');
    assert.equal(old.status, 410);
    assert.equal(textAt(old.body, 'message'), 'The resourceVersion for the provided list is too old.');
    const future = await list('resourceVersion=1000000');
    assert.equal(future.status, 504);
    assert.equal(future.headers['retry-after'], '1');
  });

  const refused: Readonly<Record<string, number>> = {
    'resourceVersion=x': 400,
    'resourceVersion=-1': 400,
    'limit=x': 400,
    'resourceVersionMatch=Exact': 422,
    'resourceVersion=0&resourceVersionMatch=Exact': 422,
    'resourceVersion=5&resourceVersionMatch=Sometimes': 422,
    'sendInitialEvents=true': 422,
    [`continue=${encode({ v: 'meta.k8s.io/v1', rv: 5, start: 'a' })}&resourceVersion=5`]: 400,
    'labelSelector=a%20b': 400,
    'fieldSelector=data.a%3D1': 400,
    [`labelSelector=${'a'.repeat(20_000)}`]: 400,
  };
  for (const [query, status] of Object.entries(refused)) {
    test(`${query.slice(0, 60)} → ${status}`, async () => {
      assert.equal((await list(query)).status, status);
    });
  }

  test('limits of no use are none', async () => {
    for (const query of ['limit=0', 'limit=-1', 'limit=999999999999'])
      assert.equal((await list(query)).status, 200);
  });
});

describe('The form of a list', () => {
  test('items of built-in kinds do not say what they are, those of custom kinds do', async () => {
    await clear();
    await cluster.create(map('a'));
    const [item] = objectsAt((await list()).body, 'items');
    assert.equal(item?.['kind'], undefined);
    await cluster.create({
      apiVersion: 'lab.example.com/v1',
      kind: 'Gadget',
      metadata: { name: 'g', namespace: 'default' },
    });
    const answer = await list('', '/apis/lab.example.com/v1/gadgets');
    const [gadget] = objectsAt(answer.body, 'items');
    assert.deepEqual([gadget?.['apiVersion'], gadget?.['kind']], ['lab.example.com/v1', 'Gadget']);
    assert.equal(objectAt(answer.body, 'metadata')?.['continue'], '');
  });

  test('an empty one, and one of no such namespace, has no items', async () => {
    assert.deepEqual((await list('', '/api/v1/namespaces/nowhere/configmaps')).body['items'], []);
  });

  test('as a Table, as metadata, as YAML', async () => {
    await clear();
    await cluster.create(map('a'));
    const table = await cluster.call('GET', MAPS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    assert.equal(table.body['kind'], 'Table');
    const [row] = objectsAt(table.body, 'rows');
    assert.deepEqual(row?.['cells'], ['a', 0, '0s']);
    assert.equal(textAt(row, 'object', 'kind'), 'PartialObjectMetadata');
    const metadata = await cluster.call('GET', MAPS, {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    });
    assert.equal(metadata.body['kind'], 'PartialObjectMetadataList');
    const yaml = await cluster.call('GET', MAPS, { accept: 'application/yaml' });
    assert.match(yaml.text, /^apiVersion: v1\nitems:\n {2}- metadata:/);
  });
});
