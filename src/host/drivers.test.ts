import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import {
  FAKE_CAPABILITIES,
  type FakeDeployment,
  fakeDeployment,
  FakeHost,
  fakeImage,
  type FakeState,
} from './fake-host.ts';
import type { HostChange } from './host-change.ts';
import type { HostDriver, StageRequest } from './host-driver.ts';
import { thisHost } from './host-runner.ts';
import { type HostStatus, isImage, nextBoot } from './host-status.ts';
import { openDriver } from './open-driver.ts';
import type { ProgressEvent } from './progress.ts';

const A = fakeImage('a');
const B = fakeImage('b');
const C = fakeImage('c');
const DEADLINES = { status: 5_000, change: 5_000, update: 10_000 };

const BOOTED = fakeDeployment('a', { booted: true });
const OLD = fakeDeployment('9');

type Tool = 'bootc' | 'rpm-ostree';
const TOOLS: readonly Tool[] = ['bootc', 'rpm-ostree'];

interface Scene {
  readonly host: FakeHost;
  readonly driver: HostDriver;
}

async function scene(
  t: TestContext,
  tool: Tool,
  deployments: readonly FakeDeployment[],
  more: Partial<FakeState> = {},
  capabilities = FAKE_CAPABILITIES,
): Promise<Scene> {
  const host = await FakeHost.make({ deployments, ...more });
  t.after(() => host.remove());
  const driver = openDriver(tool, {
    host: host.runner,
    capabilities,
    deadlines: DEADLINES,
    daemonPause: 5,
  });
  return { host, driver };
}

function done(change: HostChange): HostStatus {
  assert.ok(change.result === 'done', JSON.stringify(change));
  return change.status;
}

function failed(change: HostChange): Extract<HostChange, { readonly result: 'failed' }> {
  assert.ok(change.result === 'failed', JSON.stringify(change));
  return change;
}

function stage(driver: HostDriver, image: string, more: Partial<StageRequest> = {}): Promise<HostChange> {
  return driver.stage({ image, locked: true, ...more });
}

/** Replaces a tool by a process that tells its status, notes its other verbs, and hangs at its update. */
async function hangAt(host: FakeHost, tool: Tool): Promise<void> {
  const { stdout } = await host.runner.run({ tool, args: ['status', '--json'], deadline: 60_000 });
  await writeFile(join(host.folder, 'status.json'), stdout);
  const script = `case $1 in
    status) cat '${host.folder}/status.json' ;;
    *) echo $1 >> '${host.folder}/ran'
       case $1 in switch | rebase) sleep 60 ;; esac ;;
  esac`;
  await host.replace(tool, script);
}

async function ran(host: FakeHost): Promise<string> {
  const text = await readFile(join(host.folder, 'ran'), 'utf8').catch(() => '');
  return text.trim().split('\n').join(' ');
}

const digest = (image: string): string => image.slice(image.indexOf('@') + 1);

