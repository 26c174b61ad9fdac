import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { customResourceDefinitions } from './index.ts';
import { around, mutationsOf } from './mutations.ts';
import { fullObject, objectsOf } from './objects.arbitrary.ts';
import { SAMPLES, referenceManifests, schemaOf } from './reference-manifests.ts';
import { judge } from './verdict.ts';
import type { TestContext } from 'node:test';
import type { JsonObject, Schema } from '../../schema/index.ts';
import type { Judge } from './verdict.ts';

interface Pair {
  readonly kind: string;
  readonly schema: Schema;
  readonly ours: Judge;
  readonly theirs: Judge;
}

/** Each kind as we have it and as the reference manifest has it. */
function pairs(t: TestContext): readonly Pair[] {
  const references = referenceManifests(t);
  return customResourceDefinitions.flatMap((definition) => {
    const reference = references.get(definition.metadata.name);
    if (reference === undefined) return [];
    const schema = schemaOf(reference);
    return [
      { kind: definition.spec.names.kind, schema, ours: judge(schemaOf(definition)), theirs: judge(schema) },
    ];
  });
}

/** How often something was accepted and refused: a comparison in which nothing ever is compares nothing. */
class Tally {
  accepted = 0;
  refused = 0;

  compare({ ours, theirs }: Pair, name: string, object: JsonObject, old?: JsonObject): void {
    const expected = theirs.errors(object, old);
    assert.deepEqual(ours.errors(object, old), expected, name);
    if (expected.length === 0) this.accepted += 1;
    else this.refused += 1;
  }
}

test('what the reference manifest accepts or refuses, the definition does', async (t) => {
  for (const pair of pairs(t)) {
    const full = fullObject(pair.schema);
    const mutations = mutationsOf(pair.schema, full);
    await t.test(`${pair.kind}: the object with all members`, () => {
      assert.deepEqual(pair.theirs.errors(full), []);
      assert.deepEqual(pair.ours.errors(full), []);
      assert.deepEqual(pair.ours.stored(full), pair.theirs.stored(full));
    });
    await t.test(`${pair.kind}: each change of it, ${mutations.length} in all`, () => {
      const tally = new Tally();
      for (const { name, path, apply } of mutations) {
        tally.compare(pair, name, apply(around(pair.schema, full, path)));
      }
      assert.ok(tally.accepted > 0 && tally.refused > 0, JSON.stringify(tally));
    });
    await t.test(`${pair.kind}: random objects, their changes, and updates between them`, () => {
      const tally = new Tally();
      fc.assert(
        fc.property(objectsOf(pair.schema), fc.nat(), (object, choice) => {
          tally.compare(pair, 'unchanged', object);
          const all = mutationsOf(pair.schema, object);
          const { name, apply } = all[choice % all.length]!;
          const changed = apply(object);
          tally.compare(pair, name, changed);
          for (const [before, after] of [
            [object, changed],
            [changed, object],
          ] as const) {
            if (pair.theirs.errors(before).length === 0)
              tally.compare(pair, `update: ${name}`, after, pair.theirs.stored(before));
          }
        }),
        { numRuns: 60 },
      );
      assert.ok(tally.accepted > 0 && tally.refused > 0, JSON.stringify(tally));
    });
  }
});

test('what a real API server accepted, the definitions do', (t) => {
  const all = pairs(t);
  if (all.length === 0) return;
  const samples = loadAll(readFileSync(SAMPLES, 'utf8')) as JsonObject[];
  assert.ok(samples.length > 0);
  for (const sample of samples) {
    const { ours } = all.find(({ kind }) => kind === sample['kind'])!;
    assert.deepEqual(ours.errors(sample), []);
  }
});

test('a digest in a nested repository can be stored, unlike with the reference manifests', (t) => {
  const all = pairs(t);
  if (all.length === 0) return;
  const different = all.filter(({ schema, ours, theirs }) => {
    const text = JSON.stringify(fullObject(schema)).replaceAll('/os@sha256:', '/nested/deep/os@sha256:');
    const object = JSON.parse(text) as JsonObject;
    assert.deepEqual(ours.errors(object), []);
    return theirs.errors(object).length > 0;
  });
  assert.deepEqual(
    different.map(({ kind }) => kind),
    ['MachineConfigNode', 'MachineOSBuild', 'MachineOSConfig', 'OSImageStream', 'PinnedImageSet'],
  );
});
