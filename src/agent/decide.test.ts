import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deployment, type FailureClass, failurePolicy } from '../host/index.ts';
import { afterAct } from './attempt-step.ts';
import { decide } from './decide.ts';
import type { HostReading, HostView } from './host-view.ts';
import { formatJournal, parseJournal } from './journal-format.ts';
import type { Journal } from './journal.ts';
import type { AgentFacts, Plan } from './situation.ts';
import type { Act, Step } from './step.ts';
import { failure } from './test-host.ts';
import { IMAGES, modelHost } from './test-images.ts';
import { QUIET, World } from './test-world.ts';

const { a, b, c, base, fallsBack, conflict, bad } = IMAGES;

/** A node that runs an image and is done with it. */
function at(image: typeof a, world = new World(modelHost())): World {
  world.desire(image);
  assert.equal(world.settle().degraded, undefined);
  world.plans = [];
  return world;
}

/** Turns until a step of this kind is decided on, and done; the node is drained whenever the agent rests. */
function until(world: World, kind: Step['kind']): Plan {
  for (let turns = 0; turns < 50; turns += 1) {
    const plan = world.turn();
    if (plan.step.kind === kind) return plan;
    if (plan.step.kind === 'rest') world.serveDrain();
  }
  assert.fail(`no ${kind}: ${world.plans.map(({ step }) => step.kind).join(' ')}`);
}

function kinds(world: World): string {
  return world.plans
    .map(({ step }) => step.kind)
    .filter((kind, index, all) => kind !== 'record' && kind !== all[index - 1])
    .join(' ');
}

/** A world's facts with another look at the host. */
function seen(world: World, change: (view: HostView) => HostView): AgentFacts {
  return { ...world.facts(), host: { state: 'fresh', view: change(world.host.view()) } };
}

function journalOf(world: World): Journal {
  const reading = parseJournal(world.journal ?? '');
  assert.equal(reading.state, 'read');
  return (reading as { journal: Journal }).journal;
}

test('decide() takes a node from one image to the next in the order of the contract', () => {
  const world = at(a);
  world.desire(b);
  world.settle();
  assert.equal(kinds(world), 'stage rest unlock reboot rest');
  assert.equal(world.host.booted.image, b);
  const phases = world.plans.filter(({ step }) => step.kind !== 'record').map(({ phase }) => phase);
  assert.deepEqual(
    phases.filter((phase, index, all) => phase !== all[index - 1]),
    ['preparing', 'draining', 'rebooting', 'resuming', 'done'],
  );
  assert.equal(world.annotations['varve.dev/rollback-image'], a.image);
  assert.equal(world.annotations['varve.dev/rollback-config'], a.config);
});

test('decide() pulls first and stages only on a drained node where the host cannot lock what is staged', () => {
  const world = at(a, new World(modelHost({ lock: 'none', fetch: true })));
  world.desire(b);
  world.settle();
  assert.equal(kinds(world), 'fetch rest stage reboot rest');
});

for (const how of ['reboot', 'power-cut'] as const) {
  test(`decide() has a node that waits for its drain land on the old image after a ${how}, and goes on`, () => {
    const world = at(a);
    world.desire(b);
    until(world, 'rest');
    assert.ok(world.host.staged?.locked);
    world.disturb(how);
    assert.equal(world.host.booted.image, a);
    world.settle();
    assert.equal(world.host.booted.image, b);
    assert.equal(world.state, 'Done');
  });
}

test('decide() unstages B when A is wanted again, and uncordons without a reboot', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'rest');
  until(world, 'unlock');
  const boots = world.host.boots.length;
  world.desire(a);
  world.plans = [];
  world.settle();
  assert.equal(kinds(world), 'unstage rest');
  assert.equal(world.host.boots.length, boots);
  assert.equal(world.host.staged, undefined);
  assert.deepEqual([world.state, world.unschedulable], ['Done', false]);
});

test('decide() drops what is staged when the wanted image changes, and stages the newer one', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'rest');
  world.desire(c);
  world.plans = [];
  world.settle();
  assert.equal(kinds(world), 'unstage stage rest unlock reboot rest');
  assert.equal(world.host.booted.image, c);
});