for (const tool of TOOLS) {
  test(`${tool}: stages an image, locked, and again for nothing`, async (t) => {
    const { host, driver } = await scene(t, tool, [BOOTED, OLD]);
    const events: ProgressEvent[] = [];
    const change = await stage(driver, B, { onProgress: (event) => events.push(event) });
    const status = done(change);
    assert.ok(isImage(status.staged, digest(B)));
    assert.equal(status.staged?.locked, true);
    assert.ok(isImage(nextBoot(status), digest(A)));
    assert.ok(isImage(status.rollback, `sha256:${'9'.repeat(64)}`));
    assert.ok(events.some((event) => event.phase === 'pulling'));
    const before = host.changes;
    const again = await stage(driver, B);
    assert.deepEqual([again.result, again.result === 'done' && again.changed], ['done', false]);
    assert.deepEqual(host.changes, before);
  });

  test(`${tool}: A to B to A drops B and stages nothing`, async (t) => {
    const { host, driver } = await scene(t, tool, [fakeDeployment('b', { staged: true }), BOOTED, OLD]);
    const status = done(await stage(driver, A));
    assert.equal(status.staged, undefined);
    assert.ok(isImage(status.rollback, `sha256:${'9'.repeat(64)}`), 'the known-good one is kept');
    assert.deepEqual(host.changes, [
      tool === 'bootc' ? 'ostree admin undeploy 0' : 'rpm-ostree cleanup --pending',
    ]);
  });

  test(`${tool}: a foreign staged image is replaced`, async (t) => {
    const { driver } = await scene(t, tool, [fakeDeployment('c', { staged: true }), BOOTED]);
    const status = done(await stage(driver, B));
    assert.ok(isImage(status.staged, digest(B)) && status.staged?.locked === true);
  });

  test(`${tool}: locks and unlocks what is staged, whoever staged it`, async (t) => {
    const { driver } = await scene(t, tool, [fakeDeployment('b', { staged: true }), BOOTED]);
    assert.equal(done(await stage(driver, B)).staged?.locked, true);
    assert.equal(done(await driver.unlock()).staged?.locked, false);
    assert.equal(done(await driver.lock()).staged?.locked, true);
    assert.equal(done(await stage(driver, B, { locked: false })).staged?.locked, false);
    assert.equal(done(await driver.unstage()).staged, undefined);
    assert.equal(failed(await driver.unlock()).failure.class, 'nothing-staged');
  });

  test(`${tool}: does what runs already with no command`, async (t) => {
    const { host, driver } = await scene(t, tool, [BOOTED]);
    const change = await stage(driver, A);
    assert.deepEqual([change.result, change.result === 'done' && change.changed], ['done', false]);
    assert.deepEqual(host.changes, []);
  });

  test(`${tool}: rolls back once however often it is asked to`, async (t) => {
    const { driver } = await scene(t, tool, [fakeDeployment('b', { staged: true }), BOOTED, OLD]);
    const status = done(await driver.rollback());
    assert.deepEqual([status.pending?.checksum, status.staged], ['9'.repeat(64), undefined]);
    const again = await driver.rollback();
    assert.ok(again.result === 'done' && !again.changed && again.status.pending !== undefined);
    const { driver: alone } = await scene(t, tool, [BOOTED]);
    assert.equal(failed(await alone.rollback()).failure.class, 'no-rollback');
  });

  test(`${tool}: keeps a deployment, and lets go of it`, async (t) => {
    const { host, driver } = await scene(t, tool, [BOOTED, OLD]);
    const status = await driver.status();
    const old = (status.state === 'fresh' && status.status.rollback?.checksum) || '';
    assert.equal(done(await driver.keep(old, true)).rollback?.pinned, true);
    assert.ok(isImage(done(await driver.cleanUp('rollback')).rollback, `sha256:${'9'.repeat(64)}`));
    assert.equal(done(await driver.keep(old, false)).rollback?.pinned, false);
    assert.ok(host.changes.includes('ostree admin pin --unpin 1'));
    const { driver: alone } = await scene(t, tool, [BOOTED]);
    assert.equal(failed(await alone.keep(old, true)).failure.class, 'no-rollback');
    assert.equal(done(await alone.keep(old, false)).rollback, undefined);
  });

  test(`${tool}: frees the rollback only when told to`, async (t) => {
    const { driver } = await scene(t, tool, [BOOTED, OLD]);
    assert.notEqual(done(await driver.cleanUp('leftovers')).rollback, undefined);
    assert.equal(done(await driver.cleanUp('rollback')).rollback, undefined);
  });

  test(`${tool}: a failed command is its class, with the status after it`, async (t) => {
    const verb = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
    const sayings = {
      'error: Pulling: reading manifest: unauthorized: no': 'auth',
      'error: writing: No space left on device': 'disk',
      'error: Image has architecture arm64; expected amd64': 'bad-image',
      'error: odd': 'unknown',
    };
    for (const [stderr, expected] of Object.entries(sayings)) {
      const { driver } = await scene(t, tool, [BOOTED], { fault: { command: verb, stderr } });
      const { failure, status } = failed(await stage(driver, B));
      assert.equal(failure.class, expected);
      assert.equal(failure.excerpt, stderr);
      assert.ok(isImage(status?.booted, digest(A)) && status?.staged === undefined);
    }
  });

  test(`${tool}: a command that failed after staging is a failure, and the status tells`, async (t) => {
    // As when a logically bound image could not be pulled (host-contract §1.6).
    const command = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
    const { driver } = await scene(t, tool, [BOOTED], {
      fault: { command, effect: true, stderr: 'error: no such host' },
    });
    const { failure, status } = failed(await stage(driver, B));
    assert.equal(failure.class, 'network');
    assert.ok(isImage(status?.staged, digest(B)));
  });

  test(`${tool}: a command that reports success and does nothing has failed`, async (t) => {
    const command = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
    const { driver } = await scene(t, tool, [BOOTED], { fault: { command, status: 0 } });
    const { failure } = failed(await stage(driver, B));
    assert.equal(failure.class, 'not-shown');
    assert.equal(failure.message, `cannot stage ${B}: ${tool} reported success, but nothing is staged`);
    const lock = await scene(t, tool, [fakeDeployment('b', { staged: true }), BOOTED], {
      fault: { command: 'ostree admin lock-finalization', status: 0 },
    });
    assert.equal(failed(await lock.driver.lock()).failure.class, 'not-shown');
  });

  test(`${tool}: a command that is killed or hangs is one, and is over`, async (t) => {
    const command = tool === 'bootc' ? 'bootc switch' : 'rpm-ostree rebase';
    const killed = await scene(t, tool, [BOOTED], { fault: { command, killed: true } });
    assert.equal(failed(await stage(killed.driver, B)).failure.class, 'killed');
    const { host } = await scene(t, tool, [BOOTED]);
    await hangAt(host, tool);
    const driver = openDriver(tool, {
      host: host.runner,
      capabilities: FAKE_CAPABILITIES,
      deadlines: { ...DEADLINES, update: 300 },
    });
    assert.equal(failed(await stage(driver, B)).failure.class, 'timed-out');
    assert.equal(await ran(host), tool === 'bootc' ? 'switch' : 'rebase cancel');
  });

  test(`${tool}: a status that waits for the lock is busy and never a failure`, async (t) => {
    const { host } = await scene(t, tool, [BOOTED]);
    await host.replace(tool, 'printf "Waiting for sysroot lock..."; sleep 60');
    const driver = openDriver(tool, {
      host: host.runner,
      capabilities: FAKE_CAPABILITIES,
      deadlines: { ...DEADLINES, status: 300 },
    });
    assert.equal((await driver.status()).state, 'busy');
    assert.equal((await stage(driver, B)).result, 'busy');
    assert.deepEqual(host.changes, []);
  });

  test(`${tool}: a status cut off in its midst, or of no text at all, is a failure that names the tool`, async (t) => {
    const { host, driver } = await scene(t, tool, [BOOTED]);
    for (const script of [
      `printf '{"apiVersion":"org.cont'`,
      String.raw`printf '\377\376\0'`,
      'true',
      'echo "[]"',
    ]) {
      await host.replace(tool, script);
      const reading = await driver.status();
      assert.ok(reading.state === 'failed', script);
      assert.deepEqual([reading.failure.class, reading.failure.tool], ['unreadable', tool]);
    }
    await host.replace(tool, 'yes');
    const flooded = openDriver(tool, {
      host: {
        root: host.folder,
        run: (command, signal) => host.runner.run({ ...command, maxOutput: 10_000 }, signal),
      },
      capabilities: FAKE_CAPABILITIES,
    });
    const reading = await flooded.status();
    assert.ok(reading.state === 'failed' && reading.failure.class === 'unreadable');
  });

  test(`${tool}: what is no longer wanted throws, and leaves nothing running`, async (t) => {
    const { host, driver } = await scene(t, tool, [BOOTED]);
    await hangAt(host, tool);
    const abort = new AbortController();
    const staging = driver.stage({ image: B, locked: true }, abort.signal);
    for (let tries = 0; tries < 6000 && (await ran(host)) === ''; tries++) await sleep(10);
    abort.abort();
    await assert.rejects(staging, { name: 'HostError', code: 'aborted' });
    assert.equal(await ran(host), tool === 'bootc' ? 'switch' : 'rebase cancel');
  });

  test(`${tool}: a host without it, and one not booted from an image`, async (t) => {
    const { host, driver } = await scene(t, tool, [{ ...BOOTED, booted: false }]);
    const reading = await driver.status();
    assert.ok(reading.state === 'failed' && reading.failure.class === 'not-image-host');
    const absent = openDriver(tool, {
      host: thisHost({ PATH: host.folder }),
      capabilities: FAKE_CAPABILITIES,
    });
    const missing = await absent.status();
    assert.ok(missing.state === 'failed' && missing.failure.class === 'no-such-tool');
  });

  test(`${tool}: adopts a host of no image only when told to`, async (t) => {
    const plain = { ...BOOTED, image: 'fedora:stable', digest: undefined };
    const { driver } = await scene(t, tool, [plain]);
    assert.equal(failed(await stage(driver, B)).failure.class, 'not-image-host');
    assert.ok(isImage(done(await stage(driver, B, { tolerate: ['no-image'] })).staged, digest(B)));
  });

  test(`${tool}: prepares a soft reboot of what is staged`, async (t) => {
    const { host, driver } = await scene(t, tool, [fakeDeployment('b', { staged: true }), BOOTED]);
    done(await driver.prepareSoftReboot());
    done(await driver.resetSoftReboot());
    assert.deepEqual(host.changes, [
      'ostree admin prepare-soft-reboot 0',
      'ostree admin prepare-soft-reboot --reset',
    ]);
    const refused = await scene(t, tool, [fakeDeployment('b', { staged: true }), BOOTED], {
      fault: {
        command: 'ostree admin prepare-soft-reboot',
        stderr: 'error: Cannot soft-reboot to deployment with different kernel state',
      },
    });
    assert.equal(failed(await refused.driver.prepareSoftReboot()).failure.class, 'no-soft-reboot');
  });
}

