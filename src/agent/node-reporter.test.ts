import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, type MachineConfigNode } from '../api/index.ts';
import { FakeClock, KubeError } from '../kube/index.ts';
import { decide } from './decide.ts';
import type { AnnotationChanges } from './node-report.ts';
import { NodeReporter } from './node-reporter.ts';
import type { AgentObjects, NodeObject } from './own-objects.ts';
import type { OthersWords } from './own-machine-config-node.ts';
import type { Plan } from './situation.ts';
import { IMAGES, modelHost } from './test-images.ts';
import { World } from './test-world.ts';

const M = 'machineconfiguration.openshift.io';
const { a, b } = IMAGES;

/** A node that is at A, and an agent's words about it on a clock that moves only when told. */
class Desk implements AgentObjects {
  readonly clock = new FakeClock();
  readonly world = new World(modelHost());
  readonly annotated: AnnotationChanges[] = [];
  /** What was to become of others' words with each report. */
  readonly reported: OthersWords[] = [];
  readonly troubles: unknown[] = [];
  /** Refuses what is written and read. */
  refuses: KubeError | undefined;
  /** What the API server has, if that is not what it answered last. */
  held: MachineConfigNode | undefined;
  /** What somebody writes after the next look. */
  outrun: (() => MachineConfigNode) | undefined;
  /** Reports are answered. */
  isAnswering = true;
  reads = 0;
  /** Of the MachineConfigNode, as answers tell. */
  generation = 1;
  machineConfigNode: MachineConfigNode = {
    apiVersion: API_VERSION,
    kind: 'MachineConfigNode',
    metadata: { name: 'n1', uid: 'm1' },
    spec: { node: { name: 'n1' }, pool: { name: 'worker' }, configVersion: { desired: 'x' } },
  };
  readonly reporter = new NodeReporter({
    objects: this,
    clock: this.clock,
    files: () => undefined,
    onTrouble: (error) => this.troubles.push(error),
  });

  constructor() {
    this.world.desire(a);
    this.world.settle();
  }

  get node(): NodeObject {
    return this.world.node;
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  readNode(): Promise<NodeObject> {
    return Promise.resolve(this.node);
  }

  annotate(_seen: NodeObject, changes: AnnotationChanges): Promise<void> {
    if (this.refuses !== undefined) return Promise.reject(this.refuses);
    this.annotated.push(changes);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete this.world.annotations[key];
      else this.world.annotations[key] = value;
    }
    return Promise.resolve();
  }

  readMachineConfigNode(): Promise<MachineConfigNode | undefined> {
    this.reads += 1;
    if (this.refuses !== undefined) return Promise.reject(this.refuses);
    this.machineConfigNode = this.held ?? this.machineConfigNode;
    this.held = this.outrun?.();
    this.outrun = undefined;
    return Promise.resolve(this.machineConfigNode);
  }

  report(
    seen: MachineConfigNode,
    status: NonNullable<MachineConfigNode['status']>,
    others: OthersWords,
  ): Promise<void> {
    if (this.refuses !== undefined) return Promise.reject(this.refuses);
    const held = this.held ?? this.machineConfigNode;
    if (held.metadata['uid'] !== seen.metadata['uid'])
      return Promise.reject(new KubeError('invalid', 'it is another'));
    if (others === 'refuse' && held !== seen)
      return Promise.reject(new KubeError('conflict', 'it has changed'));
    const written = { ...seen, status };
    if (!this.isAnswering) {
      this.held = written;
      return Promise.reject(new KubeError('timeout', 'nobody answers'));
    }
    this.reported.push(others);
    this.machineConfigNode = { ...written, metadata: { ...written.metadata, generation: this.generation } };
    this.held = undefined;
    return Promise.resolve();
  }

  /** One turn of the agent: it says what it is about to do, and does it. */
  async turn(): Promise<Plan> {
    const facts = this.world.facts();
    const plan = decide(facts);
    await this.reporter.tell(facts, plan, new AbortController().signal);
    this.world.turn();
    return plan;
  }

  async until(kind: Plan['step']['kind']): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) if ((await this.turn()).step.kind === kind) return;
    assert.fail(`it does not come to ${kind}`);
  }

  condition(type: string): { readonly status: string; readonly lastTransitionTime?: string } | undefined {
    return this.machineConfigNode.status?.conditions?.find((found) => found.type === type);
  }
}

/** A desk where all that there is to say of A has been said. */
async function atA(): Promise<Desk> {
  const desk = new Desk();
  desk.world.isSilent = true;
  await desk.until('rest');
  await desk.clock.advance(10_000);
  desk.annotated.length = 0;
  desk.reported.length = 0;
  desk.reads = 0;
  return desk;
}

