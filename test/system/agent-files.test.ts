import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DriftPolicy, type FilesTarget, NodeFiles, PlaneMemoryFile } from '../../src/agent/index.ts';
import { driftCondition } from '../../src/agent/drift-report.ts';
import { inlineFile, TestFiles } from '../../src/agent/test-files.ts';
import {
  type Deployment,
  diffConfig,
  type HostDriver,
  hostOfProcess,
  type HostRunner,
  type HostStatus,
  openDriver,
  probeCapabilities,
} from '../../src/host/index.ts';
import { systemClock } from '../../src/kube/index.ts';
import { writeConfigTree } from '../lab/config-image.ts';
import { LayerSource } from '../lab/layer-source.ts';
import { OstreeMachine, writeBootableTree } from '../lab/ostree-machine.ts';
import { randomOf, seedOf } from '../lab/random.ts';
import { skipWithout } from '../lab/requirements.ts';

const skip = skipWithout('ostree', 'nsenter', 'unshare', 'chattr');

/** How the files of a node follow its image where the real ostree merges its /etc and keeps its /var. */
suite('the files of a machine of real ostree', { skip }, () => {
  let folder: string;
  let machine: OstreeMachine;
  let source: LayerSource;
  let runner: HostRunner;
  let driver: HostDriver;
  let files: NodeFiles;
  let boots = 0;
  const images: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-agent-files-'));
    const tree = join(folder, 'tree');
    await writeBootableTree(tree);
    source = new LayerSource(join(folder, 'layers'));
    const base = await source.addLayer(tree);
    const image = async (name: string, paths: readonly object[]): Promise<void> => {
      const config = join(folder, 'config');
      writeConfigTree(config, name, { storage: { files: paths } });
      images.push(
        source.addImage([base, await source.addLayer(config)], { 'org.opencontainers.image.version': name }),
      );
    };
    await image('one', [
      inlineFile('/etc/app.conf', 'one\n'),
      inlineFile('/etc/kept.conf', 'one\n', { mode: 0o640 }),
      inlineFile('/var/lib/app/x', 'one\n', { mode: 0o600 }),
      inlineFile('/var/lib/app/only-in-one', 'one\n'),
    ]);
    await image('two', [
      inlineFile('/etc/app.conf', 'two\n'),
      inlineFile('/etc/kept.conf', 'one\n', { mode: 0o640 }),
      inlineFile('/var/lib/app/x', 'two\n', { mode: 0o600 }),
      inlineFile('/var/opt/only-in-two', 'two\n'),
    ]);
    machine = new OstreeMachine(join(folder, 'machine'));
    await machine.install(tree, ['root=LABEL=root', 'rw']);
    await boot();
  });
  after(async () => {
    await machine.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function boot(entry = 0): Promise<void> {
    await machine.boot(entry);
    boots += 1;
    runner = hostOfProcess(process.env, machine.pid);
    const capabilities = await probeCapabilities(runner);
    driver = openDriver('ostree', { host: runner, capabilities, images: source });
    const memory = new PlaneMemoryFile(`${runner.root}/var/lib/varve/files.json`);
    files = new NodeFiles({ runner, memory, clock: systemClock });
  }

  /** The machine has the test's own /usr in the place of the image's: the image's is in its deployment. */
  async function target(): Promise<FilesTarget> {
    const status = await read();
    const { booted, rollback } = status;
    assert.ok(booted !== undefined);
    return {
      tree: folderOf(booted),
      image: booted.checksum ?? '',
      bootId: `boot-${boots}`,
      former: rollback === undefined ? [] : [folderOf(rollback)],
    };
  }

  async function read(): Promise<HostStatus> {
    const reading = await driver.status();
    assert.ok(reading.state === 'fresh');
    return reading.status;
  }

  async function update(image: string): Promise<void> {
    const change = await driver.stage({ image, locked: false, tolerate: ['no-image'] });
    assert.equal(change.result, 'done');
    await machine.shutDown();
    await boot();
  }

  async function follow(policy: DriftPolicy): Promise<string> {
    await files.follow(await target(), policy);
    await files.look();
    assert.ok(files.report !== undefined);
    const { status, reason, message } = driftCondition(files.report);
    return `${status} ${reason}: ${message}`;
  }

  async function edited(): Promise<readonly string[]> {
    const diff = await diffConfig(runner);
    assert.ok(diff.ok);
    return diff.changes.filter(({ kind }) => kind !== 'added').map(({ path }) => path);
  }

  const has = (path: string): Promise<string | undefined> => machine.read(path).catch(() => undefined);

  test('are those of the image after its boot', async () => {
    await update(images[0]!);
    assert.match(await follow('Report'), /^False AsExpected/);
    assert.equal(await has('/var/lib/app/x'), 'one\n');
    assert.equal(await has('/etc/app.conf'), 'one\n');
    await machine.write('/var/lib/app/of-a-person', 'mine');
  });

  test('keep what somebody changed through an update, which is told, and is put right where that is wanted', async () => {
    await machine.write('/etc/app.conf', 'mine\n');
    await machine.write('/etc/kept.conf', 'mine\n');
    assert.match(
      await follow('Report'),
      /^True FilesChanged: 2 paths differ.*\/etc\/app\.conf \(content; MachineConfig 50-one\)/,
    );
    await update(images[1]!);
    assert.equal(await has('/etc/app.conf'), 'mine\n', "ostree's merge keeps it");
    const condition = await follow('Report');
    assert.match(
      condition,
      /\/etc\/app\.conf \(content; kept by the update, so the new image's is not in effect; MachineConfig 50-two\)/,
    );
    assert.deepEqual((await edited()).toSorted(), ['app.conf', 'kept.conf']);
    assert.match(await follow('Heal'), /^False AsExpected/);
    assert.equal(await has('/etc/app.conf'), 'two\n');
    assert.deepEqual(await edited(), [], 'for ostree, nobody has changed anything');
  });

  test('below /var went with it, and only those of the image before', async () => {
    assert.equal(await has('/var/lib/app/x'), 'two\n');
    assert.equal(await has('/var/opt/only-in-two'), 'two\n');
    assert.equal(await has('/var/lib/app/only-in-one'), undefined);
    assert.equal(await has('/var/lib/app/of-a-person'), 'mine');
  });

  test('follow a fallback to the image before', async () => {
    await machine.cutPower();
    await boot(1);
    assert.match(await follow('Heal'), /^False AsExpected/);
    assert.deepEqual(
      [await has('/var/lib/app/x'), await has('/var/lib/app/only-in-one'), await has('/var/opt/only-in-two')],
      ['one\n', 'one\n', undefined],
    );
    assert.equal(await has('/etc/app.conf'), 'one\n');
    assert.deepEqual(await edited(), []);
  });
});

function folderOf({ stateroot, checksum, serial }: Deployment): string {
  return `/sysroot/ostree/deploy/${stateroot}/deploy/${checksum}.${serial}`;
}

const root = process.getuid?.() === 0 ? false : 'not root';

test(
  'an agent that is killed anywhere leaves no part of a file, and nothing of another image',
  { skip: root },
  async (t) => {
    const host = new TestFiles(t);
    const names = Array.from({ length: 12 }, (_, number) => `/var/lib/app/${number}`);
    const text = (image: string): string => `${image}\n`.repeat(20_000);
    host.install('a', { files: names.slice(0, 8).map((path) => inlineFile(path, text('a'))) });
    host.install('b', { files: names.slice(4).map((path) => inlineFile(path, text('b'))) });
    const script = fileURLToPath(new URL('../lab/reconcile-process.ts', import.meta.url));
    const chance = randomOf(seedOf(t));
    const run = async (killed: boolean): Promise<void> => {
      const request = JSON.stringify({ root: host.root, ...host.target() });
      const child = spawn(process.execPath, [script, request], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      if (killed) {
        // It says when it begins: only from then on there is anything to break off.
        await Promise.race([once(child.stdout, 'data'), ended]);
        await new Promise((resolve) => setTimeout(resolve, chance() * 60));
        child.kill('SIGKILL');
      }
      const [status] = (await ended) as [number | null];
      if (!killed) assert.equal(status, 0);
    };
    for (let round = 0; round < 12; round += 1) {
      host.boot(chance() < 0.5 ? 'a' : 'b');
      await run(true);
      for (const path of names) {
        const shown = host.show(path);
        assert.ok(
          shown === undefined || shown.endsWith(`0:0 ${text('a')}`) || shown.endsWith(`0:0 ${text('b')}`),
          path,
        );
      }
      if (round % 3 !== 2) continue;
      await run(false);
      const wanted = host.booted === 'a' ? names.slice(0, 8) : names.slice(4);
      const expected = Object.fromEntries(wanted.map((path) => [path, `644 0:0 ${text(host.booted)}`]));
      assert.deepEqual(host.list('/var/lib/app'), expected);
    }
  },
);