test('bootc: a switch would lose layered packages, and is not made', async (t) => {
  for (const deployments of [
    [{ ...BOOTED, layered: ['usbguard'] }],
    [fakeDeployment('b', { staged: true, layered: ['usbguard'] }), BOOTED],
  ]) {
    const { host, driver } = await scene(t, 'bootc', deployments);
    const { failure } = failed(await stage(driver, C));
    assert.equal(failure.class, 'layered');
    assert.match(
      failure.message,
      /^cannot stage an image: the (booted|staged) deployment was changed on the host$/,
    );
    assert.deepEqual(host.changes, []);
    assert.ok(
      isImage(done(await stage(driver, C, { tolerate: ['local-changes', 'no-image'] })).staged, digest(C)),
    );
  }
});

test('bootc: stages locked in one step where it can, and never applies', async (t) => {
  const capable = { ...FAKE_CAPABILITIES, bootc: { ...FAKE_CAPABILITIES.bootc!, switchDownloadOnly: true } };
  const { host, driver } = await scene(t, 'bootc', [BOOTED], {}, capable);
  done(await stage(driver, B, { enforceSignature: true, onProgress: () => {} }));
  assert.deepEqual(host.changes, [
    `bootc switch --enforce-container-sigpolicy --download-only --progress-fd=3 ${B}`,
  ]);
});