test('decide() neither drains nor reboots a node that runs what it is to run when it is first seen', () => {
  const host = modelHost();
  const world = at(a, new World(host));
  const fresh = new World(host);
  fresh.desire(a);
  const boots = host.boots.length;
  fresh.settle();
  assert.equal(host.boots.length, boots);
  assert.equal(fresh.annotations['machineconfiguration.openshift.io/desiredDrain'], undefined);
  assert.deepEqual([fresh.state, world.state], ['Done', 'Done']);
});

test('decide() compares by digest: another name of the image that runs costs no reboot', () => {
  const world = at(a);
  const boots = world.host.boots.length;
  const name = `mirror.example/os@${a.digest}`;
  world.annotations['machineconfiguration.openshift.io/desiredImage'] = name;
  world.settle();
  assert.equal(world.host.boots.length, boots);
  assert.equal(world.annotations['machineconfiguration.openshift.io/currentImage'], name);
});

test('decide() does not wait for a drain where there is no other node', () => {
  const world = at(a);
  world.annotations['machineconfiguration.openshift.io/controlPlaneTopology'] = 'SingleReplica';
  world.desire(b);
  world.settle();
  assert.equal(kinds(world), 'stage reboot rest');
});

test('decide() leaves a node alone of which nothing is asked', () => {
  const world = new World(modelHost());
  world.host.stageByOthers(a);
  world.turn();
  const { step, phase } = world.turn();
  assert.deepEqual([step.kind, phase], ['rest', 'unmanaged']);
  assert.deepEqual(world.annotations, {});
});

test('decide() takes a node that leaves image mode back to what its image was made from', () => {
  const world = at(a);
  world.desire(undefined, 'rendered-plain');
  world.settle();
  assert.equal(world.host.booted.image, base);
  assert.equal(world.state, 'Done');
  assert.equal(world.annotations['machineconfiguration.openshift.io/currentImage'], undefined);
  assert.equal(world.annotations['machineconfiguration.openshift.io/currentConfig'], 'rendered-plain');
});

test('decide() says so when nobody knows what a node would run without its image', () => {
  const world = at(a);
  const journal = { ...journalOf(world), adopted: undefined };
  world.desire(undefined, 'rendered-plain');
  const facts = seen(world, (view) => ({ ...view, image: { ...view.image, base: undefined } }));
  const plan = decide({ ...facts, journal: { state: 'read', journal } });
  assert.equal(plan.step.kind, 'rest');
  assert.match(plan.degraded ?? '', /set the annotation desiredImage to that image/);
});

test('decide() refuses a desiredImage that names no digest', () => {
  const world = at(a);
  world.annotations['machineconfiguration.openshift.io/desiredImage'] = 'registry.example/os/worker:latest';
  world.settle();
  assert.equal(world.state, 'Degraded');
  assert.equal(
    world.reason,
    "The Node's annotation desiredImage is unusable: it names no digest; write HOST/REPOSITORY@sha256:….",
  );
});

// Host-contract §9.1: what an image's staging may fail of, what follows at once and when a person is told.
const CLASSES: Readonly<Record<FailureClass, readonly [next: string, told: 'at once' | 'later']>> = {
  busy: ['wait', 'later'],
  'not-image-host': ['wait', 'at once'],
  auth: ['wait remedy', 'later'],
  'not-found': ['wait', 'later'],
  'rate-limit': ['wait', 'later'],
  'registry-5xx': ['wait', 'later'],
  network: ['wait', 'later'],
  tls: ['wait', 'at once'],
  policy: ['wait', 'at once'],
  integrity: ['wait', 'later'],
  'bad-image': ['halted', 'at once'],
  disk: ['wait remedy', 'later'],
  layered: ['wait', 'at once'],
  'no-rollback': ['wait', 'at once'],
  daemon: ['wait remedy', 'later'],
  'broken-store': ['wait remedy', 'later'],
  proxy: ['wait', 'later'],
  unknown: ['wait', 'later'],
  'etc-conflict': ['wait', 'at once'],
  'no-soft-reboot': ['wait', 'at once'],
  'nothing-staged': ['wait', 'later'],
  'kernel-arguments': ['wait', 'later'],
  'command-line-too-long': ['wait', 'at once'],
  'other-driver': ['wait', 'at once'],
  usage: ['wait', 'at once'],
  'no-such-tool': ['wait', 'at once'],
  unsupported: ['wait', 'at once'],
  unlocked: ['wait', 'at once'],
  'timed-out': ['wait', 'later'],
  killed: ['wait', 'later'],
  unreadable: ['wait', 'later'],
  'not-shown': ['wait', 'later'],
  // It is no failure: what the status shows counts, and it shows nothing.
  'nothing-to-do': ['wait', 'later'],
};

