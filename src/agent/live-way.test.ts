import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../api/index.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import { afterAct } from './attempt-step.ts';
import { decide } from './decide.ts';
import { formatJournal } from './journal-format.ts';
import type { Step } from './step.ts';
import type { ModelImage } from './test-host.ts';
import { IMAGES, modelHost } from './test-images.ts';
import { QUIET, World } from './test-world.ts';

const RESTART: DisruptionAction = { type: 'Restart', restart: { serviceName: 'a.service' } };
const M = 'machineconfiguration.openshift.io';

/** A node that runs `a`, and whose agent has nothing left to do. */
function atA(abilities: Parameters<typeof modelHost>[0] = {}): World {
  const world = new World(modelHost(abilities));
  world.desire(IMAGES.a);
  world.settle();
  assert.equal(world.state, 'Done');
  world.plans = [];
  return world;
}

/** What was done, without what was only remembered; each wait and rest once. */
function kinds(world: World): string {
  return world.plans
    .map(({ step }) => step.kind)
    .filter((kind, index, all) => kind !== 'record' && kind !== all[index - 1])
    .join(' ');
}

function desire(world: World, image: ModelImage, actions?: readonly DisruptionAction[]): void {
  world.plans = [];
  world.desire(image, image.config, actions);
}

function annotation(world: World, key: string): string | undefined {
  return world.annotations[`${M}/${key}`];
}

function statuses(world: World): Readonly<Record<string, string>> {
  return Object.fromEntries((world.status?.conditions ?? []).map(({ type, status }) => [type, status]));
}

test('liveWay() brings a host to an image without a reboot, and nobody drains the node', () => {
  const world = atA();
  const { length } = world.host.boots;
  desire(world, IMAGES.a2, [RESTART]);
  const plan = world.settle();
  assert.equal(kinds(world), 'stage compare apply unlock rest');
  assert.deepEqual([plan.phase, world.state, world.host.boots.length], ['done', 'Done', length]);
  assert.deepEqual([world.host.booted.etc, world.host.services], [IMAGES.a2.digest, IMAGES.a2.digest]);
  assert.deepEqual(
    [annotation(world, 'currentImage'), annotation(world, 'currentConfig')],
    [IMAGES.a2.image, IMAGES.a2.config],
  );
  assert.ok(!world.plans.some(({ drain }) => drain === 'drain'));
  assert.equal(world.host.staged?.locked, false, 'the image takes over at whatever boot comes next');
});

test('liveWay() has the MachineConfigNode say what was done instead of a reboot (contract §5.15)', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  let seen: World['status'];
  for (let turn = 0; turn < 20 && seen === undefined; turn += 1) {
    world.turn();
    if (findCondition(world.status?.conditions, 'UpdatePostActionComplete')?.status === 'True')
      seen = world.status;
  }
  const action = findCondition(seen?.conditions, 'UpdatePostActionComplete');
  assert.equal(action?.reason, 'Restart');
  assert.match(action.message ?? '', /a\.service is restarted/u);
  const { UpdatePrepared, UpdateExecuted, AppliedFilesAndOS, RebootedNode, Updated } = statuses(world);
  assert.deepEqual(
    [UpdatePrepared, UpdateExecuted, AppliedFilesAndOS, RebootedNode, Updated],
    ['True', 'True', 'True', 'False', 'False'],
  );
  world.settle();
  const { Updated: updated, ...rest } = statuses(world);
  assert.equal(updated, 'True');
  assert.ok(Object.values(rest).every((status) => status === 'False'));
});

test('liveWay() drains first where an action says so', () => {
  const world = atA();
  desire(world, IMAGES.a2, [{ type: 'Drain' }, RESTART]);
  world.settle();
  assert.equal(kinds(world), 'stage compare rest apply unlock rest');
  assert.ok(world.plans.some(({ drain }) => drain === 'drain'));
  assert.deepEqual([world.unschedulable, world.state], [false, 'Done']);
});

