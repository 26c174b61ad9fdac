/**
 * Compares our validator with the real `ignition-validate` (Debian's 2.14, spec 3.0 to 3.3) over thousands of generated
 * configs, valid and broken: exit status, entries, wording, order and positions (host-contract §8.2, §8.8).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { formatEntry, parseText } from '../../src/ignition/index.ts';
import type { ParseOutcome, ReportEntry } from '../../src/ignition/index.ts';
import { skipWithout } from '../lab/requirements.ts';

const skip = skipWithout('ignition-validate');

const RUNS = Number(process.env['IGNITION_ORACLE_RUNS'] ?? 1500);
const WORKERS = 3;
const SEED = Number(process.env['IGNITION_ORACLE_SEED'] ?? 20251120);

/**
 * Where the fixtures (recorded from 2.27) and 2.14 disagree we follow the fixtures. Each difference by name: what our
 * entry becomes for 2.14; `undefined` where 2.14 has no such rule.
 */
const LATER_CHANGES: readonly {
  readonly change: string;
  readonly message: RegExp;
  readonly in214: ((message: string) => string) | undefined;
}[] = [
  {
    change: 'the unused-key warning lost its capital letter',
    message: /^unused key /,
    in214: (message) => message.replace('unused', 'Unused'),
  },
  {
    change: 'the context-tree warning lost its full stop',
    message: /^context tree does not match/,
    in214: (message) => `${message}.`,
  },
  {
    change: 'the special-bits warning was extended to specs 3.4 and 3.5 and reworded (2.22)',
    message: /^setuid\/setgid\/sticky bits/,
    in214: () => 'setuid/setgid/sticky bits are not supported in spec versions older than 3.4.0',
  },
  {
    change: 'nodes in the place of a unit became an error (2.15)',
    message: /^path conflicts with systemd unit or dropin$/,
    in214: undefined,
  },
  {
    change: 'templates of enabled instances are looked at (2.15)',
    message: /^template unit .* doesn't have Install section$/,
    in214: undefined,
  },
  {
    change: 'filesystems over partitioned disks are warned about (2.15)',
    message: /^filesystem overwrites partitioned device$/,
    in214: undefined,
  },
  {
    change: 'filesystems on disks with wipeTable are warned about (2.15)',
    message: /^device matches disk with wipeTable enabled/,
    in214: undefined,
  },
  {
    change: 'owners of hard links are warned about (2.15)',
    message: /^user\/group ignored for hard link$/,
    in214: undefined,
  },
];

/** The one rule that is gone since 2.14: partitions of number 0 beside one that should not exist. */
const REMOVED_RULE = /: shouldExist is false for a partition and other partition\(s\) has start or size 0$/;

function as214(entry: ReportEntry): readonly ReportEntry[] {
  const later = LATER_CHANGES.find(({ message }) => message.test(entry.message));
  if (later === undefined) return [entry];
  return later.in214 === undefined ? [] : [{ ...entry, message: later.in214(entry.message) }];
}

interface Verdict {
  readonly exit: number;
  readonly stdout: readonly string[];
  readonly stderr: string;
}

function ours(outcome: ParseOutcome): Verdict {
  const entries = outcome.report.entries.flatMap(as214);
  const reason = outcome.ok ? undefined : outcome.reason;
  return {
    exit: reason !== undefined || entries.some((entry) => entry.kind === 'error') ? 1 : 0,
    // The tool trims what it prints, so spaces at the end of the last key are lost.
    stdout: inStableOrder(entries.map(formatEntry)).map((line) => line.trimEnd()),
    stderr: reason === undefined ? '' : `couldn't parse config: ${reason}`,
  };
}

function theirs(exit: number, stdout: string, stderr: string): Verdict {
  // A key may hold a newline, so only one before the next entry ends an entry.
  const lines = stdout.split(/\n(?=(?:error|warning) at |$)/).filter((line) => line !== '');
  const kept = lines.filter((line) => !REMOVED_RULE.test(line));
  const onlyRemoved = kept.length < lines.length && !kept.some((line) => line.startsWith('error'));
  return {
    exit: onlyRemoved ? 0 : exit,
    stdout: inStableOrder(kept).map((line) => line.trimEnd()),
    stderr: stderr.trim(),
  };
}

