import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { agentDaemonSet } from './agent-daemon-set.ts';
import { agentManifests } from './agent-manifests.ts';
import { listAt } from '../schema/index.ts';

const directory = new URL('../../deploy/agent/', import.meta.url);

test('deploy/agent is what the code generates', () => {
  const files = agentManifests();
  assert.deepEqual(readdirSync(directory).toSorted(), [...files.keys()].toSorted());
  for (const [name, text] of files) {
    assert.equal(readFileSync(new URL(name, directory), 'utf8'), text, `${name}: run \`npm run generate\``);
  }
});

test('a taint keeps no agent away from its node', () => {
  const daemonSet = agentDaemonSet('varve', 'varve', 'varve/pull');
  assert.deepEqual(listAt(daemonSet, 'spec', 'template', 'spec', 'tolerations'), [{ operator: 'Exists' }]);
});
