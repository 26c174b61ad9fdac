import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { OciError, readTar, type TarMember, TarScanner, writeTar } from './index.ts';

const archive = Buffer.from(
  writeTar([
    { path: 'etc', type: 'directory', mode: 0o755, uid: 0, gid: 0 },
    {
      path: `etc/${'n'.repeat(150)}`,
      type: 'file',
      mode: 0o600,
      uid: 3_000_000,
      gid: 1,
      contents: Buffer.alloc(700, 'a'),
      xattrs: new Map([['security.capability', Buffer.of(1, 0x80, 0, 0xff)]]),
    },
    { path: 'etc/b', type: 'file', mode: 0o644, uid: 0, gid: 0, contents: Buffer.from('bee') },
    { path: 'etc/c', type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: 't'.repeat(130) },
    { path: 'etc/d', type: 'hardlink', mode: 0o644, uid: 0, gid: 0, target: 'etc/b' },
  ]),
);

function readAll(bytes: Uint8Array, chunkSize: number): TarMember[] {
  const members: TarMember[] = [];
  const scanner = new TarScanner((header) => {
    if (header.type === 'file') return (contents) => void members.push({ ...header, contents });
    members.push(header);
    return undefined;
  });
  for (let at = 0; at < bytes.length; at += chunkSize) scanner.push(bytes.subarray(at, at + chunkSize));
  scanner.end();
  return members;
}

async function collect(...args: Parameters<typeof readTar>): Promise<TarMember[]> {
  const members: TarMember[] = [];
  for await (const member of readTar(...args)) members.push(member);
  return members;
}

/** Replaces bytes of the header block at `offset` and puts its checksum right. */
function patched(
  bytes: Uint8Array,
  offset: number,
  changes: Readonly<Record<number, string | Uint8Array>>,
): Buffer {
  const copy = Buffer.from(bytes);
  for (const [at, value] of Object.entries(changes)) copy.set(Buffer.from(value), offset + Number(at));
  copy.write('        ', offset + 148, 'latin1');
  const sum = copy.subarray(offset, offset + 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, offset + 148, 'latin1');
  return copy;
}

function fails(code: string): (error: unknown) => boolean {
  return (error) => error instanceof OciError && error.code === code;
}

const oneFile = Buffer.from(
  writeTar([{ path: 'a', type: 'file', mode: 0o644, uid: 0, gid: 0, contents: Buffer.from('body') }]),
);

test('TarScanner reads the same members with every chunk size', () => {
  const expected = readAll(archive, archive.length);
  assert.equal(expected.length, 5);
  const withXattr = expected.find((member) => member.xattrs !== undefined);
  assert.deepEqual(withXattr?.xattrs?.get('security.capability'), Uint8Array.of(1, 0x80, 0, 0xff));
  assert.deepEqual(withXattr?.contents, new Uint8Array(700).fill(0x61));
  for (let size = 1; size <= 1025; size += 1)
    assert.deepEqual(readAll(archive, size), expected, `chunks of ${size}`);
});

test('TarScanner reports an archive cut anywhere as truncated', () => {
  // Behind the first of the two zero blocks the archive counts as whole.
  for (let length = 0; length < archive.length - 512; length += 1) {
    assert.throws(() => readAll(archive.subarray(0, length), 4096), fails('truncated'), `${length} bytes`);
  }
  assert.equal(readAll(archive.subarray(0, archive.length - 512), 4096).length, 5);
});

test('TarScanner ignores what follows the end mark', () => {
  assert.equal(readAll(Buffer.concat([oneFile, Buffer.from('anything'), oneFile]), 100).length, 1);
});