/** The real tool reports the unused keys of one object in random order. */
function inStableOrder(lines: readonly string[]): readonly string[] {
  const sorted: string[] = [];
  let run: string[] = [];
  for (const line of [...lines, '']) {
    if (run.length > 0 && parentOfUnused(line) !== parentOfUnused(run[0] ?? '')) {
      sorted.push(...run.sort());
      run = [];
    }
    if (parentOfUnused(line) !== undefined) run.push(line);
    else if (line !== '') sorted.push(line);
  }
  return sorted;
}

function parentOfUnused(line: string): string | undefined {
  const [, path, key] = /^warning at (.*), line \d+ col \d+: Unused key (.*)$/s.exec(line) ?? [];
  return path === undefined || key === undefined ? undefined : path.slice(0, -key.length);
}

function ask(text: string): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = spawn('ignition-validate', ['-']);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (exit) => resolve(theirs(exit ?? -1, stdout, stderr)));
    child.stdin.end(text);
  });
}

async function compareAll(texts: readonly string[]): Promise<void> {
  const queue = [...new Set(texts)].filter((text) => text !== '').sort((a, b) => a.length - b.length);
  const total = queue.length;
  const broken: string[] = [];
  const work = async (): Promise<void> => {
    for (let text = queue.shift(); text !== undefined && broken.length < 5; text = queue.shift()) {
      const difference = differenceOf(ours(parseText(text)), await ask(text));
      if (difference !== '') broken.push(`${JSON.stringify(text)}\n${difference}`);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  assert.ok(broken.length === 0, `of ${total} configs, seed ${SEED}:\n${broken.join('\n\n')}`);
}

function linesOf({ exit, stdout, stderr }: Verdict): readonly string[] {
  return [`exit ${exit} ${stderr}`, ...stdout];
}

function differenceOf(actual: Verdict, expected: Verdict): string {
  const ours = linesOf(actual);
  const theirs = linesOf(expected);
  if (ours.join('\n') === theirs.join('\n')) return '';
  const only = (mark: string, lines: readonly string[], others: readonly string[]): readonly string[] =>
    lines.filter((line) => !others.includes(line)).map((line) => `${mark} ${line}`);
  const differing = [...only('ours:  ', ours, theirs), ...only('theirs:', theirs, ours)];
  return differing.length === 0 ? 'the order differs' : differing.join('\n');
}

// ---- generators: every member of every section, from pools of good and bad values ----

const some = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
/** Like {@link some}, written in rows. */
const pool = <T>(...rows: readonly (readonly T[])[]): fc.Arbitrary<T> => some(...rows.flat());
const flag = fc.boolean();

function listOf<T>(entry: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<readonly T[]> {
  return fc.array(entry, { maxLength });
}

/** A struct with any of its members, now and then a null, an unknown key or a key in the wrong case. */
function struct(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const whole = fc.record(members, { requiredKeys: [] });
  return fc.oneof(
    { weight: 30, arbitrary: whole },
    { weight: 2, arbitrary: whole.map((value) => ({ ...value, unknown: 1, 'other key': [{}] })) },
    { weight: 2, arbitrary: whole.map((value) => miscased(value, (key) => key.toUpperCase())) },
    { weight: 1, arbitrary: whole.map((value) => nulled(value)) },
  );
}

function miscased(value: object, change: (key: string) => string): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [change(key), member]));
}

function nulled(value: object): unknown {
  return Object.fromEntries(Object.keys(value).map((key) => [key, null]));
}

