import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { diffEtc, EtcConflict, mergeEtc } from '../../src/embedded/nodes/simulated/etc-merge.ts';
import { applyTmpfiles } from '../../src/embedded/nodes/simulated/tmpfiles.ts';
import { atEnd } from '../lab/at-end.ts';
import { listTree } from '../lab/list-tree.ts';
import { OstreeSandbox } from '../lab/ostree-sandbox.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';

const SEED = 20_261_121;

/** What a path of a generated tree is. */
type Item =
  | { readonly kind: 'file'; readonly text: string; readonly mode: number; readonly owner: number }
  | { readonly kind: 'link'; readonly target: string; readonly owner: number }
  | { readonly kind: 'folder'; readonly mode: number; readonly owner: number; readonly items: Items };

type Items = Readonly<Record<string, Item>>;

const owner = fc.constantFrom(0, 0, 0, 1);
const { items } = fc.letrec<{ items: Items; item: Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      kind: fc.constant('file' as const),
      text: fc.constantFrom('', 'a', 'b', 'longer'),
      mode: fc.constantFrom(0o644, 0o644, 0o600, 0o755),
      owner,
    }),
    fc.record({
      kind: fc.constant('link' as const),
      // Nothing that this machine has: systemd-tmpfiles follows one of them out of its root, and sets the mode of what is there.
      target: fc.constantFrom('a', '../b', '/nowhere'),
      owner,
    }),
    fc.record({
      kind: fc.constant('folder' as const),
      mode: fc.constantFrom(0o755, 0o755, 0o700),
      owner,
      items: tie('items'),
    }),
  ),
  items: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('item'), {
    maxKeys: 3,
    depthIdentifier: 'tree',
  }),
}));

function write(folder: string, tree: Items): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, item] of Object.entries(tree)) {
    const path = join(folder, name);
    if (item.kind === 'link') {
      symlinkSync(item.target, path);
      lchownSync(path, item.owner, item.owner);
      continue;
    }
    if (item.kind === 'file') writeFileSync(path, item.text);
    else write(path, item.items);
    chownSync(path, item.owner, item.owner);
    chmodSync(path, item.mode);
  }
}

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-oracle-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An old default, what a host made of it, and a new default, on a disk. */
interface EtcCase {
  readonly original: Items;
  readonly live: Items;
  readonly next: Items;
}

/** Hosts and images change little of what they have: from three trees that have nothing in common nothing would be learnt. */
const etcCase: fc.Arbitrary<EtcCase> = fc
  .record({ original: items, host: items, image: items, hosts: fc.boolean(), images: fc.boolean() })
  .map(({ original, host, image, hosts, images }) => ({
    original,
    live: hosts ? { ...original, ...host } : host,
    next: images ? { ...original, ...image } : image,
  }));

test(
  'the /etc that a simulated host merges, and its changes, are those of the real ostree',
  {
    skip: skipWithout('ostree', 'chattr'),
  },
  async (t) => {
    const folder = await scratch(t);
    const cases = fc.sample(etcCase, { numRuns: 300, seed: SEED });
    const trees = (one: string): string => join(folder, one);
    for (const name of ['original', 'live', 'next']) mkdirSync(trees(name));
    const conflicts: [EtcCase, string][] = [];
    for (const [index, { original, live, next }] of cases.entries()) {
      const own = join(folder, 'own', `${index}`);
      write(join(own, 'original'), original);
      write(join(own, 'live'), live);
      write(join(own, 'next'), next);
      try {
        mergeEtc(join(own, 'original'), join(own, 'live'), join(own, 'next'));
      } catch (error) {
        assert.ok(error instanceof EtcConflict, String(error));
        conflicts.push([{ original, live, next }, error.message]);
        continue;
      }
      write(join(trees('original'), `${index}`), original);
      write(join(trees('live'), `${index}`), live);
      write(join(trees('next'), `${index}`), next);
    }
    assert.ok(conflicts.length > 5 && conflicts.length < 200, `${conflicts.length} of 300 conflict`);

    const sandbox = await OstreeSandbox.open(join(folder, 'real'));
    try {
      await sandbox.deploy(trees('original'));
      await sandbox.replaceEtc(trees('live'));
      const { modified, removed, added } = diffEtc(trees('original'), trees('live'));
      const changes = [
        ...modified.map((path) => `M    ${path}`),
        ...removed.map((path) => `D    ${path}`),
        ...added.map((path) => `A    ${path}`),
      ];
      assert.deepEqual(changes.toSorted(), await sandbox.configDiff());
      await sandbox.deploy(trees('next'));
      mergeEtc(trees('original'), trees('live'), trees('next'));
      assert.deepEqual(await listTree(trees('next')), await listTree(sandbox.etc));
    } finally {
      await sandbox.close();
    }

    for (const [{ original, live, next }, message] of conflicts.slice(0, 6)) {
      const own = await mkdtemp(join(folder, 'conflict-'));
      for (const [name, tree] of Object.entries({ original, live, next })) write(join(own, name), tree);
      const real = await OstreeSandbox.open(join(own, 'real'));
      try {
        await real.deploy(join(own, 'original'));
        await real.replaceEtc(join(own, 'live'));
        await assert.rejects(real.deploy(join(own, 'next')), (error: Error) => {
          if (message.startsWith('Modified config file'))
            assert.ok(error.message.includes(message), error.message);
          return true;
        });
      } finally {
        await real.close();
      }
    }
  },
);

