import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from './decide.ts';
import { withAttempt } from './journal.ts';
import { nodeReport, shortened } from './node-report.ts';
import type { Plan } from './situation.ts';
import { IMAGES, modelHost } from './test-images.ts';
import { World } from './test-world.ts';

const M = 'machineconfiguration.openshift.io';
const { a, b } = IMAGES;

function atA(): World {
  const world = new World(modelHost());
  world.desire(a);
  world.settle();
  return world;
}

test('nodeReport() says nothing new of a node where nothing is new', () => {
  const world = atA();
  const facts = world.facts();
  assert.deepEqual(nodeReport(world.node, facts, decide(facts)), {});
});

test('nodeReport() writes again what somebody else took away or changed', () => {
  const world = atA();
  delete world.annotations[`${M}/currentImage`];
  world.annotations[`${M}/state`] = 'Working';
  world.annotations['varve.dev/rollback-image'] = 'x';
  const facts = world.facts();
  assert.deepEqual(nodeReport(world.node, facts, decide(facts)), {
    [`${M}/currentImage`]: a.image,
    [`${M}/state`]: 'Done',
    'varve.dev/rollback-image': IMAGES.base.image,
  });
});

test('nodeReport() asks for the drain with the name of the configuration, and for its end with it too', () => {
  const world = atA();
  world.desire(b);
  world.settle();
  assert.equal(world.annotations[`${M}/desiredDrain`], `uncordon-${b.config}`);
  assert.equal(world.annotations[`${M}/lastAppliedDrain`], `uncordon-${b.config}`);
  assert.equal(world.annotations[`${M}/post-config-action`], undefined);
});

test('nodeReport() says that the node reboots before what is staged is let go, unless whoever drained it has said so', () => {
  const beforeUnlock = (isSaid: boolean): unknown => {
    const world = atA();
    world.desire(b);
    for (;;) {
      const facts = world.facts();
      const plan = decide(facts);
      if (plan.step.kind === 'unlock') return nodeReport(world.node, facts, plan);
      world.turn();
      if (!isSaid) delete world.annotations['varve.dev/staged-image'];
      world.serveDrain();
    }
  };
  assert.deepEqual(beforeUnlock(false), { [`${M}/post-config-action`]: 'Rebooting' });
  assert.deepEqual(beforeUnlock(true), {});
});

test('nodeReport() takes back that the node reboots where it does not, whoever has said so', () => {
  const world = atA();
  world.desire(b);
  world.settle();
  world.annotations[`${M}/post-config-action`] = 'Rebooting';
  const facts = world.facts();
  assert.equal(nodeReport(world.node, facts, decide(facts))[`${M}/post-config-action`], null);
});

test('nodeReport() says what is staged, and takes nothing but a drained node, and no longer than that is so', () => {
  const world = atA();
  const said = (): string | undefined => world.annotations['varve.dev/staged-image'];
  world.prefetch(b);
  world.settle();
  assert.equal(said(), b.image);
  world.annotations[`${M}/controlPlaneTopology`] = 'SingleReplica';
  world.turn();
  assert.equal(said(), undefined, 'nobody drains it');
  delete world.annotations[`${M}/controlPlaneTopology`];
  world.turn();
  assert.equal(said(), b.image);
  world.prefetch(undefined);
  world.desire(b);
  world.turn();
  assert.equal(said(), b.image, 'it has its turn');
  world.settle();
  assert.equal(world.state, 'Done');
  assert.equal(said(), undefined, 'it runs');
});

test('nodeReport() does not say so of an image that was staged without its kernel arguments, nor unlocked', () => {
  const world = atA();
  world.prefetch(b);
  world.settle();
  const facts = world.facts();
  assert.ok(facts.host.state === 'fresh' && facts.host.view.status.staged !== undefined);
  const { view } = facts.host;
  const { staged } = view.status;
  const said = (changed: Partial<typeof view>): unknown => {
    const host = { state: 'fresh', view: { ...view, ...changed } } as const;
    return nodeReport(world.node, { ...facts, host }, decide(facts))['varve.dev/staged-image'];
  };
  assert.equal(said({}), undefined, 'nothing new');
  const missing = { missing: ['a=b'], surplus: [] };
  assert.equal(said({ kernelArguments: { ...view.kernelArguments, staged: missing } }), null);
  assert.ok(staged !== undefined);
  assert.equal(said({ status: { ...view.status, staged: { ...staged, locked: false } } }), null);
  assert.ok(facts.journal.state === 'read');
  const failures = [{ kind: 'unexplained', message: 'it did not boot', at: 0 }] as const;
  const journal = withAttempt(facts.journal.journal, b.digest, { failures });
  const tried = { ...facts, journal: { state: 'read', journal } } as const;
  assert.equal(nodeReport(world.node, tried, decide(tried))['varve.dev/staged-image'], null);
});

test('nodeReport() goes on saying what it said while something is only remembered, or the host is busy', () => {
  const world = atA();
  world.annotations[`${M}/state`] = 'Degraded';
  world.annotations[`${M}/reason`] = 'because';
  const facts = world.facts();
  const plan = decide(facts);
  const record: Plan = {
    ...plan,
    step: {
      kind: 'record',
      reason: '',
      journal: facts.journal.state === 'read' ? facts.journal.journal : assert.fail(),
    },
  };
  assert.deepEqual(nodeReport(world.node, facts, record), {});
  const busy = { ...facts, host: { state: 'busy', reason: 'somebody pulls', since: world.now } as const };
  assert.deepEqual(nodeReport(world.node, busy, decide(busy)), {});
});

test('nodeReport() gives a reason to a person, of 2000 characters at most', () => {
  const world = atA();
  const facts = world.facts();
  const long = `${'x'.repeat(1998)}💾💾`;
  const plan: Plan = { ...decide(facts), degraded: long };
  const changes = nodeReport(world.node, facts, plan);
  assert.deepEqual(changes, { [`${M}/state`]: 'Degraded', [`${M}/reason`]: `${'x'.repeat(1998)}…` });
  assert.equal(shortened('short', 5), 'short');
});
