import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { load } from 'js-yaml';
import { type EmbeddedRegistry, startRegistry } from '../../src/embedded/index.ts';
import { pushOddBases } from '../lab/odd-bases.ts';
import { type Arguments, run, type RunResult } from '../lab/run.ts';
import { CHECKOUT } from '../lab/varve.ts';

const EXAMPLES = join(CHECKOUT, 'examples');
const IMAGE = /^127\.0\.0\.1:\d+\/pools\/layered@sha256:[0-9a-f]{64}\n$/u;

suite('varve', () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let plain: string;
  let built: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-command-line-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    await pushOddBases(registry.address);
    plain = `${registry.address}/base/os:1`;
    built = `${registry.address}/pools/layered:1`;
    await build(built);
  });
  after(async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  const varve = (args: Arguments, accept: readonly number[] = [0]): Promise<RunResult> =>
    run(join(CHECKOUT, 'bin/varve'), args, { accept, env: { HOME: folder, XDG_CACHE_HOME: folder } });

  const build = (push: string, ...more: readonly string[]): Promise<RunResult> =>
    varve(['build', ['--pool', 'layered'], ['-f', EXAMPLES], ['--base', plain], ['--push', push], more]);

  /** Both machine formats of a command; they have to say the same. */
  async function valueOf(...args: readonly string[]): Promise<unknown> {
    const value = JSON.parse((await varve([args, '--output', 'json'])).stdout) as unknown;
    assert.deepEqual(load((await varve([args, '-o', 'yaml'])).stdout), value);
    return value;
  }

  test('build prints the image on standard output and all else on standard error', async () => {
    const { stdout, stderr } = await build(`${registry.address}/pools/layered:2`);
    assert.match(stdout, IMAGE);
    assert.match(stderr, /^image {5}127\.0\.0\.1:\d+\/pools\/layered:2 pushed;/mu);
    assert.ok(!stderr.includes('\r'), 'there is no progress line where nobody watches');
    const quiet = await build(`${registry.address}/pools/layered:2`, '--quiet');
    assert.deepEqual([quiet.stdout, quiet.stderr], [stdout, '']);
  });

  test('build --output json names what it made', async () => {
    const { stdout } = await build(`${registry.address}/pools/layered:3`, '-o', 'json', '-q');
    const report = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(Object.keys(report), [
      'image',
      'digest',
      'tag',
      'pool',
      'renderedConfig',
      'machineConfigs',
      'base',
      'pushed',
      'upToDate',
      'mounted',
      'copied',
      'images',
      'traffic',
      'steps',
      'warnings',
    ]);
    assert.equal(report['image'], `${registry.address}/pools/layered@${String(report['digest'])}`);
  });

  test('render prints a MachineConfig that render takes again', async () => {
    const args = ['render', '--pool', 'layered', '-f', EXAMPLES, '--base', plain];
    const rendered = (await valueOf(...args)) as { metadata: { name: string }; spec: unknown };
    assert.match(rendered.metadata.name, /^rendered-layered-[0-9a-f]{32}$/u);
    const text = await varve([args]);
    assert.deepEqual(load(text.stdout), rendered);
    const file = join(folder, 'rendered.yaml');
    await writeFile(file, text.stdout);
    const second = await varve([args, '-f', file]);
    assert.match(second.stdout, /rendered-layered-/u);
  });

  test('image inspect tells layers, labels and items; of a plain base, that Varve did not make it', async () => {
    const image = (await valueOf('image', 'inspect', built)) as {
      layers: { configuration: boolean }[];
      provenance: { pool: string; items: { item: string }[] };
    };
    assert.deepEqual(
      image.layers.map(({ configuration }) => configuration),
      [false, false, false, false, false, true],
    );
    assert.equal(image.provenance.pool, 'layered');
    const base = (await valueOf('image', 'inspect', plain)) as { provenance?: unknown };
    assert.equal(base.provenance, undefined);
    assert.match((await varve(['image', 'inspect', plain])).stdout, /\nVarve did not make this image/u);
  });

  test('image explain finds an item by path, path on the node, unit and kernel argument', async () => {
    const wanted = ['/etc/test-file', '/usr/local/bin/site-report', 'site-report.service', 'hugepagesz=4M'];
    for (const what of wanted) {
      const items = (await valueOf('image', 'explain', built, what)) as { machineConfigs: string[] }[];
      assert.ok(items.length > 0 && items.every(({ machineConfigs }) => machineConfigs.length === 1), what);
    }
    const { stdout } = await varve(['image', 'explain', built, '/etc/test-file']);
    assert.match(stdout, /^\/etc\/test-file\n {2}MachineConfig {2}file\n {2}plane {10}etc\n {2}because {8}/u);
    const missing = await varve(['image', 'explain', built, '/etc/hosts'], [1]);
    assert.match(
      missing.stderr,
      /^error: cannot explain \/etc\/hosts: no MachineConfig of rendered-layered-[0-9a-f]{32} set it; if it is in the image, it comes from the base .*\n$/u,
    );
  });

  test('image diff tells what was added, changed and removed, and by whom', async () => {
    const more = join(folder, 'more.yaml');
    await writeFile(
      more,
      JSON.stringify({
        apiVersion: 'machineconfiguration.openshift.io/v1',
        kind: 'MachineConfig',
        metadata: { name: 'zz-more', labels: { 'machineconfiguration.openshift.io/role': 'layered' } },
        spec: {
          kernelArguments: ['quiet'],
          config: {
            ignition: { version: '3.2.0' },
            storage: {
              files: [
                { path: '/etc/more', contents: { source: 'data:,more' } },
                { path: '/etc/test-file', mode: 0o600, overwrite: true, contents: { source: 'data:,other' } },
              ],
            },
          },
        },
      }),
    );
    const changed = `${registry.address}/pools/layered:more`;
    await build(changed, '-f', more);
    const { stdout } = await varve(['image', 'diff', built, changed]);
    assert.deepEqual(stdout.split('\n').slice(2), [
      '+ kernel argument quiet',
      '+ /etc/more  (MachineConfig zz-more)',
      '~ /etc/test-file content, mode  (MachineConfig zz-more)',
      '~ /usr/lib/bootc/kargs.d/90-varve.toml content  (MachineConfig zz-more)',
      '',
    ]);
    const back = (await valueOf('image', 'diff', changed, built)) as {
      paths: { change: string; path: string }[];
    };
    assert.deepEqual(
      back.paths.map(({ change, path }) => `${change} ${path}`),
      ['removed /etc/more', 'changed /etc/test-file', 'changed /usr/lib/bootc/kargs.d/90-varve.toml'],
    );
    assert.equal((await varve(['image', 'diff', built, built])).stdout, 'the same image\n');
  });

  test('ignition validate exits 1 and keeps to the words of the real tool', async () => {
    const [good, bad] = [join(folder, 'good.ign'), join(folder, 'bad.ign')];
    await writeFile(good, '{"ignition": {"version": "3.2.0"}}');
    await writeFile(bad, '{"ignition": {"version": "3.2.0"},\n "storage": {"files": [{"path": "a"}]}}');
    const fine = await varve(['ignition', 'validate', good]);
    assert.deepEqual([fine.stdout, fine.stderr], ['', '']);
    const refused = await varve(['ignition', 'validate', bad], [1]);
    assert.match(
      refused.stdout,
      /^error at \$\.storage\.files\.0\.path, line 2 col \d+: path not absolute\n$/u,
    );
    assert.equal(refused.stderr, '');
  });

  test('objects come from standard input and from named pipes too', async () => {
    const shell = [
      '-c',
      'for file in "$1"/*.yaml; do cat "$file"; echo ---; done | "$0" render --pool layered -f - -f <(cat "$2")',
    ];
    const more = join(folder, 'piped.yaml');
    await writeFile(
      more,
      'apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nmetadata: { name: piped, labels: { machineconfiguration.openshift.io/role: layered } }\nspec: { kernelArguments: [piped] }\n',
    );
    const { stdout } = await run('bash', [shell, join(CHECKOUT, 'bin/varve'), EXAMPLES, more]);
    const { spec } = load(stdout) as { spec: { kernelArguments: string[] } };
    assert.deepEqual(spec.kernelArguments, ['hugepagesz=4M', 'piped']);
  });

  test('results larger than a pipe come out whole, and a closed pipe is no failure', async () => {
    const file = join(folder, 'large.ign');
    const files = Array.from({ length: 5000 }, (_, n) => ({
      path: `/etc/${n}`,
      contents: { source: 'data:,a' },
    }));
    await writeFile(file, JSON.stringify({ ignition: { version: '3.2.0' }, storage: { files } }));
    const { stdout } = await varve(['ignition', 'merge', file]);
    assert.equal((JSON.parse(stdout) as { storage: { files: unknown[] } }).storage.files.length, 5000);
    const shell = ['-c', '"$0" ignition tree "$1" | head -n 1; exit "${PIPESTATUS[0]}"'];
    const cut = await run('bash', [shell, join(CHECKOUT, 'bin/varve'), file], { accept: [0] });
    assert.deepEqual([cut.stdout.split('\n').length, cut.stderr], [2, '']);
  });

  test('a result that cannot be written is a failure', async () => {
    const shell = ['-c', '"$0" image inspect "$1" > /dev/full'];
    const { stderr } = await run('sh', [shell, join(CHECKOUT, 'bin/varve'), built], { accept: [1] });
    assert.equal(stderr, 'error: cannot write to standard output: ENOSPC\n');
  });

  test('help and version are answers; anything that is no command is usage', async () => {
    for (const args of [['--help'], ['build', '--help'], ['image', 'explain', '--help'], ['help', 'demo']])
      assert.match((await varve([args])).stdout, /^Usage: varve /u, args.join(' '));
    assert.match((await varve(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/u);
    for (const args of [
      [],
      ['image'],
      ['nothing'],
      ['image', 'nothing'],
      ['build'],
      ['render', '--pool'],
      ['image', 'diff', built],
    ])
      assert.equal((await varve([args], [2])).stdout, '', args.join(' '));
  });
});
