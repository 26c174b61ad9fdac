import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { stringify } from 'yaml';
import {
  createSimulatedMachine,
  type EmbeddedRegistry,
  type MachineBoot,
  pushMiniatureBase,
  type SimulatedMachine,
  startRegistry,
} from '../../src/embedded/index.ts';
import { openRegistry, parseReference } from '../../src/oci/index.ts';
import { until } from '../lab/until.ts';
import { varve } from '../lab/varve.ts';
import type { RunResult } from '../lab/run.ts';

/** A MachineConfig of the role that `varve agent local` builds by default; there is no pool beside it. */
function machineConfig(text: string): string {
  return stringify({
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: '50-local', labels: { 'machineconfiguration.openshift.io/role': 'worker' } },
    spec: {
      kernelArguments: [`local=${text}`],
      config: {
        ignition: { version: '3.4.0' },
        storage: { files: [{ path: '/etc/local.conf', contents: { source: `data:,${text}` } }] },
      },
    },
  });
}

/** One host, no cluster: what `varve agent local` and `varve agent status` do on it. */
suite('varve agent local', () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let machine: SimulatedMachine;
  let boot: MachineBoot | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-agent-local-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    const client = openRegistry();
    const digest = await pushMiniatureBase(client, parseReference(`${registry.address}/base:1`));
    client.close();
    machine = createSimulatedMachine({
      name: 'alone',
      folder: join(folder, 'machine'),
      image: `${registry.address}/base@${digest}`,
    });
    await machine.start({ booted: (next) => (boot = next), down: () => (boot = undefined) });
    await mkdir(join(folder, 'config'));
  });
  after(async () => {
    await machine.stop();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  function agent(...args: readonly string[]): Promise<RunResult> {
    assert.ok(boot !== undefined, 'the machine is up');
    // As on the host itself: its tools alone, beside those that start varve.
    const path = `${machine.bin}:${process.env['PATH'] ?? ''}`;
    return varve(['agent', ...args, ...boot.agentArguments], {
      accept: [0, 1, 2],
      env: { HOME: folder, PATH: path },
    });
  }

  const status = async (): Promise<Record<string, Record<string, unknown>>> =>
    JSON.parse((await agent('status', '--output', 'json')).stdout) as Record<string, Record<string, unknown>>;

  async function reboots(work: () => Promise<unknown>): Promise<void> {
    const before = boot?.bootId;
    await work();
    await until('it has booted again', () => boot !== undefined && boot.bootId !== before);
  }

  test('builds the image of a folder of MachineConfigs, and leaves the reboot to its caller', async () => {
    await writeFile(join(folder, 'config/a.yaml'), machineConfig('one'));
    const { status: code, stdout, stderr } = await agent('local', '--config', join(folder, 'config'));
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^the next boot runs 127\.0\.0\.1:\d+\/local\/worker@sha256:[\da-f]{64}: reboot the host\n$/,
    );
    const { host } = await status();
    assert.deepEqual(Reflect.get(Object(host?.['staged']), 'locked'), false);
    await assert.rejects(readFile(join(machine.root, 'etc/local.conf')));
  });

  test('has the host reboot when it is asked to, and verifies what booted when it is called again', async () => {
    await reboots(async () => {
      const {
        status: code,
        stdout,
        stderr,
      } = await agent('local', '--config', join(folder, 'config'), '--reboot');
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^the host (?:reboots into|runs) /);
    });
    assert.equal(await readFile(join(machine.root, 'etc/local.conf'), 'utf8'), 'one');
    const again = await agent('local', '--config', join(folder, 'config'), '--output', 'json');
    const { image, ...result } = JSON.parse(again.stdout) as Record<string, unknown>;
    assert.deepEqual(result, { booted: true, rebootNeeded: false });
    assert.match(String(image), /@sha256:/);
    assert.match(machine.booted?.kernelArguments ?? '', /\blocal=one\b/);
  });

  test('shows files that were changed on the host', async () => {
    await writeFile(join(machine.root, 'etc/local.conf'), 'changed');
    const { stdout } = await agent('status');
    assert.match(stdout, /^files +a path differs from the image$/m);
    assert.match(stdout, /^ {2}\/etc\/local\.conf \(.*MachineConfig 50-local\)$/m);
    await writeFile(join(machine.root, 'etc/local.conf'), 'one');
  });

  test('moves it to an image that is named by its tag, and pinned to what that is now', async () => {
    const base = `${registry.address}/base:1`;
    await reboots(async () => {
      const { status: code, stderr } = await agent('local', '--image', base, '--reboot');
      assert.equal(code, 0, stderr);
    });
    const { stdout } = await agent('local', '--image', base);
    assert.match(stdout, new RegExp(`^the host runs ${registry.address}/base@sha256:`));
    await assert.rejects(readFile(join(machine.root, 'etc/local.conf')), 'the file went with its image');
  });

  test('refuses what makes no sense, and says where a person has to look', async () => {
    const both = await agent('local', '--image', 'a/b:1', '--config', '/x');
    assert.equal(both.status, 1);
    assert.match(both.stderr, /^error: name what the host is to run: either --image REF or --config DIR$/m);
    const gone = await agent('local', '--image', `${registry.address}/nothing:1`);
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /^error: .*nothing/m);
    assert.equal((await agent('local', '--host-tool', 'apt')).status, 2);
  });
});