const ROOT_FILES = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\nplain:x:1:1::/:/bin/sh\n',
  'etc/group': 'root:x:0:\nplain:x:1:\n',
};

const tmpfilesPath = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((names) => `/var/${names.join('/')}`);

/** Lines of the kinds that machines here know. */
const tmpfilesLine = fc
  .record({
    type: fc.constantFrom(
      'f',
      'f+',
      'd',
      'D',
      'L',
      'L+',
      'C',
      'r',
      'R',
      'e',
      'z',
      'Z',
      'w',
      'w+',
      'r!',
      'f+~',
    ),
    path: tmpfilesPath,
    mode: fc.constantFrom('-', '-', '0600', '0750', '0644', ':0640', '~0666'),
    user: fc.constantFrom('-', '-', 'root', 'plain', '1', ':plain'),
    argument: fc.constantFrom('text', 'with blank', String.raw`esc\x20aped\n`, '%%-%H', 'dGV4dA=='),
    source: fc.constantFrom('/var/a', '/usr/share/tree', '/usr/share/file', '/nowhere'),
    glob: fc.boolean(),
  })
  .map(({ type, path, mode, user, argument, source, glob }) => {
    const isPattern = 'rRezZw'.includes(type[0] ?? '');
    const name = isPattern && glob ? path.replace(/.$/, '*') : path;
    const word = type.includes('~') ? 'dGV4dA==' : 'CL'.includes(type[0] ?? '') ? source : argument;
    const rest = 'fwLC'.includes(type[0] ?? '') ? ` ${word}` : '';
    return `${type} ${name} ${mode} ${user} ${user === '-' ? '-' : 'root'} -${rest}`;
  });

const tmpfilesCase = fc.record({
  var: items,
  lines: fc.array(tmpfilesLine, { minLength: 1, maxLength: 7 }),
});

test(
  'what tmpfiles.d makes of a simulated host is what the real systemd-tmpfiles makes of it',
  {
    skip: skipWithout('systemd-tmpfiles'),
  },
  async (t) => {
    const folder = await scratch(t);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(tmpfilesCase, async ({ var: tree, lines }) => {
        number += 1;
        const own = join(folder, `${number}-own`);
        const real = join(folder, `${number}-real`);
        write(join(own, 'var'), tree);
        write(join(own, 'usr/share/tree'), {
          x: { kind: 'file', text: 'x', mode: 0o640, owner: 1 },
          y: {
            kind: 'folder',
            mode: 0o711,
            owner: 1,
            items: { z: { kind: 'link', target: '../x', owner: 0 } },
          },
        });
        const files = {
          ...ROOT_FILES,
          'usr/share/file': 'file',
          'usr/lib/tmpfiles.d/10.conf': lines
            .slice(0, 4)
            .map((line) => `${line}\n`)
            .join(''),
          'etc/tmpfiles.d/20.conf': lines
            .slice(4)
            .map((line) => `${line}\n`)
            .join(''),
        };
        for (const [path, text] of Object.entries(files)) {
          mkdirSync(dirname(join(own, path)), { recursive: true });
          writeFileSync(join(own, path), text);
        }
        await run('cp', ['--archive', own, real]);
        const hostname = (await run('hostname', [])).stdout.trim();
        const { stderr } = await run(
          'systemd-tmpfiles',
          ['--create', '--remove', '--boot', `--root=${real}`],
          {
            accept: [0, 65, 73],
          },
        );
        const complaints = applyTmpfiles(own, (letter) => (letter === 'H' ? hostname : undefined));
        const told = `\n${lines.join('\n')}\n--- systemd-tmpfiles\n${stderr}\n--- here\n${complaints.join('\n')}`;
        assert.deepEqual(await listTree(own), await listTree(real), told);
        await rm(own, { recursive: true });
        await rm(real, { recursive: true });
      }),
      { numRuns: 200, seed: SEED, endOnFailure: true },
    );
  },
);
