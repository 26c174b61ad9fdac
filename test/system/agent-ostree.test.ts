import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { DEFAULT_POLICY, DrivenHost } from '../../src/agent/index.ts';
import {
  type CommandOutcome,
  hostOfProcess,
  type HostRunner,
  kernelArgumentsOf,
  openDriver,
  probeCapabilities,
} from '../../src/host/index.ts';
import { AgentBench } from '../lab/agent-bench.ts';
import { LayerSource } from '../lab/layer-source.ts';
import { OstreeMachine, writeBootableTree } from '../lab/ostree-machine.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run } from '../lab/run.ts';

const skip = skipWithout('ostree', 'nsenter', 'unshare', 'chattr');

/** The agent's decisions on the real ostree: it stages, locks, finalizes and boots, and what it shows is what counts. */
suite('an agent on a machine of real ostree', { skip }, () => {
  let folder: string;
  let machine: OstreeMachine;
  let source: LayerSource;
  let runner: HostRunner;
  let host: DrivenHost;
  let bench: AgentBench;
  let first: string;
  let second: string;
  let boots = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-agent-ostree-'));
    const tree = join(folder, 'tree');
    await writeBootableTree(tree);
    source = new LayerSource(join(folder, 'layers'));
    const base = await source.addLayer(tree);
    const image = async (number: string): Promise<string> => {
      const provenance = {
        version: 1,
        pool: 'worker',
        renderedConfig: `rendered-${number}`,
        base: `sha256:${'0'.repeat(64)}`,
        kernelArguments: [],
        items: [],
      };
      const config = await source.addFiles({
        'etc/varve.conf': `${number}\n`,
        'usr/lib/varve/provenance.json': JSON.stringify(provenance),
        'usr/lib/bootc/kargs.d/90-varve.toml': `kargs = ["image=${number}"]\n`,
      });
      return source.addImage([base, config], { 'org.opencontainers.image.version': number });
    };
    first = await image('1');
    second = await image('2');
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
  });
  after(async () => {
    await machine.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Every boot has an id of its own, as a container has by its manager. */
  async function boot(): Promise<void> {
    await machine.boot();
    boots += 1;
    const file = join(folder, 'machine', 'sysroot', 'boot-id');
    await writeFile(file, `boot-${boots}\n`);
    const id = '/proc/sys/kernel/random/boot_id';
    const enter = [`--target=${machine.pid}`, '--mount'];
    await run('nsenter', [...enter, 'mount', '--bind', '/sysroot/boot-id', id]);
    runner = withoutInit(hostOfProcess(process.env, machine.pid));
    const capabilities = await probeCapabilities(runner);
    const driver = openDriver('ostree', { host: runner, capabilities, images: source });
    host = new DrivenHost({ runner, driver, capabilities, policy: DEFAULT_POLICY });
  }

  async function argumentsOfBooted(): Promise<readonly string[]> {
    const look = await host.look(new AbortController().signal);
    assert.ok(look.state === 'fresh' && look.view.status.booted !== undefined);
    return (await kernelArgumentsOf(runner, look.view.status.booted)) ?? [];
  }

  test('takes over a machine that ran no image, and leaves it as it is until it is drained', async () => {
    bench.desire(first, 'rendered-1');
    await bench.rest();
    assert.equal(bench.kinds, 'stage rest');
    await machine.shutDown();
    await boot();
    await assert.rejects(machine.read('/etc/varve.conf'), 'a clean reboot left it on what it ran');
    await machine.cutPower();
    await boot();
    await bench.settle();
    assert.equal(await machine.read('/etc/varve.conf'), '1\n');
    assert.deepEqual(await argumentsOfBooted(), ['root=LABEL=root', 'rw', 'image=1']);
    assert.deepEqual(
      [bench.annotation('state'), bench.annotation('currentImage'), bench.annotation('currentConfig')],
      ['Done', first, 'rendered-1'],
    );
  });

  test('changes its mind while it waits for the drain', async () => {
    bench.desire(second, 'rendered-2');
    await bench.rest();
    bench.desire(first, 'rendered-1');
    await bench.settle();
    await machine.shutDown();
    await boot();
    assert.equal(await machine.read('/etc/varve.conf'), '1\n');
    assert.equal((await bench.rest()).phase, 'done');
  });

  test('moves it to the next image, through a power cut between unlocking and finalizing', async () => {
    bench.desire(second, 'rendered-2');
    await bench.rest();
    bench.drain();
    let plan = await bench.turn();
    while (plan.step.kind !== 'unlock') plan = await bench.turn();
    await machine.cutPower();
    await boot();
    assert.equal(await machine.read('/etc/varve.conf'), '1\n');
    await bench.settle();
    assert.equal(await machine.read('/etc/varve.conf'), '2\n');
    assert.deepEqual(await argumentsOfBooted(), ['root=LABEL=root', 'rw', 'image=2']);
    assert.equal(bench.annotations['varve.dev/rollback-image'], first);
    assert.equal(bench.annotations['varve.dev/rollback-config'], 'rendered-1');
  });

  test('goes back to the image before, with its kernel arguments', async () => {
    bench.desire(first, 'rendered-1');
    await bench.settle();
    assert.equal(await machine.read('/etc/varve.conf'), '1\n');
    assert.deepEqual(await argumentsOfBooted(), ['root=LABEL=root', 'rw', 'image=1']);
    assert.equal(bench.annotation('state'), 'Done');
  });
});

/** The machine has no systemd: its reboots are the test's, and its units and journal say nothing. */
function withoutInit(real: HostRunner): HostRunner {
  const nothing: CommandOutcome = { status: 0, signal: undefined, stdout: '', stderr: '' };
  return {
    root: real.root,
    run: (command, signal) => {
      const isInit = ['systemd-run', 'systemctl', 'journalctl'].includes(command.tool);
      return isInit ? Promise.resolve(nothing) : real.run(command, signal);
    },
  };
}
