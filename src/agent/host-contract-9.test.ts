import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../api/index.ts';
import { type FailureClass, failureOf, failurePolicy, type LastFinalization } from '../host/index.ts';
import { DEFAULT_POLICY } from './agent-policy.ts';
import { failure, type ModelImage } from './test-host.ts';
import { IMAGES, modelHost } from './test-images.ts';
import { QUIET, World } from './test-world.ts';

/*
 * host-contract §9, row by row: what a tool says or a host shows goes in, and what comes of it is judged at the ends: the
 * classification, what the Node and its MachineConfigNode say, whether and when it is tried again, and that the node ends
 * where it should once the cause is gone.
 *
 * Rows that no agent of this kind has to do with:
 * - §9.1 `no-rollback`: the agent never calls a rollback; that the driver's verb has this class is in classify-failure.test.ts.
 * - §9.2 a transient unit for pulls: bootc before `--download-only` stages unlocked, and what finishes while no agent runs
 *   would boot undrained (architecture D6). What was pulled is kept layer by layer, so a pull that begins anew costs the layer
 *   it broke off in. rpm-ostree pulls in its daemon, which outlives the agent: its transaction is found as `busy`.
 * - §9.2 `nice`: the host library runs pulls in the background (run-process.ts).
 * - §9.3 pre-flight: bootc does it itself from 1.14 on, the driver of plain ostree in free-space.ts; /boot shows at finalization.
 * - §9.4 composefs: no driver is chosen for that backend (docs/decisions/2026-11-21-host-tools.md).
 * - §9.5 an agent, kubelet or network missing in the new image: seen by the rollout, which stops at a node without a heartbeat.
 * - §9.6 UEFI and boot loader updates: not part of deployments, and none of the agent's.
 * - §9.6 /run/reboot-required: read by nothing here.
 * - §9.6 labels of files: node-files.test.ts. Index pins: status-fixtures.test.ts. A reboot from a pod: systemctl.test.ts.
 */

const { a, b, c, base, fallsBack, conflict } = IMAGES;
const MINUTE = 60_000;

/** A node that runs `a`, is done with it, and is to run `image`. */
function toward(image: ModelImage): World {
  const world = new World(modelHost());
  world.desire(a);
  assert.equal(world.settle().phase, 'done');
  world.plans = [];
  world.desire(image);
  return world;
}

function condition(world: World, type = 'NodeDegraded'): string {
  const found = findCondition(world.status?.conditions, type);
  return `${found?.status} ${found?.message}`;
}

/** All ends say that all is well, and nothing more is written. */
function assertDone(world: World, image: ModelImage): void {
  assert.equal(world.settle().phase, 'done');
  assert.equal(world.host.booted.image, image);
  assert.deepEqual([world.state, world.reason], ['Done', undefined]);
  assert.match(condition(world), /^False/);
  assert.match(condition(world, 'Updated'), /^True/);
  const { apiWrites, journalWrites } = world;
  for (let turns = 0; turns < 5; turns += 1) {
    world.now += MINUTE;
    world.turn();
  }
  assert.deepEqual([world.apiWrites, world.journalWrites], [apiWrites, journalWrites]);
}

interface Story {
  /** How often it was tried before a person was told, and after how many minutes that was. */
  attempts: number;
  minutes: number;
  readonly remedies: string[];
  /** Minutes between the first attempts. */
  readonly waits: number[];
}

/** Turns in which every act fails as the host says, until a person is told, or it is clear that nobody will be. */
function suffer(world: World, minutes = 120): Story {
  const story: Story = { attempts: 0, minutes: 0, remedies: [], waits: [] };
  const began = world.now;
  let last: number | undefined;
  for (let turns = 0; turns < 2000 && world.now - began <= minutes * MINUTE; turns += 1) {
    const { step } = world.turn({ ...QUIET, fault: 'fails' });
    if (step.kind === 'stage') {
      story.attempts += 1;
      if (last !== undefined) story.waits.push((world.now - last) / MINUTE);
      last = world.now;
    }
    if (step.kind === 'remedy') story.remedies.push(step.remedy);
    if (world.state === 'Degraded') break;
    if (step.kind === 'wait') world.now = step.until;
    if (step.kind === 'rest') break;
  }
  story.minutes = Math.round((world.now - began) / MINUTE);
  return story;
}

