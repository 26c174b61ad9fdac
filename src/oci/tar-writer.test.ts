import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OciError, readTar, type TarEntry, type TarMember, writeTar } from './index.ts';

const directory = (path: string): TarEntry => ({ path, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
const file = (path: string, text = '', more: Partial<TarEntry> = {}): TarEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  contents: Buffer.from(text),
  ...more,
});
const symlink = (path: string, target: string): TarEntry => ({
  path,
  type: 'symlink',
  mode: 0o777,
  uid: 0,
  gid: 0,
  target,
});
const hardlink = (path: string, target: string): TarEntry => ({
  path,
  type: 'hardlink',
  mode: 0o644,
  uid: 0,
  gid: 0,
  target,
});

async function read(bytes: Uint8Array): Promise<TarMember[]> {
  const members: TarMember[] = [];
  for await (const member of readTar([bytes], { wanted: () => true })) members.push(member);
  return members;
}

describe('writeTar() rules (host-contract §5.2)', () => {
  const refused: Readonly<Record<string, readonly [entries: readonly TarEntry[], message: string]>> = {
    'a missing parent, which it names': [
      [file('etc/x')],
      'cannot put "etc" into a layer: it is missing, and "etc/x" needs it as parent',
    ],
    'a missing grandparent': [
      [directory('etc/a'), file('etc/a/x')],
      'cannot put "etc" into a layer: it is missing, and "etc/a" needs it as parent',
    ],
    'a path below a symlink': [
      [symlink('lib', 'usr/lib'), file('lib/x')],
      'cannot put "lib/x" into a layer: it is below "lib", which is a symlink in the same layer',
    ],
    'a path below a file': [
      [file('a'), file('a/x')],
      'cannot put "a/x" into a layer: it is below "a", which is a file in the same layer',
    ],
    'two entries for one path': [
      [directory('etc'), file('etc')],
      'cannot put "etc" into a layer: the layer has two entries for this path',
    ],
    'a path with ..': [[file('../x')], 'cannot put "../x" into a layer: the path has a ".." component'],
    'a path with .': [[file('./x')], 'cannot put "./x" into a layer: the path has a "." component'],
    'an absolute path': [
      [file('/x')],
      'cannot put "/x" into a layer: the path begins or ends with "/" or has "//"',
    ],
    'a path with a slash at its end': [
      [directory('x/')],
      'cannot put "x/" into a layer: the path begins or ends with "/" or has "//"',
    ],
    'an empty path': [[file('')], 'cannot put "" into a layer: the path is empty'],
    'a path with NUL': [[file('a\0b')], 'cannot put "a\\u0000b" into a layer: the path has a NUL character'],
    'a path that is not Unicode': [
      [file('a\ud800')],
      'cannot put "a\\ud800" into a layer: the path is not valid Unicode',
    ],
    'a link target that is not Unicode': [
      [symlink('a', '\udfff')],
      'cannot put "a" into a layer: the target of the symlink is not valid Unicode',
    ],
    'an empty link target': [
      [symlink('a', '')],
      'cannot put "a" into a layer: the target of the symlink is empty',
    ],
    'usr/etc': [
      [directory('usr'), directory('usr/etc')],
      'cannot put "usr/etc" into a layer: the host makes usr/etc out of etc; write below etc/ instead',
    ],
    'the whiteout of usr/etc': [
      [directory('usr'), file('usr/.wh.etc')],
      'cannot put "usr/.wh.etc" into a layer: it would delete the whole of etc, which the host keeps there',
    ],
    'a hard link to a lower layer': [
      [hardlink('a', 'b')],
      'cannot put "a" into a layer: "b", the target of the hard link, is not in the same layer',
    ],
    'a hard link to a directory': [
      [directory('b'), hardlink('a', 'b')],
      'cannot put "a" into a layer: the target of the hard link is a directory',
    ],
    'hard links in a circle': [
      [hardlink('a', 'b'), hardlink('b', 'a')],
      'cannot put "a" into a layer: the hard link leads back to itself',
    ],
    'a hard link with its own extended attributes': [
      [file('b'), { ...hardlink('a', 'b'), xattrs: new Map([['user.x', Buffer.of(1)]]) }],
      'cannot put "a" into a layer: a hard link has the extended attributes of its target',
    ],
    'security.selinux': [
      [file('a', '', { xattrs: new Map([['security.selinux', Buffer.of(1)]]) })],
      'cannot put "a" into a layer: security.selinux must not be set: the host computes the label and would add a second one',
    ],
    'an attribute name that PAX cannot hold': [
      [file('a', '', { xattrs: new Map([['user.a=b', Buffer.of(1)]]) })],
      'cannot put "a" into a layer: the extended attribute "user.a=b" has "=" in its name',
    ],
    'a name and its whiteout': [
      [file('a'), file('.wh.a')],
      'cannot put ".wh.a" into a layer: the layer has the name and its whiteout; a replacement needs no whiteout',
    ],
    'a whiteout with contents': [
      [file('.wh.a', 'x')],
      'cannot put ".wh.a" into a layer: names that begin with .wh. are whiteouts, and a whiteout is an empty file',
    ],
    'a whiteout that is a directory': [
      [directory('.wh.a')],
      'cannot put ".wh.a" into a layer: names that begin with .wh. are whiteouts, and a whiteout is an empty file',
    ],
    'a reserved whiteout name': [
      [file('.wh..wh.plnk')],
      'cannot put ".wh..wh.plnk" into a layer: it is not a whiteout of a name, and not .wh..wh..opq',
    ],
    'a whiteout of nothing': [
      [file('.wh.')],
      'cannot put ".wh." into a layer: it is not a whiteout of a name, and not .wh..wh..opq',
    ],
    'a mode with a type in it': [
      [file('a', '', { mode: 0o100644 })],
      'cannot put "a" into a layer: mode 33188 is not within 0 and 0o7777',
    ],
    'a negative owner': [
      [file('a', '', { uid: -1 })],
      'cannot put "a" into a layer: owner -1 is not a user id',
    ],
    'the group id that means none': [
      [file('a', '', { gid: 0xffffffff })],
      'cannot put "a" into a layer: group 4294967295 is not a group id',
    ],
    'a directory with contents': [
      [{ ...directory('a'), contents: Buffer.from('x') }],
      'cannot put "a" into a layer: a directory has no contents',
    ],
    'a file with a target': [
      [file('a', '', { target: 'b' })],
      'cannot put "a" into a layer: a file has no target',
    ],
  };
  for (const [name, [entries, message]] of Object.entries(refused)) {
    test(`writeTar() refuses ${name}`, () => {
      assert.throws(
        () => writeTar(entries),
        (error) =>
          error instanceof OciError &&
          error.code === 'tar-rule' &&
          !error.retryable &&
          error.message === message,
        message,
      );
    });
  }
});