test('bootc: sets its own kernel arguments by owner, and says where it cannot', async (t) => {
  const { host, driver } = await scene(t, 'bootc', [BOOTED]);
  const kernelArguments = { append: ['nosmt', 'a="b c"'], remove: ['old'] };
  done(await stage(driver, B, { kernelArguments }));
  const [, set, lock] = host.changes;
  assert.equal(set, 'bootc loader-entries set-options-for-source --source varve --options nosmt a="b c"');
  assert.equal(lock, 'ostree admin lock-finalization', 'staging anew drops the lock');
  const old = { ...FAKE_CAPABILITIES, bootc: { ...FAKE_CAPABILITIES.bootc!, loaderEntries: false } };
  const { driver: incapable } = await scene(t, 'bootc', [BOOTED], {}, old);
  assert.equal(failed(await stage(incapable, B, { kernelArguments })).failure.class, 'unsupported');
  await assert.rejects(
    async () => stage(driver, B, { kernelArguments: { append: ['root=x'], remove: [] } }),
    {
      code: 'invalid-argument',
    },
  );
});

test('bootc: says of a kernel argument that it cannot take away that it cannot', async (t) => {
  const { driver } = await scene(t, 'bootc', [BOOTED]);
  const { failure } = failed(await stage(driver, A, { kernelArguments: { append: [], remove: ['quiet'] } }));
  assert.equal(failure.class, 'unsupported');
  assert.match(failure.message, /cannot take quiet off the kernel command line/u);
});

