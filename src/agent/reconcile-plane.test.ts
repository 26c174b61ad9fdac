import assert from 'node:assert/strict';
import { chownSync, lchownSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PlaneOutcome, reconcilePlane } from './reconcile-plane.ts';
import { inlineFile, TestFiles } from './test-files.ts';

/** Owners can only be given away by root. */
const skip = process.getuid?.() === 0 ? false : 'not root';

function reconciled(host: TestFiles): Promise<PlaneOutcome> {
  return reconcilePlane({ root: host.root, memory: host.memory, ...host.target() });
}

const NOTHING: PlaneOutcome = { placed: [], removed: [], left: [], problems: [] };

test(
  'reconcilePlane() makes what an image says, takes it away with it, and leaves all else',
  { skip },
  async (t) => {
    const host = new TestFiles(t);
    host.install('a', {
      files: [
        inlineFile('/var/lib/app/x', 'a', { mode: 0o640, group: { id: 10 } }),
        inlineFile('/home/core/.config/app.conf', 'a', { user: { name: 'core' }, group: { name: 'core' } }),
        inlineFile('/var/lib/app/shared', 'same'),
        { path: '/var/lib/app/kept', contents: { source: 'data:,a' } },
      ],
      directories: [{ path: '/var/lib/own', mode: 0o700 }],
      links: [{ path: '/var/lib/link', target: '/etc/a', overwrite: true }],
    });
    host.install('b', {
      files: [inlineFile('/var/lib/app/y', 'b'), inlineFile('/var/lib/app/shared', 'same')],
    });
    host.boot('a');
    host.write('/var/lib/app/of-a-person', 'mine');
    const first = await reconciled(host);
    assert.deepEqual([first.problems, first.removed], [[], []]);
    assert.equal(host.show('/var/lib/app/x'), '640 0:10 a');
    assert.equal(host.show('/var/home/core/.config/app.conf'), '644 1000:1000 a');
    assert.equal(host.show('/var/home/core'), '700 1000:1000 /');
    assert.equal(host.show('/var/lib/own'), '700 0:0 /');
    assert.equal(host.show('/var/lib/link'), '-> /etc/a');
    assert.deepEqual(await reconciled(host), NOTHING, 'once a boot');
    host.boot('b');
    const second = await reconciled(host);
    assert.deepEqual(second.problems, []);
    assert.deepEqual(second.removed.toSorted(), [
      '/var/home/core/.config/app.conf',
      '/var/lib/app/kept',
      '/var/lib/app/x',
      '/var/lib/link',
      '/var/lib/own',
    ]);
    assert.deepEqual(second.placed, ['/var/lib/app/y']);
    assert.deepEqual(readdirSync(host.at('/var/lib/app')).toSorted(), ['of-a-person', 'shared', 'y']);
    host.boot('a');
    await reconciled(host);
    assert.equal(host.show('/var/lib/app/x'), '640 0:10 a');
    assert.equal(host.show('/var/lib/app/y'), undefined);
  },
);

test('reconcilePlane() knows what an image left that ran without an agent', { skip }, async (t) => {
  const host = new TestFiles(t);
  host.install('a', { files: [inlineFile('/var/lib/a', 'a')] });
  host.install('b', { files: [inlineFile('/var/lib/b', 'b')] });
  host.boot('a');
  await reconciled(host);
  // B boots, its tmpfiles.d makes the file, and the host falls back before the agent runs.
  host.boot('b');
  host.write('/var/lib/b', 'b');
  host.boot('a');
  assert.deepEqual((await reconciled(host)).removed, ['/var/lib/b']);
});

test('reconcilePlane() leaves what was changed on the node to whoever changed it', { skip }, async (t) => {
  const host = new TestFiles(t);
  host.install('a', {
    files: [inlineFile('/var/lib/x', 'a'), inlineFile('/var/lib/y', 'a')],
    directories: [{ path: '/var/lib/d' }],
  });
  host.install('b', {});
  host.boot('a');
  await reconciled(host);
  host.write('/var/lib/x', 'changed');
  rmSync(host.at('/var/lib/y'));
  mkdirSync(host.at('/var/lib/y'));
  host.write('/var/lib/d/mine', 'mine');
  assert.deepEqual(await reconciled(host), NOTHING, 'what somebody does after the boot is drift');
  host.boot('b');
  assert.deepEqual(await reconciled(host), { ...NOTHING, left: ['/var/lib/x', '/var/lib/y'] });
  assert.equal(host.show('/var/lib/x'), '644 0:0 changed');
  assert.equal(host.show('/var/lib/d/mine'), '644 0:0 mine');
  host.boot('a');
  assert.deepEqual((await reconciled(host)).problems, []);
  assert.equal(host.show('/var/lib/x'), '644 0:0 a', 'a boot brings what the image says');
});

