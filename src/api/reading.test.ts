import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { customResourceDefinitions } from './definitions/index.ts';
import { around, mutationsOf } from './definitions/mutations.ts';
import { fullObject, objectsOf } from './definitions/objects.arbitrary.ts';
import { schemaOf } from './definitions/reference-manifests.ts';
import { judge } from './definitions/verdict.ts';
import { ApiError, decodeObject } from './index.ts';
import type { Judge } from './definitions/verdict.ts';
import type { JsonObject } from '../schema/index.ts';

const KINDS = new Set(['MachineConfig', 'MachineConfigPool', 'MachineOSConfig']);

/**
 * Where reading is stricter than the schema, by what it says: it also checks what an API server checks of every object
 * and what only the controllers would notice, and it lets no unknown field pass.
 */
const STRICTER: readonly RegExp[] = [
  /^unknown field /,
  /^spec\.(machineConfigSelector|nodeSelector)\./,
  /^spec\.maxUnavailable: expected a whole number of nodes or a percentage/,
  // The schemas take an empty name here, or a name with capitals.
  /^spec\.(machineConfigPool|baseImagePullSecret|renderedImagePushSecret|osImageStream)\.name: /,
  /^spec\.pinnedImageSets\[\d+\]\.name: /,
  /^metadata/,
];

for (const definition of customResourceDefinitions) {
  const { kind } = definition.spec.names;
  if (!KINDS.has(kind)) continue;
  const schema = schemaOf(definition);
  const server = judge(schema);
  test(`reading a ${kind} and its schema agree about each change of an object with all members`, () => {
    const { status: _, ...full } = fullObject(schema);
    const all = mutationsOf(schema, full);
    const read = all.filter(({ name, path, apply }) =>
      agree(server, documentOf(kind, apply(around(schema, full, path))), name),
    );
    assert.ok(read.length > 0 && read.length < all.length);
  });
  test(`reading a ${kind} and its schema agree about random objects`, () => {
    fc.assert(
      fc.property(objectsOf(schema), (object) => {
        agree(server, documentOf(kind, object), 'unchanged');
      }),
    );
  });
}

/** What is read has no status. */
function documentOf(kind: string, object: JsonObject): JsonObject {
  const { status: _, ...others } = object;
  return { ...others, apiVersion: 'machineconfiguration.openshift.io/v1', kind };
}

/** What reading accepts the schema accepts; what only reading refuses is in the list. Says whether it was read. */
function agree(server: Judge, object: JsonObject, name: string): boolean {
  const problems = problemsOf(object);
  const { errors } = server(object);
  if (problems.length === 0) assert.deepEqual(errors, [], name);
  if (errors.length > 0) return false;
  const unexplained = problems.filter((message) => !STRICTER.some((stricter) => stricter.test(message)));
  assert.deepEqual(unexplained, [], name);
  return problems.length === 0;
}

function problemsOf(object: JsonObject): readonly string[] {
  try {
    decodeObject(object);
    return [];
  } catch (error) {
    if (error instanceof ApiError) return error.problems.map(({ message }) => message);
    throw error;
  }
}