test('rpm-ostree: image first, kernel arguments second, each change once', async (t) => {
  const { host, driver } = await scene(t, 'rpm-ostree', [BOOTED]);
  const kernelArguments = { append: ['nosmt', 'quiet'], remove: ['rhgb'] };
  const status = done(await stage(driver, B, { kernelArguments }));
  assert.ok(isImage(status.staged, digest(B)) && status.staged?.locked === true);
  assert.deepEqual(host.changes, [
    `rpm-ostree rebase --experimental --lock-finalization ostree-unverified-registry:${B}`,
    'rpm-ostree kargs --unchanged-exit-77 --lock-finalization --append-if-missing=nosmt',
  ]);
  const again = await stage(driver, B, { kernelArguments });
  assert.ok(again.result === 'done' && !again.changed);
  const alone = await scene(t, 'rpm-ostree', [BOOTED]);
  const changed = done(await stage(alone.driver, A, { kernelArguments: { append: [], remove: ['quiet'] } }));
  assert.equal(changed.staged?.locked, true);
  assert.deepEqual(alone.host.changes, [
    'rpm-ostree kargs --unchanged-exit-77 --lock-finalization --delete-if-present=quiet',
  ]);
});

test('rpm-ostree: a running transaction is busy, with what the status tells meanwhile', async (t) => {
  const { host, driver } = await scene(t, 'rpm-ostree', [BOOTED], { transaction: 'Upgrade' });
  const reading = await driver.status();
  assert.ok(reading.state === 'busy');
  assert.equal(reading.reason, 'rpm-ostree runs a transaction: Upgrade');
  assert.ok(isImage(reading.status?.booted, digest(A)));
  assert.equal((await stage(driver, B)).result, 'busy');
  // It may also begin between the status and the command.
  host.state = {
    deployments: [BOOTED],
    fault: { command: 'rpm-ostree rebase', stderr: 'error: System transaction in progress' },
    log: [],
  };
  assert.equal((await stage(driver, B)).result, 'busy');
});

test('rpm-ostree: layered packages are carried over, or fail to be', async (t) => {
  const layered = { ...BOOTED, layered: ['usbguard'] };
  const { driver } = await scene(t, 'rpm-ostree', [layered]);
  assert.deepEqual(done(await stage(driver, B)).staged?.local?.installed, ['usbguard']);
  const failing = await scene(t, 'rpm-ostree', [layered], {
    fault: {
      command: 'rpm-ostree rebase',
      stderr: 'error: Could not depsolve transaction; 1 problem detected',
    },
  });
  assert.equal(failed(await stage(failing.driver, B)).failure.class, 'layered');
});

test('rpm-ostree: a finalized image that was never booted does not keep it from being staged', async (t) => {
  const { driver } = await scene(t, 'rpm-ostree', [fakeDeployment('b'), BOOTED]);
  const status = done(await stage(driver, B));
  assert.ok(isImage(status.staged, digest(B)) && status.staged?.locked === true);
});

test('rpm-ostree: a daemon that does not start at once is asked again, and not for ever', async (t) => {
  const { host, driver } = await scene(t, 'rpm-ostree', [BOOTED]);
  const stderr =
    'error: Loading sysroot: Failed to invoke RegisterClient: GDBus.Error:org.freedesktop.DBus.Error';
  await host.replace('rpm-ostree', `echo x >> ${host.folder}/asked; echo "${stderr}" >&2; exit 1`);
  const reading = await driver.status();
  assert.ok(reading.state === 'failed' && reading.failure.class === 'daemon');
  const count = `test $(wc -l < ${host.folder}/asked) -ge 13`;
  await host.replace(
    'rpm-ostree',
    `echo x >> ${host.folder}/asked; if ${count}; then echo '{"deployments":[]}'; else echo "${stderr}" >&2; exit 1; fi`,
  );
  const later = await driver.status();
  assert.ok(
    later.state === 'failed' && later.failure.class === 'not-image-host',
    'it answered the third time',
  );
});

/** Puts kernel arguments into the tree of a deployment, as its image would. */
async function bring(
  host: FakeHost,
  { checksum }: FakeDeployment,
  serial: number,
  text: string,
): Promise<void> {
  const tree = join(host.folder, 'sysroot/ostree/deploy/default/deploy', `${checksum}.${serial}`);
  await mkdir(join(tree, 'usr/lib/bootc/kargs.d'), { recursive: true });
  await writeFile(join(tree, 'usr/lib/bootc/kargs.d/90-varve.toml'), text);
}

