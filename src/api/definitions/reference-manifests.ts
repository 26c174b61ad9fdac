import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { load } from 'js-yaml';
import type { TestContext } from 'node:test';
import type { Schema } from '../../schema/index.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';

const DIRECTORY = new URL('../../../../shared/fixtures/crds/', import.meta.url);

/** Objects that a real API server accepted. */
export const SAMPLES: URL = new URL('samples/good.yaml', DIRECTORY);

/** For tests: the reference manifests by the name of the definition; none, with the test skipped, where they are absent. */
export function referenceManifests(t: TestContext): ReadonlyMap<string, CustomResourceDefinition> {
  if (!existsSync(DIRECTORY)) {
    assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
    t.skip('the shared fixtures are absent: crds');
    return new Map();
  }
  const manifests = readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => load(readFileSync(new URL(name, DIRECTORY), 'utf8')) as CustomResourceDefinition);
  return new Map(manifests.map((manifest) => [manifest.metadata.name, manifest]));
}

/** The schema of the one version that a definition has. */
export function schemaOf(definition: CustomResourceDefinition): Schema {
  return definition.spec.versions[0].schema.openAPIV3Schema;
}
