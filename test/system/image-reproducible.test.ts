import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type Laboratory, openLaboratory } from '../lab/laboratory.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';
import { writeSiteConfig } from '../lab/site-config.ts';
import { buildArguments, CHECKOUT } from '../lab/varve.ts';

const skip = skipWithout('docker-registry', 'mmdebstrap', 'skopeo');

suite('varve build of the same configuration', { skip }, () => {
  let lab: Laboratory;
  let site: string;
  let digest: string;

  before(async () => {
    lab = await openLaboratory();
    site = join(lab.folder, 'site');
    await writeSiteConfig(site);
    digest = digestOf(await lab.build([site], 'os/first'));
  });
  after(() => lab.close());

  test('gives one digest when it is run again', async () => {
    assert.equal(digestOf(await lab.build([site], 'os/first')), digest);
  });

  test('gives one digest from another user’s environment, with empty caches', async () => {
    const env = {
      HOME: join(lab.folder, 'other-home'),
      XDG_CACHE_HOME: join(lab.folder, 'other-cache'),
      TZ: 'Pacific/Kiritimati',
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
    };
    await mkdir(env.HOME);
    assert.equal(digestOf(await lab.build([site], 'os/second', { env, cwd: '/' })), digest);
  });

  test('gives one digest under another umask', async () => {
    const build = { pool: 'layered', files: [site], base: lab.base, push: `${lab.registry.host}/os/third:1` };
    const { stdout } = await run(
      'sh',
      ['-c', 'umask 077 && exec "$0" "$@"', join(CHECKOUT, 'bin/varve'), ...buildArguments(build)],
      { env: { HOME: lab.folder, XDG_CACHE_HOME: join(lab.folder, 'private-cache') } },
    );
    assert.equal(digestOf(stdout), digest);
  });

  test('gives one digest from other file names, times and order of the objects', async () => {
    const names = (await readdir(site)).sort();
    const shuffled = join(lab.folder, 'shuffled');
    await mkdir(shuffled);
    const files: string[] = [];
    for (const [n, name] of names.toReversed().entries()) {
      const file = join(shuffled, `${n % 3}-part-${n}.yaml`);
      await writeFile(file, await readFile(join(site, name)));
      await utimes(file, n * 1000, n * 1000);
      files.push(file);
    }
    assert.equal(digestOf(await lab.build([shuffled], 'os/fourth')), digest);
    assert.equal(digestOf(await lab.build(files, 'os/fifth')), digest);

    const texts = await Promise.all(names.toReversed().map((name) => readFile(join(site, name), 'utf8')));
    const joined = join(lab.folder, 'all.yaml');
    await writeFile(joined, texts.join('---\n'));
    assert.equal(digestOf(await lab.build([joined], 'os/sixth')), digest);
  });

  test('gives another digest when one file’s contents differ', async () => {
    const other = join(lab.folder, 'other-site');
    await writeSiteConfig(other, 1);
    assert.notEqual(digestOf(await lab.build([other], 'os/first')), digest);
  });
});

function digestOf(text: string): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(text)?.[0];
  assert.ok(digest, text);
  return digest;
}