for (const [name, [next, told]] of Object.entries(CLASSES)) {
  const failureClass = name as FailureClass;
  test(`decide() after staging failed as ${failureClass}: ${next}, and a person is told ${told}`, () => {
    const world = at(a);
    world.desire(b);
    const act = world.turn({ ...QUIET, fault: 'killed-before' }).step as Act;
    assert.equal(act.kind, 'stage');
    const fail = (): Plan => {
      const journal = journalOf(world);
      const outcome = { result: 'failed', class: failureClass, message: 'it failed' } as const;
      world.journal = formatJournal(afterAct(journal, act, outcome, world.host.bootId, world.now));
      let plan = world.turn({ ...QUIET, fault: 'killed-before' });
      while (plan.step.kind === 'record') plan = world.turn({ ...QUIET, fault: 'killed-before' });
      return plan;
    };
    const first = fail();
    assert.equal(first.degraded !== undefined, told === 'at once', first.degraded);
    if (next === 'halted') {
      assert.equal(first.step.kind, 'rest');
      return;
    }
    assert.equal(first.step.kind, 'wait');
    const { wait, retryable, patience, advice } = failurePolicy(
      failureClass === 'nothing-to-do' ? 'not-shown' : failureClass,
    );
    const due = first.step.until;
    assert.equal(due - world.now, retryable ? wait[0] * 1000 : world.policy.recheck);
    world.now = due;
    const second = world.turn({ ...QUIET, fault: 'killed-before' });
    assert.equal(second.step.kind, next === 'wait remedy' ? 'remedy' : 'stage');
    // It goes on failing: a person is told in the end, and goes on being told while it is tried.
    let last = second;
    for (let failures = 0; failures < 20; failures += 1) {
      world.now += (patience + 1) * 1000;
      last = fail();
    }
    assert.ok(last.degraded?.endsWith(`${advice}.`), last.degraded);
    assert.equal(world.state, 'Degraded');
    // What helps ends it.
    if (last.step.kind === 'wait') world.now = last.step.until;
    world.settle();
    assert.deepEqual([world.host.booted.image, world.state, world.reason], [b, 'Done', undefined]);
  });
}

// Host-contract §9.4 and §9.5: what a reboot may have come to.
test('decide() stages an image anew that was lost with the power, and reboots into it once more', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'rest');
  until(world, 'unlock');
  let plan = world.turn({ ...QUIET, fault: 'power-cut-before' });
  while (plan.step.kind !== 'reboot') plan = world.turn({ ...QUIET, fault: 'power-cut-before' });
  assert.equal(world.host.booted.image, a);
  world.plans = [];
  const end = world.settle();
  assert.match(kinds(world), /^wait stage reboot rest$/);
  assert.equal(world.host.booted.image, b);
  assert.equal(end.degraded, undefined);
});

test('decide() gives up an image that is never made bootable, and tells what the host says', () => {
  const world = at(a);
  world.desire(b);
  const reboots = world.host.boots.length;
  world.host.finalizes = 'always-fails';
  world.settle();
  assert.equal(world.host.boots.length - reboots, world.policy.failedActivations);
  assert.match(world.reason ?? '', /was rebooted 3 times .* No space left on device\. Another desiredImage/);
  assert.equal(
    world.annotations['machineconfiguration.openshift.io/ostree-finalize-staged-failure'],
    'No space left on device',
  );
  world.host.finalizes = 'well';
  world.retry('please');
  world.settle();
  assert.equal(world.host.booted.image, b);
  assert.equal(
    world.annotations['machineconfiguration.openshift.io/ostree-finalize-staged-failure'],
    undefined,
  );
});

test('decide() reboots once, and not again, into an image whose /etc conflicts with what was edited on the host', () => {
  const world = at(a);
  const reboots = world.host.boots.length;
  world.desire(conflict);
  world.settle();
  assert.equal(world.host.boots.length, reboots + 1);
  assert.match(world.reason ?? '', /newly defaults to directory 'x'.* move the edited file on the host away/);
});

