import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { CommandOutcome, Deployment, HostRunner, HostStatus } from '../host/index.ts';
import { systemClock } from '../kube/index.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import type { ActOutcome } from './attempt-step.ts';
import { LiveHost } from './live-host.ts';
import type { LiveFiles } from './live-record.ts';
import { NodeFiles } from './node-files.ts';
import { inlineFile, type TestConfig, TestFiles } from './test-files.ts';

const RESTART: DisruptionAction = { type: 'Restart', restart: { serviceName: 'a.service' } };

/** A host that runs the image `a`, whose /etc is the image's. */
class Lab {
  readonly files: TestFiles;
  readonly live: LiveHost;
  readonly watch: NodeFiles;
  readonly told: string[] = [];
  /** By unit, as systemctl shows it; what is not here runs. */
  units: Record<string, { load?: string; active?: string }> = {};
  failing = '';
  staged: Deployment | undefined;

  constructor(t: TestContext, config: TestConfig, watched = true) {
    this.files = new TestFiles(t);
    this.files.install('a', config);
    this.files.boot('a');
    cpSync(this.files.at('/usr/etc'), this.files.at('/etc'), { recursive: true, verbatimSymlinks: true });
    const runner: HostRunner = { root: this.files.root, run: (command) => this.#run(command) };
    this.watch = new NodeFiles({ runner, memory: this.files.memory, clock: systemClock });
    this.live = new LiveHost({ runner, files: watched ? this.watch : undefined });
  }

  stage(image: string, config: TestConfig): void {
    this.files.install(image, config);
    this.staged = deployment(image);
  }

  get status(): HostStatus {
    const none = { pending: undefined, rollback: undefined, others: [], transaction: undefined };
    return { tool: 'ostree', booted: deployment('a'), staged: this.staged, readOnly: false, ...none };
  }

  compare(items: readonly string[], files: LiveFiles = {}): Promise<ActOutcome> {
    const { image, run } = this.#image(items, []);
    const change = { ...image, run, state: 'planned' as const, reason: undefined };
    const act = { kind: 'compare', reason: '', deployment: 'a.0', change, items, files } as const;
    return this.live.perform(act, this.status, 'boot-1', new AbortController().signal);
  }

  /** Compares and applies. */
  async apply(
    items: readonly string[],
    run: readonly DisruptionAction[] = [],
    heal = false,
  ): Promise<{ readonly outcome: ActOutcome; readonly files: LiveFiles }> {
    const compared = await this.compare(items);
    assert.ok(compared.result === 'done' && compared.files !== undefined, JSON.stringify(compared));
    const { files } = compared;
    return { outcome: await this.write(files, items, run, heal), files };
  }

  write(
    files: LiveFiles,
    items: readonly string[],
    run: readonly DisruptionAction[] = [],
    heal = false,
    ran: readonly DisruptionAction[] = [],
  ): Promise<ActOutcome> {
    const { image } = this.#image(items, run);
    const journal = undefined as never;
    const facts = { reason: '', deployment: 'a.0', image, run, ran, files, heal, journal };
    const act = { kind: 'apply', ...facts } as const;
    return this.live.perform(act, this.status, 'boot-1', new AbortController().signal);
  }

  restore(files: LiveFiles, actions: readonly DisruptionAction[] = []): Promise<ActOutcome> {
    const act = { kind: 'restore', reason: '', deployment: 'a.0', files, actions, items: [] } as const;
    return this.live.perform(act, this.status, 'boot-1', new AbortController().signal);
  }

  text(path: string): string {
    return readFileSync(this.files.at(path), 'utf8');
  }

  #image(items: readonly string[], run: readonly DisruptionAction[]) {
    const name = this.staged?.checksum ?? 'none';
    const image = { digest: digestOf(name), image: nameOf(name), config: name, actions: run, items };
    return { image, run };
  }