test('NodeReporter says an update whose phases follow each other fast in two writes of the Node and two of its MachineConfigNode', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  desk.world.serveDrain();
  await desk.until('rest');
  desk.world.serveDrain();
  await desk.until('rest');
  await desk.clock.advance(10_000);
  assert.deepEqual(
    desk.annotated.map((changes) => Object.keys(changes).map((key) => key.split('/')[1])),
    [
      ['state', 'desiredDrain', 'staged-image'],
      [
        'state',
        'currentConfig',
        'currentImage',
        'rollback-config',
        'rollback-image',
        'desiredDrain',
        'staged-image',
        'post-config-action',
      ],
    ],
  );
  assert.equal(desk.reported.length, 2);
  assert.equal(desk.condition('Updated')?.status, 'True');
  assert.equal(desk.machineConfigNode.status?.configVersion?.current, b.config);
});

test('NodeReporter says of a node that was staged ahead, and is drained at once, no more than that it is done', async () => {
  const desk = await atA();
  desk.world.prefetch(b);
  await desk.until('rest');
  assert.deepEqual(desk.annotated, [
    { 'varve.dev/prefetched-image': b.image, 'varve.dev/staged-image': b.image },
  ]);
  await desk.clock.advance(10_000);
  desk.annotated.length = 0;
  desk.world.prefetch(undefined);
  desk.world.desire(b);
  // As whoever has given it its turn asks for it.
  desk.world.annotations[`${M}/desiredDrain`] = `drain-${b.config}`;
  await desk.until('rest');
  assert.deepEqual(desk.annotated, []);
  desk.world.serveDrain();
  await desk.until('rest');
  assert.equal(desk.annotated.length, 1);
  assert.equal(desk.annotated[0]?.[`${M}/desiredDrain`], `uncordon-${b.config}`);
  assert.equal(desk.reported.length, 1, 'it reboots');
});

test('NodeReporter says a word of a drain that takes longer than a second, for which whoever evicts pods waits', async () => {
  const desk = await atA();
  desk.world.prefetch(b);
  await desk.until('rest');
  await desk.clock.advance(10_000);
  desk.annotated.length = 0;
  desk.world.desire(b);
  desk.world.annotations[`${M}/desiredDrain`] = `drain-${b.config}`;
  await desk.until('rest');
  await desk.clock.advance(999);
  assert.deepEqual(desk.annotated, []);
  await desk.clock.advance(1);
  assert.deepEqual(desk.annotated, [{ [`${M}/state`]: 'Working' }]);
});

test('NodeReporter keeps when each phase came, though it writes them together', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  const asked = desk.clock.wall();
  await desk.clock.advance(600);
  desk.world.serveDrain();
  await desk.until('unlock');
  assert.equal(desk.reported.length, 1);
  const time = (type: string): number => Date.parse(desk.condition(type)?.lastTransitionTime ?? '');
  const second = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000;
  assert.equal(second(time('UpdatePrepared')), second(asked));
  assert.equal(desk.condition('Drained')?.status, 'True');
  assert.equal(desk.condition('RebootedNode')?.status, 'Unknown');
});

test('NodeReporter says after two seconds what nothing has followed', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  assert.equal(desk.reported.length, 0);
  await desk.clock.advance(1999);
  assert.equal(desk.reported.length, 0);
  await desk.clock.advance(1);
  assert.equal(desk.reported.length, 1);
  assert.equal(desk.condition('Drained')?.status, 'Unknown');
  await desk.clock.advance(60_000);
  assert.equal(desk.reported.length, 1);
  assert.equal(desk.clock.pending, 0);
});

test('NodeReporter says after two seconds that an image is being staged, which may take long', async () => {
  const desk = await atA();
  desk.world.desire(b);
  const facts = desk.world.facts();
  const plan = decide(facts);
  assert.equal(plan.step.kind, 'stage');
  await desk.reporter.tell(facts, plan, new AbortController().signal);
  assert.deepEqual(desk.annotated, []);
  await desk.clock.advance(2000);
  assert.deepEqual(desk.annotated, [{ [`${M}/state`]: 'Working' }]);
  assert.equal(desk.condition('UpdatePrepared')?.status, 'Unknown');
});

test('NodeReporter says at once why a person has to look', async () => {
  const desk = await atA();
  desk.world.desire(b);
  const facts = desk.world.facts();
  const plan: Plan = { step: { kind: 'rest', reason: 'No.' }, phase: 'preparing', degraded: 'No.' };
  await desk.reporter.tell(facts, plan, new AbortController().signal);
  assert.equal(desk.world.reason, 'No.');
  assert.equal(desk.condition('NodeDegraded')?.status, 'True');
});

