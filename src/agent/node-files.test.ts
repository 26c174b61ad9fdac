import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { HostCommand } from '../host/index.ts';
import { FakeClock, systemClock } from '../kube/index.ts';
import { type DriftPolicy, driftCondition } from './drift-report.ts';
import { type FilesNews, NodeFiles } from './node-files.ts';
import { readDrift } from './read-drift.ts';
import { inlineFile, TestFiles } from './test-files.ts';

const skip = process.getuid?.() === 0 ? false : 'not root';

const CONFIG = {
  files: [
    inlineFile('/etc/app.conf', 'a = 1\nb = 2\n'),
    inlineFile('/etc/app.d/private', 'x', { mode: 0o600 }),
    inlineFile('/etc/app.d/core', 'x', { user: { name: 'core' }, group: { name: 'core' } }),
    inlineFile('/var/lib/app/state', 'v'),
    { path: '/var/lib/app/seed', contents: { source: 'data:,seed' } },
    { path: '/etc/of-the-base' },
  ],
  directories: [{ path: '/etc/dir', mode: 0o750 }],
  links: [{ path: '/etc/link', target: 'app.conf', overwrite: true }],
};

class Node {
  readonly host: TestFiles;
  readonly clock = new FakeClock();
  readonly news: FilesNews[] = [];
  readonly troubles: string[] = [];
  files: NodeFiles;

  constructor(t: TestContext) {
    this.host = new TestFiles(t);
    this.files = this.#process();
    this.host.install('a', CONFIG, '50-app');
    // The base has one file of its own, which the configuration only names.
    this.host.write(`${this.host.folder('a')}/usr/etc/of-the-base`, 'base');
  }

  /** Boots an image; /etc is as ostree leaves it where nobody changed it. */
  async boot(image: string, policy: DriftPolicy = 'Report', etc: 'new' | 'merged' = 'new'): Promise<void> {
    const { host } = this;
    host.boot(image);
    if (etc === 'new') {
      cpSync(host.at('/usr/etc'), host.at('/etc'), { recursive: true, verbatimSymlinks: true });
      // A copy in JavaScript loses owners.
      for (const path of readdirSync(host.at('/usr/etc'), { recursive: true }) as string[]) {
        const { uid, gid, mode } = statSync(host.at(`/usr/etc/${path}`));
        chownSync(host.at(`/etc/${path}`), uid, gid);
        chmodSync(host.at(`/etc/${path}`), mode & 0o7777);
      }
    }
    this.files = this.#process();
    await this.files.follow(host.target(), policy);
  }

  /** The paths that differ and how, as the report has them after another look. */
  async drifts(): Promise<Readonly<Record<string, string>>> {
    await this.files.look();
    const drifts = this.files.report?.drifts ?? assert.fail('nothing was looked at');
    return Object.fromEntries(drifts.map(({ path, kinds }) => [path, kinds.join(' ')]));
  }

  get condition(): string {
    const report = this.files.report ?? assert.fail('nothing was looked at');
    const { status, reason, message } = driftCondition(report);
    return `${status} ${reason}: ${message}`;
  }

  #process(): NodeFiles {
    return new NodeFiles({
      runner: this.host.runner,
      memory: this.host.memory,
      clock: this.clock,
      onNews: (news) => this.news.push(news),
      onTrouble: (doing, error) => this.troubles.push(`${doing}: ${String(error)}`),
    });
  }
}