  #run({ tool, args }: { readonly tool: string; readonly args: readonly string[] }): Promise<CommandOutcome> {
    const answer = (stdout: string, status = 0): Promise<CommandOutcome> =>
      Promise.resolve({ status, signal: undefined, stdout, stderr: status === 0 ? '' : 'Job failed.' });
    const [verb = ''] = args;
    if (tool === 'systemctl' && verb === 'show') {
      const { load = 'loaded', active = 'active' } = this.units[args.at(-1) ?? ''] ?? {};
      return answer(`LoadState=${load}\nActiveState=${active}\nSubState=x\nResult=success\n`);
    }
    const line = [tool, ...args].join(' ');
    this.told.push(line);
    return answer('', this.failing !== '' && line.includes(this.failing) ? 1 : 0);
  }
}

function digestOf(name: string): string {
  return `sha256:${name}`;
}

function nameOf(name: string): string {
  return `registry.example.com/os@${digestOf(name)}`;
}

function deployment(image: string): Deployment {
  return {
    checksum: image,
    serial: 0,
    stateroot: 'lab',
    image: {
      reference: { transport: 'registry', name: nameOf(image), signature: { kind: 'unverified' } },
      digest: digestOf(image),
      version: undefined,
      timestamp: undefined,
      architecture: undefined,
    },
    origin: undefined,
    version: undefined,
    pinned: false,
    locked: true,
    incompatible: false,
    local: undefined,
    unlocked: 'none',
    softRebootCapable: undefined,
    softRebootPrepared: false,
    cachedUpdate: undefined,
    composefs: false,
  };
}

test('LiveHost compares two images, and names the paths that differ', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a.conf', '1'), inlineFile('/etc/same', 'x')] });
  lab.stage('b', { files: [inlineFile('/etc/a.conf', '2'), inlineFile('/etc/same', 'x')] });
  const compared = await lab.compare(['/etc/a.conf']);
  assert.ok(compared.result === 'done');
  assert.deepEqual(Object.keys(compared.files ?? {}), ['/etc/a.conf']);
  assert.equal(compared.files?.['/etc/a.conf']?.length, 2);
});

/** What is found in another image, by why it takes a reboot. */
const REFUSED: readonly (readonly [string, (lab: Lab, tree: string) => void, RegExp])[] = [
  [
    'a path that the change is not about',
    (lab, tree) => lab.files.write(`${tree}/usr/etc/same`, 'y'),
    /\/etc\/same differs \(\/etc\/same\), which is not what the disruption policy was asked about/u,
  ],
  [
    'a path of the base',
    (lab, tree) => lab.files.write(`${tree}/usr/etc/of-the-base`, 'y'),
    /\/etc\/of-the-base differs, and not by the configuration of the pool/u,
  ],
  ['a program', (lab, tree) => lab.files.write(`${tree}/usr/bin/x`, 'y'), /\/usr\/bin\/?x? differs/u],
  [
    'a kernel argument',
    (lab, tree) => lab.files.write(`${tree}/usr/lib/bootc/kargs.d/90-varve.toml`, 'kargs = ["x"]'),
    /\/usr\/lib\/bootc\/kargs\.d.* differs/u,
  ],
  [
    'the mode of a file below /usr',
    (lab, tree) => chmodSync(lab.files.at(`${tree}/usr/lib`), 0o700),
    /\/usr\/lib differs/u,
  ],
  [
    'no provenance',
    (lab, tree) => rmSync(lab.files.at(`${tree}/usr/lib/varve/provenance.json`)),
    /does not say what of it is configuration/u,
  ],
  [
    'a directory in the place of a file',
    (lab, tree) => {
      rmSync(lab.files.at(`${tree}/usr/etc/a.conf`));
      mkdirSync(lab.files.at(`${tree}/usr/etc/a.conf`));
    },
    /\/etc\/a\.conf is a directory in one of the two images/u,
  ],
  ['another toplevel', (lab, tree) => lab.files.write(`${tree}/data/x`, 'y'), /\/data.* differs/u],
];

for (const [name, change, reason] of REFUSED) {
  test(`LiveHost refuses an image that differs in more than the change: ${name}`, async (t) => {
    const files = [inlineFile('/etc/a.conf', '1'), inlineFile('/etc/same', 'x')];
    const lab = new Lab(t, { files });
    lab.stage('b', { files: [inlineFile('/etc/a.conf', '2'), inlineFile('/etc/same', 'x')] });
    change(lab, lab.files.folder('b'));
    const compared = await lab.compare(['/etc/a.conf']);
    assert.equal(compared.result, 'refused');
    assert.match(compared.result === 'refused' ? compared.message : '', reason);
  });
}