interface Row {
  readonly class: FailureClass;
  readonly tool?: string;
  readonly says: string;
  /** Attempts before a person is told; absent: not before it has lasted. */
  readonly told?: number;
  /** Minutes after which a person is told although it is tried for ever. */
  readonly patience?: number;
  readonly remedy?: string;
  /** `retry`: it is tried again by itself, however long it takes; `asked`: only when a person says so. */
  readonly recovery: 'retry' | 'asked';
  /** What has to be in the words for the person. */
  readonly words: RegExp;
}

const DIGEST = b.digest;
const PULL = `failed to invoke method OpenImage: reading manifest ${DIGEST} in r.example/os`;

const ROWS: readonly Row[] = [
  {
    class: 'busy',
    tool: 'rpm-ostree',
    says: 'error: Transaction in progress: upgrade\n You can cancel the current transaction with `rpm-ostree cancel`',
    patience: 30,
    recovery: 'retry',
    words: /wait until the other transaction/,
  },
  {
    class: 'not-image-host',
    says: 'error: System not booted via bootc.',
    told: 1,
    recovery: 'retry',
    words: /run the agent as root/,
  },
  {
    class: 'auth',
    says: `error: Switching: ${PULL}: initializing source docker://r.example/os@${DIGEST}: unauthorized: access denied`,
    told: 2,
    remedy: 'refresh-credentials',
    recovery: 'retry',
    words: /r\.example.*pull secret/s,
  },
  {
    class: 'not-found',
    says: `error: Switching: ${PULL}: manifest unknown`,
    told: 4,
    recovery: 'retry',
    words: /check that the image is in the registry/,
  },
  {
    class: 'rate-limit',
    says: 'error: toomanyrequests: You have reached your pull rate limit',
    patience: 30,
    recovery: 'retry',
    words: /fewer nodes at once/,
  },
  {
    class: 'registry-5xx',
    says: 'error: received unexpected HTTP status: 503 Service Unavailable',
    patience: 15,
    recovery: 'retry',
    words: /registry's own health/,
  },
  {
    class: 'network',
    says: 'error: dial tcp: lookup r.example: no such host',
    patience: 15,
    recovery: 'retry',
    words: /name resolution/,
  },
  {
    class: 'tls',
    says: 'error: tls: failed to verify certificate: x509: certificate signed by unknown authority',
    told: 1,
    recovery: 'retry',
    words: /clock and the certificates/,
  },
  {
    class: 'policy',
    says: 'error: Source image rejected: A signature was required, but no signature exists',
    told: 1,
    recovery: 'retry',
    words: /policy\.json/,
  },
  {
    class: 'integrity',
    says: 'error: Importing: Digest did not match, expected sha256:00, got sha256:11',
    told: 3,
    recovery: 'retry',
    words: /damages data/,
  },
  {
    class: 'bad-image',
    says: 'error: Image has architecture arm64; expected amd64',
    told: 1,
    recovery: 'asked',
    words: /architecture arm64/,
  },
  {
    class: 'disk',
    says: 'error: Insufficient free space for r.example/os (available: 1 GB required: 2 GB)',
    told: 2,
    remedy: 'clean-up',
    recovery: 'retry',
    words: /make room/,
  },
  {
    class: 'layered',
    tool: 'rpm-ostree',
    says: 'error: Could not depsolve transaction; 1 problem detected',
    told: 1,
    recovery: 'retry',
    words: /rpm-ostree reset/,
  },
  {
    class: 'daemon',
    tool: 'rpm-ostree',
    says: 'error: Loading sysroot: Failed to invoke RegisterClient: GDBus.Error:org.freedesktop.DBus.Error',
    told: 11,
    remedy: 'restart-daemon',
    recovery: 'retry',
    words: /journalctl -u rpm-ostreed/,
  },
  {
    class: 'broken-store',
    says: 'error: Missing base image ref ostree/container/blob/sha256_3A_00',
    told: 2,
    remedy: 'repair-store',
    recovery: 'retry',
    words: /ostree admin undeploy/,
  },
  {
    class: 'proxy',
    says: 'error: skopeo spawn error: No such file or directory',
    told: 4,
    recovery: 'retry',
    words: /skopeo/,
  },
  {
    class: 'unknown',
    says: 'error: nobody has ever seen this',
    told: 4,
    recovery: 'retry',
    words: /nobody has ever seen this/,
  },
];

