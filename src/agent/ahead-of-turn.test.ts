import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IMAGES, modelHost } from './test-images.ts';
import { World } from './test-world.ts';

const PREFETCHED = 'varve.dev/prefetched-image';

/** A node that runs `a`, and whose agent has nothing left to do. */
function atA(abilities: Parameters<typeof modelHost>[0] = {}): World {
  const world = new World(modelHost(abilities));
  world.desire(IMAGES.a);
  world.settle();
  world.plans = [];
  return world;
}

function kinds(world: World): string {
  return world.plans
    .map(({ step }) => step.kind)
    .filter((kind, index, all) => kind !== 'record' && kind !== all[index - 1])
    .join(' ');
}

test('aheadOfTurn() stages an image and locks it, and the node is as done as before', () => {
  const world = atA();
  world.prefetch(IMAGES.b);
  world.settle();
  assert.equal(kinds(world), 'stage rest');
  assert.deepEqual([world.host.staged?.image.digest, world.host.staged?.locked], [IMAGES.b.digest, true]);
  assert.equal(world.annotations[PREFETCHED], IMAGES.b.image);
  assert.ok(world.plans.every(({ phase }) => phase === 'done'));
  assert.equal(world.state, 'Done');
});

test('aheadOfTurn() never has an image boot: the host stays with its own through a reboot, and has it again', () => {
  const world = atA();
  world.prefetch(IMAGES.b);
  world.settle();
  world.disturb('reboot');
  assert.equal(world.host.booted.image.digest, IMAGES.a.digest);
  world.settle();
  assert.equal(world.host.staged?.image.digest, IMAGES.b.digest);
  world.disturb('power-cut');
  assert.equal(world.host.booted.image.digest, IMAGES.a.digest);
});

test('aheadOfTurn() saves the pull when the image is wanted', () => {
  const world = atA();
  world.prefetch(IMAGES.b);
  world.settle();
  world.plans = [];
  world.desire(IMAGES.b);
  world.settle();
  assert.equal(kinds(world), 'rest unlock reboot rest');
  world.prefetch(undefined);
  world.settle();
  assert.equal(world.annotations[PREFETCHED], undefined);
});

test('aheadOfTurn() drops an image that is no longer asked for, or another one is', () => {
  const world = atA();
  world.prefetch(IMAGES.b);
  world.settle();
  world.prefetch(IMAGES.c);
  world.settle();
  assert.equal(world.host.staged?.image.digest, IMAGES.c.digest);
  assert.equal(world.annotations[PREFETCHED], IMAGES.c.image);
  world.prefetch(undefined);
  world.settle();
  assert.equal(world.host.staged, undefined);
  assert.equal(world.annotations[PREFETCHED], undefined);
});

test('aheadOfTurn() pulls alone where a lock comes after staging, and says it', () => {
  const world = atA({ lock: 'after-staging', ahead: 'fetch' });
  world.prefetch(IMAGES.b);
  world.settle();
  assert.equal(kinds(world), 'fetch rest');
  assert.equal(world.host.staged, undefined);
  assert.equal(world.annotations[PREFETCHED], IMAGES.b.image);
  world.prefetch(undefined);
  world.settle();
  assert.equal(world.annotations[PREFETCHED], undefined);
});

test('aheadOfTurn() does nothing on a host that can neither lock nor pull alone, and says so', () => {
  const world = atA({ lock: 'none', ahead: 'none' });
  world.prefetch(IMAGES.b);
  world.settle();
  assert.equal(kinds(world), 'rest');
  assert.equal(world.annotations[PREFETCHED], 'none');
  assert.equal(world.state, 'Done');
  world.prefetch(undefined);
  world.settle();
  assert.equal(world.annotations[PREFETCHED], undefined);
});

test('aheadOfTurn() gives an image up that will never do, and the node is no worse for it', () => {
  const world = atA();
  world.prefetch(IMAGES.bad);
  world.settle();
  assert.deepEqual([world.state, world.reason, world.annotations[PREFETCHED]], ['Done', undefined, 'none']);
  assert.ok(world.plans.every(({ degraded }) => degraded === undefined));
});

test('aheadOfTurn() leaves a slot alone in which the image waits that the host is like already', () => {
  const world = atA();
  world.desire(IMAGES.a2, IMAGES.a2.config, [{ type: 'None' }]);
  world.settle();
  world.prefetch(IMAGES.b);
  world.settle();
  assert.equal(world.host.staged?.image.digest, IMAGES.a2.digest);
  assert.equal(world.annotations[PREFETCHED], undefined);
});

test('decide() asks for a soft reboot where the Node does and the staged image allows it', () => {
  const world = atA();
  world.annotations['varve.dev/reboot'] = 'Soft';
  world.desire(IMAGES.a2);
  world.settle();
  world.desire(IMAGES.b);
  world.settle();
  const soft = world.plans.flatMap(({ step }) => (step.kind === 'reboot' ? [step.soft] : []));
  assert.deepEqual(soft, [true, false], 'another kernel command line takes a whole one');
});
