import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../schema/index.ts';
import { builtInDefinitions, type Definition } from '../documents/index.ts';
import { decodeMessage } from './message-decoder.ts';
import { type MessageField, messageFields } from './message-table.ts';
import { MESSAGES } from './messages.ts';
import { FieldBudget } from './wire-reader.ts';

const SIMPLE: Readonly<Record<string, { json: fc.Arbitrary<Json>; encode(value: Json): Buffer }>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': {
    json: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map((seconds) => timeText(seconds, '')),
    encode: (value) => varint(1, BigInt(Date.parse(value as string) / 1000)),
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': {
    json: fc
      .tuple(fc.integer({ min: 0, max: 253_402_300_799 }), fc.integer({ min: 0, max: 999_999 }))
      .map(([seconds, micros]) => timeText(seconds, `.${String(micros).padStart(6, '0')}`)),
    encode: (value) => {
      const [seconds = '', micros = ''] = (value as string).split(/[.Z]/);
      return Buffer.concat([
        varint(1, BigInt(Date.parse(`${seconds}Z`) / 1000)),
        varint(2, BigInt(micros) * 1000n),
      ]);
    },
  },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    json: fc.stringMatching(/^[1-9]\d{0,3}(?:m|Mi|)$/),
    encode: (value) => field(1, Buffer.from(value as string)),
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    json: fc.oneof(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.stringMatching(/^[1-9]\d?%$/)),
    encode: (value) =>
      Buffer.concat([
        varint(1, typeof value === 'string' ? 1n : 0n),
        varint(2, typeof value === 'number' ? BigInt(value) : 0n),
        field(3, Buffer.from(typeof value === 'string' ? value : '')),
      ]),
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': {
    json: fc.constant({ 'f:spec': { '.': {} } }),
    encode: (value) => field(1, Buffer.from(JSON.stringify(value))),
  },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {
    json: fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.integer(), { noNullPrototype: true }),
    encode: (value) => field(1, Buffer.from(JSON.stringify(value))),
  },
};

function timeText(seconds: number, fraction: string): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

function number(value: bigint): number[] {
  const bytes = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

function varint(tag: number, value: bigint): Buffer {
  return Buffer.from([...number(BigInt(tag) * 8n), ...number(value)]);
}

function field(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from([...number(BigInt(tag) * 8n + 2n), ...number(BigInt(content.length))]),
    content,
  ]);
}

/** The fields of a message with those that are inlined into it, each with the numbers that lead to it. */
function flatFields(name: string): [path: number[], field: MessageField][] {
  return [...messageFields(name)!].flatMap(([tag, own]) =>
    own.inlined === undefined
      ? [[[tag], own] as [number[], MessageField]]
      : flatFields(own.inlined).map(([path, inner]): [number[], MessageField] => [[tag, ...path], inner]),
  );
}

/** Objects of a message's JSON form, a few levels deep. */
function objects(name: string, depth: number): fc.Arbitrary<JsonObject> {
  const { properties = {} } = builtInDefinitions[name]!;
  const members = flatFields(name).filter(([, { name: member }]) => properties[member] !== undefined);
  return fc
    .subarray(members, { maxLength: Math.min(4, members.length) })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(
          chosen.map(([, { name: member, presence }]) => [
            member,
            values(properties[member]!, depth, presence !== 'unless-empty'),
          ]),
        ) as Record<string, fc.Arbitrary<Json>>,
        { noNullPrototype: true },
      ),
    );
}

function values(definition: Definition, depth: number, empty: boolean): fc.Arbitrary<Json> {
  const { $ref, type, items, additionalProperties, format } = definition;
  if ($ref !== undefined)
    return SIMPLE[$ref]?.json ?? (depth > 3 ? fc.constant({}) : objects($ref, depth + 1));
  if (items !== undefined) return fc.array(values(items, depth, true), { minLength: 1, maxLength: 3 });
  if (additionalProperties !== undefined) {
    return fc.uniqueArray(fc.constantFrom('a', 'b.c/d', '__proto__', ''), { minLength: 1 }).chain((keys) =>
      fc
        .array(values(additionalProperties, depth, true), {
          minLength: keys.length,
          maxLength: keys.length,
        })
        .map((each) => Object.fromEntries(keys.map((key, index) => [key, each[index]!]))),
    );
  }
  if (type === 'integer') {
    const integers = format === 'int64' ? fc.maxSafeInteger() : fc.integer();
    return empty ? integers : integers.filter((value) => value !== 0);
  }
  if (type === 'boolean') return empty ? fc.boolean() : fc.constant(true);
  if (format === 'byte') {
    return fc.uint8Array({ minLength: empty ? 0 : 1 }).map((bytes) => Buffer.from(bytes).toString('base64'));
  }
  return fc.string({ unit: 'grapheme', minLength: empty ? 0 : 1 });
}