for (const row of ROWS) {
  test(`§9.1 ${row.class}: ${row.says.split('\n')[0]}`, () => {
    const world = toward(b);
    const command = { tool: row.tool ?? 'bootc', args: ['switch', b.image], deadline: 1 };
    const said = failureOf(command, { status: 1, signal: undefined, stdout: '', stderr: row.says });
    assert.equal(said.class, row.class);
    world.host.complaint = said;
    const story = suffer(world);
    assert.equal(world.state, 'Degraded');
    assert.match(world.reason ?? '', row.words);
    assert.match(condition(world), new RegExp(`^True .*${row.words.source}`, 's'));
    assert.match(condition(world, 'UpdatePrepared'), /^Unknown/);
    if (row.told !== undefined) assert.equal(story.attempts, row.told);
    if (row.patience !== undefined)
      assert.ok(Math.abs(story.minutes - row.patience) <= 15, `${story.minutes}`);
    assert.deepEqual([...new Set(story.remedies)], row.remedy === undefined ? [] : [row.remedy]);
    assert.equal(world.host.booted.image, a, 'the node serves on what it ran');
    // It never flickers while it is tried again (the nearest operators' defect).
    if (row.recovery === 'retry') {
      const states = new Set<string | undefined>();
      for (let turns = 0; turns < 40; turns += 1) {
        const { step } = world.turn({ ...QUIET, fault: 'fails' });
        states.add(world.state);
        if (step.kind === 'wait') world.now = step.until;
      }
      assert.deepEqual([...states], ['Degraded']);
    } else {
      assert.equal(world.settle().phase, 'preparing');
      assert.equal(world.state, 'Degraded', 'nothing is tried by itself');
      world.desire(c);
      assertDone(world, c);
      world.desire(b);
      world.retry('again');
    }
    assertDone(world, b);
  });
}

test('§9.1 rate-limit: never sooner than after a minute; network: sooner, and ever more slowly', () => {
  for (const [kind, least] of [
    ['rate-limit', 1],
    ['network', 0.1],
  ] as const) {
    const world = toward(b);
    world.host.complaint = failure(kind, kind);
    const { waits } = suffer(world);
    assert.ok(
      waits.length > 2 &&
        waits.every((wait, index) => wait >= Math.max(least, (waits[index - 1] ?? 0) * 0.99)),
    );
  }
});

test('§9.1 nothing-to-do is success when the status shows it, and a failure when it does not', () => {
  const world = toward(b);
  const command = { tool: 'rpm-ostree', args: ['rebase', b.image], deadline: 1 };
  const said = failureOf(command, {
    status: 1,
    signal: undefined,
    stdout: '',
    stderr: 'error: Old and new refs are equal: x',
  });
  assert.equal(said.class, 'nothing-to-do');
  world.host.complaint = said;
  const story = suffer(world);
  assert.equal(story.attempts, failurePolicy('not-shown').attempts! + 1);
  assert.match(world.reason ?? '', /shows nothing of it/);
  assertDone(world, b);
});

test('§9.1 unknown: a person gets the words as they are', () => {
  const says = 'first line\nsecond line\nerror: odd';
  const said = failureOf(
    { tool: 'bootc', args: ['switch'], deadline: 1 },
    { status: 1, signal: undefined, stdout: '', stderr: says },
  );
  assert.equal(said.excerpt, says);
});

