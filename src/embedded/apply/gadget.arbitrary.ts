import fc from 'fast-check';

import type { Json, JsonObject, Schema } from '../../schema/index.ts';

const text: Schema = { type: 'string' };
const number: Schema = { type: 'integer' };

/** A made-up kind with one field of every sort of ownership. */
export const gadgetSchema: Schema = {
  type: 'object',
  properties: {
    apiVersion: text,
    kind: text,
    metadata: {
      type: 'object',
      properties: {
        name: text,
        namespace: text,
        uid: text,
        generation: number,
        resourceVersion: text,
        labels: { type: 'object', additionalProperties: text },
        annotations: { type: 'object', additionalProperties: text },
        finalizers: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
        managedFields: { type: 'array', items: { type: 'object' } },
      },
    },
    spec: {
      type: 'object',
      properties: {
        size: number,
        tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
        taints: { type: 'array', items: { type: 'object', properties: { key: text } } },
        selector: { type: 'object', additionalProperties: text, 'x-kubernetes-map-type': 'atomic' },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            properties: { port: number, protocol: { type: 'string', default: 'TCP' }, name: text },
          },
        },
        entries: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['key'],
          items: {
            type: 'object',
            properties: { key: text, value: text, more: { type: 'array', items: text } },
          },
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'boolean' }, replicas: number } },
  },
};

const word = fc.constantFrom('a', 'b', 'c');

function listOf(item: fc.Arbitrary<Json>, key: (item: Json) => Json): fc.Arbitrary<Json> {
  return fc.uniqueArray(item, { maxLength: 3, selector: (value) => JSON.stringify(key(value)) });
}

function keysOf(item: Json, ...names: string[]): Json {
  const members = item as JsonObject;
  return names.map((name) => members[name] ?? (name === 'protocol' ? 'TCP' : null));
}

const free = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, word, fc.integer(), fc.constant(null), fc.array(word), tie('object')),
  object: fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), tie('value')),
})).object as fc.Arbitrary<JsonObject>;

/** Any spec that fits the schema. */
export const gadgetSpec: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      size: fc.integer({ min: 0, max: 3 }),
      tags: listOf(word, (item) => item),
      taints: fc.array(fc.record({ key: word }), { maxLength: 2 }),
      selector: fc.dictionary(word, word),
      ports: listOf(
        fc.record(
          { port: fc.constantFrom(80, 443), protocol: fc.constantFrom('TCP', 'UDP'), name: word },
          { requiredKeys: ['port'] },
        ) as fc.Arbitrary<Json>,
        (item) => keysOf(item, 'port', 'protocol'),
      ),
      entries: listOf(
        fc.record(
          { key: word, value: word, more: fc.array(word, { maxLength: 2 }) },
          { requiredKeys: ['key'] },
        ) as fc.Arbitrary<Json>,
        (item) => keysOf(item, 'key'),
      ),
      free,
    },
    { requiredKeys: [] },
  )
  .map(plain);

/** Any object of the kind, with or without parts. */
export const gadget: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      metadata: fc.record(
        {
          labels: fc.dictionary(word, word),
          annotations: fc.dictionary(word, word),
          finalizers: listOf(word, (item) => item),
        },
        { requiredKeys: [] },
      ),
      spec: gadgetSpec,
      status: fc.record(
        { ready: fc.boolean(), replicas: fc.integer({ min: 0, max: 2 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  .map(plain);

/** As a request's body would be: without prototypes of fast-check's making. */
function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
