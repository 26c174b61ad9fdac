import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { access, mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  diffConfig,
  type HostChange,
  type HostDriver,
  hostOfProcess,
  type HostRunner,
  type HostStatus,
  type ImageLayer,
  isImage,
  kernelArgumentsOf,
  nextBoot,
  openDriver,
  probeCapabilities,
  type ProgressEvent,
  type StageRequest,
} from '../../src/host/index.ts';
import { LayerSource } from '../lab/layer-source.ts';
import { OstreeMachine, writeBootableTree } from '../lab/ostree-machine.ts';
import { skipWithout } from '../lab/requirements.ts';

const skip = skipWithout('ostree', 'nsenter', 'unshare', 'chattr');

function digestOf(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}

/** The status that a change left; anything but success fails. */
function done(change: HostChange): HostStatus {
  assert.equal(change.result, 'done', JSON.stringify(change, undefined, 1));
  assert.ok(change.result === 'done');
  return change.status;
}

function failed(change: HostChange): Extract<HostChange, { readonly result: 'failed' }> {
  assert.equal(change.result, 'failed', JSON.stringify(change));
  assert.ok(change.result === 'failed');
  return change;
}

/** Does again what the host was too busy for: this machine's disk is frozen for moments where snapshots of it are made. */
function patient(driver: HostDriver): HostDriver {
  return new Proxy(driver, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        for (let tries = 0; ; tries += 1) {
          const end: unknown = await Reflect.apply(member, target, args);
          const isBusy = typeof end === 'object' && end !== null && 'result' in end && end.result === 'busy';
          if (!isBusy || tries === 50) return end;
          await sleep(100);
        }
      };
    },
  });
}