function encodeObject(name: string, object: JsonObject): Buffer {
  const { properties = {} } = builtInDefinitions[name]!;
  const parts = flatFields(name).flatMap(([path, { name: member }]) => {
    if (!Object.hasOwn(object, member)) return [];
    const [last = 0, ...outer] = path.toReversed();
    const written = encodeMember(last, properties[member]!, object[member]!);
    return [outer.reduce((inner, tag) => field(tag, inner), written)];
  });
  return Buffer.concat(parts);
}

function encodeMember(tag: number, definition: Definition, value: Json): Buffer {
  const { items, additionalProperties } = definition;
  if (items !== undefined)
    return Buffer.concat((value as Json[]).map((item) => encodeMember(tag, items, item)));
  if (additionalProperties !== undefined) {
    const entries = Object.entries(value as JsonObject).map(([key, each]) => {
      const isList = additionalProperties.type === 'array';
      const written = encodeMember(isList ? 1 : 2, additionalProperties, each);
      return field(tag, Buffer.concat([field(1, Buffer.from(key)), isList ? field(2, written) : written]));
    });
    return Buffer.concat(entries);
  }
  const { $ref, type, format } = definition;
  if ($ref !== undefined) {
    return field(tag, SIMPLE[$ref]?.encode(value) ?? encodeObject($ref, value as JsonObject));
  }
  if (type === 'integer' || type === 'boolean') return varint(tag, BigInt(value as number | boolean));
  return field(tag, Buffer.from(value as string, format === 'byte' ? 'base64' : 'utf8'));
}

test('decodeMessage() gives back what was written, of every kind', () => {
  const kinds = Object.entries(builtInDefinitions)
    .filter(
      ([name, { 'x-kubernetes-group-version-kind': kind }]) => kind && messageFields(name) !== undefined,
    )
    .map(([name]) => name);
  assert.ok(kinds.length > 40);
  const pair = fc.constantFrom(...kinds).chain((name) => fc.tuple(fc.constant(name), objects(name, 0)));
  fc.assert(
    fc.property(pair, ([name, object]) => {
      assert.deepEqual(decodeMessage(name, encodeObject(name, object), new FieldBudget()), object);
    }),
    { numRuns: 1000 },
  );
});

test('decodeMessage() skips fields that it does not know', () => {
  const unknown = Buffer.concat([
    varint(99, 5n),
    field(98, Buffer.from('x')),
    Buffer.from([...number(97n * 8n + 1n), 0, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from([...number(96n * 8n + 5n), 0, 0, 0, 0]),
  ]);
  const name = 'io.k8s.api.core.v1.ConfigMap';
  const known = field(1, field(1, Buffer.from('c')));
  assert.deepEqual(decodeMessage(name, Buffer.concat([unknown, known, unknown]), new FieldBudget()), {
    metadata: { name: 'c' },
  });
});

test('decodeMessage() reads packed numbers, and a message in parts', () => {
  const name = 'io.k8s.api.core.v1.PodSecurityContext';
  const packed = field(4, Buffer.from([...number(5n), ...number(300n), ...number(-1n)]));
  assert.deepEqual(decodeMessage(name, packed, new FieldBudget()), { supplementalGroups: [5, 300, -1] });
  const metadata = [field(1, field(1, Buffer.from('c'))), field(1, field(3, Buffer.from('n')))];
  assert.deepEqual(decodeMessage('io.k8s.api.core.v1.Pod', Buffer.concat(metadata), new FieldBudget()), {
    metadata: { name: 'c', namespace: 'n' },
  });
});

test('every message of the tables can be read, and its fields are members of its definition', () => {
  for (const [prefix, messages] of Object.entries(MESSAGES)) {
    for (const simple of Object.keys(messages)) {
      const name = `${prefix}.${simple}`;
      const { properties } = builtInDefinitions[name] ?? {};
      for (const [, { name: member }] of flatFields(name)) {
        assert.ok(properties === undefined || Object.hasOwn(properties, member), `${name}.${member}`);
      }
    }
  }
});