test('LiveHost writes bytes, modes, links and directories as the image has them, and removes what it has not', async (t) => {
  const lab = new Lab(t, {
    files: [inlineFile('/etc/a.conf', '1'), inlineFile('/etc/x.d/old.conf', 'old')],
    links: [{ path: '/etc/link', target: 'a.conf', overwrite: true }],
  });
  lab.stage('b', {
    files: [inlineFile('/etc/a.conf', '2', { mode: 0o600 }), inlineFile('/etc/y.d/deep/new.conf', 'new')],
    links: [{ path: '/etc/link', target: 'y.d', overwrite: true }],
  });
  const { outcome, files } = await lab.apply([
    '/etc/a.conf',
    '/etc/x.d/old.conf',
    '/etc/y.d/deep/new.conf',
    '/etc/link',
  ]);
  assert.deepEqual(outcome, { result: 'done' });
  assert.equal(lab.text('/etc/a.conf'), '2');
  assert.equal(lstatSync(lab.files.at('/etc/a.conf')).mode & 0o7777, 0o600);
  assert.equal(lab.text('/etc/y.d/deep/new.conf'), 'new');
  assert.equal(readlinkSync(lab.files.at('/etc/link')), 'y.d');
  assert.ok(!existsSync(lab.files.at('/etc/x.d')), 'a folder goes with what was in it');
  assert.deepEqual(
    readdirSync(lab.files.at('/etc')).filter((name) => name.startsWith('.varve')),
    [],
  );
  assert.deepEqual(await lab.restore(files), { result: 'done' });
  assert.equal(lab.text('/etc/a.conf'), '1');
  assert.equal(lstatSync(lab.files.at('/etc/a.conf')).mode & 0o7777, 0o644);
  assert.equal(lab.text('/etc/x.d/old.conf'), 'old');
  assert.ok(!existsSync(lab.files.at('/etc/y.d')));
  assert.equal(readlinkSync(lab.files.at('/etc/link')), 'a.conf');
});

test('LiveHost does again what it was killed in, and removes what it left half-written', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/d/a', '1'), inlineFile('/etc/d/b', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/d/a', '2'), inlineFile('/etc/d/b', '2')] });
  const compared = await lab.compare(['/etc/d/a', '/etc/d/b']);
  assert.ok(compared.result === 'done' && compared.files !== undefined);
  lab.files.write('/etc/d/a', '2');
  lab.files.write('/etc/d/.varve-0123456789abcdef.new', 'part');
  assert.deepEqual(await lab.write(compared.files, []), { result: 'done' });
  assert.deepEqual([lab.text('/etc/d/a'), lab.text('/etc/d/b')], ['2', '2']);
  assert.deepEqual(readdirSync(lab.files.at('/etc/d')).sort(), ['a', 'b']);
});

test('LiveHost gives labels to what it wrote before it was killed as well, and not to what a person has there', async (t) => {
  const files = ['/etc/d/a', '/etc/d/b', '/etc/d/c'];
  const lab = new Lab(t, { files: files.map((path) => inlineFile(path, '1')) });
  lab.stage('b', { files: files.map((path) => inlineFile(path, '2')) });
  lab.files.write('/sys/fs/selinux/enforce', '1');
  const compared = await lab.compare(files);
  assert.ok(compared.result === 'done' && compared.files !== undefined);
  lab.files.write('/etc/d/a', '2');
  lab.files.write('/etc/d/c', 'mine');
  assert.deepEqual(await lab.write(compared.files, []), { result: 'done' });
  assert.deepEqual(lab.told, ['restorecon -i -- /etc/d/a /etc/d/b']);
});

test('LiveHost refuses an image with a file on the way to what was written before: no other try would do', async (t) => {
  const lab = new Lab(t, { files: [] });
  lab.stage('b', { files: [inlineFile('/etc/x', '1')] });
  const compared = await lab.compare(['/etc/x'], { '/etc/x/y': ['0'] });
  assert.equal(compared.result, 'refused');
  assert.match(compared.result === 'refused' ? compared.message : '', /\/etc\/x is no directory/u);
});