/** Each of them has the change cost a reboot. */
const REBOOTS: Readonly<Record<string, (world: World) => void>> = {
  'no note': (world) => desire(world, IMAGES.a2),
  'a note about a change from another image': (world) => {
    world.annotations[`${M}/currentImage`] = IMAGES.a3.image;
    desire(world, IMAGES.a2, [RESTART]);
  },
  'a note about a change from another configuration': (world) => {
    world.annotations[`${M}/currentConfig`] = 'rendered-worker-x';
    desire(world, IMAGES.a2, [RESTART]);
  },
  'a note about a change to another image': (world) => {
    desire(world, IMAGES.a3, [RESTART]);
    world.annotations[`${M}/desiredImage`] = IMAGES.a2.image;
  },
  'a note about a change to another configuration': (world) => {
    desire(world, IMAGES.a2, [RESTART]);
    world.annotations[`${M}/desiredConfig`] = 'rendered-worker-x';
  },
  'a note that is damaged': (world) => {
    desire(world, IMAGES.a2, [RESTART]);
    world.annotations['varve.dev/disruption'] = '{';
  },
  'an image that differs in more': (world) => desire(world, IMAGES.b, [RESTART]),
};

for (const [name, ask] of Object.entries(REBOOTS)) {
  test(`liveWay() leads to a reboot on a drained node: ${name}`, () => {
    const world = atA();
    ask(world);
    world.settle();
    assert.ok(!kinds(world).includes('apply'), kinds(world));
    assert.match(kinds(world), /rest unlock reboot rest$/u);
    assert.equal(world.state, 'Done');
  });
}

test('liveWay() is none on a host that cannot lock what it stages', () => {
  const world = atA({ lock: 'none', ahead: 'none' });
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  assert.equal(kinds(world), 'rest stage reboot rest');
});

test('liveWay() goes on from an image that no boot has led to, which stays staged until the next one is', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  desire(world, IMAGES.a3, [RESTART]);
  world.settle();
  assert.equal(kinds(world), 'stage compare apply unlock rest');
  assert.deepEqual(
    [world.host.booted.etc, world.host.booted.image.digest],
    [IMAGES.a3.digest, IMAGES.a.digest],
  );
});

test('liveWay() goes back to what is booted for what the note says', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  desire(world, IMAGES.a, [RESTART]);
  world.settle();
  assert.equal(kinds(world), 'unstage restore rest');
  assert.deepEqual([world.host.booted.etc, world.host.services], [IMAGES.a.digest, IMAGES.a.digest]);
  assert.equal(annotation(world, 'currentImage'), IMAGES.a.image);
});

test('liveWay() reboots into what is booted where nothing says that the way back needs none', () => {
  const world = atA();
  const { length } = world.host.boots;
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  desire(world, IMAGES.a);
  world.settle();
  assert.equal(kinds(world), 'unstage rest restore reboot rest');
  assert.equal(world.host.boots.length, length + 1);
  assert.equal(world.host.services, IMAGES.a.digest);
  assert.equal(world.state, 'Done');
});

test('liveWay() takes back what it wrote before another image boots, so that it hides nothing of it', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  desire(world, IMAGES.c);
  world.settle();
  assert.equal(kinds(world), 'stage rest restore unlock reboot rest');
  assert.deepEqual([world.host.booted.etc, world.host.services], [IMAGES.c.digest, IMAGES.c.digest]);
});

test('wayBack() reboots although what it was to boot instead is asked for ahead of its turn', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  desire(world, IMAGES.c);
  while (world.turn().step.kind !== 'restore') {
    world.serveDrain();
    assert.ok(world.plans.length < 20);
  }
  world.prefetch(IMAGES.c);
  desire(world, IMAGES.a);
  world.settle();
  assert.equal(kinds(world), 'unstage rest reboot rest stage rest');
  assert.deepEqual([world.host.booted.image.digest, world.host.services], [IMAGES.a.digest, IMAGES.a.digest]);
  assert.equal(world.state, 'Done');
});

test('liveWay() takes a half-written /etc back where another image is wanted then', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  while (world.turn().step.kind !== 'compare');
  world.turn({ ...QUIET, fault: 'power-cut-midway' });
  world.turn({ ...QUIET, fault: 'power-cut-midway' });
  assert.equal(world.host.booted.etc, 'mixed');
  // To its rollout it still runs the first image, but what runs with what is not known any more.
  desire(world, IMAGES.a3, [RESTART]);
  world.settle();
  assert.match(kinds(world), /restore unlock reboot rest$/u);
  assert.equal(world.host.booted.etc, IMAGES.a3.digest);
});