/** What people and programs do to files, and what of it is drift (contract §5.5). */
const CASES: readonly (readonly [
  what: string,
  act: (at: (path: string) => string) => void,
  drift: object,
])[] = [
  ['nothing', () => {}, {}],
  ['a file is touched', (at) => utimesSync(at('/etc/app.conf'), 1, 1), {}],
  ['a file is written as it was', (at) => rewrite(at('/etc/app.conf')), {}],
  ['a file is replaced by one that is the same', (at) => replace(at('/etc/app.conf')), {}],
  ['a file of nobody is made', (at) => appendFileSync(at('/etc/app.d/mine'), 'x'), {}],
  [
    'a file gets a line',
    (at) => appendFileSync(at('/etc/app.conf'), 'c = 3\n'),
    { '/etc/app.conf': 'content' },
  ],
  [
    'a file keeps its length and its times',
    (at) => forge(at('/etc/app.conf'), 'a = 1\nb = 3\n'),
    { '/etc/app.conf': 'content' },
  ],
  ['a mode changes', (at) => chmodSync(at('/etc/app.conf'), 0o600), { '/etc/app.conf': 'mode' }],
  ['a setuid bit is set', (at) => chmodSync(at('/etc/app.conf'), 0o4644), { '/etc/app.conf': 'mode' }],
  ['an owner changes', (at) => chownSync(at('/etc/app.d/core'), 0, 1000), { '/etc/app.d/core': 'owner' }],
  ['a file is removed', (at) => rmSync(at('/etc/app.conf')), { '/etc/app.conf': 'missing' }],
  [
    'a file is renamed',
    (at) => renameSync(at('/etc/app.conf'), at('/etc/app.old')),
    { '/etc/app.conf': 'missing' },
  ],
  [
    'another file is renamed over it',
    (at) => renameSync(at('/etc/passwd'), at('/etc/app.conf')),
    { '/etc/app.conf': 'content' },
  ],
  [
    'its folder is removed',
    (at) => rmSync(at('/etc/app.d'), { recursive: true }),
    { '/etc/app.d/core': 'missing', '/etc/app.d/private': 'missing' },
  ],
  [
    'a link is put in its place',
    (at) => {
      renameSync(at('/etc/app.conf'), at('/etc/app.real'));
      symlinkSync('app.real', at('/etc/app.conf'));
    },
    { '/etc/app.conf': 'type' },
  ],
  [
    'a folder is put in its place',
    (at) => {
      rmSync(at('/etc/app.conf'));
      mkdirSync(at('/etc/app.conf'));
    },
    { '/etc/app.conf': 'type' },
  ],
  [
    'a link leads elsewhere',
    (at) => {
      rmSync(at('/etc/link'));
      symlinkSync('other', at('/etc/link'));
    },
    { '/etc/link': 'content' },
  ],
  [
    'a file is put in the place of a link',
    (at) => {
      rmSync(at('/etc/link'));
      appendFileSync(at('/etc/link'), 'x');
    },
    { '/etc/link': 'type' },
  ],
  ['the mode of a folder changes', (at) => chmodSync(at('/etc/dir'), 0o700), { '/etc/dir': 'mode' }],
  ['a folder is removed', (at) => rmSync(at('/etc/dir'), { recursive: true }), { '/etc/dir': 'missing' }],
  ['something is put into a folder', (at) => appendFileSync(at('/etc/dir/x'), 'x'), {}],
  [
    "a file of the node's /var changes",
    (at) => appendFileSync(at('/var/lib/app/state'), 'x'),
    { '/var/lib/app/state': 'content' },
  ],
  [
    "a file that is the image's only at first changes",
    (at) => appendFileSync(at('/var/lib/app/seed'), 'x'),
    {},
  ],
  ['a file of the base changes', (at) => appendFileSync(at('/etc/of-the-base'), 'x'), {}],
  [
    'a file of the base is removed',
    (at) => rmSync(at('/etc/of-the-base')),
    { '/etc/of-the-base': 'missing' },
  ],
];

function rewrite(path: string): void {
  const { mode } = statSync(path);
  cpSync(path, `${path}.copy`);
  cpSync(`${path}.copy`, path);
  chmodSync(path, mode & 0o7777);
  rmSync(`${path}.copy`);
}

function replace(path: string): void {
  cpSync(path, `${path}.copy`);
  chmodSync(`${path}.copy`, statSync(path).mode & 0o7777);
  renameSync(`${path}.copy`, path);
}

/** As somebody who does not want it to be seen. */
function forge(path: string, text: string): void {
  const { atime, mtime } = statSync(path);
  rmSync(path);
  appendFileSync(path, text);
  utimesSync(path, atime, mtime);
}

for (const [what, act, drift] of CASES) {
  test(
    `NodeFiles, where ${what}: ${JSON.stringify(drift)}, and healed all is as the image has it`,
    { skip },
    async (t) => {
      const node = new Node(t);
      const { host } = node;
      await node.boot('a');
      assert.deepEqual(await node.drifts(), {});
      const pristine = host.list('/etc');
      act((path) => host.at(path));
      assert.deepEqual(await node.drifts(), drift);
      const names = Object.keys(drift);
      assert.equal(node.condition.startsWith('True FilesChanged: '), names.length > 0);
      for (const name of names) assert.ok(node.condition.includes(name) && node.condition.includes('50-app'));
      assert.deepEqual(
        node.news.map(({ reason }) => reason),
        names.length > 0 ? ['ConfigDriftDetected'] : [],
      );
      await node.files.follow(host.target(), 'Heal');
      assert.deepEqual(await node.drifts(), {});
      const healed = host.list('/etc');
      for (const path of names.filter((name) => name.startsWith('/etc/'))) {
        assert.equal(healed[path], pristine[path]);
        assert.equal(statSync(host.at(dirname(path))).mode, statSync(host.at(`/usr${dirname(path)}`)).mode);
      }
      assert.match(node.condition, /^False AsExpected/);
      assert.deepEqual(node.troubles, []);
    },
  );
}

