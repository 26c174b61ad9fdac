import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { builderManifest } from './builder-manifest.ts';

test('deploy/builder/rbac.yaml is what the code generates', () => {
  const found = readFileSync(new URL('../../deploy/builder/rbac.yaml', import.meta.url), 'utf8');
  assert.equal(found, builderManifest(), 'run `npm run generate`');
});