test('writeTar() writes an empty archive as its end mark alone', () => {
  assert.deepEqual(writeTar([]), Buffer.alloc(1024));
});

test('writeTar() writes parents before children and hard links last, in byte order', async () => {
  const entries = [
    hardlink('a/0', 'b/z'),
    file('b/z'),
    // In UTF-16 order the second would precede the first.
    file('\uffee'),
    file('\u{1f600}'),
    directory('b'),
    file('a-b'),
    file('a/c'),
    directory('a'),
    file('.wh.gone'),
    file('b/.wh..wh..opq'),
  ];
  const names = (await read(writeTar(entries))).map((member) => member.path);
  assert.deepEqual(names, [
    '.wh.gone',
    'a',
    'a-b',
    'a/c',
    'b',
    'b/.wh..wh..opq',
    'b/z',
    '\uffee',
    '\u{1f600}',
    'a/0',
  ]);
  assert.deepEqual(
    writeTar(entries.toReversed()),
    writeTar(entries),
    'the order of the entries does not matter',
  );
});

test('writeTar() points a hard link to a hard link at the file', async () => {
  const members = await read(writeTar([hardlink('a', 'b'), hardlink('b', 'c'), file('c', 'x')]));
  assert.deepEqual(
    members.map(({ path, target }) => [path, target]),
    [
      ['c', undefined],
      ['a', 'c'],
      ['b', 'c'],
    ],
  );
});

test('writeTar() keeps long and non-ASCII names out of PAX, and ids out of it too', () => {
  const long = 'n'.repeat(120);
  const archive = Buffer.from(
    writeTar([
      directory('etc'),
      file(`etc/${long}`, 'x', { uid: 2_097_152, gid: 0xfffffffe }),
      file('etc/Zürich-日本'),
      symlink('etc/link', `../${long}/${long}`),
    ]),
  );
  const flags = [...Array(archive.length / 512).keys()]
    .filter((block) => archive.toString('latin1', block * 512 + 257, block * 512 + 262) === 'ustar')
    .map((block) => archive.toString('latin1', block * 512 + 156, block * 512 + 157));
  assert.deepEqual(flags, ['5', '0', 'K', '2', 'L', '0']);
  assert.ok(archive.includes(Buffer.from('etc/Zürich-日本\0')), 'raw UTF-8 in the name field');
});

test('writeTar() splits a path over the two ustar fields up to 255 bytes', async () => {
  const parts = ['p'.repeat(77), 'q'.repeat(77), 'r'.repeat(100)];
  const paths = [parts[0]!, `${parts[0]}/${parts[1]}`, parts.join('/')];
  const archive = Buffer.from(
    writeTar([directory(paths[0]!), directory(paths[1]!), file(paths[2]!, 'deep')]),
  );
  assert.equal(paths[2]!.length, 256);
  assert.ok(!archive.includes('@LongLink'), 'prefix 155 bytes, slash, name 100 bytes');
  assert.equal((await read(archive)).at(-1)?.path, paths[2]);
});

