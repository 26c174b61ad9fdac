import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createSimulatedMachine,
  type EmbeddedRegistry,
  type MachineFault,
  type MachinePhase,
  startRegistry,
} from '../../src/embedded/index.ts';
import type { DeployTool } from '../../src/host/index.ts';
import { openRegistry, type RegistryClient } from '../../src/oci/index.ts';
import { atEnd } from '../lab/at-end.ts';
import { type PlacedImage, pushPlacedImage } from '../lab/placed-image.ts';
import { randomOf, seedOf } from '../lab/random.ts';
import { SimulatedNode } from '../lab/simulated-node.ts';
import { until } from '../lab/until.ts';

const TOOLS: readonly DeployTool[] = ['bootc', 'rpm-ostree', 'ostree'];

/** Where a cut of the power wastes a reboot: what was staged is gone, or boots without anybody having asked. */
const PHASES: readonly MachinePhase[] = [
  'pull',
  'import',
  'stage',
  'staged',
  'lock',
  'finalize',
  'merged',
  'finalized',
  'boot',
];
const WASTEFUL: ReadonlySet<MachinePhase> = new Set(['finalize', 'merged']);

suite('agents that are killed on simulated hosts', () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let client: RegistryClient;
  let images: Readonly<Record<'a' | 'b', PlacedImage>>;
  let nodes = 0;
  let pushed = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-crashes-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    client = openRegistry();
    images = { a: await newImage(), b: await newImage() };
  });

  /** An image that no host has. */
  function newImage(): Promise<PlacedImage> {
    pushed += 1;
    const name = `i${pushed}`;
    return pushPlacedImage(client, `${registry.address}/os`, name, configOf(name), [`image=${name}`]);
  }

  after(async () => {
    client.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A node that runs image a, and somebody's own file in its /etc. */
  async function nodeAtA(t: TestContext, tool: DeployTool): Promise<SimulatedNode> {
    nodes += 1;
    const name = `n${nodes}`;
    const machine = createSimulatedMachine({ name, folder: join(folder, name), image: images.a.image });
    const node = new SimulatedNode(machine, tool, client);
    atEnd(t, async () => {
      await node.close();
      t.diagnostic(node.troubles.slice(-10).join('\n'));
      await machine.erase();
    });
    await machine.start(node);
    await writeFile(join(machine.root, 'etc/own'), 'of this host');
    node.desire(images.a);
    await reached(node, images.a);
    return node;
  }

  /** Waits until the node runs the image and has nothing left to do, and looks whether it runs nothing else. */
  async function reached(node: SimulatedNode, image: PlacedImage): Promise<void> {
    let told = 0;
    await until(`${node.machine.name} runs image ${image.name}`, async () => {
      // What was given up, or waits for long, a person tries again.
      const last = node.plans.at(-1)?.step;
      if (last?.kind === 'wait' || (last?.kind === 'rest' && node.objects.states.at(-1) === 'Degraded')) {
        told += 1;
        if (told % 20 === 0) node.objects.set({ 'varve.dev/retry': `${node.plans.length}-${told}` });
      }
      await sleep(1);
      return node.isAt(image);
    });
    runsNothingElse(node, image);
  }

  function runsNothingElse({ machine }: SimulatedNode, image: PlacedImage): void {
    const { root } = machine;
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    const options = (machine.booted?.kernelArguments ?? '').split(' ');
    assert.deepEqual(
      options.filter((argument) => argument.startsWith('image=')),
      [`image=${image.name}`],
    );
    assert.ok(options.includes('root=LABEL=root'), options.join(' '));
    assert.ok(read('proc/cmdline').includes(` image=${image.name}`));
    assert.equal(read('etc/shared'), image.name);
    assert.equal(read('etc/own'), 'of this host');
    assert.equal(read('var/lib/shared'), image.name);
    for (const directory of ['etc/only', 'var/lib/only', 'etc/systemd/system/multi-user.target.wants']) {
      const names = readdirSync(join(root, directory));
      assert.deepEqual(
        names.filter((one) => one.startsWith('of-')).map((one) => one.replace(/\.service$/, '')),
        [`of-${image.name}`],
        directory,
      );
    }
    assert.ok(!readdirSync(join(root, 'run/ostree')).includes('staged-deployment'), 'nothing is staged');
    const deployments = readdirSync(join(root, 'sysroot/ostree/deploy/default/deploy')).filter(
      (name) => !name.endsWith('.origin'),
    );
    assert.ok(deployments.length <= 3, `no deployment is left over: ${deployments.join(' ')}`);
  }

  for (const tool of TOOLS) {
    test(`an agent that is killed at any write of its journal goes on where it was, with ${tool}`, async (t) => {
      const node = await nodeAtA(t, tool);
      const before = node.writes;
      node.desire(images.b);
      await reached(node, images.b);
      const writes = node.writes - before;
      assert.ok(writes > 4, `${writes} writes`);
      let round = 0;
      for (const when of ['before', 'after'] as const) {
        for (let write = 0; write < writes; write += 1) {
          const image = round % 2 === 0 ? images.a : images.b;
          round += 1;
          const { reboots, kills } = node;
          node.strike = { write: node.writes + write, when };
          node.desire(image);
          await reached(node, image);
          // Fewer writes may do on the way back.
          if (node.strike === undefined) assert.equal(node.kills, kills + 1);
          node.strike = undefined;
          assert.equal(node.reboots, reboots + 1, `${when} write ${write}`);
        }
      }
      t.diagnostic(`${node.kills} kills`);
    });
  }

  for (const tool of TOOLS) {
    test(`a node ends where it should when the power fails or its tools are killed in any phase, with ${tool}`, async (t) => {
      const node = await nodeAtA(t, tool);
      for (const name of ['power-cut', 'tool-killed'] as const) {
        for (const phase of PHASES) {
          if (name === 'tool-killed' && PHASES.indexOf(phase) >= PHASES.indexOf('finalize')) continue;
          const image = await newImage();
          const { reboots } = node;
          node.machine.faults.set([{ name, phase }]);
          node.desire(image);
          await reached(node, image);
          assert.deepEqual(node.machine.faults.all, [], `${name} in ${phase} came`);
          const wasted = WASTEFUL.has(phase) ? 1 : 0;
          assert.equal(node.reboots, reboots + 1 + wasted, `${name} in ${phase}`);
        }
      }
    });
  }

  test('agents that are killed at random on machines that fail end at the image that is wanted', async (t) => {
    const random = randomOf(seedOf(t));
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] ?? assert.fail();
    let kills = 0;
    for (const tool of TOOLS) {
      const node = await nodeAtA(t, tool);
      let current = images.a;
      for (let round = 0; round < 12; round += 1) {
        const known = current === images.a ? images.b : images.a;
        const image = random() < 0.7 ? await newImage() : known;
        const faults = [0, 0]
          .map((): MachineFault | undefined => {
            if (random() < 0.5) return undefined;
            const name = pick(['power-cut', 'tool-killed'] as const);
            const phase = pick(name === 'power-cut' ? PHASES : PHASES.slice(0, 5));
            return { name, phase };
          })
          .filter((fault) => fault !== undefined);
        const { reboots } = node;
        node.machine.faults.set(faults);
        node.desire(image);
        for (let kill = 0; kill < 14; kill += 1) {
          await sleep(random() * 12);
          await node.kill();
          node.start();
        }
        await reached(node, image);
        current = image;
        const left = node.machine.faults.all;
        const cuts = faults.filter((fault) => fault.name === 'power-cut' && !left.includes(fault)).length;
        node.machine.faults.set([]);
        assert.ok(node.reboots - reboots <= 1 + cuts, `${node.reboots - reboots} reboots, ${cuts} cuts`);
      }
      kills += node.kills;
    }
    t.diagnostic(`${kills} kills`);
    assert.ok(kills >= 500, `${kills} kills`);
  });

  for (const tool of TOOLS) {
    test(`agents that are killed amid processes of ${tool} end at the image that is wanted`, async (t) => {
      const random = randomOf(seedOf(t));
      const node = await nodeAtA(t, tool);
      await node.kill();
      node.isReal = true;
      node.start();
      for (const image of [images.b, images.a]) {
        const { reboots } = node;
        node.desire(image);
        for (let kill = 0; kill < 4; kill += 1) {
          await sleep(random() * 600);
          await node.kill();
          node.start();
        }
        await reached(node, image);
        assert.equal(node.reboots, reboots + 1);
      }
    });
  }
});

/** Files of its own and of all, in all planes, and a unit that runs. */
function configOf(name: string): object {
  const file = (path: string, text: string): object => ({
    path,
    mode: 0o644,
    overwrite: true,
    contents: { source: `data:,${text}` },
  });
  return {
    storage: {
      files: [
        file('/etc/shared', name),
        file(`/etc/only/of-${name}`, name),
        file('/var/lib/shared', name),
        file(`/var/lib/only/of-${name}`, name),
      ],
    },
    systemd: {
      units: [
        {
          name: `of-${name}.service`,
          enabled: true,
          contents: `[Service]\nExecStart=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n`,
        },
      ],
    },
  };
}