test('reconcilePlane() names what stands in its way, and does the rest', { skip }, async (t) => {
  const host = new TestFiles(t);
  const outside = new TestFiles(t);
  host.install('a', {
    files: [
      inlineFile('/var/lib/full', 'a'),
      inlineFile('/var/lib/empty', 'a'),
      inlineFile('/var/lib/out/x', 'a'),
      inlineFile('/var/lib/up/x', 'a'),
      inlineFile('/var/lib/circle/x', 'a'),
      inlineFile('/home/core/.ssh/config', 'a', { user: { name: 'core' } }),
      inlineFile('/var/lib/whose', 'a', { user: { name: 'nobody-here' } }),
      inlineFile('/var/lib/fine', 'a'),
    ],
  });
  host.boot('a');
  mkdirSync(host.at('/var/lib/full/of/things'), { recursive: true });
  mkdirSync(host.at('/var/lib/empty'));
  symlinkSync(outside.at('/var'), host.at('/var/lib/out'));
  symlinkSync('../../../../../../../../var/data', host.at('/var/lib/up'));
  mkdirSync(host.at('/var/data'));
  symlinkSync('circle', host.at('/var/lib/circle'));
  mkdirSync(host.at('/var/home/core'), { recursive: true });
  symlinkSync('/etc', host.at('/var/home/core/.ssh'));
  chownSync(host.at('/var/home/core'), 1000, 1000);
  lchownSync(host.at('/var/home/core/.ssh'), 1000, 1000);
  const { problems, placed } = await reconciled(host);
  const reasons = Object.fromEntries(problems.map(({ path, reason }) => [path, reason]));
  assert.match(reasons['/var/lib/full'] ?? '', /directory with something in it/);
  assert.match(reasons['/var/lib/circle/x'] ?? '', /circle/);
  assert.match(reasons['/var/home/core/.ssh/config'] ?? '', /leads from what belongs to user 1000/);
  assert.equal(reasons['/var/lib/whose'], 'the host has no user nobody-here');
  assert.ok(placed.includes('/var/lib/fine') && placed.includes('/var/lib/empty'));
  assert.equal(host.show('/var/data/x'), '644 0:0 a', 'a link upwards ends at the root');
  assert.deepEqual(readdirSync(outside.at('/var')), [], 'nothing is written outside');
  // What is out of the way later is done later, and nothing else is looked at again.
  rmSync(host.at('/var/lib/full'), { recursive: true });
  host.write('/var/lib/fine', 'changed since');
  const again = await reconciled(host);
  assert.deepEqual(again.placed, ['/var/lib/full']);
  assert.equal(host.show('/var/lib/fine'), '644 0:0 changed since');
});

test('reconcilePlane() brings a live change, and only what it changes', { skip }, async (t) => {
  const host = new TestFiles(t);
  host.install('a', {
    files: [
      inlineFile('/var/lib/x', 'a'),
      inlineFile('/var/lib/same', 's'),
      inlineFile('/var/lib/gone', 'a'),
    ],
  });
  host.install('b', { files: [inlineFile('/var/lib/x', 'b'), inlineFile('/var/lib/same', 's')] });
  host.boot('a');
  await reconciled(host);
  host.write('/var/lib/same', 'changed by a person');
  const request = { root: host.root, memory: host.memory, ...host.target() };
  const live = await reconcilePlane({ ...request, tree: host.folder('b'), image: 'b' });
  assert.deepEqual(live, { ...NOTHING, placed: ['/var/lib/x'], removed: ['/var/lib/gone'] });
  assert.equal(host.show('/var/lib/x'), '644 0:0 b');
  assert.equal(host.show('/var/lib/same'), '644 0:0 changed by a person');
});

test('reconcilePlane() takes no folder that something else of the host asks for', { skip }, async (t) => {
  const host = new TestFiles(t);
  host.install('a', { directories: [{ path: '/var/lib/of-both' }, { path: '/var/lib/of-a' }] });
  host.install('b', {});
  host.boot('a');
  await reconciled(host);
  host.boot('b');
  host.write('/usr/lib/tmpfiles.d/base.conf', 'd /var/lib/of-both/ 0755 root root -\n');
  assert.deepEqual(await reconciled(host), { ...NOTHING, removed: ['/var/lib/of-a'] });
});

