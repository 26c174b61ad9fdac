import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { permissionsManifest } from './controller-permissions-manifest.ts';

test('deploy/controller/rbac.yaml is what the code generates', () => {
  const found = readFileSync(new URL('../../deploy/controller/rbac.yaml', import.meta.url), 'utf8');
  assert.equal(found, permissionsManifest(), 'run `npm run generate`');
});
