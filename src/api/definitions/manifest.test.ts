import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { customResourceDefinitions } from './index.ts';
import { manifests } from './manifest.ts';

const DIRECTORY = new URL('../../../deploy/crds/', import.meta.url);

test('deploy/crds is what the code generates', () => {
  const expected = manifests();
  const found = new Map(
    readdirSync(DIRECTORY).map((name) => [name, readFileSync(new URL(name, DIRECTORY), 'utf8')]),
  );
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort(), 'run `npm run generate`');
  for (const [name, text] of expected) {
    assert.ok(
      found.get(name) === text,
      `deploy/crds/${name} differs from the code: run \`npm run generate\``,
    );
  }
});

test('manifests() reads back as the definitions with YAML 1.2 and with the 1.1 of kubectl', () => {
  const texts = [...manifests().values()];
  for (const version of ['1.1', '1.2'] as const) {
    const read = texts.map((text) => parse(text, { version }) as unknown);
    assert.deepEqual(read, customResourceDefinitions);
  }
});