test('§9.1 busy, in the status: it is waited for, and after half an hour a person is told', () => {
  const world = toward(b);
  const since = world.now;
  const told: (string | undefined)[] = [];
  for (const minutes of [0, 10, 29, 31]) {
    world.now = since + minutes * MINUTE;
    world.unseen = { state: 'busy', reason: 'another program holds the lock', since };
    world.turn();
    told.push(world.state);
  }
  assert.deepEqual(told, ['Done', 'Done', 'Done', 'Degraded']);
  world.unseen = undefined;
  assertDone(world, b);
});

test('§9.2 a pull that is broken off begins anew, and is no failure', () => {
  const world = toward(b);
  world.turn({ ...QUIET, fault: 'killed-before' });
  world.turn({ ...QUIET, fault: 'killed-after' });
  assertDone(world, b);
  assert.ok(!world.plans.some(({ degraded }) => degraded !== undefined));
});

test('§9.3 the ladder: leftovers first; the rollback only when the node is healthy and policy allows', () => {
  for (const dropRollback of [false, true]) {
    const world = new World(modelHost(), { dropRollback });
    world.desire(a);
    world.settle();
    world.desire(b);
    world.plans = [];
    world.host.complaint = failure('disk', 'No space left on device');
    for (let turns = 0; turns < 40; turns += 1) {
      const { step } = world.turn({ ...QUIET, fault: 'fails' });
      if (step.kind === 'wait') world.now = step.until;
    }
    const drops = world.plans.flatMap(({ step }) => (step.kind === 'remedy' ? [step.dropRollback] : []));
    assert.deepEqual([drops[0], drops[1], drops.includes(true)], [false, dropRollback, dropRollback]);
    assertDone(world, b);
  }
});

test('§9.3 what is staged and not wanted goes before anything is pulled', () => {
  const world = toward(b);
  world.host.stageByOthers(c);
  assert.equal(world.turn().step.kind, 'unstage');
  assertDone(world, b);
});

test('§9.3 no room on /boot shows at finalization: room is made before it is tried again', () => {
  const world = toward(b);
  world.host.finalizes = 'fails';
  assertDone(world, b);
  const kinds = world.plans.map(({ step }) => (step.kind === 'remedy' ? step.remedy : step.kind));
  assert.deepEqual(
    kinds.filter((kind) => kind === 'reboot' || kind === 'clean-up'),
    ['reboot', 'clean-up', 'reboot'],
  );
});

test('§9.3 no room for the stamp either: that it is absent proves nothing, and the next attempt is counted', () => {
  const world = toward(b);
  world.host.finalizes = 'fails-silently';
  assertDone(world, b);
  assert.equal(world.plans.filter(({ step }) => step.kind === 'reboot').length, 2);
});

/** A node after a reboot that did not lead to the image, and what the host tells of it. */
function afterReboot(tells: LastFinalization): World {
  const world = toward(b);
  world.host.tells = tells;
  world.host.finalizes = 'fails-silently';
  for (let turns = 0; turns < 30; turns += 1) {
    const { step } = world.turn();
    if (step.kind === 'rest') world.serveDrain();
    if (step.kind === 'reboot') break;
  }
  world.turn();
  return world;
}

const SYMPTOMS: readonly (readonly [row: string, tells: LastFinalization, words: RegExp])[] = [
  ['a power cut or reset before finalization', { outcome: 'not-begun' }, /power may have failed/],
  ['somebody locked it', { outcome: 'locked' }, /somebody locked it/],
  ['ExecStop timed out', { outcome: 'cut-short' }, /TimeoutStopSec/],
  ['the reboot bypassed finalization', { outcome: 'not-begun' }, /did not shut the host down/],
  ['without a journal of earlier boots nothing tells', { outcome: 'unknown' }, /nothing says why/],
  ['it was finalized and is gone', { outcome: 'completed' }, /is gone/],
];

