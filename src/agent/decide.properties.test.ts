import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DisruptionAction } from '../machineconfig/index.ts';
import { isAsWanted } from './host-view.ts';
import type { Fault } from './test-host.ts';
import { IMAGES, modelHost } from './test-images.ts';
import { QUIET, type Turn, World } from './test-world.ts';

type Name = keyof typeof IMAGES;

type Event =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | {
      readonly kind: 'desire';
      readonly image: Name;
      readonly actions: readonly DisruptionAction[] | undefined;
    }
  | { readonly kind: 'prefetch'; readonly image: Name | undefined }
  | { readonly kind: 'soft'; readonly soft: boolean }
  | { readonly kind: 'drain' | 'uncordon' | 'reboot' | 'power-cut' | 'retry' }
  | { readonly kind: 'finalize'; readonly how: 'fails' | 'fails-silently' }
  | { readonly kind: 'foreign'; readonly image: 'a' | 'b' | 'c' }
  | { readonly kind: 'time'; readonly seconds: number };

/** Of each property; more are run when the rules change. */
const RUNS = Number(process.env['VARVE_TEST_RUNS'] ?? 1000);

const FAULTS: readonly Fault[] = [
  'none',
  'fails',
  'fails-after',
  'lies',
  'hangs',
  'killed-before',
  'killed-after',
  'power-cut-before',
  'power-cut-after',
  'killed-midway',
  'power-cut-midway',
];

const RESTART: DisruptionAction = { type: 'Restart', restart: { serviceName: 'a.service' } };

/** What a change costs by the policy; undefined: a reboot. */
const costs = fc.constantFrom<readonly DisruptionAction[] | undefined>(
  undefined,
  [{ type: 'None' }],
  [RESTART],
  [{ type: 'Drain' }, RESTART],
);

const turn: fc.Arbitrary<Turn> = fc.record({
  fault: fc.oneof(
    { weight: 5, arbitrary: fc.constant('none' as const) },
    { weight: 4, arbitrary: fc.constantFrom(...FAULTS) },
  ),
  status: fc.constantFrom('fresh', 'fresh', 'fresh', 'fresh', 'busy', 'failed'),
  killed: fc.constantFrom('never', 'never', 'never', 'before-report', 'before-journal', 'before-note'),
});

const quietTurn: fc.Arbitrary<Event> = fc.constant({ kind: 'turn', turn: QUIET });

/** `foreign` brings somebody who stages images beside the agent. */
function events(names: readonly Name[], foreign: boolean): fc.Arbitrary<Event[]> {
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: quietTurn },
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('turn' as const), turn }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('desire' as const),
          image: fc.constantFrom(...names),
          actions: costs,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('prefetch' as const),
          image: fc.constantFrom(undefined, ...names.filter((name) => name !== 'base')),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('soft' as const), soft: fc.boolean() }),
      },
      { weight: 5, arbitrary: fc.constant({ kind: 'drain' } as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          { kind: 'reboot' } as const,
          { kind: 'power-cut' } as const,
          { kind: 'retry' } as const,
          { kind: 'uncordon' } as const,
        ),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('finalize' as const),
          how: fc.constantFrom('fails' as const, 'fails-silently' as const),
        }),
      },
      {
        weight: foreign ? 1 : 0,
        arbitrary: fc.record({
          kind: fc.constant('foreign' as const),
          image: fc.constantFrom('a' as const, 'b' as const, 'c' as const),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('time' as const), seconds: fc.constantFrom(5, 60, 900) }),
      },
    ),
    { minLength: 5, maxLength: 90 },
  );
}

function happen(world: World, event: Event): void {
  switch (event.kind) {
    case 'turn':
      world.turn(event.turn);
      break;
    case 'desire':
      world.desire(
        event.image === 'base' ? undefined : IMAGES[event.image],
        event.image === 'base' ? undefined : IMAGES[event.image].config,
        event.actions,
      );
      break;
    case 'prefetch':
      world.prefetch(event.image && IMAGES[event.image]);
      break;
    case 'soft':
      world.annotations['varve.dev/reboot'] = event.soft ? 'Soft' : '';
      break;
    case 'drain':
      world.serveDrain();
      break;
    case 'uncordon':
      world.unschedulable = false;
      break;
    case 'reboot':
    case 'power-cut':
      world.disturb(event.kind);
      break;
    case 'retry':
      world.retry(`retry-${world.now}`);
      break;
    case 'finalize':
      world.host.finalizes = event.how;
      break;
    case 'foreign':
      world.host.stageByOthers(IMAGES[event.image]);
      break;
    case 'time':
      world.now += event.seconds * 1000;
  }
}