const segment = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-zA-Z0-9_.@+ -]{1,20}$/) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z]{90,160}$/) },
);
const component = segment.filter(
  (text) =>
    !/[/\0]/u.test(text) && text !== '.' && text !== '..' && !text.startsWith('.wh.') && text.isWellFormed(),
);
const id = fc.oneof(fc.constantFrom(0, 1000, 2_097_151, 2_097_152, 0xfffffffe), fc.nat());
const layer = fc
  .array(
    fc.record({
      path: fc.array(component, { minLength: 1, maxLength: 5 }),
      kind: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const),
      mode: fc.nat(0o7777),
      uid: id,
      gid: id,
      contents: fc.uint8Array({ maxLength: 1100 }),
      target: component,
      xattrs: fc.dictionary(
        fc.stringMatching(/^(?:user|security)\.[a-z]{1,12}$/).filter((name) => name !== 'security.selinux'),
        fc.uint8Array({ maxLength: 120 }),
        { maxKeys: 2 },
      ),
    }),
    { maxLength: 12 },
  )
  .map((nodes) => {
    const entries = new Map<string, TarEntry>();
    for (const node of nodes) {
      const path = node.path.join('/');
      const parents = node.path.slice(0, -1).map((_, at) => node.path.slice(0, at + 1).join('/'));
      if (entries.has(path) || path === 'usr/etc' || path.startsWith('usr/etc/')) continue;
      if (parents.some((parent) => (entries.get(parent)?.type ?? 'directory') !== 'directory')) continue;
      for (const parent of parents) if (!entries.has(parent)) entries.set(parent, directory(parent));
      const { mode, uid, gid, kind } = node;
      const xattrs = new Map(Object.entries(node.xattrs));
      entries.set(path, {
        path,
        type: kind,
        mode,
        uid,
        gid,
        ...(kind === 'file' ? { contents: node.contents } : {}),
        ...(kind === 'symlink' ? { target: node.target } : {}),
        ...(xattrs.size === 0 ? {} : { xattrs }),
      });
    }
    return Array.from(entries.values());
  });

test('writeTar() round-trips through readTar()', async () => {
  await fc.assert(
    fc.asyncProperty(layer, async (entries) => {
      const members = await read(writeTar(entries));
      const expected = new Map(entries.map((entry) => [entry.path, entry]));
      assert.equal(members.length, expected.size);
      for (const { size, mtime, ...member } of members) {
        const entry = expected.get(member.path)!;
        const contents = entry.type === 'file' ? { contents: new Uint8Array(entry.contents!) } : {};
        assert.deepEqual(member, { ...entry, ...contents });
        assert.equal(size, entry.contents?.length ?? 0);
        assert.equal(mtime, 0);
      }
    }),
    { numRuns: 150 },
  );
});

test('writeTar() is read by GNU tar as it was meant', (t) => {
  if (spawnSync('tar', ['--version']).status !== 0) return t.skip('tar is not installed');
  const root = mkdtempSync(join(tmpdir(), 'tar-writer-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const long = 'long-'.repeat(30);
  const archive = writeTar([
    directory('etc'),
    directory(`etc/${long}`),
    directory(`etc/${long}/${long}`),
    file(`etc/${long}/${long}/file`, 'deep'),
    file('etc/Zürich', 'gruezi', { mode: 0o600 }),
    file('etc/empty', ''),
    file('etc/setuid', 'x', { mode: 0o4755 }),
    file('etc/block', 'y'.repeat(512)),
    symlink('etc/link', `${long}/${long}/file`),
    symlink('etc/far', `../${long}${long}`),
    hardlink('etc/alias', 'etc/Zürich'),
    file('etc/caps', 'z', { xattrs: new Map([['user.binary', Buffer.of(0x80, 0, 0xff, 0x0a)]]) }),
  ]);
  const list = spawnSync('tar', ['--list', '--verbose', '--numeric-owner', '--file=-'], {
    input: archive,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  });
  assert.equal(list.stderr, '');
  assert.match(list.stdout, /^-rwsr-xr-x 0\/0 +1 1970-01-01 00:00 etc\/setuid$/mu);
  assert.match(list.stdout, /^hrw-r--r-- 0\/0 +0 1970-01-01 00:00 etc\/alias link to etc\/Zürich$/mu);

  const extract = spawnSync(
    'tar',
    ['--extract', '--no-same-owner', '--preserve-permissions', `--directory=${root}`],
    {
      input: archive,
      encoding: 'utf8',
    },
  );
  assert.equal(extract.stderr, '');
  assert.equal(readFileSync(join(root, `etc/${long}/${long}/file`), 'utf8'), 'deep');
  assert.equal(readFileSync(join(root, 'etc/block'), 'utf8'), 'y'.repeat(512));
  assert.equal(readlinkSync(join(root, 'etc/far')), `../${long}${long}`);
  assert.equal(statSync(join(root, 'etc/Zürich')).ino, statSync(join(root, 'etc/alias')).ino);
  assert.equal(statSync(join(root, 'etc/Zürich')).mode & 0o7777, 0o600);
  assert.equal(statSync(join(root, 'etc/setuid')).mode & 0o7777, 0o4755);
  assert.equal(readdirSync(join(root, 'etc')).length, 9);
});
