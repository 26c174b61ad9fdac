import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { agentManifests } from './agent-manifests.ts';

const directory = new URL('../../deploy/agent/', import.meta.url);

test('deploy/agent is what the code generates', () => {
  const files = agentManifests();
  assert.deepEqual(readdirSync(directory).toSorted(), [...files.keys()].toSorted());
  for (const [name, text] of files) {
    assert.equal(readFileSync(new URL(name, directory), 'utf8'), text, `${name}: run \`npm run generate\``);
  }
});
