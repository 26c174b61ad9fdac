import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { changeEtc, signatureAt } from './live-files.ts';
import type { LiveFiles } from './live-record.ts';

/** What an image has at a path below /etc. */
type Entry = { readonly text: string; readonly mode: number } | { readonly target: string };
type Etc = Readonly<Record<string, Entry>>;

const PATHS = ['/etc/a', '/etc/b.d/one', '/etc/b.d/two', '/etc/c/deep/down', '/etc/c/link'];

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ text: fc.constantFrom('', '1', '2'), mode: fc.constantFrom(0o644, 0o600, 0o4755) }),
  fc.record({ target: fc.constantFrom('a', '/etc/b.d') }),
);
const etc: fc.Arbitrary<Etc> = fc.dictionary(fc.constantFrom(...PATHS), entry, { noNullPrototype: true });

function put(root: string, path: string, what: Entry): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  if ('target' in what) symlinkSync(what.target, file);
  else {
    writeFileSync(file, what.text);
    chmodSync(file, what.mode);
  }
}

/** All that is below a folder, in words. */
function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const found = lstatSync(path);
      const mode = (found.mode & 0o7777).toString(8);
      if (found.isSymbolicLink()) return `/${name} -> ${readlinkSync(path)}`;
      return found.isDirectory() ? `/${name} ${mode}` : `/${name} ${mode} ${readFileSync(path, 'utf8')}`;
    });
}

class Host {
  readonly root = mkdtempSync(join(tmpdir(), 'varve-etc-'));

  constructor(one: Etc, other: Etc) {
    for (const [image, entries] of [
      ['one', one],
      ['other', other],
    ] as const) {
      mkdirSync(join(this.tree(image), 'usr/etc'), { recursive: true });
      for (const [path, what] of Object.entries(entries)) put(this.tree(image), `/usr${path}`, what);
    }
    cpSync(join(this.tree('one'), 'usr/etc'), join(this.root, 'etc'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    // Without an umask in between.
    for (const [path, what] of Object.entries(one)) put(this.root, path, what);
  }

  tree(image: string): string {
    return join(this.root, image);
  }

  /** As `compare` finds it: what differs, and the folders of it that come or go. */
  async files(one: Etc, other: Etc): Promise<LiveFiles> {
    const folders = (entries: Etc): readonly string[] =>
      Object.keys(entries).flatMap((path) => {
        const names = path.split('/').slice(2, -1);
        return names.map((_, index) => `/etc/${names.slice(0, index + 1).join('/')}`);
      });
    const paths = new Set([...Object.keys(one), ...Object.keys(other), ...folders(one), ...folders(other)]);
    const files: Record<string, readonly string[]> = {};
    for (const path of paths) {
      const [old, now] = [
        await signatureAt(this.tree('one'), `/usr${path}`),
        await signatureAt(this.tree('other'), `/usr${path}`),
      ];
      if (old !== now) files[path] = [old, now];
    }
    return files;
  }

  change(image: string, files: LiveFiles): ReturnType<typeof changeEtc> {
    return changeEtc({ root: this.root, tree: this.tree(image), files, heal: false });
  }

  get etc(): readonly string[] {
    return listing(join(this.root, 'etc'));
  }

  wanted(image: string): readonly string[] {
    return listing(join(this.tree(image), 'usr/etc'));
  }
}

test('changeEtc() brings /etc from any image to any other and back, wherever it was killed before', async () => {
  await fc.assert(
    fc.asyncProperty(etc, etc, fc.subarray(PATHS), async (one, other, done) => {
      const host = new Host(one, other);
      try {
        const files = await host.files(one, other);
        for (const path of done) {
          const what = other[path];
          // Killed: some paths are the new image's already.
          if (what !== undefined) put(host.root, path, what);
        }
        await host.change('other', files);
        assert.deepEqual(host.etc, host.wanted('other'));
        assert.deepEqual((await host.change('other', files)).written, [], 'nothing is left to do');
        await host.change('one', files);
        assert.deepEqual(host.etc, host.wanted('one'));
      } finally {
        rmSync(host.root, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
});

test('changeEtc() leaves each path that a person changed, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(etc, etc, fc.constantFrom(...PATHS), async (one, other, path) => {
      const host = new Host(one, other);
      try {
        const files = await host.files(one, other);
        put(host.root, path, { text: 'mine', mode: 0o640 });
        const { left } = await host.change('other', files);
        assert.deepEqual(left, files[path] === undefined ? [] : [path]);
        assert.equal(readFileSync(join(host.root, path), 'utf8'), 'mine');
        const others = (lines: readonly string[]): readonly string[] =>
          lines.filter(
            (line) =>
              /^\/(?:a|b\.d\/one|b\.d\/two|c\/deep\/down|c\/link) /u.test(line) &&
              !line.startsWith(path.slice('/etc'.length)),
          );
        assert.deepEqual(others(host.etc), others(host.wanted('other')));
      } finally {
        rmSync(host.root, { recursive: true, force: true });
      }
    }),
    { numRuns: 40 },
  );
});
