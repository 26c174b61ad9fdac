import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isJsonObject, type Json } from '../../schema/index.ts';
import { positionsIn, scanJson } from './json-scan.ts';

describe('scanJson()', () => {
  const duplicates: Readonly<Record<string, readonly string[]>> = {
    '{"a":1,"b":2}': [],
    '{"a":1,"a":2}': ['a'],
    '{"a":1,"a":2,"a":3}': ['a'],
    '{"a":{"b":1,"c":[{"d":1},{"d":2,"d":3}],"b":2}}': ['a.c[1].d', 'a.b'],
    '[{"a":1},{"a":1}]': [],
    '{"a":"\\"a\\":1,\\"a\\":2"}': [],
    '{"\\u0061":1,"a":2}': ['a'],
    '{"a\\\\":1,"a\\\\":2}': ['a\\'],
    ' { "__proto__" : 1 , "__proto__" : [ ] } ': ['__proto__'],
    '{"a":{"x":1},"a":{"x":2}}': ['a'],
    '{"":{"":1,"":2}}': ['.'],
    '5': [],
    '"{"': [],
  };
  for (const [text, expected] of Object.entries(duplicates)) {
    test(`${text} has ${expected.length === 0 ? 'no member' : expected.join(', ')} twice`, () => {
      assert.deepEqual(scanJson(text, 100).duplicates, expected);
    });
  }

  test('tells what is nested too deep, and looks no deeper', () => {
    assert.equal(scanJson('[[[1]]]', 3).isTooDeep, false);
    assert.equal(scanJson('[[[[1]]]]', 3).isTooDeep, true);
    assert.equal(scanJson('['.repeat(3_000_000), 500).isTooDeep, true);
    const hostile = `${'{"a":'.repeat(400_000)}{"b":1,"b":2}${'}'.repeat(400_000)}`;
    assert.deepEqual(scanJson(hostile, 500), { duplicates: [], isTooDeep: true, hugeNumber: undefined });
  });

  test('tells of numbers that become infinite', () => {
    assert.equal(scanJson('{"a":-1e400}', 5).hugeNumber, '1e400');
    assert.equal(scanJson(`[${'9'.repeat(400)}]`, 5).hugeNumber, '9'.repeat(400));
    assert.equal(
      scanJson('[1e308,-1.5E-400,123456789012345678901234567890,"1e999"]', 5).hugeNumber,
      undefined,
    );
  });

  test('remembers no more than anyone reads', () => {
    const text = `{${Array.from({ length: 1000 }, (_, index) => `"k${index}":1,"k${index}":2`).join(',')}}`;
    assert.equal(scanJson(text, 5).duplicates.length, 100);
  });

  test('finds nothing wrong with what JSON.stringify makes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        assert.deepEqual(scanJson(text, 10), { duplicates: [], isTooDeep: false, hugeNumber: undefined });
      }),
    );
  });
});

describe('positionsIn()', () => {
  test('orders members as the text does', () => {
    const text = '{"b":{"x":[{"y":1}]},"1":2,"a":{"y":3}}';
    const wanted = new Set(['a', '1', 'b.x[0].y', 'b', 'a.y', 'absent']);
    assert.deepEqual(
      [...positionsIn(text, wanted)].sort(([, a], [, b]) => a - b).map(([path]) => path),
      ['b', 'b.x[0].y', '1', 'a', 'a.y'],
    );
  });

  test('says where the last of several stands', () => {
    assert.equal(positionsIn('{"a":1,"b":2,"a":3}', new Set(['a'])).get('a'), 3);
  });

  test('finds the path of every member', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        // The path of a member without a name is not told from that of its object.
        fc.pre(!text.includes('"":'));
        const paths = pathsOf(JSON.parse(text) as Json, '');
        const positions = positionsIn(text, new Set(paths));
        for (const path of paths) assert.ok(positions.has(path), path);
      }),
    );
  });

  test('is quick with many members and many paths', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
    const text = `{${keys.map((key) => `"${key}":1`).join(',')}}`;
    const start = performance.now();
    assert.equal(positionsIn(text, new Set(keys.slice(0, 200))).size, 200);
    assert.ok(performance.now() - start < 60_000);
  });
});

function pathsOf(value: Json, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => pathsOf(item, `${path}[${index}]`));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const own = path === '' ? key : `${path}.${key}`;
    return [own].concat(pathsOf(member, own));
  });
}