/** What whoever drains the node says of what is in the way. */
function blocked({ machineConfigNode }: Desk): MachineConfigNode {
  const { status } = machineConfigNode;
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'Drained');
  return { ...machineConfigNode, status: { ...status, conditions: [...others, BLOCKED] } };
}

const BLOCKED = {
  type: 'Drained',
  status: 'Unknown' as const,
  reason: 'DrainBlocked',
  message: 'A budget is in the way.',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

test('NodeReporter puts what waits onto what somebody else wrote meanwhile, which it has not heard of', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  desk.held = blocked(desk);
  await desk.clock.advance(2000);
  assert.deepEqual(desk.reported, ['refuse']);
  assert.equal(desk.reads, 1);
  assert.deepEqual(desk.condition('Drained'), BLOCKED);
  assert.equal(desk.condition('UpdateExecuted')?.status, 'Unknown');
});

test('NodeReporter reads again what somebody else wrote between its look and its word', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  desk.outrun = () => blocked(desk);
  await desk.clock.advance(2000);
  assert.deepEqual(desk.reported, ['refuse']);
  assert.equal(desk.reads, 2);
  assert.deepEqual(desk.troubles, []);
  assert.deepEqual(desk.condition('Drained'), BLOCKED);
});

test('NodeReporter does not look before it says that the node reboots and that it is updated', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  // The words about a drain that is over by then.
  desk.held = blocked(desk);
  desk.world.serveDrain();
  await desk.until('rest');
  assert.equal(desk.condition('Drained')?.status, 'True');
  desk.world.serveDrain();
  await desk.until('rest');
  await desk.clock.advance(10_000);
  assert.deepEqual(desk.reported, ['replace', 'replace']);
  assert.equal(desk.reads, 0);
  assert.equal(desk.condition('Drained')?.status, 'False');
});

test('NodeReporter says which generation its words are about, two seconds later where it hears of that with the answer', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  desk.world.serveDrain();
  desk.generation = 2;
  await desk.until('rest');
  desk.generation = 3;
  desk.world.serveDrain();
  await desk.until('rest');
  assert.equal(desk.reported.length, 2);
  assert.equal(desk.machineConfigNode.status?.observedGeneration, 2);
  await desk.clock.advance(2000);
  assert.equal(desk.reported.length, 3);
  assert.equal(desk.machineConfigNode.status?.observedGeneration, 3);
  await desk.clock.advance(600_000);
  assert.equal(desk.reported.length, 3);
  assert.equal(desk.clock.pending, 0);
});

test('NodeReporter fills a MachineConfigNode that took the place of the one that it knew', async () => {
  const desk = await atA();
  const { status: _, ...rest } = desk.machineConfigNode;
  desk.held = { ...rest, metadata: { name: 'n1', uid: 'm2' } };
  desk.world.desire(b);
  await desk.until('rest');
  desk.world.serveDrain();
  await desk.until('unlock');
  assert.deepEqual(desk.reported, ['refuse']);
  assert.deepEqual(desk.troubles, []);
  assert.equal(desk.machineConfigNode.metadata['uid'], 'm2');
  assert.equal(desk.condition('RebootedNode')?.status, 'Unknown');
});

test('NodeReporter looks at what became of a report that was not answered, even when there is nothing new to say', async () => {
  const desk = await atA();
  const before = desk.machineConfigNode;
  desk.world.desire(b);
  await desk.until('rest');
  desk.world.serveDrain();
  desk.isAnswering = false;
  await desk.until('unlock');
  assert.equal(desk.held?.status?.conditions?.find(({ type }) => type === 'RebootedNode')?.status, 'Unknown');
  // It is wanted no longer, and what was answered last is what there would be to say.
  desk.isAnswering = true;
  assert.equal(desk.machineConfigNode, before);
  desk.world.desire(a);
  await desk.until('rest');
  desk.world.serveDrain();
  await desk.until('rest');
  await desk.clock.advance(20_000);
  assert.equal(desk.condition('RebootedNode')?.status, 'False');
  assert.equal(desk.condition('Updated')?.status, 'True');
  assert.equal(desk.held, undefined);
});

test('NodeReporter says again what the API server was not there for', async () => {
  const desk = await atA();
  desk.world.desire(b);
  desk.refuses = new KubeError('unavailable', 'nobody is there');
  await desk.turn();
  await desk.clock.advance(2000);
  assert.equal(desk.troubles.length, 1);
  desk.refuses = undefined;
  await desk.clock.advance(5000);
  assert.equal(desk.annotated.length, 1);
  assert.equal(desk.reported.length, 1);
});

test('NodeReporter says nothing after it was closed', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.turn();
  desk.reporter.close();
  await desk.clock.advance(60_000);
  assert.deepEqual(desk.annotated, []);
  assert.equal(desk.clock.pending, 0);
});