test('NodeFiles heals at once after it was told to, and not before', { skip }, async (t) => {
  const node = new Node(t);
  await node.boot('a', 'Heal');
  node.host.write('/etc/app.conf', 'mine');
  assert.deepEqual(await node.drifts(), {});
  assert.equal(node.host.show('/etc/app.conf'), '644 0:0 a = 1\nb = 2\n');
  assert.deepEqual(
    node.news.map(({ reason, message }) => `${reason}: ${message}`),
    [
      'ConfigDriftDetected: A path differs from the image: /etc/app.conf (content; MachineConfig 50-app).',
      'ConfigDriftHealed: Put back from the image. A path differs from the image: /etc/app.conf (content; MachineConfig 50-app).',
    ],
  );
});

test('NodeFiles does not fight for ever with a program that writes a file', { skip }, async (t) => {
  const node = new Node(t);
  await node.boot('a', 'Heal');
  let heals = 0;
  for (let minute = 0; minute < 600; minute += 5) {
    node.host.write('/etc/app.conf', 'of the program');
    await node.files.look();
    if (node.host.show('/etc/app.conf')?.includes('a = 1') === true) heals += 1;
    await node.clock.advance(300_000);
  }
  assert.ok(heals >= 8 && heals <= 18, `healed ${heals} times in ten hours`);
  node.host.write('/etc/app.conf', 'of the program');
  await node.files.look();
  assert.match(
    node.condition,
    /^True FilesContested: .*\/etc\/app\.conf \(content; something on the node writes it/,
  );
  assert.match(node.condition, /auditctl -w \/etc\/app\.conf/);
  const contested = node.news.filter(({ reason }) => reason === 'ConfigDriftContested');
  assert.equal(contested.length, 1);
  assert.ok(node.news.length < 60, `${node.news.length} events`);
});

test('NodeFiles names what it cannot heal, and goes on with the rest', { skip }, async (t) => {
  const node = new Node(t);
  await node.boot('a', 'Heal');
  rmSync(node.host.at('/etc/app.conf'));
  node.host.write('/etc/app.conf/of/mine', 'mine');
  node.host.write('/etc/app.d/core', 'changed');
  assert.deepEqual(await node.drifts(), { '/etc/app.conf': 'type' });
  assert.match(
    node.condition,
    /^True HealingFailed: .*cannot be healed: a directory with something in it stands in its place/,
  );
  assert.equal(node.host.show('/etc/app.conf/of/mine'), '644 0:0 mine');
});

test(
  'NodeFiles says what came through an update, and puts the new content there where it may',
  { skip },
  async (t) => {
    const node = new Node(t);
    const { host } = node;
    host.install(
      'b',
      { files: [inlineFile('/etc/app.conf', 'a = 2\n'), inlineFile('/etc/other', 'x')] },
      '60-app',
    );
    await node.boot('a');
    host.write('/etc/app.conf', 'mine');
    await node.drifts();
    // ostree keeps what was changed, and brings what is new.
    host.write('/etc/other', 'x');
    await node.boot('b', 'Report', 'merged');
    assert.deepEqual(await node.drifts(), { '/etc/app.conf': 'content' });
    assert.match(
      node.condition,
      /kept by the update, so the new image's is not in effect; MachineConfig 60-app/,
    );
    await node.boot('b', 'Report', 'merged');
    assert.match(node.condition, /kept by the update/, 'another process of another boot knows it as well');
    await node.files.follow(host.target(), 'Heal');
    assert.equal(host.show('/etc/app.conf'), '644 0:0 a = 2\n');
  },
);

test(
  'NodeFiles hears of changes, of folders that come and go, and writes nothing while nothing changes',
  { skip },
  async (t) => {
    const node = new Node(t);
    await node.boot('a');
    const stop = new AbortController();
    const files = new NodeFiles({ runner: node.host.runner, memory: node.host.memory, clock: systemClock });
    await files.follow(node.host.target(), 'Report');
    let told = 0;
    const running = files.run(stop.signal, () => (told += 1));
    const until = async (drift: object): Promise<void> => {
      const expected = JSON.stringify(drift);
      const found = (): string =>
        JSON.stringify(
          Object.fromEntries((files.report?.drifts ?? []).map(({ path, kinds }) => [path, kinds.join(' ')])),
        );
      for (let wait = 0; wait < 2400 && found() !== expected; wait += 1)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(found(), expected);
    };
    rmSync(node.host.at('/etc/app.d'), { recursive: true });
    await until({ '/etc/app.d/core': 'missing', '/etc/app.d/private': 'missing' });
    node.host.write('/etc/app.d/private', 'x');
    chmodSync(node.host.at('/etc/app.d/private'), 0o600);
    await until({ '/etc/app.d/core': 'missing' });
    node.host.write('/etc/app.d/private', 'y');
    await until({ '/etc/app.d/core': 'missing', '/etc/app.d/private': 'content' });
    const before = told;
    appendFileSync(node.host.at('/etc/not-the-images'), 'x');
    utimesSync(node.host.at('/etc/app.conf'), 1, 1);
    const memory = statSync(node.host.at('/var/lib/varve/files.json'));
    await files.look();
    assert.equal(told, before);
    assert.equal(statSync(node.host.at('/var/lib/varve/files.json')).ino, memory.ino);
    stop.abort();
    await running;
  },
);

test(
  'readDrift() shows the differences of texts, and of what looks like a secret only hashes',
  { skip },
  async (t) => {
    const host = new TestFiles(t);
    host.install('a', {
      files: [
        inlineFile('/etc/app.conf', 'a = 1\nb = 2\n'),
        inlineFile('/etc/tool.key', 'of the image'),
        inlineFile('/etc/tool.conf', 'password = old'),
        inlineFile('/etc/private', 'of root', { mode: 0o600 }),
        inlineFile('/etc/binary', 'a'),
        inlineFile('/etc/moded', 'a'),
      ],
    });
    host.boot('a');
    cpSync(host.at('/usr/etc'), host.at('/etc'), { recursive: true });
    host.write('/etc/app.conf', 'a = 1\nb = 3\n');
    host.write('/etc/tool.key', 'SENSITIVE');
    host.write('/etc/tool.conf', 'password = SENSITIVE');
    host.write('/etc/private', 'SENSITIVE');
    host.write('/etc/binary', 'a\u001b[2J');
    chmodSync(host.at('/etc/moded'), 0o666);
    const drifts = await readDrift(host.root, host.memory, 'boot-1');
    const lines = Object.fromEntries(drifts.map((drift) => [drift.path, drift.lines]));
    assert.deepEqual(lines['/etc/app.conf'], [
      '/etc/app.conf: has other content',
      '--- /etc/app.conf in the image',
      '+++ /etc/app.conf on the node',
      '@@ -1,2 +1,2 @@',
      ' a = 1',
      '-b = 2',
      '+b = 3',
    ]);
    assert.deepEqual(lines['/etc/moded'], ['/etc/moded: has mode 0666, and 0644 in the image']);
    const all = JSON.stringify(lines);
    assert.ok(!all.includes('SENSITIVE') && !all.includes('[2J') && !all.includes('of the image"'));
    assert.equal(lines['/etc/tool.key']?.length, 3);
  },
);

test(
  "NodeFiles has the host's own tools give labels, read units anew and make what other files of the image ask for",
  { skip },
  async (t) => {
    const host = new TestFiles(t);
    const { runner: real } = host;
    const commands: string[] = [];
    const runner = {
      root: real.root,
      run: ({ tool, args }: HostCommand) => {
        commands.push([tool, ...args].join(' '));
        return Promise.resolve({ status: 0, signal: undefined, stdout: '', stderr: '' });
      },
    };
    const files = new NodeFiles({ runner, memory: host.memory, clock: new FakeClock() });
    host.write('/sys/fs/selinux/enforce', '1');
    host.install('a', {
      files: [inlineFile('/var/lib/x', 'x'), inlineFile('/etc/systemd/system/x.service', '[Unit]')],
    });
    host.install('b', {});
    host.boot('a');
    host.write('/etc/systemd/system/x.service', '[Unit]');
    await files.follow(host.target(), 'Heal');
    host.write('/etc/systemd/system/x.service', 'changed');
    await files.look();
    host.boot('b');
    await files.follow(host.target(), 'Heal');
    assert.deepEqual(commands, [
      'restorecon -F -- /var/lib/x',
      'restorecon -F -- /etc/systemd/system/x.service',
      'systemctl daemon-reload',
      'systemd-tmpfiles --create --prefix=/var/lib/x',
    ]);
  },
);
