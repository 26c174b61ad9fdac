import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CommandOutcome,
  diffConfig,
  type DeployTool,
  type HostChange,
  type HostDriver,
  isImage,
  openDriver,
  probeCapabilities,
  readLastFinalization,
  Systemctl,
} from '../../../host/index.ts';
import {
  appendLayers,
  buildLayer,
  openRegistry,
  parseReference,
  type RegistryClient,
} from '../../../oci/index.ts';
import { pushMiniatureBase, startRegistry } from '../../index.ts';
import type { MachineBoot } from '../node-machine.ts';
import type { SimulatedMachineOptions } from './machine-options.ts';
import { createSimulatedMachine, type SimulatedMachine } from './simulated-machine.ts';

const FIXTURES = new URL('../../../../../shared/fixtures/synthetic/', import.meta.url);

interface Scene {
  readonly machine: SimulatedMachine;
  readonly client: RegistryClient;
  /** By the version of their base: `HOST/REPOSITORY@DIGEST`. */
  readonly images: readonly [one: string, two: string];
  readonly boots: MachineBoot[];
  readonly failures: string[];
  readonly run: (tool: string, ...args: readonly string[]) => Promise<CommandOutcome>;
  readonly driver: (tool: DeployTool) => Promise<HostDriver>;
}

async function scene(t: TestContext, options: Partial<SimulatedMachineOptions> = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-simulated-'));
  const registry = await startRegistry({ directory: join(folder, 'registry') });
  const client = openRegistry();
  const image = async (version: string): Promise<string> =>
    `${registry.address}/os@${await pushMiniatureBase(client, parseReference(`${registry.address}/os:${version}`), { version })}`;
  const images = [await image('1'), await image('2')] as const;
  const machine = createSimulatedMachine({
    name: 'n1',
    folder: join(folder, 'n1'),
    image: images[0],
    ...options,
  });
  t.after(async () => {
    await machine.erase();
    client.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  const boots: MachineBoot[] = [];
  const failures: string[] = [];
  await machine.start({
    booted: (boot) => void boots.push(boot),
    down: () => {},
    failed: (why) => void failures.push(why),
  });
  const { runner } = machine;
  return {
    machine,
    client,
    images,
    boots,
    failures,
    run: (tool, ...args) => runner.run({ tool, args, deadline: 10_000 }),
    driver: async (tool) => {
      const capabilities = await probeCapabilities(runner);
      return openDriver(tool, { host: runner, capabilities });
    },
  };
}

function done(change: HostChange): void {
  assert.equal(change.result, 'done', JSON.stringify(change));
}

/** The members of a document and of what is in it, without what they hold. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, shapeOf(member)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

test('a simulated host’s statuses have the members that the real tools’ have', async (t) => {
  if (!existsSync(FIXTURES)) {
    assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
    t.skip('the shared fixtures are absent');
    return;
  }
  const { run, images } = await scene(t, {
    tools: {
      bootc: { version: '1.16.9', switchDownloadOnly: true },
      rpmOstree: { version: '2026.2' },
      ostree: { version: '2026.4' },
    },
  });
  const fixture = (name: string): unknown =>
    JSON.parse(readFileSync(new URL(`${name}.json`, FIXTURES), 'utf8'));
  const printed = async (tool: string, ...args: string[]): Promise<unknown> =>
    JSON.parse((await run(tool, ...args)).stdout);
  const bootc = (): Promise<unknown> => printed('bootc', 'status', '--format=json');
  assert.deepEqual(shapeOf(await bootc()), shapeOf(fixture('bootc-idle-booted-only')));
  const { status } = await run('bootc', 'switch', '--download-only', images[1]);
  assert.equal(status, 0);
  assert.deepEqual(shapeOf(await bootc()), shapeOf(fixture('bootc-staged-download-only')));
  assert.deepEqual(
    shapeOf(await printed('ostree', 'admin', 'status', '--json')),
    // What no refspec is, is null in both.
    shapeOf(fixture('ostree-admin-status')),
  );
  const rpm = shapeOf(await printed('rpm-ostree', 'status', '--json')) as {
    readonly deployments: readonly object[];
  };
  const { deployments } = shapeOf(fixture('rpm-ostree-staged-locked')) as {
    readonly deployments: readonly object[];
  };
  // Megabytes of it are left out: the documents of the image.
  const { 'base-commit-meta': _, ...members } = deployments[0] as Record<string, unknown>;
  assert.deepEqual(rpm.deployments[0], members);
});

for (const tool of ['bootc', 'rpm-ostree'] as const) {
  test(`a simulated host is moved with ${tool}, keeps what was changed in its /etc, and goes back`, async (t) => {
    const { machine, images, driver, boots } = await scene(t);
    await writeFile(join(machine.root, 'etc/chrony.conf'), 'mine\n');
    await writeFile(join(machine.root, 'etc/own'), 'own\n');
    const host = await driver(tool);
    done(await host.stage({ image: images[1], locked: true }));
    await machine.reboot();
    assert.equal(boots.at(-1)?.osImage, 'Varve Miniature 1', 'what is locked does not boot');
    assert.equal((await readLastFinalization(machine.runner)).outcome, 'locked');
    done(await host.stage({ image: images[1], locked: false }));
    await machine.cutPowerShortly();
    assert.equal(boots.at(-1)?.osImage, 'Varve Miniature 1', 'power cuts finalize nothing');
    assert.equal((await readLastFinalization(machine.runner)).outcome, 'not-begun');
    done(await host.stage({ image: images[1], locked: false }));
    await machine.reboot();
    assert.equal(boots.at(-1)?.osImage, 'Varve Miniature 2');
    assert.equal((await readLastFinalization(machine.runner)).outcome, 'completed');
    assert.equal(readFileSync(join(machine.root, 'etc/own'), 'utf8'), 'own\n');
    const diff = await diffConfig(machine.runner);
    assert.ok(diff.ok);
    const changes = diff.changes.map(({ kind, path }) => `${kind} ${path}`);
    assert.ok(changes.includes('modified chrony.conf') && changes.includes('added own'), changes.join());
    done(await host.rollback());
    await machine.reboot();
    assert.equal(boots.at(-1)?.osImage, 'Varve Miniature 1');
    assert.equal(new Set(boots.map(({ bootId }) => bootId)).size, boots.length);
  });
}

test('a simulated host says why the last shutdown failed, with the stamp and without', async (t) => {
  const { machine, images, driver } = await scene(t);
  const host = await driver('bootc');
  for (const stamp of [true, false]) {
    done(await host.stage({ image: images[1], locked: false }));
    const message = 'Installing kernel: No space left on device';
    machine.faults.set([{ name: 'finalize-failure', message, stamp }]);
    await machine.reboot();
    assert.deepEqual(await readLastFinalization(machine.runner), { outcome: 'failed', message });
    const unit = await new Systemctl(machine.runner).unit('ostree-boot-complete.service');
    assert.equal(unit.ok && unit.unit.active, stamp ? 'failed' : 'inactive');
    const reading = await host.status();
    assert.ok(reading.state === 'fresh' && reading.status.staged === undefined);
    assert.ok(isImage(reading.status.booted, images[0].split('@')[1] ?? ''));
  }
  done(await host.stage({ image: images[1], locked: false }));
  machine.faults.set([{ name: 'boot-falls-back' }]);
  await machine.reboot();
  const reading = await host.status();
  assert.ok(reading.state === 'fresh' && isImage(reading.status.rollback, images[1].split('@')[1] ?? ''));
});

test('a simulated host’s status waits for the lock, and rpm-ostree does not', async (t) => {
  const { machine, run } = await scene(t);
  machine.faults.set([{ name: 'lock-held', times: 2 }]);
  await assert.rejects(
    machine.runner.run({ tool: 'bootc', args: ['status'], deadline: 50 }),
    ({ code }: { readonly code?: string }) => code === 'timed-out',
  );
  const { status, stderr } = await run('rpm-ostree', 'cleanup', '--pending');
  assert.deepEqual([status, stderr], [1, 'error: System transaction in progress\n']);
  assert.equal((await run('bootc', 'status')).status, 0);
});

test('a change of one small file costs a simulated host little', async (t) => {
  const { machine, client, images, run } = await scene(t);
  const reference = parseReference(images[0]);
  const stored = await client.requireManifest(reference);
  const manifest = JSON.parse(Buffer.from(stored.bytes).toString()) as {
    readonly config: {
      readonly digest: `sha256:${string}`;
      readonly size: number;
      readonly mediaType: string;
    };
  };
  const config = await client.getBlobBytes(reference, manifest.config, 1e6);
  const layer = buildLayer(
    [
      { path: 'etc', type: 'directory', mode: 0o755, uid: 0, gid: 0 },
      { path: 'etc/small', type: 'file', mode: 0o644, uid: 0, gid: 0, contents: Buffer.alloc(1024, 'x') },
    ],
    { compression: 'gzip', mediaFamily: 'oci' },
  );
  const appended = appendLayers({ manifest: stored.bytes, mediaType: stored.mediaType, config }, [layer], {
    labels: {},
    annotations: {},
    created: '2026-01-02T00:00:00Z',
    history: [{ created_by: 'one file' }],
  });
  await client.putBlob(reference, layer.descriptor, layer.bytes);
  await client.putBlob(reference, appended.configDescriptor, appended.config);
  await client.putManifest(
    { registry: reference.registry, repository: reference.repository },
    appended.manifest,
    appended.mediaType,
  );
  const image = `${images[0].split('@')[0] ?? ''}@${appended.digest}`;
  const { stdout } = await run('bootc', 'switch', image);
  assert.match(stdout, /layers already present: 5; layers needed: 1 \(\d{3} bytes\)/);
  await machine.reboot();
  assert.equal(readFileSync(join(machine.root, 'etc/small'), 'utf8').length, 1024);
});

test('what no tool of a simulated host is, it does not run', async (t) => {
  const { machine, run } = await scene(t, { tools: { ostree: { version: '2022.7' } } });
  const capabilities = await probeCapabilities(machine.runner);
  assert.deepEqual(
    [
      capabilities.bootc,
      capabilities.rpmOstree,
      capabilities.ostree?.jsonStatus,
      capabilities.ostree?.lockFinalization,
    ],
    [undefined, undefined, false, false],
  );
  assert.deepEqual(readdirSync(machine.bin).includes('bootc'), false);
  await assert.rejects(
    run('bootc', 'status'),
    ({ code }: { readonly code?: string }) => code === 'no-such-tool',
  );
  assert.match((await run('ostree', 'admin', 'status')).stdout, /^\* default [0-9a-f]{64}\.0\n/);
});

test('a machine that is told twice to reboot, within it and from a process of its own, reboots once', async (t) => {
  const { machine, boots, run } = await scene(t);
  const asked = [run('systemctl', 'reboot'), run('systemctl', 'reboot')];
  // As a tool leaves it that is a process of its own; nobody has seen it yet when the machine goes down.
  writeFileSync(join(machine.folder, 'machine/power/late'), 'reboot');
  await Promise.allSettled(asked);
  await machine.cutPowerShortly();
  assert.equal(boots.length, 3);
  await sleep(50);
  await machine.stop();
  assert.equal(boots.length, 3);
});

test('a machine whose reboot comes to nothing says so, and can be switched off', async (t) => {
  const { machine, boots, failures, run } = await scene(t);
  await rm(join(machine.root, 'boot/loader'));
  await run('systemctl', 'reboot').catch(() => {});
  // Comes after it.
  await machine.stop();
  assert.deepEqual(failures, ['cannot start node n1: its boot loader has nothing to boot']);
  assert.equal(boots.length, 1);
});

test('a machine that is switched off while it is installed is not installed to the end', async (t) => {
  const { machine, images } = await scene(t);
  const folder = `${machine.folder}-2`;
  const other = createSimulatedMachine({ name: 'n2', folder, image: images[0] });
  const started = other.start({ booted: () => assert.fail('it boots'), down: () => {} });
  const refused = assert.rejects(started, {
    message: `cannot install ${images[0]} on node n2: it was switched off meanwhile`,
  });
  await other.stop();
  await refused;
  assert.equal(existsSync(other.root), false);
});