test('TarScanner never fails with anything but an OciError', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      (damage, mend) => {
        let bytes: Buffer = Buffer.from(archive);
        for (const [at, value] of damage) bytes[at] = value;
        if (mend) bytes = patched(bytes, 0, {});
        try {
          readAll(bytes, 300);
        } catch (error) {
          assert.ok(error instanceof OciError, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

describe('TarScanner on hostile headers', () => {
  const cases: Readonly<Record<string, readonly [bytes: Uint8Array, code: string]>> = {
    'a wrong checksum': [Buffer.concat([Buffer.from('b'), oneFile.subarray(1)]), 'malformed'],
    'a path with ..': [patched(oneFile, 0, { 0: 'a/../../b\0' }), 'malformed'],
    'a size that is not octal': [patched(oneFile, 0, { 124: '0000000009x\0' }), 'malformed'],
    'a negative size': [patched(oneFile, 0, { 124: Buffer.alloc(12, 0xff) }), 'malformed'],
    'a size beyond all numbers': [patched(oneFile, 0, { 124: Buffer.alloc(12, 0x8f) }), 'malformed'],
    'an unknown type': [patched(oneFile, 0, { 156: 'Q' }), 'unsupported'],
    'a long name of many megabytes': [patched(oneFile, 0, { 156: 'L', 124: '77777777777\0' }), 'too-large'],
    'a PAX header of many megabytes': [patched(oneFile, 0, { 156: 'x', 124: '77777777777\0' }), 'too-large'],
    'a PAX record with a wrong length': [patched(oneFile, 0, { 156: 'x' }), 'malformed'],
    'a member after half an end mark': [Buffer.concat([oneFile.subarray(0, 1536), oneFile]), 'malformed'],
  };
  for (const [name, [bytes, code]] of Object.entries(cases)) {
    test(`TarScanner refuses ${name}`, () => {
      assert.throws(() => readAll(bytes, 512), fails(code));
    });
  }

  for (const [name, record] of Object.entries({
    'a size that is not a number': 'size=1e9',
    'a path with NUL': 'path=a\0b',
  })) {
    test(`TarScanner refuses ${name} in a PAX record`, () => {
      const length = record.length + 4;
      const body = Buffer.alloc(512);
      body.write(`${length} ${record}\n`);
      const header = patched(oneFile.subarray(0, 512), 0, {
        156: 'x',
        124: `${length.toString(8).padStart(11, '0')}\0`,
      });
      assert.throws(() => readAll(Buffer.concat([header, body, oneFile]), 512), fails('malformed'));
    });
  }

  test('TarScanner refuses global PAX records without end', () => {
    const scanner = new TarScanner(() => undefined);
    assert.throws(() => {
      for (let at = 1000; at < 2000; at += 1) {
        const body = Buffer.alloc(512);
        body.write(`17 key${at}=value\n`);
        scanner.push(patched(oneFile.subarray(0, 512), 0, { 156: 'g', 124: '00000000021\0' }));
        scanner.push(body);
      }
    }, fails('too-large'));
  });

  test('TarScanner refuses to collect more than the limit', () => {
    const scanner = new TarScanner(() => () => {}, { bodyLimit: 3 });
    assert.throws(() => scanner.push(oneFile), fails('too-large'));
  });
});

test('readTar() passes the errors of its source on', async () => {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield oneFile.subarray(0, 700);
    await Promise.resolve();
    throw new RangeError('gone');
  }
  await assert.rejects(collect(source()), RangeError);
});

test('readTar() gives the paths of the root, of ./ and of absolute names without them', async () => {
  const names = ['./', './etc/x', '/etc/x', 'etc//x/'];
  const blocks = names.map((name) => patched(oneFile.subarray(0, 1024), 0, { 0: `${name}\0` }));
  const members = await collect([...blocks, Buffer.alloc(1024)]);
  assert.deepEqual(
    members.map((member) => member.path),
    ['', 'etc/x', 'etc/x', 'etc/x'],
  );
});

describe('readTar() on archives of GNU tar', () => {
  const name = 'n'.repeat(95);
  const deep = `tree/${'d'.repeat(60)}/${name}`;

  function makeTree(t: TestContext): string | undefined {
    if (!(spawnSync('tar', ['--version'], { encoding: 'utf8' }).stdout ?? '').includes('GNU tar')) {
      t.skip('GNU tar is not installed');
      return undefined;
    }
    const root = mkdtempSync(join(tmpdir(), 'tar-reader-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    mkdirSync(join(root, `tree/${'d'.repeat(60)}`), { recursive: true, mode: 0o755 });
    chmodSync(join(root, 'tree'), 0o755);
    writeFileSync(join(root, 'tree/Zürich'), 'gruezi');
    chmodSync(join(root, 'tree/Zürich'), 0o640);
    writeFileSync(join(root, deep), Buffer.alloc(100_000, 'x'));
    linkSync(join(root, 'tree/Zürich'), join(root, 'tree/alias'));
    symlinkSync('../elsewhere/'.repeat(10), join(root, 'tree/link'));
    return root;
  }

  function pack(root: string, ...options: string[]): Buffer {
    const { stdout, stderr, status } = spawnSync(
      'tar',
      [
        '--create',
        '--sort=name',
        '--mtime=@1700000000',
        '--owner=:5',
        '--group=:6',
        ...options,
        `--directory=${root}`,
        'tree',
      ],
      { maxBuffer: 1 << 26, env: { ...process.env, LC_ALL: 'C.UTF-8' } },
    );
    assert.equal(status, 0, String(stderr));
    return stdout;
  }

  for (const format of ['gnu', 'posix', 'ustar', 'oldgnu']) {
    test(`readTar() reads the ${format} format`, async (t) => {
      const root = makeTree(t);
      if (root === undefined) return;
      // ustar has no room for the longest target.
      if (format === 'ustar') rmSync(join(root, 'tree/link'));
      const members = await collect([pack(root, `--format=${format}`)], {
        wanted: (header) => header.path === deep,
      });
      const byPath = new Map(members.map((member) => [member.path, member]));
      assert.equal(byPath.get('tree')?.type, 'directory');
      assert.equal(byPath.get('tree')?.mtime, 1_700_000_000);
      assert.deepEqual(byPath.get(deep)?.contents, new Uint8Array(100_000).fill(0x78));
      const [first, second] = ['tree/Zürich', 'tree/alias'].map((path) => byPath.get(path)!);
      assert.deepEqual([first!.type, second!.type].toSorted(), ['file', 'hardlink']);
      assert.equal(first!.mode, 0o640);
      assert.deepEqual([first!.uid, first!.gid], [5, 6]);
      assert.equal(
        first!.target ?? second!.target,
        first!.target === undefined ? 'tree/Zürich' : 'tree/alias',
      );
      if (format !== 'ustar') assert.equal(byPath.get('tree/link')?.target, '../elsewhere/'.repeat(10));
      assert.equal(members.length, format === 'ustar' ? 5 : 6);
    });
  }

  for (const format of [['--format=gnu'], ['--format=posix'], ['--format=posix', '--sparse-version=0.1']]) {
    test(`readTar() steps over a sparse file with ${format.join(' ')}`, async (t) => {
      const root = makeTree(t);
      if (root === undefined) return;
      const sparse = join(root, 'tree/holes');
      for (let at = 0; at < 12; at += 1) {
        writeFileSync(sparse, 'data', { flag: 'a' });
        truncateSync(sparse, (at + 1) * 200_000);
      }
      const bytes = pack(root, ...format, '--sparse');
      const members = await collect([bytes]);
      const found = members.find((member) => member.path === 'tree/holes');
      assert.equal(found?.type, 'sparse-file');
      assert.equal(found?.size, 2_400_000);
      assert.equal(members.length, 7, 'the members after it are found');
      const asking = new TarScanner((header) => (header.path === 'tree/holes' ? () => {} : undefined));
      assert.throws(() => asking.push(bytes), fails('unsupported'));
    });
  }

  test('readTar() reads extended attributes and a global header', async (t) => {
    const root = makeTree(t);
    if (root === undefined) return;
    const bytes = pack(root, '--format=posix', '--pax-option=SCHILY.xattr.user.all=yes,mtime:=1.5');
    const members = await collect([bytes]);
    for (const member of members) {
      assert.equal(member.mtime, 1.5);
      assert.equal(Buffer.from(member.xattrs?.get('user.all') ?? []).toString(), 'yes');
    }
  });
});
