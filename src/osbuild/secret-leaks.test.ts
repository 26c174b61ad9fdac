import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { OsBuildError } from './osbuild-error.ts';
import { refuseLeaks } from './secret-leaks.ts';

const SECRET = 'correct-horse-battery';
const SECRETS = [{ value: SECRET, source: 'Secret own' }];

function layerOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const layer = mkdtempSync(join(tmpdir(), 'varve-leaks-'));
  t.after(() => rmSync(layer, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(layer, path)), { recursive: true });
    writeFileSync(join(layer, path), text);
  }
  return layer;
}

function look(layer: string, description = '', signal = new AbortController().signal): Promise<void> {
  return refuseLeaks(SECRETS, [layer], description, signal);
}

async function refused(found: Promise<void>, place: string): Promise<void> {
  await assert.rejects(found, (error) => {
    assert.ok(error instanceof OsBuildError && error.code === 'secret-in-image');
    assert.ok(
      error.message.includes(`has copied a secret of Secret own into ${place}, where`),
      error.message,
    );
    assert.ok(!error.message.includes(SECRET));
    return true;
  });
}

test('refuseLeaks() finds a secret in a file, a name, a link and the configuration of an image', async (t) => {
  await look(layerOf(t, { 'etc/a': 'nothing', 'etc/b/c': '' }), '{}');
  await refused(look(layerOf(t, { 'etc/a/b': `x${SECRET}` })), '/etc/a/b');
  await refused(look(layerOf(t, { [`etc/${SECRET}`]: '' })), 'the name of a file in /etc');
  const linked = layerOf(t, {});
  symlinkSync(`/${SECRET}`, join(linked, 'link'));
  await refused(look(linked), '/link');
  await refused(look(layerOf(t, {}), `{"Env":["A=${SECRET}"]}`), "the image's configuration");
});

test('refuseLeaks() finds a secret in a configuration whatever JSON makes of its characters', async (t) => {
  const layer = layerOf(t, {});
  const value = 'a"b\\c&d<e';
  const go = (text: string): string => text.replaceAll('&', '\\u0026').replaceAll('<', '\\u003c');
  const config = go(JSON.stringify({ config: { Env: [`http_proxy=http://u:${value}@proxy`] } }));
  for (const description of [config, go(JSON.stringify({ Config: config }))]) {
    const { signal } = new AbortController();
    await refused(
      refuseLeaks([{ value, source: 'Secret own' }], [layer], description, signal),
      "the image's configuration",
    );
    await refuseLeaks([{ value: 'another one', source: 'Secret own' }], [layer], description, signal);
  }
});

test('refuseLeaks() reads what has names that are no text', async (t) => {
  const layer = layerOf(t, {});
  const folder = Buffer.concat([Buffer.from(`${layer}/caf`), Buffer.from([0xe9])]);
  mkdirSync(folder);
  await look(layer);
  writeFileSync(Buffer.concat([folder, Buffer.from('/file'), Buffer.from([0xff])]), SECRET);
  await refused(look(layer), '/caf\ufffd/file\ufffd');
});

test('refuseLeaks() ends with its signal', async (t) => {
  const layer = layerOf(t, { 'etc/a': SECRET });
  await assert.rejects(look(layer, '', AbortSignal.abort(new Error('enough'))), /enough/);
});