test('reconcilePlane() leaves an image alone whose rules it does not know', { skip }, async (t) => {
  const host = new TestFiles(t);
  host.install('a', { files: [inlineFile('/var/lib/x', 'a')] });
  host.boot('a');
  host.write('/usr/lib/tmpfiles.d/00-varve.conf', 'q /var/lib/x\n');
  const { problems } = await reconciled(host);
  assert.equal(problems.length, 1);
});

/** What a person or a program does below /var, or what the agent is asked to. */
type Event =
  | { readonly kind: 'boot'; readonly image: number }
  | { readonly kind: 'write'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'unfinished'; readonly path: string }
  | { readonly kind: 'reconcile'; readonly fails: number };

const PATHS = ['/var/lib/a', '/var/lib/b', '/var/lib/d/a', '/var/lib/d/b', '/var/opt/x'] as const;

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('boot' as const), image: fc.nat(3) }),
  fc.record({ kind: fc.constant('write' as const), path: fc.constantFrom(...PATHS) }),
  fc.record({ kind: fc.constant('remove' as const), path: fc.constantFrom(...PATHS) }),
  fc.record({ kind: fc.constant('unfinished' as const), path: fc.constantFrom(...PATHS) }),
  fc.record({ kind: fc.constant('reconcile' as const), fails: fc.nat(3) }),
);

test(
  'after reconcilePlane() the files are those of the image and of people, whatever came before',
  { skip },
  async (t) => {
    const images = fc.array(fc.uniqueArray(fc.constantFrom(...PATHS), { maxLength: 4 }), {
      minLength: 4,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(images, fc.array(event, { maxLength: 20 }), async (sets, events) => {
        const host = new TestFiles(t);
        sets.forEach((paths, number) =>
          host.install(`i${number}`, {
            files: paths.map((path) => inlineFile(path, `of image ${number} or more`)),
          }),
        );
        const texts = new Map<string, string>();
        host.boot('i0');
        for (const one of events) {
          if (one.kind === 'boot') host.boot(`i${one.image}`);
          else if (one.kind === 'write') {
            host.write(one.path, 'of a person');
            texts.set(one.path, 'of a person');
          } else if (one.kind === 'remove') rmSync(host.at(one.path), { force: true });
          else if (one.kind === 'unfinished') {
            mkdirSync(host.at(one.path.replace(/\/[^/]*$/, '')), { recursive: true });
            writeFileSync(host.at(`${one.path.replace(/\/[^/]*$/, '')}/.varve-0123456789abcdef.new`), 'part');
          } else await killed(host, one.fails);
        }
        host.boot(host.booted);
        const { problems } = await reconciled(host);
        assert.deepEqual(problems, []);
        const number = Number(host.booted.slice(1));
        const wanted = sets[number] ?? [];
        for (const path of PATHS) {
          const shown = host.show(path);
          if (wanted.includes(path)) assert.equal(shown, `644 0:0 of image ${number} or more`);
          else if (shown !== undefined)
            assert.equal(shown, '644 0:0 of a person', `${path} is of another image`);
        }
        const known = new Set<string>([...PATHS, '/var/lib', '/var/lib/d', '/var/opt']);
        const leftovers = Object.keys(host.list('/var')).filter((path) => !known.has(path));
        const folders = new Set(wanted.map((path) => path.replace(/\/[^/]*$/, '')));
        for (const path of leftovers)
          assert.ok(!folders.has(path.replace(/\/[^/]*$/, '')), `${path} is left`);
        rmSync(host.root, { recursive: true });
      }),
      { numRuns: 40 },
    );
  },
);

/** An agent that ends, or whose disk is full, at one of its writes to the memory. */
async function killed(host: TestFiles, fails: number): Promise<void> {
  let writes = 0;
  const { memory } = host;
  const lame = {
    read: () => memory.read(),
    write: (next: Parameters<typeof memory.write>[0]) => {
      writes += 1;
      return writes === fails ? Promise.reject(new Error('no space left on device')) : memory.write(next);
    },
  };
  await reconcilePlane({ root: host.root, ...host.target(), memory: lame }).catch(() => undefined);
}
