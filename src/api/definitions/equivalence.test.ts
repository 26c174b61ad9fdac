import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { checkStructural } from '../../schema/engine.ts';
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

interface Case {
  readonly name: string;
  readonly before: JsonObject;
  readonly after: JsonObject;
}

/** Which of the members that exclude each other an object has. */
const VARIANTS = [0, 1, 2] as const;

/** In one run; the largest kind has six times as many, and each run takes others of them. */
const MAX_CASES = 2500;

/** Every change of a place in the objects that have all members. */
function casesOf(schema: Schema): readonly Case[] {
  const cases = new Map<string, Case>();
  for (const full of VARIANTS.map((variant) => fullObject(schema, variant))) {
    const parts = new Map<string, JsonObject>();
    for (const { name, path, apply } of mutationsOf(schema, full)) {
      const place = path.join('/');
      const before = parts.get(place) ?? around(schema, full, path);
      parts.set(place, before);
      const after = apply(before);
      cases.set(JSON.stringify(after), { name, before, after });
    }
  }
  return [...cases.values()];
}

/** How often something was accepted and refused: a comparison in which nothing ever is compares nothing. */
class Tally {
  accepted = 0;
  refused = 0;
  /** Of objects without an old one: many changes begin at the same. */
  readonly #known = new WeakMap<JsonObject, JsonObject | 'refused'>();

  /** @returns the object as it is stored; undefined if it is refused */
  compare(
    { ours, theirs }: Pair,
    name: string,
    object: JsonObject,
    old?: JsonObject,
  ): JsonObject | undefined {
    const expected = theirs(object, old);
    const actual = ours(object, old);
    // Quicker than a deep comparison, which is left to say what differs.
    if (JSON.stringify(actual) !== JSON.stringify(expected)) assert.deepEqual(actual, expected, name);
    const isAccepted = expected.errors.length === 0;
    if (isAccepted) this.accepted += 1;
    else this.refused += 1;
    return isAccepted ? expected.stored : undefined;
  }

  /** Both ways, if both objects can be stored. */
  compareUpdates(pair: Pair, name: string, one: JsonObject, other: JsonObject): void {
    const before = this.#known.get(one) ?? this.compare(pair, name, one) ?? 'refused';
    this.#known.set(one, before);
    const after = this.compare(pair, name, other);
    if (before === 'refused' || after === undefined) return;
    this.compare(pair, `update: ${name}`, other, before);
    this.compare(pair, `update back: ${name}`, one, after);
  }
}

test('what the reference manifest accepts or refuses, the definition does', async (t) => {
  for (const pair of pairs(t)) {
    const cases = casesOf(pair.schema);
    await t.test(`${pair.kind}: the object with all members`, () => {
      const full = fullObject(pair.schema);
      assert.deepEqual(pair.theirs(full).errors, []);
      assert.deepEqual(pair.ours(full), pair.theirs(full));
    });
    const step = Math.ceil(cases.length / MAX_CASES);
    await t.test(`${pair.kind}: the changes of it, one in ${step} of ${cases.length}`, () => {
      const tally = new Tally();
      fc.assert(
        fc.property(fc.nat(step - 1), (offset) => {
          for (let at = offset; at < cases.length; at += step) {
            const { name, before, after } = cases[at]!;
            tally.compareUpdates(pair, name, before, after);
          }
        }),
        { numRuns: 1 },
      );
      assert.ok(tally.accepted > 0 && tally.refused > 0, JSON.stringify(tally));
    });
    await t.test(`${pair.kind}: random objects and their changes`, () => {
      const tally = new Tally();
      fc.assert(
        fc.property(objectsOf(pair.schema), fc.nat(), (object, choice) => {
          const all = mutationsOf(pair.schema, object);
          const { name, apply } = all[choice % all.length]!;
          tally.compareUpdates(pair, name, object, apply(object));
        }),
        { numRuns: 60 },
      );
      assert.ok(tally.accepted > 0 && tally.refused > 0, JSON.stringify(tally));
    });
  }
});

/** What no single change of an object breaks. */
const RARE: Readonly<Record<string, { kind: string; object: JsonObject; old?: JsonObject }>> = {
  'automatic boot images of no machines at all': {
    kind: 'MachineConfiguration',
    object: { spec: {}, status: { bootImageSkewEnforcementStatus: automatic() } },
  },
  'automatic boot images of an empty list': {
    kind: 'MachineConfiguration',
    object: {
      spec: { managedBootImages: { machineManagers: [] } },
      status: { bootImageSkewEnforcementStatus: automatic() },
    },
  },
  'two vcenters after the installation': {
    kind: 'ControllerConfig',
    object: controllerConfig({ vsphere: { vcenters: [vcenter('a'), vcenter('b')] } }),
    old: controllerConfig({}),
  },
};

function automatic(): JsonObject {
  return { mode: 'Automatic', automatic: { ocpVersion: '4.15.2' } };
}

function vcenter(server: string): JsonObject {
  return { server, datacenters: ['dc'] };
}

function controllerConfig(platformSpec: JsonObject): JsonObject {
  const texts = ['baseOSContainerImage', 'cloudProviderConfig', 'clusterDNSIP', 'ipFamilies', 'releaseImage'];
  const absent = ['additionalTrustBundle', 'cloudProviderCAData', 'dns', 'network', 'proxy'];
  return {
    metadata: { name: 'machine-config-controller' },
    spec: {
      ...Object.fromEntries(texts.map((member) => [member, ''])),
      ...Object.fromEntries(absent.map((member) => [member, null])),
      images: {},
      kubeAPIServerServingCAData: 'YQ==',
      rootCAData: 'YQ==',
      infra: { apiVersion: 'config.openshift.io/v1', kind: 'Infrastructure', spec: { platformSpec } },
    },
  };
}

test('what takes more than one change to refuse is refused the same', async (t) => {
  const all = pairs(t);
  if (all.length === 0) return;
  for (const [sentence, { kind, object, old }] of Object.entries(RARE)) {
    await t.test(sentence, () => {
      const { ours, theirs } = all.find((pair) => pair.kind === kind)!;
      if (old !== undefined) assert.deepEqual(theirs(old).errors, []);
      assert.equal(theirs(object, old).errors.length, 1);
      assert.deepEqual(ours(object, old), theirs(object, old));
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
    assert.deepEqual(ours(sample).errors, []);
  }
});

test('an API server finds the definitions structural and their rules fine', () => {
  for (const definition of customResourceDefinitions) {
    assert.deepEqual(checkStructural(schemaOf(definition), 'openAPIV3Schema'), [], definition.metadata.name);
  }
});

test('a digest in a nested repository can be stored, unlike with the reference manifests', (t) => {
  const all = pairs(t);
  if (all.length === 0) return;
  const different = all.filter(({ schema, ours, theirs }) => {
    const text = JSON.stringify(fullObject(schema)).replaceAll('/os@sha256:', '/nested/deep/os@sha256:');
    const object = JSON.parse(text) as JsonObject;
    assert.deepEqual(ours(object).errors, []);
    return theirs(object).errors.length > 0;
  });
  assert.deepEqual(
    different.map(({ kind }) => kind),
    ['MachineConfigNode', 'MachineOSBuild', 'MachineOSConfig', 'OSImageStream', 'PinnedImageSet'],
  );
});