for (const [row, tells, words] of SYMPTOMS) {
  test(`§9.4 ${row}: it is staged again, five times at most, and the words say why`, () => {
    const world = afterReboot(tells);
    assert.match(world.turn().step.reason, words);
    assert.equal(world.host.booted.image, a);
    assertDone(world, b);
    const sick = toward(b);
    sick.host.tells = tells;
    sick.host.finalizes = 'fails-silently';
    for (let turns = 0; turns < 400 && sick.state !== 'Degraded'; turns += 1) {
      const { step } = sick.turn();
      if (step.kind === 'rest') sick.serveDrain();
      if (step.kind === 'wait') sick.now = step.until;
      sick.host.finalizes = 'fails-silently';
    }
    assert.equal(sick.state, 'Degraded');
    assert.match(sick.reason ?? '', words);
    const reboots = sick.plans.filter(({ step }) => step.kind === 'reboot').length;
    assert.equal(reboots, DEFAULT_POLICY.unexplainedActivations);
    sick.host.finalizes = 'well';
    assert.notEqual(sick.settle().degraded, undefined, 'not by itself');
    sick.retry('mended');
    assertDone(sick, b);
  });
}

test('§9.4 an error of finalization: its text is on the Node, and three attempts end it', () => {
  const world = toward(b);
  world.host.finalizes = 'always-fails';
  assert.equal(world.settle().phase, 'preparing');
  assert.equal(
    world.annotations['machineconfiguration.openshift.io/ostree-finalize-staged-failure'],
    'No space left on device',
  );
  assert.match(world.reason ?? '', /3 times into .*No space left on device/);
  assert.equal(
    world.plans.filter(({ step }) => step.kind === 'reboot').length,
    DEFAULT_POLICY.failedActivations,
  );
  world.host.finalizes = 'well';
  world.retry('room was made');
  assertDone(world, b);
  assert.equal(
    world.annotations['machineconfiguration.openshift.io/ostree-finalize-staged-failure'],
    undefined,
  );
});

test('§9.4 a conflict in /etc names the file, and one reboot is enough to know it', () => {
  const world = toward(conflict);
  world.settle();
  assert.equal(world.state, 'Degraded');
  assert.match(world.reason ?? '', /defaults to directory 'x'.*move the edited file/s);
  assert.equal(world.plans.filter(({ step }) => step.kind === 'reboot').length, 1);
  world.desire(b);
  assertDone(world, b);
});

test('§9.4, §9.5 it booted and came back: a health check had a reason, so three times at most, never in a loop', () => {
  const world = toward(fallsBack);
  world.settle();
  assert.equal(world.state, 'Degraded');
  assert.match(world.reason ?? '', /came back to what it ran before/);
  assert.equal(
    world.plans.filter(({ step }) => step.kind === 'reboot').length,
    DEFAULT_POLICY.failedActivations,
  );
  world.desire(a);
  assertDone(world, a);
});

test('§9.4 another checksum than the tool had before: digests are compared, and nothing is done', () => {
  const world = toward(a);
  world.host.booted.kernelArguments.push('console=ttyS0');
  assertDone(world, a);
  assert.ok(world.plans.every(({ step }) => step.kind === 'rest' || step.kind === 'record'));
});

const UNREADABLE: readonly (readonly [FailureClass, string, string])[] = [
  ['broken-store', 'Missing base image ref ostree/container/blob/x', 'repair-store'],
  ['daemon', 'Loading sysroot: Failed to invoke RegisterClient', 'restart-daemon'],
];

for (const [kind, message, remedy] of UNREADABLE) {
  test(`§9.4 the status fails, ${message}: ${remedy} once, then a person is told, and it is looked at for ever`, () => {
    const world = toward(b);
    const since = world.now;
    const remedies: string[] = [];
    let count = 1;
    let remedied = false;
    for (; count < 30 && world.state !== 'Degraded'; count += 1) {
      world.unseen = { state: 'failed', failure: failure(kind, message), since, count, remedied };
      const { step } = world.turn();
      if (step.kind === 'remedy') {
        remedies.push(step.remedy);
        remedied = true;
      }
      if (step.kind === 'wait') world.now = step.until;
    }
    assert.deepEqual(remedies, [remedy]);
    assert.equal(world.state, 'Degraded');
    assert.match(condition(world), new RegExp(`^True .*${failurePolicy(kind).advice.slice(0, 20)}`, 's'));
    world.unseen = undefined;
    assertDone(world, b);
  });
}