test('decide() takes an image that the host came back from for failed, and is not caught in a loop', () => {
  const world = at(a);
  world.desire(fallsBack);
  world.settle();
  assert.equal(world.host.booted.image, a);
  assert.match(world.reason ?? '', /rebooted 3 times .* the host came back to what it ran before/);
  assert.equal(world.host.staged, undefined);
});

test('decide() never stages an image again that cannot be used on this host', () => {
  const world = at(a);
  world.desire(bad);
  world.settle();
  assert.match(world.reason ?? '', /Image has architecture s390x/);
  world.desire(a);
  world.settle();
  world.desire(bad);
  world.plans = [];
  world.settle();
  assert.doesNotMatch(kinds(world), /stage/);
});

test('decide() respects it when somebody boots another image, until told to go back', () => {
  const world = at(a);
  world.host.stageByOthers(b);
  world.disturb('reboot');
  world.settle();
  assert.equal(world.state, 'Degraded');
  assert.match(world.reason ?? '', /had reached .*, and somebody booted /);
  assert.equal(world.host.booted.image, b);
  world.retry('1');
  world.settle();
  assert.deepEqual([world.host.booted.image, world.state], [a, 'Done']);
});

test('decide() goes back by itself where the policy says so', () => {
  const world = at(a, new World(modelHost(), { manualChange: 'enforce' }));
  world.host.stageByOthers(b);
  world.disturb('reboot');
  world.settle();
  assert.deepEqual([world.host.booted.image, world.state], [a, 'Done']);
});

test('decide() drops what somebody else stages beside the agent, at rest and in an update', () => {
  const world = at(a);
  world.host.stageByOthers(c);
  world.settle();
  assert.equal(kinds(world), 'unstage rest');
  world.desire(b);
  until(world, 'rest');
  world.host.stageByOthers(c);
  world.serveDrain();
  world.settle();
  assert.equal(world.host.booted.image, b);
});

test('decide() keeps the image that was verified while the one that runs was not', () => {
  const world = at(a, new World(modelHost({}, false)));
  world.desire(b);
  until(world, 'reboot');
  // Something took an argument of b's off the line, so that b is not what it should be; then c is wanted.
  world.host.booted.kernelArguments = world.host.booted.kernelArguments.filter((one) => one !== 'b=1');
  world.desire(c);
  const pin = until(world, 'pin');
  assert.match(pin.step.reason, /What runs is not verified: .*, which was, is kept\./);
  world.settle();
  assert.equal(world.host.booted.image, c);
  assert.ok(
    world.host.deployments.every(({ pinned }) => !pinned),
    'it is let go of in the end',
  );
});

test('decide() stages an image again that came up without its kernel arguments', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'unlock');
  until(world, 'reboot');
  world.host.booted.kernelArguments = ['root=x'];
  world.settle();
  assert.deepEqual(world.host.booted.kernelArguments, ['root=x', 'quiet', 'b=1']);
  assert.equal(world.state, 'Done');
});

// Host-contract §10.1, 4: what a host is not moved away from.
const REFUSALS: readonly (readonly [string, Partial<Deployment> | 'read-only', RegExp])[] = [
  [
    'packages are layered on it',
    { incompatible: true, local: { installed: ['strace'], removed: [], replaced: [], initramfs: false } },
    /was changed on the host \(strace\), and ostree would lose that/,
  ],
  ['its /usr is unlocked', { unlocked: 'hotfix' }, /unlocked \/usr of the host \(hotfix\)/],
  ['it runs from read-only media', 'read-only', /read-only media/],
];

for (const [name, change, message] of REFUSALS) {
  test(`decide() leaves a host alone when ${name}`, () => {
    const world = at(a);
    world.desire(b);
    const facts = seen(world, (view) => ({
      ...view,
      status:
        change === 'read-only'
          ? { ...view.status, readOnly: true }
          : { ...view.status, booted: { ...(view.status.booted as Deployment), ...change } },
    }));
    const plan = decide(facts);
    assert.equal(plan.step.kind, 'rest');
    assert.match(plan.degraded ?? '', message);
  });
}

test('decide() moves a host with layered packages where its tool carries them over', () => {
  const world = at(a);
  world.desire(b);
  const facts = seen(world, (view) => ({
    ...view,
    abilities: { ...view.abilities, carriesLocalChanges: true },
    status: { ...view.status, booted: { ...(view.status.booted as Deployment), incompatible: true } },
  }));
  assert.equal(decide(facts).step.kind, 'stage');
});

