import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSimulatedMachine, type EmbeddedRegistry, startRegistry } from '../../src/embedded/index.ts';
import type { DeployTool } from '../../src/host/index.ts';
import { openRegistry, type RegistryClient } from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { type PlacedImage, pushPlacedImage } from '../lab/placed-image.ts';
import { SimulatedNode } from '../lab/simulated-node.ts';
import { until } from '../lab/until.ts';

const TOOLS: readonly DeployTool[] = ['bootc', 'rpm-ostree', 'ostree'];
const M = 'machineconfiguration.openshift.io';

/** What the nearest operators did wrong (issue 5, "defects"), and the failures of host-contract §9.4 and §9.5. */
suite('an agent on a simulated host', () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let client: RegistryClient;
  let a: PlacedImage;
  let b: PlacedImage;
  let c: PlacedImage;
  let nodes = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-simulated-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    client = openRegistry();
    const push = (name: string): Promise<PlacedImage> => {
      const source = `data:,${name}`;
      const files = [{ path: '/etc/name', mode: 0o644, overwrite: true, contents: { source } }];
      return pushPlacedImage(client, `${registry.address}/os`, name, { storage: { files } }, [
        `image=${name}`,
      ]);
    };
    [a, b, c] = [await push('a'), await push('b'), await push('c')];
  });

  after(async () => {
    client.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function nodeAtA(t: TestContext, tool: DeployTool): Promise<SimulatedNode> {
    nodes += 1;
    const name = `n${nodes}`;
    const machine = createSimulatedMachine({ name, folder: join(folder, name), image: a.image });
    const node = new SimulatedNode(machine, tool, client);
    atEnd(t, async () => {
      await node.close();
      await machine.erase();
    });
    await machine.start(node);
    node.desire(a);
    await reached(node, a);
    return node;
  }

  function reached(node: SimulatedNode, image: PlacedImage): Promise<void> {
    return until(`${node.machine.name} runs image ${image.name}`, () => node.isAt(image));
  }

  function booted({ machine }: SimulatedNode): string {
    return /image=(\w+)/.exec(machine.booted?.kernelArguments ?? '')?.[1] ?? '';
  }

  function isStaged({ machine }: SimulatedNode): boolean {
    return existsSync(join(machine.root, 'run/ostree/staged-deployment'));
  }

  /** An image is staged and waits for the drain. */
  async function waitsForDrain(node: SimulatedNode): Promise<void> {
    await until('it waits for the drain', () => {
      return isStaged(node) && node.plans.at(-1)?.step.kind === 'rest';
    });
  }

  for (const tool of TOOLS) {
    test(`does not have a reboot of somebody else apply what is staged, with ${tool}`, async (t) => {
      const node = await nodeAtA(t, tool);
      node.objects.isUndrained = true;
      node.desire(b);
      await waitsForDrain(node);
      for (const happens of ['reboot', 'cutPowerShortly'] as const) {
        await node.machine[happens]();
        assert.equal(booted(node), 'a', happens);
        await waitsForDrain(node);
      }
      assert.equal(node.reboots, 0);
      node.objects.isUndrained = false;
      node.objects.drain();
      await reached(node, b);
      assert.deepEqual([booted(node), node.reboots], ['b', 1]);
    });

    test(`leaves nothing staged on the way to an image and back, with ${tool}`, async (t) => {
      const node = await nodeAtA(t, tool);
      node.objects.isUndrained = true;
      node.desire(b);
      await waitsForDrain(node);
      node.objects.isUndrained = false;
      node.desire(a);
      await reached(node, a);
      assert.ok(!isStaged(node));
      await node.machine.reboot();
      await reached(node, a);
      assert.deepEqual([booted(node), node.reboots], ['a', 0]);
    });
  }

  test('loses no packages that are layered on the host', async (t) => {
    const node = await nodeAtA(t, 'bootc');
    const { machine } = node;
    await machine.runner.run({ tool: 'rpm-ostree', args: ['install', 'strace'], deadline: 10_000 });
    await machine.reboot();
    const packages = (): readonly string[] => readdirSync(join(machine.root, 'usr/share/simulated-packages'));
    assert.deepEqual(packages(), ['strace']);
    node.desire(b);
    await until(
      'it says that bootc would lose them',
      () => node.objects.annotation(`${M}/state`) === 'Degraded',
    );
    assert.deepEqual([booted(node), packages(), isStaged(node)], ['a', ['strace'], false]);
    await node.kill();
    node.tool = 'rpm-ostree';
    node.start();
    await reached(node, b);
    assert.deepEqual([booted(node), packages()], ['b', ['strace']]);
  });

  test('takes a status that waits for the lock of the deployments for a busy host and not for a broken one', async (t) => {
    const node = await nodeAtA(t, 'bootc');
    await node.kill();
    node.patience = 100;
    node.machine.faults.set([{ name: 'lock-held', times: 0 }]);
    const states = node.objects.states.length;
    node.start();
    await sleep(1500);
    assert.deepEqual(node.objects.states.slice(states), []);
    node.patience = 60_000;
    node.machine.faults.set([]);
    await node.kill();
    node.start();
    node.desire(b);
    await reached(node, b);
  });

  test('is Degraded once while the registry is away, and then no longer', async (t) => {
    const node = await nodeAtA(t, 'rpm-ostree');
    node.machine.faults.set([{ name: 'registry-gone', times: 0 }]);
    const before = node.objects.states.length;
    node.desire(b);
    await until('it says so', () => node.objects.annotation(`${M}/state`) === 'Degraded');
    const { plans } = node;
    const tries = (): number => plans.filter(({ step }) => step.kind === 'stage').length;
    const first = tries();
    await until('it has tried again', () => tries() > first + 1);
    assert.equal(node.objects.states.slice(before).filter((state) => state === 'Degraded').length, 1);
    node.machine.faults.set([]);
    await reached(node, b);
    const states = node.objects.states.slice(before);
    assert.equal(states.filter((state) => state === 'Degraded').length, 1, states.join(' '));
  });

  for (const tool of ['bootc', 'rpm-ostree'] as const) {
    test(`believes no exit status of ${tool}`, async (t) => {
      const node = await nodeAtA(t, tool);
      const command = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
      node.machine.faults.set([{ name: 'lie', command }]);
      node.desire(b);
      await reached(node, b);
      assert.deepEqual([booted(node), node.machine.faults.all], ['b', []]);
    });

    test(`does not boot what another program stages in the place of its image, with ${tool}`, async (t) => {
      const node = await nodeAtA(t, tool);
      node.machine.faults.set([{ name: 'foreign-staged', image: c.image }]);
      node.desire(b);
      await reached(node, b);
      assert.deepEqual([booted(node), node.machine.faults.all], ['b', []]);
    });
  }

  test('gives an image up that fails to be finalized again and again, and keeps what runs', async (t) => {
    const node = await nodeAtA(t, 'bootc');
    const message = 'Installing kernel: No space left on device';
    node.machine.faults.set([{ name: 'finalize-failure', message, stamp: true, times: 0 }]);
    node.desire(b);
    await until('it gives up', () => node.reboots === 3 && node.plans.at(-1)?.step.kind === 'rest');
    await sleep(500);
    assert.deepEqual([booted(node), node.reboots], ['a', 3]);
    assert.equal(node.objects.annotation(`${M}/state`), 'Degraded');
    assert.ok(node.objects.annotation(`${M}/reason`)?.includes(message));
    node.machine.faults.set([]);
    node.objects.set({ 'varve.dev/retry': 'mended' });
    await reached(node, b);
    assert.equal(booted(node), 'b');
  });

  test('says so when a health check rolls its image back, and does not fight it without end', async (t) => {
    const node = await nodeAtA(t, 'bootc');
    node.machine.faults.set([{ name: 'boot-falls-back', times: 0 }]);
    node.desire(b);
    await until('it gives up', () => node.reboots === 3 && node.plans.at(-1)?.step.kind === 'rest');
    await sleep(500);
    assert.deepEqual([booted(node), node.reboots], ['a', 3]);
    assert.match(node.objects.annotation(`${M}/reason`) ?? '', /came back to what it ran before/);
    node.machine.faults.set([]);
    node.desire(a);
    await reached(node, a);
  });
});