const path = fc.oneof(
  { weight: 6, arbitrary: some('/a', '/b', '/a/b', '/a/b/c', '/l', '/l/x', '/', '/etc/x.y', '/é') },
  {
    weight: 1,
    arbitrary: some('', 'a', '/a/', '//a', '/a/../b', '/./a', '/a/.', '/..', '/...', '/a/..b', '.'),
  },
  {
    weight: 1,
    arbitrary: some('/etc/systemd/system/a.service', '/etc/systemd/system/a.service.d/x.conf'),
  },
);
const url = fc.oneof(
  {
    weight: 4,
    arbitrary: pool(
      ['data:,x', 'data:;base64,aGVsbG8=', 'data:text/plain;charset=utf-8,a%20b', 'data:,'],
      ['http://example.com/x', 'https://u:p@[::1]:80/x?y#z', 's3://bucket/key', 'tftp://h/f'],
    ),
  },
  {
    weight: 3,
    arbitrary: pool(
      ['', 'ftp://x', 'gs://b/o', 'arn:aws:s3:::b/k', 'file:///x', '/x', 'x:y', ':x', 'a:b/c'],
      ['s3://b/k?versionId=', 's3://b/k?a=1&versionId=v', 'http://x:y/', 'http://[::1', '1a:b'],
      ['http://h ost/', 'http://a%41/', 'http://a%C3%A9/', 'http://a/%zz', 'http://a/#%zz', '*'],
      ['http://u^@h/', 'HTTP://x', 'DATA:,x', 'http://[fe80::1%25en0]/', 'http://[::1]x/', '//h'],
      ['http://a\tb', 'data:,a\nb', 'http://a/?%zz', '///a', 'http://<>/', 'http://a:1:2/', '?a'],
      ['s3://b?versionId=;', 's3://b?version%49d=', 'http://h\\x', 'http://é/', 'http:', 'a b:c'],
    ),
  },
  {
    weight: 3,
    arbitrary: pool(
      ['data:', 'data:x', 'data:x-y,z', 'data:x-y/z,w', 'data:X,', 'data:foo/bar,x', 'data:/,x'],
      ['data:text,x', 'data:text/', 'data:text/plain', 'data:text/pl ain,', 'data:text/plain;,x'],
      ['data:;,x', 'data:;a,x', 'data:;a=,x', 'data:;a=b', 'data:;a=b,x', 'data:;a=b;base64,eA=='],
      ['data:;a="b",x', 'data:;a="b', 'data:;a="b"c,x', 'data:;a="\\z",x', 'data:;a="\\"",x'],
      ['data:;a=%zz,x', 'data:;a=%4,x', 'data:;a=b c,x', 'data:;=,x', 'data:;base64', 'data: ,x'],
      ['data:;base64;base64,x', 'data:;base64;a=b,eA==', 'data:;base64,', 'data:é,x', 'data:;é,'],
      ['data:;a="é",x', 'data:;a="\\é",x', 'data:;a=""', 'data:text/;a=b;c=d,x', 'data:image/é,'],
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .string({ unit: some(...'aB0+/=-_%é #'.split('')), maxLength: 9 })
      .map((data) => `data:;base64,${data}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: some(...'aB%0fF=#<é&'.split('')), maxLength: 9 })
      .map((data) => `data:,${data}`),
  },
);
const hex = (length: number): string => 'aB9'.repeat(50).slice(0, length);
const hash = pool(
  [`sha512-${hex(128)}`, `sha256-${hex(64)}`, `sha256-${hex(63)}`, `sha512-${hex(64)}`],
  ['', 'md5-x', 'sha256', 'sha256-', '-', `sha256-${'z'.repeat(64)}`, `SHA256-${hex(64)}`],
);
const resource = struct({
  source: url,
  compression: some('', 'gzip', 'xz'),
  verification: struct({ hash }),
  httpHeaders: listOf(struct({ name: some('', 'a', 'b'), value: some('', 'x') }), 2),
});
const owner = struct({ id: some(0, 5, -1), name: some('', 'root') });
const mode = some(0, 0o644, 0o1755, 0o7777, 0o10000, -1, 9999);
const node = { path, user: owner, group: owner, overwrite: flag };
const label = some('', 'root', 'a'.repeat(16), 'a'.repeat(17), 'a'.repeat(37), 'é'.repeat(8), 'a:b');
const guid = some('', '01234567-89ab-CDEF-0123-456789ABCDEF', 'x', '01234567-89AB-CDEF-0123');
const partition = struct({
  label,
  number: some(0, 1, 2, 3),
  guid,
  typeGuid: guid,
  startMiB: some(0, 1, 5, 10),
  sizeMiB: some(0, 1, 5, 10),
  shouldExist: flag,
  resize: flag,
  wipePartitionEntry: flag,
});
const disk = struct({ device: path, wipeTable: flag, partitions: listOf(partition) });
const filesystem = struct({
  device: path,
  path,
  format: some('', 'ext4', 'btrfs', 'xfs', 'swap', 'vfat', 'none', 'virtiofs', 'zfs'),
  label: fc.oneof(label, some('a'.repeat(257))),
  uuid: some('', 'x'),
  wipeFilesystem: flag,
  options: listOf(some('a', 'b'), 2),
  mountOptions: listOf(some('a', 'b'), 2),
});
const raid = struct({
  name: some('', 'r', 's'),
  level: some('', 'linear', 'raid0', '0', 'stripe', 'raid1', '10', 'mirror', 'raid7'),
  devices: listOf(path),
  spares: some(0, 1),
  options: listOf(some('a', 'b'), 2),
});
const tang = struct({ url, thumbprint: some('', 'x'), advertisement: some('', '{}', '{') });
const luks = struct({
  name: some('', 'l', 'm', 'a/b'),
  device: path,
  label: fc.oneof(label, some('a'.repeat(48))),
  keyFile: resource,
  options: listOf(some('a', 'b'), 2),
  openOptions: listOf(some('a', 'b'), 2),
  discard: flag,
  uuid: some('', 'x'),
  wipeVolume: flag,
  cex: struct({ enabled: flag }),
  clevis: struct({
    tpm2: flag,
    threshold: some(0, 1),
    tang: listOf(tang, 2),
    custom: struct({ pin: some('', 'tpm2', 'sss', 'x'), config: some('', '{}'), needsNetwork: flag }),
  }),
});
const unitText = fc.oneof(
  some('', '[Unit]\nDescription=x\n', '[Service]\nA=1\n[Install]\nWantedBy=x.target\n', '[Foo'),
  fc
    .array(
      pool(
        ['[Unit]', '[Install]', '[A] x', '[A', ']', 'A=1', 'A = b \\', 'c\\', 'A', '=', '# c \\'],
        ['; d', '', ' ', '\t[B]', 'A=\r', 'é=é', '\u00a0', 'x'.repeat(700), 'y=\\', '\\', '[é]"\u0001'],
        [`A=${'z'.repeat(2100)}`, `${'w'.repeat(2050)}=`, '#'.repeat(2048), 'é'.repeat(1100)],
      ),
      { maxLength: 9 },
    )
    .chain((lines) => some('\n', '\r\n').map((newline) => lines.join(newline))),
);
const unit = struct({
  name: pool(
    ['a.service', 'b.socket', 'a.foo', 'a', '', 't@.service', 't@x.service', '.timer', 'a/b.c'],
    ['a"\u0007é\\.service', 't@@y.service', '@.service'],
  ),
  enabled: flag,
  mask: flag,
  contents: unitText,
  dropins: listOf(struct({ name: some('x.conf', 'y.conf', 'x.cfg', 'x', ''), contents: unitText }), 2),
});
const name = some('', 'core', 'admin');
const words = listOf(some('a', 'b', 'c', ''), 3);
const sections = {
  passwd: struct({
    users: listOf(
      struct({
        name,
        groups: words,
        sshAuthorizedKeys: words,
        uid: some(0, 1000),
        shouldExist: flag,
        shell: some(''),
      }),
    ),
    groups: listOf(struct({ name, gid: some(1), shouldExist: flag, passwordHash: some('x') })),
  }),
  storage: struct({
    files: listOf(struct({ ...node, mode, contents: resource, append: listOf(resource, 2) }), 4),
    directories: listOf(struct({ ...node, mode })),
    links: listOf(struct({ ...node, hard: flag, target: fc.oneof(path, some('b', '../a', 'x/..')) })),
    disks: listOf(disk, 2),
    filesystems: listOf(filesystem),
    raid: listOf(raid, 2),
    luks: listOf(luks, 2),
  }),
  systemd: struct({ units: listOf(unit, 4) }),
  kernelArguments: struct({ shouldExist: words, shouldNotExist: words }),
};
const VERSIONS = ['3.0.0', '3.1.0', '3.2.0', '3.3.0'];
const ignition = struct({
  config: struct({ merge: listOf(resource, 2), replace: resource }),
  security: struct({ tls: struct({ certificateAuthorities: listOf(resource, 2) }) }),
  timeouts: struct({ httpTotal: some(0, 5), httpResponseHeaders: some(1) }),
  proxy: struct({ httpProxy: url, httpsProxy: url, noProxy: words }),
});
const config = fc
  .tuple(some(...VERSIONS), fc.oneof(ignition, some({})), fc.record(sections, { requiredKeys: [] }), flag)
  .map(([version, members, rest, first]) => {
    const head = { ignition: Object.assign({}, members, { version }) };
    return Object.assign({}, ...(first ? [head, rest] : [rest, head])) as object;
  });
const spacing = some<number | string>('', 1, 2, '\t');
const text = fc.tuple(config, spacing).map(([value, space]) => JSON.stringify(value, null, space));

function sample(arbitrary: fc.Arbitrary<string>, numRuns: number): readonly string[] {
  return fc.sample(arbitrary, { seed: SEED, numRuns });
}

test('parseText() agrees with the real validator on generated configs', { skip }, async () => {
  await compareAll(sample(text, RUNS));
});

test('parseText() agrees with the real validator on one section at a time', { skip }, async () => {
  const one = fc
    .tuple(some(...VERSIONS), fc.oneof(...Object.keys(sections).map((key) => sectionOnly(key))))
    .map(([version, section]) => JSON.stringify({ ignition: { version }, ...section }));
  await compareAll(sample(one, RUNS / 2));
});

test('parseText() agrees with the real validator on unit files', { skip }, async () => {
  const units = fc.array(unitText, { minLength: 1, maxLength: 4 }).map((texts) => {
    const list = texts.map((contents, i) => ({ name: `${i}.service`, enabled: true, contents }));
    return JSON.stringify({ ignition: { version: '3.3.0' }, systemd: { units: list } });
  });
  await compareAll(sample(units, RUNS / 2));
});

function sectionOnly(key: string): fc.Arbitrary<object> {
  const section = sections[key as keyof typeof sections];
  return section.map((value) => ({ [key]: value }));
}

test('parseText() agrees with the real validator on values of wrong types', { skip }, async () => {
  const wrong = some<unknown>(1, -1.5, 'x', true, null, [], {}, [1], ['x'], [null], { a: 1 }, 1e30);
  const mistyped = fc
    .tuple(config, fc.nat(), wrong)
    .map(([value, index, bad]) => JSON.stringify(replaceAt(value, index, bad)));
  await compareAll(sample(mistyped, RUNS / 2));
});

/** Replaces the n-th value of the document, counted over all of them. */
function replaceAt(value: unknown, index: number, bad: unknown): unknown {
  const places: (() => void)[] = [];
  const copy = structuredClone(value);
  const visit = (holder: object): void => {
    for (const key of Object.keys(holder)) {
      const members = holder as Record<string, unknown>;
      places.push(() => (members[key] = bad));
      const member = members[key];
      if (typeof member === 'object' && member !== null) visit(member);
    }
  };
  visit(copy as object);
  places[index % places.length]?.();
  return copy;
}

test('parseText() agrees with the real validator on duplicate keys', { skip }, async () => {
  const doubled = fc.tuple(config, config).map(([one, other]) => {
    const [first, second] = [one, other].map((value) => JSON.stringify(value).slice(1, -1));
    return `{${first ?? ''},${second ?? ''}}`;
  });
  const versions = [
    '{"ignition":{"version":"3.3.0"},"ignition":{"x":1}}',
    '{"ignition":{"version":"3.3.0","VERSION":null},"IGNITION":null}',
    '{"ignition":{"version":"3.3.0","Version":"3.2.0"},"storage":{"luks":[{"clevis":{}}]}}',
    '{"ignition":{"version":"3.3.0"},"Ignition":{"version":"9.0.0"}}',
    '{"ignition":{"version":1},"ignition":{"version":"3.3.0"}}',
  ];
  await compareAll([...versions, ...sample(doubled, RUNS / 5)]);
});

test('parseText() agrees with the real validator on damaged JSON', { skip }, async () => {
  const insert = some(...'{}[],:"\\ \n0-.eEtfnu\u0001xé'.split(''), '\\u12', '\\ud800', '1.', '-', '01');
  const damaged = fc.tuple(text, fc.nat(), fc.nat(2), insert).map(([whole, at, cut, added]) => {
    const start = at % (whole.length + 1);
    return whole.slice(0, start) + added + whole.slice(start + cut);
  });
  await compareAll(sample(damaged, RUNS / 2));
});

test('parseText() agrees with the real validator on version strings', { skip }, async () => {
  const versions = [
    ['', '3', '3.0', '3.0.0', '3.0.0.0', '03.0.0', '3.0.0-', '3.0.0+', '3.0.0+b', '3.0.0-x'],
    ['2.4.0', '1.0.0', '3.1.0-experimental', '3.9.0', 'v3.0.0', ' 3.0.0', '3.0.0 ', '-3.0.0'],
    ['3.0.0-x+y', '3.0.0-é', '3.00.0', '3.0.99999999999999999999', '3.a.0', '3.0.0-+'],
  ].flat();
  const values: unknown[] = [...versions, 3, null, true, [], {}, ['3.0.0']];
  const documents: unknown[] = values.flatMap((version) => [
    { ignition: { version } },
    { IGNITION: { Version: version } },
  ]);
  const others = [null, [], 'x', 1, true, { ignition: null }, { ignition: [] }, { ignition: 'x' }, {}];
  const texts = [...documents, ...others].map((value) => JSON.stringify(value));
  await compareAll([
    ...texts,
    ' ',
    '\n',
    '{',
    '\ufeff{}',
    '{} {}',
    'nul',
    '{"ignition":{"version":"3.0.0"}} x',
  ]);
});