test('decide() leaves alone what somebody layered for the next boot, and says so', () => {
  const world = at(a);
  world.host.stageByOthers(a);
  const facts = seen(world, (view) => ({
    ...view,
    status: { ...view.status, staged: { ...(view.status.staged as Deployment), incompatible: true } },
  }));
  const plan = decide(facts);
  assert.equal(plan.step.kind, 'rest');
  assert.match(plan.degraded ?? '', /Somebody changed the host for its next boot: drop that/);
});

test('decide() says what the next reboot leads to when somebody queued a rollback', () => {
  const world = at(a);
  world.host.deployments.reverse();
  world.settle();
  assert.match(world.reason ?? '', /The next reboot leads to registry.example\/base/);
});

test('decide() waits for a busy host, and tells a person after half an hour', () => {
  const world = at(a);
  const host = (since: number): HostReading => ({ state: 'busy', reason: 'rpm-ostree upgrades', since });
  const soon = decide({ ...world.facts(), host: host(world.now - 60_000) });
  assert.deepEqual([soon.step.kind, soon.degraded], ['wait', undefined]);
  const late = decide({ ...world.facts(), host: host(world.now - 31 * 60_000) });
  assert.match(late.degraded ?? '', /rpm-ostree upgrades\. It has been for 31 minutes/);
});

test('decide() restarts a daemon that does not answer before it looks again', () => {
  const world = at(a);
  const host = {
    state: 'failed',
    failure: failure('daemon', 'RegisterClient'),
    since: world.now,
    count: 1,
  } as const;
  const first = decide({ ...world.facts(), host: { ...host, remedied: false } });
  assert.equal((first.step as { remedy?: string }).remedy, 'restart-daemon');
  const second = decide({ ...world.facts(), host: { ...host, remedied: true } });
  assert.equal(second.step.kind, 'wait');
  const last = decide({ ...world.facts(), host: { ...host, remedied: true, count: 11 } });
  assert.match(last.degraded ?? '', /cannot be read: RegisterClient/);
});

// What may have happened to the journal.
test('decide() adopts a host anew whose journal is damaged, and reboots nothing for it', () => {
  const world = at(a);
  const boots = world.host.boots.length;
  for (const text of ['', '{"version":1', 'garbage', '[]', '{"version":1,"readableFrom":1}']) {
    world.journal = text;
    const { step } = world.turn();
    assert.equal(step.kind, 'record');
    assert.match(step.reason, /^The journal is lost \(.+\): it runs registry/);
    world.settle();
    assert.deepEqual([world.state, world.host.boots.length], ['Done', boots]);
  }
});

test('decide() goes on after its journal is lost in the midst of an update', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'rest');
  world.journal = undefined;
  world.settle();
  assert.deepEqual([world.host.booted.image, world.state], [b, 'Done']);
});

test('decide() does not reboot again when the reboot took its journal away', () => {
  const world = at(a);
  world.desire(fallsBack);
  until(world, 'reboot');
  world.journal = undefined;
  const boots = world.host.boots.length;
  world.settle();
  assert.equal(world.host.boots.length, boots);
  assert.match(world.reason ?? '', /see that the journal's directory outlives a reboot/);
  world.retry('it does now');
  world.desire(b);
  world.settle();
  assert.equal(world.state, 'Done');
});

test('decide() does nothing with a journal that a newer agent wrote', () => {
  const world = at(a);
  world.desire(b);
  world.journal = world.journal?.replace('"readableFrom": 1', '"readableFrom": 9');
  const plan = world.turn();
  assert.equal(plan.step.kind, 'rest');
  assert.match(world.reason ?? '', /format 1.* agents before format 9 misread/);
});

test('decide() keeps saying Degraded while it tries again what fails', () => {
  const world = at(a);
  world.desire(b);
  const states = new Set<string | undefined>();
  for (let times = 0; times < 60; times += 1) {
    const { step } = world.turn({ ...QUIET, fault: 'fails' });
    if (step.kind === 'wait') world.now = step.until;
    if (states.size > 0 || world.state === 'Degraded') states.add(world.state);
  }
  assert.deepEqual([...states], ['Degraded']);
});

test('decide() locks no more on a host where locking fails, and stages when the node is drained', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'rest');
  if (world.host.staged !== undefined) world.host.staged.locked = false;
  world.plans = [];
  for (let times = 0; times < 30 && world.host.staged !== undefined; times += 1) {
    const { step } = decide(world.facts());
    world.turn({ ...QUIET, fault: step.kind === 'lock' ? 'fails' : 'none' });
    if (step.kind === 'wait') world.now = step.until;
  }
  assert.equal(kinds(world), 'lock wait lock unstage');
  world.settle();
  assert.equal(world.host.booted.image, b);
});