test('§9.4 there is no rollback: none is promised', () => {
  const world = toward(b);
  assertDone(world, b);
  assert.equal(world.annotations['varve.dev/rollback-image'], a.image);
  world.host.deployments = [world.host.booted];
  world.turn();
  assert.equal(world.annotations['varve.dev/rollback-image'], undefined);
});

test('§9.4 `No such metadata object` while staging: the store is repaired once, then a person is told', () => {
  const world = toward(b);
  world.host.complaint = failure('broken-store', 'No such metadata object x.commit');
  assert.deepEqual(suffer(world).remedies, ['repair-store']);
  assert.match(world.reason ?? '', /reinstall the host/);
  assertDone(world, b);
});

test('§9.4 a tool that hangs is killed at its deadline, and the status decides', () => {
  const world = toward(b);
  world.turn({ ...QUIET, fault: 'hangs' });
  assertDone(world, b);
  assert.equal(world.plans.filter(({ step }) => step.kind === 'stage').length, 1);
});

test('§9.5 attempts are of a digest: another one begins at nought, and the old one is remembered', () => {
  const world = toward(fallsBack);
  world.settle();
  world.desire(b);
  world.settle();
  assertDone(world, b);
  world.plans = [];
  world.desire(fallsBack);
  world.settle();
  assert.equal(world.state, 'Degraded');
  assert.equal(world.plans.filter(({ step }) => step.kind === 'reboot').length, 0);
});

test('§9.5 somebody rolled the host back: it is told and left, unless the policy says otherwise', () => {
  for (const manualChange of ['respect', 'enforce'] as const) {
    const world = new World(modelHost(), { manualChange });
    world.desire(a);
    world.settle();
    world.desire(b);
    world.settle();
    world.host.deployments.reverse();
    world.disturb('reboot');
    assert.equal(world.host.booted.image, a);
    world.settle();
    if (manualChange === 'respect') {
      assert.match(world.reason ?? '', /somebody booted/);
      world.retry('go back');
    }
    assertDone(world, b);
  }
});

test('§9.5 somebody queued a rollback: a person is told, and the agent does not toggle it', () => {
  const world = toward(b);
  assertDone(world, b);
  world.host.deployments.reverse();
  world.settle();
  assert.match(world.reason ?? '', /The next reboot leads to/);
  world.host.deployments.reverse();
  assertDone(world, b);
});

test('§9.6 an image for another architecture is given up for this digest alone', () => {
  const world = toward(IMAGES.bad);
  world.settle();
  assert.match(world.reason ?? '', /architecture/);
  world.desire(b);
  assertDone(world, b);
});

test('§9.6 a clock that is set back makes no long wait', () => {
  const world = toward(b);
  world.host.complaint = failure('network', 'x');
  for (let turns = 0; turns < 12; turns += 1) {
    const { step } = world.turn({ ...QUIET, fault: 'fails' });
    if (step.kind === 'wait') world.now = step.until;
  }
  world.now -= 10 * 24 * 60 * MINUTE;
  const before = world.now;
  assertDone(world, b);
  assert.ok(world.now - before < 30 * MINUTE);
});

test('§9.6 a second driver that stages: what it staged is dropped as often as it comes, and it is named', () => {
  const world = toward(b);
  assertDone(world, b);
  for (let times = 0; times < 5; times += 1) {
    world.host.stageByOthers(c);
    assert.equal(world.turn().step.kind, 'unstage');
    world.settle();
  }
  world.host.competitors = ['bootc-fetch-apply-updates.timer'];
  world.host.stageByOthers(c);
  const { step } = world.turn();
  assert.match(step.reason, /also updated by bootc-fetch-apply-updates\.timer: disable that/);
  world.settle();
  assertDone(world, b);
});

test('§9.6 what another tool stages before our reboot is not booted', () => {
  const world = toward(b);
  for (let turns = 0; turns < 30; turns += 1) {
    const { step } = world.turn();
    if (step.kind === 'rest') world.serveDrain();
    if (step.kind === 'unlock') world.host.stageByOthers(c);
    if (step.kind === 'reboot') break;
  }
  assertDone(world, b);
  assert.ok(world.host.boots.every(({ digest }) => digest !== c.digest && digest !== base.digest));
});
