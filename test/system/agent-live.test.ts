import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { DEFAULT_POLICY, DrivenHost } from '../../src/agent/index.ts';
import {
  type CommandOutcome,
  diffConfig,
  hostOfProcess,
  type HostRunner,
  openDriver,
  probeCapabilities,
} from '../../src/host/index.ts';
import { type DisruptionAction, formatDisruptionNote } from '../../src/machineconfig/index.ts';
import { AgentBench } from '../lab/agent-bench.ts';
import { LayerSource } from '../lab/layer-source.ts';
import { OstreeMachine, writeBootableTree } from '../lab/ostree-machine.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';

const skip = skipWithout('ostree', 'nsenter', 'unshare', 'chattr');

const RELOAD: readonly DisruptionAction[] = [
  { type: 'DaemonReload' },
  { type: 'Reload', reload: { serviceName: 'a.service' } },
];

/** What of an image changes without a reboot. */
interface ImageFiles {
  readonly etc: Readonly<Record<string, string>>;
  readonly usr?: Readonly<Record<string, string>>;
}

/** Rebootless changes (architecture D5) on the real ostree: its trees, its merge of /etc, its boots. */
suite('a change without a reboot on a machine of real ostree', { skip }, () => {
  let folder: string;
  let machine: OstreeMachine;
  let source: LayerSource;
  let runner: HostRunner;
  let host: DrivenHost;
  let bench: AgentBench;
  let boots = 0;
  /** What systemd was told, and what it fails to do. */
  let told: string[] = [];
  let failing: string | undefined;
  let base: Awaited<ReturnType<LayerSource['addLayer']>>;
  const images = new Map<string, string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-agent-live-'));
    const tree = join(folder, 'tree');
    await writeBootableTree(tree);
    source = new LayerSource(join(folder, 'layers'));
    base = await source.addLayer(tree);
    machine = new OstreeMachine(join(folder, 'machine'));
    await machine.install(tree, ['root=LABEL=root', 'rw']);
    await boot();
    bench = new AgentBench(
      () => host,
      async () => {
        await machine.shutDown();
        await boot();
      },
    );
    await add('1', { etc: { 'live/a.conf': 'one\n', 'live/old.conf': 'old\n' } });
    await add('2', { etc: { 'live/a.conf': 'two\n', 'live/deep/new.conf': 'new\n' } });
    await add('3', { etc: { 'live/a.conf': 'three\n' } });
    await add('4', { etc: { 'live/a.conf': 'four\n' }, usr: { 'usr/bin/tool': 'tool\n' } });
    bench.desire(image('1'), 'rendered-1');
    await bench.settle();
    assert.equal(await machine.read('/etc/live/a.conf'), 'one\n');
  });
  after(async () => {
    await machine.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function add(name: string, { etc, usr = {} }: ImageFiles): Promise<void> {
    const provenance = {
      version: 1,
      pool: 'worker',
      renderedConfig: `rendered-${name}`,
      base: `sha256:${'0'.repeat(64)}`,
      kernelArguments: [],
      items: Object.keys(etc).map((path) => ({
        item: `/etc/${path}`,
        plane: 'etc',
        machineConfigs: ['50-x'],
        reason: 'It is so.',
        target: `/etc/${path}`,
        paths: [{ path: `/etc/${path}` }],
      })),
    };
    const files = Object.entries(etc).map(([path, text]) => [`etc/${path}`, text] as const);
    const config = await source.addFiles({
      ...Object.fromEntries(files),
      ...usr,
      'usr/lib/varve/provenance.json': JSON.stringify(provenance),
    });
    images.set(name, source.addImage([base, config], { 'org.opencontainers.image.version': name }));
  }

  function image(name: string): string {
    return images.get(name) ?? assert.fail(name);
  }

  /** As a rollout asks for it that knows what the node says it runs. */
  function desire(name: string, actions: readonly DisruptionAction[], items: readonly string[]): void {
    const from = {
      config: bench.annotation('currentConfig') ?? '',
      image: bench.annotation('currentImage') ?? '',
    };
    const to = { config: `rendered-${name}`, image: image(name) };
    bench.desire(to.image, to.config);
    bench.annotations['varve.dev/disruption'] = formatDisruptionNote({ from, to, actions, items }) ?? '';
    bench.plans.length = 0;
    told = [];
  }

  async function boot(): Promise<void> {
    await machine.boot();
    boots += 1;
    const file = join(folder, 'machine', 'sysroot', 'boot-id');
    await writeFile(file, `boot-${boots}\n`);
    const id = '/proc/sys/kernel/random/boot_id';
    const enter = [`--target=${machine.pid}`, '--mount'];
    await run('nsenter', [...enter, 'mount', '--bind', '/sysroot/boot-id', id]);
    runner = withInit(hostOfProcess(process.env, machine.pid));
    const capabilities = { ...(await probeCapabilities(runner)), softReboot: false };
    const driver = openDriver('ostree', { host: runner, capabilities, images: source });
    host = new DrivenHost({ runner, driver, capabilities, policy: DEFAULT_POLICY });
  }

  /** The machine has no systemd: what it is told is noted, and its units run. */
  function withInit(real: HostRunner): HostRunner {
    const answer = (stdout: string, status = 0): CommandOutcome => ({
      status,
      signal: undefined,
      stdout,
      stderr: status === 0 ? '' : 'Job for a.service failed.',
    });
    return {
      root: real.root,
      run: (command, signal) => {
        if (!['systemd-run', 'systemctl', 'journalctl'].includes(command.tool))
          return real.run(command, signal);
        const [verb = ''] = command.args;
        if (command.tool !== 'systemctl') return Promise.resolve(answer(''));
        if (verb === 'show') {
          const state = 'LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\n';
          return Promise.resolve(answer(state));
        }
        if (['daemon-reload', 'reload', 'restart'].includes(verb)) told.push(command.args.join(' '));
        return Promise.resolve(answer('', verb === failing ? 1 : 0));
      },
    };
  }

  /** What differs from the booted image's /etc, of what this test is about. */
  async function differences(): Promise<readonly string[]> {
    const { status } = await look();
    assert.ok(status.booted);
    const diff = await diffConfig(runner);
    assert.ok(diff.ok);
    return diff.changes.map(({ path }) => path).filter((path) => path.includes('live'));
  }

  async function look() {
    const seen = await host.look(new AbortController().signal);
    assert.ok(seen.state === 'fresh');
    return seen.view;
  }

  const ITEMS_2 = ['/etc/live/a.conf', '/etc/live/old.conf', '/etc/live/deep/new.conf'];

  test('writes what the image has, tells systemd, and says that the node runs it', async () => {
    const before = boots;
    desire('2', RELOAD, ITEMS_2);
    const plan = await bench.settle();
    assert.equal(bench.kinds, 'stage compare apply unlock rest');
    assert.equal(plan.phase, 'done');
    assert.equal(boots, before);
    assert.deepEqual(told, ['daemon-reload', 'reload -- a.service']);
    assert.equal(await machine.read('/etc/live/a.conf'), 'two\n');
    assert.equal(await machine.read('/etc/live/deep/new.conf'), 'new\n');
    await assert.rejects(machine.read('/etc/live/old.conf'));
    assert.deepEqual(
      [bench.annotation('state'), bench.annotation('currentImage'), bench.annotation('currentConfig')],
      ['Done', image('2'), 'rendered-2'],
    );
    assert.equal(bench.annotation('desiredDrain')?.startsWith('drain-'), false, 'nobody was asked to drain');
  });

  test('is done again after a power cut, which leaves the old image with what was written', async () => {
    await machine.cutPower();
    await boot();
    told = [];
    await bench.settle();
    assert.equal(await machine.read('/etc/live/a.conf'), 'two\n');
    assert.deepEqual(told, ['daemon-reload', 'reload -- a.service']);
    const { status } = await look();
    assert.equal(status.staged?.locked, false);
    assert.equal(bench.annotation('state'), 'Done');
  });

  test('lets the image take over at the next boot, with nothing left to do', async () => {
    await machine.shutDown();
    await boot();
    bench.plans.length = 0;
    const plan = await bench.settle();
    assert.equal(plan.phase, 'done');
    assert.ok(!/apply|stage|reboot|restore/u.test(bench.kinds), bench.kinds);
    const { status } = await look();
    assert.equal(status.staged, undefined);
    assert.equal(status.booted?.image?.reference.name, image('2'));
    assert.equal(await machine.read('/etc/live/a.conf'), 'two\n');
    assert.deepEqual(await differences(), []);
    assert.equal(bench.annotation('currentImage'), image('2'));
  });

  test('goes back without a reboot, and takes back what it wrote', async () => {
    const before = boots;
    desire('3', RELOAD, ['/etc/live/a.conf', '/etc/live/deep/new.conf']);
    await bench.settle();
    assert.equal(await machine.read('/etc/live/a.conf'), 'three\n');
    await assert.rejects(machine.read('/etc/live/deep/new.conf'));
    desire('2', RELOAD, ['/etc/live/a.conf', '/etc/live/deep/new.conf']);
    await bench.settle();
    assert.equal(bench.kinds, 'unstage restore rest');
    assert.equal(boots, before);
    assert.deepEqual(told, ['daemon-reload', 'reload -- a.service']);
    assert.equal(await machine.read('/etc/live/a.conf'), 'two\n');
    assert.equal(await machine.read('/etc/live/deep/new.conf'), 'new\n');
    assert.deepEqual(await differences(), []);
    assert.equal(bench.annotation('currentImage'), image('2'));
  });

  test('goes on to a third image that no boot has led to', async () => {
    desire('3', RELOAD, ['/etc/live/a.conf', '/etc/live/deep/new.conf']);
    await bench.settle();
    desire('1', RELOAD, ['/etc/live/a.conf', '/etc/live/old.conf', '/etc/live/deep/new.conf']);
    await bench.settle();
    assert.equal(bench.kinds, 'stage compare apply unlock rest');
    assert.equal(await machine.read('/etc/live/a.conf'), 'one\n');
    assert.equal(await machine.read('/etc/live/old.conf'), 'old\n');
    await machine.shutDown();
    await boot();
    await bench.settle();
    assert.equal(await machine.read('/etc/live/a.conf'), 'one\n');
    assert.deepEqual(await differences(), []);
  });

  test('leaves nothing behind that hides an image which takes a reboot', async () => {
    desire('3', RELOAD, ['/etc/live/a.conf', '/etc/live/old.conf']);
    await bench.settle();
    assert.equal(await machine.read('/etc/live/a.conf'), 'three\n');
    const before = boots;
    desire('4', RELOAD, ['/etc/live/a.conf']);
    await bench.settle();
    assert.equal(bench.kinds, 'stage compare rest restore unlock reboot rest');
    assert.equal(boots, before + 1, 'the two images differ below /usr');
    assert.equal(await machine.read('/etc/live/a.conf'), 'four\n');
    assert.deepEqual(await differences(), []);
    assert.equal(bench.annotation('currentImage'), image('4'));
  });

  test('leaves what a person changed, and says no more than that it did its part', async () => {
    await add('5', {
      etc: { 'live/a.conf': 'five\n', 'live/b.conf': 'b\n' },
      usr: { 'usr/bin/tool': 'tool\n' },
    });
    await run('nsenter', [`--target=${machine.pid}`, '--mount', 'sh', '-c', 'echo mine >/etc/live/a.conf']);
    desire('5', RELOAD, ['/etc/live/a.conf', '/etc/live/b.conf']);
    await bench.settle();
    assert.equal(await machine.read('/etc/live/a.conf'), 'mine\n');
    assert.equal(await machine.read('/etc/live/b.conf'), 'b\n');
    assert.equal(bench.kinds, 'stage compare apply unlock rest');
    bench.annotations['varve.dev/drift-policy'] = 'Heal';
    await add('6', {
      etc: { 'live/a.conf': 'six\n', 'live/b.conf': 'b\n' },
      usr: { 'usr/bin/tool': 'tool\n' },
    });
    desire('6', RELOAD, ['/etc/live/a.conf']);
    await bench.settle();
    assert.equal(bench.kinds, 'stage compare apply unlock rest');
    assert.equal(await machine.read('/etc/live/a.conf'), 'six\n');
  });

  test('is Degraded for a unit that does not reload, tries again, and does not reboot', async () => {
    await add('7', {
      etc: { 'live/a.conf': 'seven\n', 'live/b.conf': 'b\n' },
      usr: { 'usr/bin/tool': 'tool\n' },
    });
    const before = boots;
    failing = 'reload';
    desire('7', RELOAD, ['/etc/live/a.conf']);
    for (let turn = 0; turn < 40 && bench.annotation('state') !== 'Degraded'; turn += 1) {
      const { step } = await bench.turn();
      if (step.kind === 'wait') bench.now = step.until;
    }
    assert.equal(bench.annotation('state'), 'Degraded');
    assert.match(bench.annotation('reason') ?? '', /cannot reload a\.service: .*failed/u);
    failing = undefined;
    await bench.settle();
    assert.equal(boots, before);
    assert.equal(bench.annotation('state'), 'Done');
    assert.equal(bench.annotation('currentImage'), image('7'));
  });

  test('pulls an image ahead of its turn, which then needs no registry', async () => {
    await add('8', { etc: { 'live/a.conf': 'eight\n', 'live/b.conf': 'b\n' } });
    bench.plans.length = 0;
    bench.annotations['varve.dev/prefetch-image'] = image('8');
    await bench.settle();
    assert.equal(bench.kinds, 'fetch rest');
    assert.equal(bench.annotations['varve.dev/prefetched-image'], image('8'));
    assert.equal(bench.annotation('state'), 'Done');
    await machine.shutDown();
    await boot();
    await bench.settle();
    assert.equal(bench.annotation('currentImage'), image('7'), 'it was never there to boot');
    const { length } = source.fetched;
    desire('8', [], []);
    await bench.settle();
    assert.equal(source.fetched.length, length);
    assert.equal(await machine.read('/etc/live/a.conf'), 'eight\n');
    assert.equal(bench.annotation('currentImage'), image('8'));
  });
});