test("rpm-ostree: the image's own kernel arguments are set too, which it does not know of", async (t) => {
  const { host, driver } = await scene(t, 'rpm-ostree', [{ ...BOOTED, kernelArguments: 'rw quiet a=1' }]);
  await bring(host, BOOTED, 0, 'kargs = ["a=1"]');
  await bring(host, fakeDeployment('b'), 1, 'kargs = ["a=2", "quiet"]');
  done(await stage(driver, B));
  assert.equal(
    host.changes[1],
    'rpm-ostree kargs --unchanged-exit-77 --lock-finalization --delete-if-present=a=1 --append-if-missing=a=2',
  );
  await bring(host, fakeDeployment('b'), 2, 'kargs = ["a"]\nbroken');
  assert.equal(failed(await stage(driver, B)).failure.class, 'unreadable');
});

test('rpm-ostree: kernel arguments that the kernel would cut off are not set', async (t) => {
  const { host, driver } = await scene(t, 'rpm-ostree', [BOOTED]);
  const append = [`a=${'x'.repeat(5000)}`];
  const { failure } = failed(await stage(driver, A, { kernelArguments: { append, remove: [] } }));
  assert.equal(failure.class, 'command-line-too-long');
  assert.deepEqual(host.changes, []);
});

test('bootc: cleans up by its hidden verb, or by ostree where that is gone', async (t) => {
  const { host, driver } = await scene(t, 'bootc', [BOOTED]);
  done(await driver.cleanUp('leftovers'));
  assert.deepEqual(
    host.changes,
    ['bootc internals cleanup', 'ostree admin cleanup'],
    'the fake has no such verb',
  );
});

type Step =
  | { readonly do: 'stage'; readonly letter: string; readonly locked: boolean }
  | { readonly do: 'lock' | 'unlock' | 'unstage' | 'rollback' | 'cleanUp' };

/** What a step that reports success must have left, in the fake's own state. */
function holds(step: Step, { deployments }: FakeState): boolean {
  const staged = deployments.find((one) => one.staged);
  const booted = deployments.find((one) => one.booted);
  switch (step.do) {
    case 'stage': {
      const wanted = `sha256:${step.letter.repeat(64)}`;
      if (staged === undefined) return booted?.digest === wanted;
      return staged.digest === wanted && staged.locked === step.locked;
    }
    case 'lock':
      return staged?.locked === true;
    case 'unlock':
      return staged?.locked === false;
    case 'unstage':
      return staged === undefined;
    case 'rollback':
      return staged === undefined && deployments[0]?.booted === false;
    case 'cleanUp':
      return true;
  }
}

function take(driver: HostDriver, step: Step): Promise<HostChange> {
  switch (step.do) {
    case 'stage':
      return driver.stage({ image: fakeImage(step.letter), locked: step.locked });
    case 'cleanUp':
      return driver.cleanUp('leftovers');
    case 'lock':
    case 'unlock':
    case 'unstage':
    case 'rollback':
      return driver[step.do]();
  }
}

test('whatever is asked for and whatever fails, success is what the host shows, and what runs stays', async () => {
  const host = await FakeHost.make({});
  const letter = fc.constantFrom('a', 'b', 'c');
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant('stage' as const), letter, locked: fc.boolean() }),
    fc.record({ do: fc.constantFrom('lock', 'unlock', 'unstage', 'rollback', 'cleanUp') }),
  );
  const fault = fc.record({
    command: fc.constantFrom('bootc switch', 'rpm-ostree', 'ostree admin', 'bootc rollback', 'bootc status'),
    status: fc.constantFrom(0, 1, 77),
    effect: fc.boolean(),
    killed: fc.boolean(),
    stderr: fc.constantFrom('', 'error: odd', 'error: Transaction in progress: x'),
  });
  const steps = fc.array(fc.tuple(step, fc.option(fault, { nil: undefined, freq: 2 })), { maxLength: 8 });
  try {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...TOOLS), steps, async (tool, taken) => {
        host.state = { deployments: [BOOTED, OLD], log: [] };
        const driver = openDriver(tool, {
          host: host.runner,
          capabilities: FAKE_CAPABILITIES,
          daemonPause: 0,
        });
        for (const [one, struck] of taken) {
          const { deployments, log } = host.state;
          host.state = struck === undefined ? { deployments, log } : { deployments, log, fault: struck };
          const change = await take(driver, one);
          if (change.result === 'done')
            assert.ok(holds(one, host.state), JSON.stringify([one, struck, host.state]));
          assert.equal(host.state.deployments.find((deployment) => deployment.booted)?.digest, BOOTED.digest);
        }
      }),
      { numRuns: 300 },
    );
  } finally {
    await host.remove();
  }
});
