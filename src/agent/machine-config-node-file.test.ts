import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { API_VERSION, type MachineConfigNode } from '../api/index.ts';
import { MachineConfigNodeFile } from './machine-config-node-file.ts';

const OBJECT: MachineConfigNode = {
  apiVersion: API_VERSION,
  kind: 'MachineConfigNode',
  metadata: { name: 'n1', uid: 'm1', resourceVersion: '7' },
  spec: { node: { name: 'n1' }, pool: { name: 'worker' }, configVersion: { desired: 'x' } },
  status: {
    conditions: [
      {
        type: 'Updated',
        status: 'True',
        reason: 'Updated',
        message: 'The node runs it.',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
    configVersion: { desired: 'x' },
    observedGeneration: 1,
  },
};

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'varve-copy-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('MachineConfigNodeFile keeps one object, and none after it was removed', async (t) => {
  const state = join(await folder(t), 'state');
  const file = new MachineConfigNodeFile(join(state, 'copy.json'));
  assert.equal(await file.read(), undefined);
  await file.remove();
  await file.write({ ...OBJECT, metadata: { ...OBJECT.metadata, resourceVersion: '6' } });
  await file.write(OBJECT);
  assert.deepEqual(await file.read(), OBJECT);
  assert.deepEqual(await readdir(state), ['copy.json']);
  await file.remove();
  assert.equal(await file.read(), undefined);
});

test('MachineConfigNodeFile has nothing where the file is damaged', async (t) => {
  const path = join(await folder(t), 'copy.json');
  const file = new MachineConfigNodeFile(path);
  await file.write(OBJECT);
  const text = await readFile(path, 'utf8');
  for (let length = 0; length < text.length - 2; length += 7) {
    await writeFile(path, text.slice(0, length));
    assert.equal(await file.read(), undefined, `${length} bytes`);
  }
});

for (const [what, object] of [
  ['another version', undefined],
  ['another kind', { ...OBJECT, kind: 'Node' }],
  ['no uid', { ...OBJECT, metadata: { name: 'n1', resourceVersion: '7' } }],
  ['no version', { ...OBJECT, metadata: { name: 'n1', uid: 'm1' } }],
  ['a status that is a text', { ...OBJECT, status: 'x' }],
  ['conditions that are none', { ...OBJECT, status: { conditions: [{ type: 'Updated' }] } }],
  ['no list of conditions', { ...OBJECT, status: { conditions: {} } }],
  ['a configuration that is none', { ...OBJECT, status: { configVersion: { desired: 1 } } }],
  ['a count that is none', { ...OBJECT, status: { observedGeneration: '1' } }],
  ['nothing', null],
] as const) {
  test(`MachineConfigNodeFile has nothing where there is ${what}`, async (t) => {
    const path = join(await folder(t), 'copy.json');
    const version = object === undefined ? 2 : 1;
    await writeFile(path, JSON.stringify({ version, object: object ?? (object === null ? null : OBJECT) }));
    assert.equal(await new MachineConfigNodeFile(path).read(), undefined);
  });
}