test('liveWay() brings a half-written /etc to the image where that is still wanted', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  while (world.turn().step.kind !== 'compare');
  world.turn();
  world.turn({ ...QUIET, fault: 'power-cut-midway' });
  assert.equal(world.host.booted.etc, 'mixed');
  assert.equal(annotation(world, 'currentImage'), IMAGES.a.image, 'it is not said to run what it does not');
  world.plans = [];
  world.settle();
  assert.equal(kinds(world), 'stage apply unlock rest');
  assert.equal(world.host.booted.etc, IMAGES.a2.digest);
});

test('liveWay() says of a failing action that it fails, tries again, and never reboots for it', () => {
  const world = atA();
  const { length } = world.host.boots;
  desire(world, IMAGES.a2, [RESTART]);
  while (world.turn().step.kind !== 'compare');
  for (let turn = 0; turn < 60 && world.state !== 'Degraded'; turn += 1) {
    const { step } = world.turn({ ...QUIET, fault: 'fails' });
    if (step.kind === 'wait') world.now = step.until;
  }
  assert.equal(world.state, 'Degraded');
  assert.equal(world.host.boots.length, length);
  world.settle();
  assert.deepEqual([world.state, world.host.boots.length], ['Done', length]);
});

test('liveWay() goes on with the action that failed, in this boot, and does all again where it was killed meanwhile', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART, { type: 'Special' }]);
  let { step } = decide(world.facts());
  for (let turn = 0; turn < 60 && step.kind !== 'apply'; turn += 1) {
    world.turn();
    ({ step } = decide(world.facts()));
  }
  assert.ok(step.kind === 'apply');
  assert.equal(step.ran, undefined);
  const failed = { result: 'failed', class: 'unknown', message: 'no', ran: [RESTART] } as const;
  const { bootId } = world.host;
  const failedIn = (boot: string): Step => {
    assert.ok(step.kind === 'apply');
    world.journal = formatJournal(afterAct(step.journal, step, failed, boot, world.now));
    const { step: next } = decide(world.facts());
    assert.ok(next.kind === 'wait');
    world.now = next.until;
    return decide(world.facts()).step;
  };
  assert.ok(failedIn('another boot').kind === 'apply');
  const other = decide(world.facts()).step;
  assert.ok(other.kind === 'apply');
  assert.equal(other.ran, undefined);
  const again = failedIn(bootId);
  assert.ok(again.kind === 'apply');
  assert.deepEqual(again.ran, [RESTART]);
  // On disk before it is tried: whoever is killed in the midst of it does not know what was written since.
  world.journal = formatJournal(again.journal);
  const killed = decide(world.facts()).step;
  assert.ok(killed.kind === 'wait' || killed.kind === 'apply');
  if (killed.kind === 'wait') world.now = killed.until;
  const after = decide(world.facts()).step;
  assert.ok(after.kind === 'apply');
  assert.equal(after.ran, undefined);
});

test('liveWay() stages the image again that somebody dropped while it waited for its boot', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  world.host.staged = undefined;
  world.plans = [];
  world.settle();
  assert.equal(kinds(world), 'stage rest');
  const { staged } = world.host.view().status;
  assert.deepEqual([staged?.image?.digest, world.state], [IMAGES.a2.digest, 'Done']);
});

test('liveWay() says that the image cannot boot next, where it will not do any more, and leaves it at that', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  world.host.staged = undefined;
  Object.assign(world.host, { images: world.host.images.filter((one) => one !== IMAGES.a2) });
  const { degraded, phase } = world.settle();
  assert.match(degraded ?? '', /cannot have it boot next: Image has architecture s390x/u);
  assert.equal(phase, 'resuming');
});

test('sweep() puts right what came along into the /etc of an image that somebody else booted', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  world.host.stageByOthers(IMAGES.c);
  world.disturb('reboot');
  assert.equal(world.host.booted.etc, IMAGES.a2.digest, 'ostree takes it for what a person changed');
  world.plans = [];
  while (world.turn().step.kind !== 'sweep') assert.ok(world.plans.length < 20);
  assert.deepEqual([world.host.booted.etc, world.host.services], [IMAGES.c.digest, IMAGES.c.digest]);
});

test('liveWay() forgets what it wrote when the deployment is gone', () => {
  const world = atA();
  desire(world, IMAGES.a2, [RESTART]);
  world.settle();
  world.disturb('reboot');
  world.settle();
  desire(world, IMAGES.b);
  world.settle();
  assert.ok(world.journal?.includes('"live": {}'), world.journal);
});