/** The node runs the image with its arguments, says so, serves again, and nobody has anything left to write. */
function assertArrived(world: World, name: Name): void {
  const image = IMAGES[name];
  const { booted, staged } = world.host.view().status;
  const tail = JSON.stringify([world.plans.at(-1), world.annotations], undefined, 1);
  const { host } = world;
  // All that is configured is the image's, whichever is booted; and the next boot leads to it.
  assert.deepEqual([host.booted.etc, host.services], [image.digest, image.digest], tail);
  const next = host.staged?.locked === false ? host.staged.image : host.booted.image;
  assert.equal(next.digest, image.digest, tail);
  assert.ok(isAsWanted(world.host.view().kernelArguments.booted), tail);
  const ahead = world.annotations['varve.dev/prefetch-image'];
  const isAhead = staged?.locked === true && staged.image?.reference.name === ahead;
  assert.ok(staged === undefined || next === host.staged?.image || isAhead, tail);
  if (isAhead) assert.equal(world.annotations['varve.dev/prefetched-image'], ahead, tail);
  assert.ok(booted);
  assert.equal(world.state, 'Done', tail);
  assert.equal(world.unschedulable, false, tail);
  const annotation = (key: string): string | undefined =>
    world.annotations[`machineconfiguration.openshift.io/${key}`];
  assert.equal(annotation('currentConfig'), annotation('desiredConfig'), tail);
  assert.equal(annotation('currentImage'), annotation('desiredImage'), tail);
  const on = world.status?.conditions?.filter(({ status }) => status !== 'False').map(({ type }) => type);
  assert.deepEqual(on, ['Updated'], tail);
  assert.equal(world.status?.configVersion?.current, annotation('desiredConfig'), tail);
  assert.equal(world.status?.configVersion?.desired, annotation('desiredConfig'), tail);
  const { apiWrites, journalWrites } = world;
  for (let more = 0; more < 3; more += 1) {
    world.now += 60_000;
    world.turn();
  }
  assert.deepEqual(
    [world.apiWrites, world.journalWrites],
    [apiWrites, journalWrites],
    'nothing is written at rest',
  );
}

const host = fc
  .record({
    lock: fc.constantFrom('with-staging' as const, 'after-staging' as const, 'none' as const),
    fetch: fc.boolean(),
    ownArguments: fc.boolean(),
  })
  .map(({ lock, fetch, ownArguments }) => {
    const ahead = lock === 'with-staging' ? 'stage' : fetch ? 'fetch' : 'none';
    return { lock, fetch, ownArguments, ahead } as const;
  });

test('decide() brings every host to the image that is wanted when failures end, whatever happened before', () => {
  fc.assert(
    fc.property(
      host,
      events(['base', 'a', 'a2', 'a3', 'b', 'c'], false),
      fc.constantFrom('a', 'a2', 'b', 'c', 'base'),
      costs,
      (kind, list, last, actions) => {
        const world = new World(modelHost(kind, kind.ownArguments));
        world.desire(IMAGES.a);
        for (const event of list) happen(world, event);
        world.host.finalizes = 'well';
        const image = last === 'base' ? undefined : IMAGES[last as Name];
        world.desire(image, image?.config, actions);
        // What was given up in the turmoil is tried again when a person says so.
        if (world.settle().degraded !== undefined) {
          world.retry('again');
          world.settle();
        }
        assertArrived(world, last);
      },
    ),
    { numRuns: RUNS },
  );
});

test('decide() brings a host from image to image without a reboot where the policy allows it, through all that can happen', () => {
  fc.assert(
    fc.property(
      host,
      events(['a', 'a2', 'a3'], false),
      fc.constantFrom('a' as const, 'a2' as const, 'a3' as const),
      costs,
      (kind, list, last, actions) => {
        const world = new World(modelHost(kind, kind.ownArguments));
        world.desire(IMAGES.a);
        world.settle();
        assertArrived(world, 'a');
        for (const event of list) happen(world, event);
        world.host.finalizes = 'well';
        world.desire(IMAGES[last], IMAGES[last].config, actions);
        if (world.settle().degraded !== undefined) {
          world.retry('again');
          world.settle();
        }
        assertArrived(world, last);
        // What was brought about without a reboot is no surprise at the next one, nor at a power cut.
        const isLive = world.host.booted.image !== IMAGES[last];
        world.disturb('power-cut');
        const { length } = world.plans;
        world.settle();
        assertArrived(world, last);
        const reboots = world.plans.slice(length).filter(({ step }) => step.kind === 'reboot');
        // Where staging leaves a moment in which a reboot would boot it, and pulling does not, only a drained node stages: such a host
        // has an image staged without a drain because somebody uncordoned it meanwhile, and does not stage it again like that.
        const stagesDrained = kind.lock === 'after-staging' && kind.fetch;
        assert.ok(
          !isLive || stagesDrained || reboots.length === 0,
          'what needed no reboot needs none after a power cut',
        );
        world.disturb('reboot');
        world.settle();
        assertArrived(world, last);
      },
    ),
    { numRuns: RUNS },
  );
});

test('decide() stays with an image that runs when the wanted one never will, and says so', () => {
  fc.assert(
    fc.property(
      host,
      events(['a', 'a2', 'b', 'fallsBack', 'conflict', 'bad'], true),
      fc.constantFrom('fallsBack' as const, 'conflict' as const, 'bad' as const),
      (kind, list, last) => {
        const world = new World(modelHost(kind, kind.ownArguments));
        world.desire(IMAGES.a);
        for (const event of list) happen(world, event);
        world.desire(IMAGES[last]);
        const plan = world.settle();
        assert.notEqual(plan.degraded, undefined);
        assert.equal(world.state, 'Degraded');
        assert.equal(world.host.booted.image.behaviour, 'boots');
        assert.equal(world.host.staged, undefined, 'nothing is left that would boot');
        world.desire(IMAGES.c);
        if (world.settle().degraded !== undefined) {
          world.retry('again');
          world.settle();
        }
        assertArrived(world, 'c');
      },
    ),
    { numRuns: RUNS },
  );
});

test('decide() never lets what somebody else stages stay, and goes on from whatever they booted when told', () => {
  fc.assert(
    fc.property(host, events(['base', 'a', 'a2', 'a3', 'b'], true), (kind, list) => {
      const world = new World(modelHost(kind, kind.ownArguments));
      world.desire(IMAGES.a);
      for (const event of list) happen(world, event);
      world.host.finalizes = 'well';
      world.desire(IMAGES.b);
      if (world.settle().degraded !== undefined) {
        world.retry('again');
        world.settle();
      }
      assertArrived(world, 'b');
    }),
    { numRuns: RUNS },
  );
});