/** The ostree driver against the real ostree: staging, locking, finalization and /etc are ostree's own. */
suite('the ostree driver on a machine of real ostree', { skip }, () => {
  let folder: string;
  let source: LayerSource;
  let machine: OstreeMachine;
  let driver: HostDriver;
  let host: HostRunner;
  let base: ImageLayer;
  let first: string;
  let second: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-ostree-'));
    const tree = join(folder, 'tree');
    await writeBootableTree(tree);
    source = new LayerSource(join(folder, 'layers'));
    base = await source.addLayer(tree);
    const config = await source.addFiles({
      'etc/varve.conf': 'first\n',
      'etc/both': 'first\n',
      'usr/lib/bootc/kargs.d/90-varve.toml': 'kargs = ["image=1", "quiet"]\n',
    });
    first = source.addImage([base, config], { 'org.opencontainers.image.version': '1' });
    const changed = await source.addFiles({
      'etc/varve.conf': 'second\n',
      'usr/lib/bootc/kargs.d/90-varve.toml': 'kargs = ["image=2"]\n',
      'usr/share/old/.wh.file': '',
      'usr/share/replaced/file': 'a folder in the place of a file\n',
      'usr/share/folder': 'a file in the place of a folder\n',
    });
    const empty = source.addEmptyLayer();
    const opaque = await source.addFiles({
      'usr/share/opaque/.wh..wh..opq': '',
      'usr/share/opaque/new': 'alone\n',
    });
    second = source.addImage([base, changed, empty, opaque], { 'org.opencontainers.image.version': '2' });
    machine = new OstreeMachine(join(folder, 'machine'));
    await machine.install(tree, ['root=LABEL=root', 'rw', 'quiet', 'a=1']);
    await boot();
  });
  after(async () => {
    await machine.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function boot(entry = 0): Promise<void> {
    await machine.boot(entry);
    host = hostOfProcess(process.env, machine.pid);
    const capabilities = await probeCapabilities(host);
    driver = patient(openDriver('ostree', { host, capabilities, images: source }));
  }

  async function reboot(): Promise<void> {
    await machine.shutDown();
    await boot();
  }

  async function status(): Promise<HostStatus> {
    const reading = await driver.status();
    assert.equal(reading.state, 'fresh', JSON.stringify(reading));
    assert.ok(reading.state === 'fresh');
    return reading.status;
  }

  function stage(image: string, more: Partial<StageRequest> = {}): Promise<HostChange> {
    return driver.stage({ image, locked: true, ...more });
  }

  /** The digests of the images that the repository has. */
  async function keptImages(): Promise<readonly string[]> {
    const args = ['refs', '--list', 'varve/image'];
    const { stdout } = await host.run({ tool: 'ostree', args, deadline: 60_000 });
    const refs = stdout.trim().split('\n');
    return refs.map((ref) => ref.replace('varve/image/sha256-', 'sha256:')).sort();
  }

  test('adopts a host of no image only when told to, and stages, locked', async () => {
    const refusal = failed(await stage(first));
    assert.equal(refusal.failure.class, 'not-image-host');
    assert.match(refusal.failure.message, /does not run a container image but installed$/);

    const events: ProgressEvent[] = [];
    const after = done(
      await stage(first, { tolerate: ['no-image'], onProgress: (event) => events.push(event) }),
    );
    assert.ok(isImage(after.staged, digestOf(first)));
    assert.equal(after.staged?.image?.digest, digestOf(first));
    assert.equal(after.staged.version, '1');
    assert.equal(after.staged.locked, true);
    assert.equal(nextBoot(after)?.checksum, after.booted?.checksum, 'a clean reboot starts what runs');
    assert.deepEqual([...new Set(events.map((event) => event.phase))], ['pulling', 'importing', 'staging']);
    assert.equal(source.fetched.length, 2);

    const again = await stage(first, { tolerate: ['no-image'] });
    assert.ok(again.result === 'done' && !again.changed);
  });

  test('what is locked survives no reboot and no power cut, and costs no second download', async () => {
    await reboot();
    assert.equal((await status()).staged, undefined);
    assert.equal((await status()).booted?.image, undefined);
    source.fetched.length = 0;
    done(await stage(first, { tolerate: ['no-image'] }));
    assert.deepEqual(source.fetched, []);
    await machine.cutPower();
    await boot();
    assert.equal((await status()).staged, undefined);
  });

  test('what is unlocked boots, with its /etc merged and its kernel arguments', async () => {
    await machine.write('/etc/both', 'local\n');
    const kernelArguments = { append: ['b=2', 'dyndbg="file x +p"', 'quiet'], remove: ['a=1', 'nothing=1'] };
    const request = { tolerate: ['no-image'], kernelArguments } as const;
    done(await stage(first, request));
    const unlocked = done(await driver.unlock());
    assert.equal(unlocked.staged?.locked, false);
    assert.ok(isImage(nextBoot(unlocked), digestOf(first)));
    await reboot();

    const { booted, rollback, staged } = await status();
    assert.ok(isImage(booted, digestOf(first)));
    assert.equal(rollback?.origin, 'installed');
    assert.equal(staged, undefined);
    assert.deepEqual(await kernelArgumentsOf(host, booted!), [
      'root=LABEL=root',
      'rw',
      'quiet',
      'image=1',
      'b=2',
      'dyndbg="file x +p"',
    ]);
    assert.equal(await machine.read('/etc/varve.conf'), 'first\n');
    assert.equal(await machine.read('/etc/both'), 'local\n');
    assert.deepEqual(await diffConfig(host), { ok: true, changes: [{ kind: 'modified', path: 'both' }] });

    const nothing = await stage(first, { kernelArguments });
    assert.ok(nothing.result === 'done' && !nothing.changed, 'the arguments are all there');
  });

  test('fetches of the next image what is new, and honours whiteouts and changes of type', async () => {
    source.fetched.length = 0;
    const { staged } = done(await stage(second));
    assert.equal(source.fetched.length, 3);
    const tree = `/sysroot/ostree/deploy/lab/deploy/${staged?.checksum}.${staged?.serial}/usr`;
    assert.equal(await machine.read(`${tree}/etc/varve.conf`), 'second\n');
    assert.equal(await machine.read(`${tree}/share/replaced/file`), 'a folder in the place of a file\n');
    assert.equal(await machine.read(`${tree}/share/folder`), 'a file in the place of a folder\n');
    assert.equal(await machine.read(`${tree}/share/opaque/new`), 'alone\n');
    for (const gone of [
      'share/opaque/file',
      'share/opaque/.wh..wh..opq',
      'share/old/file',
      'share/old/.wh.file',
      'etc/both',
    ]) {
      await assert.rejects(machine.read(`${tree}/${gone}`), { code: 'ENOENT' });
    }
    assert.equal(await machine.read(`${tree}/lib/modules/6.1.0/vmlinuz`), 'kernel');
  });

  test('what is staged locked is locked from its first moment on, and nothing is left where it was not staged', async () => {
    const events: string[] = [];
    const watching = new AbortController();
    const folder = `/proc/${machine.pid}/root/run/ostree`;
    done(await driver.unstage());
    const watched = (async (): Promise<void> => {
      for await (const { eventType, filename } of watch(folder, { signal: watching.signal })) {
        if (eventType === 'rename' && filename?.startsWith('staged') === true) events.push(filename);
      }
    })().catch(() => {});
    done(await stage(second));
    watching.abort();
    await watched;
    assert.deepEqual(events, ['staged-deployment-locked', 'staged-deployment']);
    done(await driver.unstage());

    const tooLong = { append: [`x=${'y'.repeat(2048)}`], remove: [] };
    assert.equal(
      failed(await stage(second, { kernelArguments: tooLong })).failure.class,
      'command-line-too-long',
    );
    const marker = `${folder}/staged-deployment-locked`;
    await assert.rejects(access(marker), 'no marker is left');
  });

  test('an image that is staged to boot in the place of a locked one is not locked', async () => {
    done(await stage(second));
    const other = source.addImage([base, await source.addFiles({ 'etc/other': 'other\n' })]);
    assert.equal(done(await stage(other, { locked: false })).staged?.locked, false);
    assert.equal(done(await stage(second)).staged?.locked, true);
  });

  test('an image is pulled without being staged, and then not again', async () => {
    done(await driver.unstage());
    const next = source.addImage([base, await source.addFiles({ 'etc/next': 'next\n' })]);
    source.fetched.length = 0;
    assert.equal(done(await driver.fetch!(next)).staged, undefined);
    assert.equal(source.fetched.length, 1);
    done(await driver.fetch!(next));
    done(await stage(next));
    assert.equal(source.fetched.length, 1);
    assert.deepEqual(await keptImages(), [digestOf(first), digestOf(next)].sort(), 'the others make room');
    const missing = `registry.example.net/os/lab@sha256:${'0'.repeat(64)}`;
    assert.equal(failed(await driver.fetch!(missing)).failure.class, 'not-found');
  });

  test('A to B to A drops B', async () => {
    const after = done(await stage(first));
    assert.equal(after.staged, undefined);
    assert.ok(isImage(nextBoot(after), digestOf(first)));
  });

  test('replaces what somebody else staged, and changes kernel arguments alone', async () => {
    const foreign = await host.run({
      tool: 'ostree',
      args: ['admin', 'deploy', '--stage', '--os=lab', 'installed'],
      deadline: 60_000,
    });
    assert.equal(foreign.status, 0, foreign.stderr);
    assert.equal((await status()).staged?.origin, 'installed');
    const more = { append: ['c=3'], remove: ['b=2'] };
    const { staged, booted } = done(await stage(first, { locked: false, kernelArguments: more }));
    assert.ok(isImage(staged, digestOf(first)));
    assert.equal(staged?.checksum, booted?.checksum);
    await reboot();
    const line = (await kernelArgumentsOf(host, (await status()).booted!)) ?? [];
    assert.deepEqual(line, ['root=LABEL=root', 'rw', 'quiet', 'image=1', 'dyndbg="file x +p"', 'c=3']);
  });

  test('a layer of wrong bytes is never part of a commit, and one that breaks off is fetched again', async () => {
    const odd = source.addImage([base, await source.addFiles({ 'etc/odd': 'odd\n' })]);
    source.tampering = true;
    const tampered = failed(await stage(odd));
    assert.deepEqual([tampered.failure.class, tampered.status?.staged], ['integrity', undefined]);
    source.tampering = false;
    source.failing = true;
    assert.equal(failed(await stage(odd)).failure.class, 'network');
    source.failing = false;
    const { staged } = done(await stage(odd));
    assert.ok(isImage(staged, digestOf(odd)));
    done(await driver.unstage());
  });

  test('an import that ends anywhere goes on from there, and ends as the image', async () => {
    const layers = [base];
    for (let index = 0; index < 8; index++) {
      const gone = index > 2 ? { [`etc/.wh.random-${index - 3}`]: '' } : {};
      layers.push(await source.addFiles({ [`etc/random-${index}`]: `${index}\n`, ...gone }));
    }
    const image = source.addImage(layers);
    for (let round = 0; round < 25; round++) {
      const abort = AbortSignal.timeout(20 + Math.floor(Math.random() * 400));
      await driver.stage({ image, locked: true }, abort).catch((error: unknown) => {
        assert.equal((error as { code?: string }).code, 'aborted', String(error));
      });
    }
    const { staged } = done(await stage(image));
    const tree = `/sysroot/ostree/deploy/lab/deploy/${staged?.checksum}.${staged?.serial}/usr/etc`;
    for (let index = 0; index < 8; index++) {
      if (index > 4) assert.equal(await machine.read(`${tree}/random-${index}`), `${index}\n`);
      else await assert.rejects(machine.read(`${tree}/random-${index}`), { code: 'ENOENT' });
    }
    done(await driver.unstage());
  });

  test('refuses images that it cannot import, and references that are not by digest', async () => {
    const encapsulated = source.addImage([base], { 'ostree.final-diffid': 'sha256:0' });
    assert.equal(failed(await stage(encapsulated)).failure.class, 'bad-image');
    const library = await source.addFiles({ 'lib/varve.so': 'the base has a link there\n' });
    assert.match(
      failed(await stage(source.addImage([base, library]))).failure.message,
      /directory \/lib where/,
    );
    const missing = `registry.example.net/os/lab@sha256:${'0'.repeat(64)}`;
    assert.equal(failed(await stage(missing)).failure.class, 'not-found');
    await assert.rejects(async () => stage('registry.example.net/os/lab:1'), { code: 'invalid-argument' });
  });

  test('refuses a host whose /usr somebody unlocked, and what was layered on it', async () => {
    const unlocked = await host.run({ tool: 'ostree', args: ['admin', 'unlock'], deadline: 60_000 });
    assert.equal(unlocked.status, 0, unlocked.stderr);
    assert.equal(failed(await stage(second)).failure.class, 'unlocked');
    await reboot();
    const { booted } = await status();
    const file = `ostree/deploy/lab/deploy/${booted?.checksum}.${booted?.serial}.origin`;
    const origin = join(machine.sysroot, file);
    const text = await readFile(origin, 'utf8');
    await writeFile(origin, `${text}\n[packages]\nrequested=usbguard;\n`);
    assert.equal(failed(await stage(second)).failure.class, 'layered');
    await writeFile(origin, text);
  });

  test('says that nothing is staged, and drops what is', async () => {
    assert.equal(failed(await driver.lock()).failure.class, 'nothing-staged');
    assert.equal(failed(await driver.unlock()).failure.class, 'nothing-staged');
    const nothing = await driver.unstage();
    assert.ok(nothing.result === 'done' && !nothing.changed);
    done(await stage(second, { locked: false }));
    assert.equal(done(await driver.lock()).staged?.locked, true);
    assert.equal(done(await driver.unstage()).staged, undefined);
  });

  test('cleans up what no deployment needs and keeps what the deployments share', async () => {
    done(await stage(second, { locked: false }));
    await reboot();
    assert.deepEqual(await kernelArgumentsOf(host, (await status()).booted!), [
      'root=LABEL=root',
      'rw',
      'dyndbg="file x +p"',
      'c=3',
      'image=2',
    ]);
    done(await driver.cleanUp('leftovers'));
    assert.deepEqual(await keptImages(), [digestOf(first), digestOf(second)].sort());
    source.fetched.length = 0;
    done(await stage(source.addImage([base, await source.addFiles({ 'etc/third': '3\n' })])));
    assert.equal(source.fetched.length, 1, 'the base is still there');
    const old = done(await driver.unstage()).rollback?.checksum ?? '';
    assert.equal(done(await driver.keep(old, true)).rollback?.pinned, true);
    assert.equal(done(await driver.keep(old, false)).rollback?.pinned, false);
    const kept = done(await driver.cleanUp('rollback'));
    assert.equal(kept.rollback, undefined);
    assert.ok(isImage(kept.booted, digestOf(second)));
  });

  test('nothing is left of a command that was killed in the namespaces of the machine', async () => {
    const script = 'sleep 4711.5 & exec sleep 4711.5';
    const running = host.run({ tool: 'sh', args: ['-c', script], deadline: 300 });
    await assert.rejects(running, { name: 'HostError', code: 'timed-out' });
    const left = (): readonly string[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('4711.5');
          } catch {
            return false;
          }
        });
    for (let tries = 0; left().length > 0 && tries < 100; tries++) await sleep(20);
    assert.deepEqual(left(), []);
  });

  test('a status that waits, or is no longer wanted, is no failure of the host', async () => {
    const slow = openDriver('ostree', {
      host: { root: host.root, run: (command, signal) => host.run({ ...command, deadline: 1 }, signal) },
      capabilities: await probeCapabilities(host),
      images: source,
    });
    assert.equal((await slow.status()).state, 'busy');
    await assert.rejects(driver.status(AbortSignal.abort()), { code: 'aborted' });
  });
});