test('decide() waits for nothing that a clock that was set back has put into the far future', () => {
  const world = at(a);
  world.desire(b);
  world.turn({ ...QUIET, fault: 'fails' });
  world.now -= 86_400_000;
  assert.equal(world.turn({ ...QUIET, fault: 'fails' }).step.kind, 'stage');
  const { step } = world.turn();
  assert.ok(step.kind === 'wait' && step.until - world.now <= 20_000);
});

test('decide() does not let go of an image when the node was made schedulable after its drain', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'rest');
  world.serveDrain();
  world.unschedulable = false;
  const { step } = world.turn();
  assert.equal(step.kind, 'rest');
  assert.match(step.reason, /it was, but it is schedulable again/);
  world.settle();
  assert.equal(world.host.booted.image, b);
});

// What random hosts found first, and what they find too seldom.
test('decide() reboots once more, and counts nothing, when it was killed before the reboot', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'unlock');
  let plan = world.turn({ ...QUIET, fault: 'killed-before' });
  while (plan.step.kind !== 'reboot') plan = world.turn({ ...QUIET, fault: 'killed-before' });
  world.plans = [];
  world.settle();
  assert.equal(kinds(world), 'reboot rest');
  assert.equal(world.host.booted.image, b);
});

test('decide() does not take a step for one without effect whose effect the power took away', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'stage');
  world.disturb('power-cut');
  until(world, 'stage');
  assert.deepEqual(
    world.plans.map(({ step }) => step.kind),
    ['stage', 'record', 'stage'],
  );
  assert.equal(journalOf(world).trouble, undefined);
});

test('decide() locks what became unlocked before it does anything else', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'stage');
  if (world.host.staged !== undefined) world.host.staged.locked = false;
  assert.equal(decide(world.facts()).step.kind, 'lock');
});

test('decide() drops what it had let go before it does anything else, when it is no longer wanted', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'unlock');
  let plan = world.turn({ ...QUIET, fault: 'killed-before' });
  while (plan.step.kind !== 'reboot') plan = world.turn({ ...QUIET, fault: 'killed-before' });
  world.desire(a);
  assert.equal(decide(world.facts()).step.kind, 'unstage');
  world.settle();
  assert.equal(journalOf(world).rebooting, undefined);
  world.disturb('power-cut');
  world.desire(b);
  world.settle();
  assert.deepEqual([world.host.booted.image, world.state], [b, 'Done']);
});

test('decide() does not count a power cut as a failure of an image that was no longer wanted', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'unlock');
  let plan = world.turn({ ...QUIET, fault: 'killed-before' });
  while (plan.step.kind !== 'reboot') plan = world.turn({ ...QUIET, fault: 'killed-before' });
  world.desire(a);
  until(world, 'unstage');
  until(world, 'rest');
  world.disturb('power-cut');
  world.settle();
  assert.deepEqual(journalOf(world).attempts[b.digest]?.failures, []);
});

test('decide() goes back from an image that it brought itself, and asks nobody', () => {
  const world = at(a);
  world.desire(b);
  until(world, 'reboot');
  world.host.booted.kernelArguments = ['root=x'];
  world.desire(a);
  world.plans = [];
  world.settle();
  assert.ok(world.plans.every(({ degraded }) => degraded === undefined));
  assert.deepEqual([world.host.booted.image, world.state], [a, 'Done']);
});

test('decide() stages nothing early, not for its kernel arguments either, where it can pull beforehand instead', () => {
  const world = at(a, new World(modelHost({ lock: 'after-staging', fetch: true }, false)));
  world.desire(b);
  world.host.stageByOthers(b);
  world.settle();
  assert.equal(kinds(world), 'lock unstage fetch rest stage stage reboot rest');
  assert.equal(world.host.booted.image, b);
});