test('LiveHost leaves what a person changed, unless it is to be healed', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1'), inlineFile('/etc/b', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  lab.files.write('/etc/a', 'mine');
  lab.files.write('/etc/b', 'mine too');
  const { files } = await lab.apply(['/etc/a', '/etc/b']);
  assert.deepEqual([lab.text('/etc/a'), lab.text('/etc/b')], ['mine', 'mine too']);
  assert.deepEqual(await lab.restore(files), { result: 'done' });
  assert.deepEqual([lab.text('/etc/a'), lab.text('/etc/b')], ['mine', 'mine too']);
  assert.deepEqual(await lab.write(files, [], [], true), { result: 'done' });
  assert.equal(lab.text('/etc/a'), '2');
  assert.ok(!existsSync(lab.files.at('/etc/b')));
});

test('LiveHost leaves a folder that somebody put something into', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/x.d/old.conf', 'old')] });
  lab.stage('b', {});
  lab.files.write('/etc/x.d/mine.conf', 'mine');
  assert.deepEqual((await lab.apply(['/etc/x.d/old.conf'])).outcome, { result: 'done' });
  assert.deepEqual(readdirSync(lab.files.at('/etc/x.d')), ['mine.conf']);
});

test('LiveHost brings what is below /var about as well, in both directions', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/var/lib/one', '1')] });
  lab.stage('b', { files: [inlineFile('/var/lib/one', '2'), inlineFile('/var/lib/two', '2')] });
  const { outcome, files } = await lab.apply(['/var/lib/one', '/var/lib/two']);
  assert.deepEqual(outcome, { result: 'done' });
  assert.deepEqual([lab.text('/var/lib/one'), lab.text('/var/lib/two')], ['2', '2']);
  assert.deepEqual(await lab.restore(files), { result: 'done' });
  assert.equal(lab.text('/var/lib/one'), '1');
  assert.ok(!existsSync(lab.files.at('/var/lib/two')));
});

test('LiveHost is not kept from a change by what could not be placed below /var before it', async (t) => {
  const old = inlineFile('/var/lib/old', '1');
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1'), old] });
  lab.files.write('/var/lib/old/of-a-person', 'x');
  await lab.watch.follow(lab.files.target(), 'Report');
  lab.stage('b', { files: [inlineFile('/etc/a', '2'), old] });
  const { outcome } = await lab.apply(['/etc/a']);
  assert.deepEqual(outcome, { result: 'done' });
  assert.match(JSON.stringify(lab.watch.report?.problems), /\/var\/lib\/old/u);
});

test('LiveHost fails, and again, where a change cannot place what it has below /var', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  await lab.watch.follow(lab.files.target(), 'Report');
  lab.stage('b', { files: [inlineFile('/etc/a', '2'), inlineFile('/var/lib/new', '1')] });
  lab.files.write('/var/lib/new/of-a-person', 'x');
  const { outcome, files } = await lab.apply(['/etc/a', '/var/lib/new']);
  for (const one of [outcome, await lab.write(files, [])]) {
    assert.match(
      one.result === 'failed' ? one.message : '',
      /cannot place files below \/var: \/var\/lib\/new/u,
    );
  }
});

test('LiveHost takes a reboot where it does not know the form of what an image puts below /var', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  for (const image of ['a', 'b'])
    lab.files.write(`${lab.files.folder(image)}/usr/lib/tmpfiles.d/00-varve.conf`, 'another form\n');
  const compared = await lab.compare(['/etc/a']);
  assert.match(compared.result === 'refused' ? compared.message : '', /does not know the form/u);
});

test('LiveHost takes a reboot for files below /var that nobody looks after', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/var/lib/one', '1')] }, false);
  lab.stage('b', { files: [inlineFile('/var/lib/one', '2')] });
  assert.equal((await lab.compare(['/var/lib/one'])).result, 'refused');
});

