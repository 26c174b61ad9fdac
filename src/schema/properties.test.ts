import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { checkStructural, compileRules, validate } from './engine.ts';
import { applyDefaults, copyJson, prune } from './index.ts';
import type { Json, JsonObject, Schema } from './index.ts';
import { compilePattern } from './patterns.ts';

const RUNS = { numRuns: 300 };
const NAMES = ['a', 'b', 'c d', '__proto__', 'constructor', 'in', 'x-y'];

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Json>(null, true, 0, 1.5, -1, 2 ** 60, '', 'x', '10Gi', '2024-01-01T00:00:00Z', '👑'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 4 }).map(objectOf),
  ),
})).value;

const objects = fc.array(fc.tuple(fc.constantFrom(...NAMES), json), { maxLength: 5 }).map(objectOf);

/** Schemas of all keywords in all combinations, most of them no sensible ones. */
const schemas = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<Schema>({ type: 'string' }, { type: 'integer' }, {}),
    fc.record(
      {
        type: fc.constantFrom('object', 'array', 'string', 'integer', 'number', 'boolean'),
        format: fc.constantFrom('date-time', 'byte', 'duration', 'int32', 'quantity', 'float', 'nothing'),
        default: json,
        nullable: fc.boolean(),
        enum: fc.array(json, { maxLength: 2 }),
        pattern: fc.constantFrom('^a+$', '(', '(a+)+$', '\\d{2}', ''),
        minLength: fc.nat(3),
        maxLength: fc.nat(3),
        minimum: fc.double({ noNaN: true, min: -5, max: 5 }),
        maximum: fc.integer({ min: -5, max: 5 }),
        exclusiveMaximum: fc.boolean(),
        multipleOf: fc.constantFrom(0, 1, 0.1, -2),
        items: tie('schema'),
        maxItems: fc.nat(2),
        minItems: fc.nat(2),
        properties: fc
          .array(fc.tuple(fc.constantFrom(...NAMES), tie('schema')), { maxLength: 4 })
          .map(objectOf),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
        required: fc.array(fc.constantFrom(...NAMES), { maxLength: 2 }),
        maxProperties: fc.nat(3),
        allOf: fc.array(tie('schema'), { maxLength: 2 }),
        anyOf: fc.array(tie('schema'), { maxLength: 2 }),
        oneOf: fc.array(tie('schema'), { maxLength: 2 }),
        not: tie('schema'),
        'x-kubernetes-preserve-unknown-fields': fc.boolean(),
        'x-kubernetes-int-or-string': fc.boolean(),
        'x-kubernetes-embedded-resource': fc.boolean(),
        'x-kubernetes-list-type': fc.constantFrom('atomic', 'set', 'map'),
        'x-kubernetes-list-map-keys': fc.array(fc.constantFrom(...NAMES), { maxLength: 2 }),
        'x-kubernetes-validations': fc.array(
          fc.constantFrom(
            { rule: 'self == oldSelf' },
            { rule: 'self.a == self.b', messageExpression: 'self.a' },
            { rule: 'self.all(x, x == self)', fieldPath: '.a' },
            { rule: 'oldSelf.hasValue() && self.size() > 1', optionalOldSelf: true },
            { rule: 'type(self) == string || has(self.x__dash__y)' },
            { rule: '(' },
          ),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Schema>,
  ),
})).schema;

function objectOf<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const object: Record<string, T> = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return object;
}

test('what is pruned once has nothing left to prune', () => {
  fc.assert(
    fc.property(schemas, objects, (schema, object) => {
      prune(schema, object);
      const text = JSON.stringify(object);
      assert.deepEqual(prune(schema, object), []);
      assert.equal(JSON.stringify(object), text);
    }),
    RUNS,
  );
});

test('pruning tells exactly what it removes', () => {
  fc.assert(
    fc.property(schemas, objects, (schema, object) => {
      const before = JSON.stringify(object);
      assert.equal(prune(schema, object).length === 0, JSON.stringify(object) === before);
    }),
    RUNS,
  );
});

test('defaults that were set are not set again', () => {
  fc.assert(
    fc.property(schemas, objects, (schema, object) => {
      applyDefaults(schema, object);
      const text = JSON.stringify(object);
      applyDefaults(schema, object);
      assert.equal(JSON.stringify(object), text);
    }),
    RUNS,
  );
});

test('any schema can be checked, and any object validated against it, before and after an update', () => {
  fc.assert(
    fc.property(schemas, objects, objects, (schema, object, old) => {
      const text = JSON.stringify(object);
      const errors = [...validate(schema, object), ...validate(schema, object, { old })];
      validate({ type: 'object', properties: { a: schema } }, { a: object }, { part: 'status' });
      errors.push(...compileRules(schema).validate(object), ...compileRules(schema).validate(object, old));
      errors.push(...checkStructural(schema, 'schema'));
      for (const error of errors) assert.equal(typeof error.message, 'string');
      assert.equal(JSON.stringify(object), text);
    }),
    RUNS,
  );
});

test('an object that is the same as before is always let pass', () => {
  fc.assert(
    fc.property(schemas, objects, (schema, object) => {
      const old = copyJson(object) as JsonObject;
      assert.deepEqual(
        validate({ ...schema, 'x-kubernetes-embedded-resource': false }, object, { old }).filter(ofSchema),
        [],
      );
    }),
    RUNS,
  );
});

/** Embedded resources are checked anew at every update. */
function ofSchema({ field }: { field: string }): boolean {
  return !/(^|\.)(apiVersion|kind)$/.test(field);
}

test('no pattern takes longer than its text deserves', () => {
  const text = `${'a'.repeat(50_000)}!`;
  const started = performance.now();
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(.*)*x', '^([a-z]+)*\\d$', '(a?){50}a{50}$']) {
    assert.equal(compilePattern(pattern).matches(text), false, pattern);
  }
  assert.ok(performance.now() - started < 60_000);
});
