import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { copyObject, type Json, type JsonObject, type Schema } from '../../schema/index.ts';
import { builtInSchema } from '../documents/index.ts';
import { TypeMismatch } from './type-mismatch.ts';
import { decodeTyped } from './typed-decoding.ts';

const POD = builtInSchema('', 'v1', 'Pod');
const NODE = builtInSchema('', 'v1', 'Node');
const SECRET = builtInSchema('', 'v1', 'Secret');
const SERVICE = builtInSchema('', 'v1', 'Service');

function decode(
  object: JsonObject,
  schema: Schema = POD,
  name = 'Pod',
): { object: JsonObject; unknown: string[] } {
  const copy = copyObject(object);
  return { unknown: decodeTyped(copy, schema, name), object: copy };
}

describe('decodeTyped()', () => {
  test('takes away what the kind does not have, and tells of it', () => {
    const { object, unknown } = decode({
      bogus: 1,
      metadata: { name: 'p', labels: { any: 'thing' }, nope: {} },
      spec: { containers: [{ name: 'c', wrong: true }, { ports: [{ bad: 1 }] }] },
      ...(JSON.parse('{"__proto__":{"x":1}}') as JsonObject),
      constructor: 5,
    });
    assert.deepEqual(unknown.sort(), [
      '__proto__',
      'bogus',
      'constructor',
      'metadata.nope',
      'spec.containers[0].wrong',
      'spec.containers[1].ports[0].bad',
    ]);
    assert.deepEqual(object, {
      metadata: { name: 'p', labels: { any: 'thing' } },
      spec: { containers: [{ name: 'c' }, { ports: [{}] }] },
    });
  });

  test('tells of no more than anyone reads', () => {
    const object = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 1]));
    const { unknown, object: left } = decode(object);
    assert.equal(unknown.length, 100);
    assert.deepEqual(left, {});
  });

  test('nulls are absent, and an empty value in a list', () => {
    assert.deepEqual(
      decode({ spec: { nodeName: null, containers: [null], hostAliases: null }, status: null }).object,
      {
        spec: { containers: [{}] },
      },
    );
    assert.deepEqual(decode({ metadata: { finalizers: [null, 'a'] } }).object, {
      metadata: { finalizers: ['', 'a'] },
    });
  });

  test('times are UTC, quantities texts', () => {
    const { object } = decode(
      {
        metadata: { creationTimestamp: '2026-01-01T00:00:00+01:00' },
        status: { capacity: { cpu: 4, memory: '1Gi' } },
      },
      NODE,
      'Node',
    );
    assert.deepEqual(object, {
      metadata: { creationTimestamp: '2025-12-31T23:00:00Z' },
      status: { capacity: { cpu: '4', memory: '1Gi' } },
    });
  });

  const mismatches: readonly (readonly [
    object: JsonObject,
    message: string,
    schema?: Schema,
    name?: string,
  ])[] = [
    [
      { metadata: { name: 5 } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string',
    ],
    [
      { metadata: { labels: { a: true } } },
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { spec: { hostNetwork: 'yes' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      { spec: { priority: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      { spec: { priority: 2 ** 31 } },
      'json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      { spec: { priority: '1' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      { spec: { terminationGracePeriodSeconds: 1e19 } },
      'json: cannot unmarshal number 1e+19 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64',
    ],
    [{ data: { a: '!' } }, 'illegal base64 data at input byte 0', SECRET, 'Secret'],
    [
      { spec: { ports: [{ targetPort: 1.5 }] } },
      'json: cannot unmarshal number 1.5 into Go value of type int32',
      SERVICE,
      'Service',
    ],
    [
      { spec: { ports: [{ targetPort: true }] } },
      'json: cannot unmarshal bool into Go value of type int32',
      SERVICE,
      'Service',
    ],
    [
      { metadata: { creationTimestamp: '2026-02-30T00:00:00Z' } },
      'parsing time "2026-02-30T00:00:00Z": day out of range',
    ],
    [
      { status: { capacity: { cpu: 'much' } } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      NODE,
      'Node',
    ],
  ];
  for (const [object, message, schema = POD, name = 'Pod'] of mismatches) {
    test(`refuses ${JSON.stringify(object)}`, () => {
      assert.throws(
        () => decode(object, schema, name),
        (error) => {
          assert.ok(error instanceof TypeMismatch);
          // Which struct Go names depends on how its types are nested: the rest is what people look for.
          const [given, wanted] = [error.message, message].map((text) =>
            text.replace(/field \w+\./, 'field '),
          );
          assert.equal(given, wanted);
          return true;
        },
      );
    });
  }

  test('what was decoded once is decoded the same again', () => {
    const value: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
    const member = fc.constantFrom(
      'metadata',
      'spec',
      'status',
      'containers',
      'name',
      'labels',
      'env',
      'ports',
      '__proto__',
    );
    const object = fc.letrec<{ node: Json }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        value,
        fc.dictionary(member, tie('node'), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<Json>,
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.dictionary(member, object, { maxKeys: 4, noNullPrototype: true }), (given) => {
        let once: { object: JsonObject; unknown: string[] };
        try {
          once = decode(given);
        } catch (error) {
          assert.ok(error instanceof TypeMismatch, String(error));
          return;
        }
        assert.deepEqual(decode(once.object), { object: once.object, unknown: [] });
      }),
      { numRuns: 300 },
    );
  });
});