test('LiveHost tells systemd in the order of the actions, when the files are there', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  const run: readonly DisruptionAction[] = [
    { type: 'DaemonReload' },
    { type: 'Drain' },
    RESTART,
    { type: 'Reload', reload: { serviceName: 'b.service' } },
    { type: 'Special' },
  ];
  assert.deepEqual((await lab.apply(['/etc/a'], run)).outcome, { result: 'done' });
  assert.deepEqual(lab.told, [
    'systemctl daemon-reload',
    'systemctl restart -- a.service',
    'systemctl reload -- b.service',
    'systemctl reload -- crio.service',
  ]);
});

test('LiveHost stops at the first action that fails, and says which', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  lab.failing = 'restart';
  const { outcome } = await lab.apply(['/etc/a'], [RESTART, { type: 'DaemonReload' }]);
  assert.ok(outcome.result === 'failed');
  assert.match(outcome.message, /cannot restart a\.service: .*Job failed/u);
  assert.deepEqual(lab.told, ['systemctl restart -- a.service']);
  lab.failing = '';
  lab.units['a.service'] = { active: 'failed' };
  const again = await lab.apply(['/etc/a'], [RESTART]);
  assert.deepEqual(again.outcome.result, 'failed', 'a unit that has failed right after is no success');
});

test('LiveHost goes on with the action that failed, and does all of them again where something had to be written', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  const run: readonly DisruptionAction[] = [
    { type: 'DaemonReload' },
    RESTART,
    { type: 'Restart', restart: { serviceName: 'b.service' } },
  ];
  const all = ['daemon-reload', 'restart -- a.service', 'restart -- b.service'];
  const told = (): readonly string[] => lab.told.splice(0).map((line) => line.replace('systemctl ', ''));
  lab.failing = 'b.service';
  const { outcome, files } = await lab.apply(['/etc/a'], run);
  assert.ok(outcome.result === 'failed');
  assert.deepEqual([told(), outcome.ran], [all, run.slice(0, 2)]);
  const second = await lab.write(files, ['/etc/a'], run, false, outcome.ran);
  assert.ok(second.result === 'failed');
  assert.deepEqual([told(), second.ran], [['daemon-reload', 'restart -- b.service'], run.slice(0, 2)]);
  // Other actions are not those that were done.
  const other = await lab.write(files, ['/etc/a'], run.slice(1), false, outcome.ran);
  assert.deepEqual([told(), other.result], [all.slice(1), 'failed']);
  lab.failing = '';
  rmSync(lab.files.at('/etc/a'));
  assert.deepEqual(await lab.write(files, ['/etc/a'], run, true, outcome.ran), { result: 'done' });
  assert.deepEqual(told(), all);
});

test('LiveHost reloads nothing that does not run or is not there, and stops what the change took away', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  lab.units = {
    'crio.service': { load: 'not-found', active: 'inactive' },
    'b.service': { active: 'inactive' },
    'a.service': { load: 'not-found', active: 'active' },
    'coreos-update-ca-trust.service': { load: 'not-found', active: 'inactive' },
  };
  const run: readonly DisruptionAction[] = [
    { type: 'Special' },
    { type: 'Reload', reload: { serviceName: 'b.service' } },
    RESTART,
    { type: 'Restart', restart: { serviceName: 'coreos-update-ca-trust.service' } },
  ];
  const { outcome } = await lab.apply(['/etc/a', 'unit a.service'], run);
  assert.deepEqual(outcome, { result: 'done' });
  assert.deepEqual(lab.told, ['systemctl stop -- a.service', 'update-ca-trust']);
  lab.told.length = 0;
  lab.failing = 'restart';
  const foreign = await lab.apply(['/etc/a'], [RESTART]);
  assert.equal(foreign.outcome.result, 'failed', 'a unit that nobody took away is missed');
});

test('LiveHost does nothing to a deployment that is not the one that was decided on', async (t) => {
  const lab = new Lab(t, { files: [inlineFile('/etc/a', '1')] });
  lab.stage('b', { files: [inlineFile('/etc/a', '2')] });
  const status = { ...lab.status, booted: deployment('c') };
  const act = { kind: 'restore', reason: '', deployment: 'a.0', files: {}, actions: [], items: [] } as const;
  const outcome = await lab.live.perform(act, status, 'boot-1', new AbortController().signal);
  assert.equal(outcome.result, 'failed');
  lab.staged = undefined;
  assert.equal((await lab.compare(['/etc/a'])).result, 'failed');
});
