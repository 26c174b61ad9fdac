import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, type MachineConfigNode } from '../api/index.ts';
import { FakeClock, KubeError } from '../kube/index.ts';
import { decide } from './decide.ts';
import type { AnnotationChanges } from './node-report.ts';
import { NodeReporter } from './node-reporter.ts';
import type { AgentObjects, NodeObject } from './own-objects.ts';
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
  readonly reported: NonNullable<MachineConfigNode['status']>[] = [];
  readonly troubles: unknown[] = [];
  refuses: KubeError | undefined;
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

  report(seen: MachineConfigNode, status: NonNullable<MachineConfigNode['status']>): Promise<void> {
    if (this.refuses !== undefined) return Promise.reject(this.refuses);
    this.reported.push(status);
    this.machineConfigNode = { ...seen, status };
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
  return desk;
}

test('NodeReporter says an update whose phases follow each other fast in three writes of the Node and two of its MachineConfigNode', async () => {
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
      ['state', 'desiredDrain'],
      ['post-config-action'],
      [
        'state',
        'currentConfig',
        'currentImage',
        'rollback-config',
        'rollback-image',
        'desiredDrain',
        'post-config-action',
      ],
    ],
  );
  assert.equal(desk.reported.length, 2);
  assert.equal(desk.condition('Updated')?.status, 'True');
  assert.equal(desk.machineConfigNode.status?.configVersion?.current, b.config);
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

test('NodeReporter puts what waits onto what somebody else wrote meanwhile', async () => {
  const desk = await atA();
  desk.world.desire(b);
  await desk.until('rest');
  const { status } = desk.machineConfigNode;
  const theirs = {
    type: 'Drained',
    status: 'Unknown' as const,
    reason: 'DrainBlocked',
    message: 'A budget is in the way.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'Drained');
  desk.machineConfigNode = {
    ...desk.machineConfigNode,
    status: { ...status, conditions: [...others, theirs] },
  };
  await desk.clock.advance(2000);
  assert.equal(desk.reported.length, 1);
  assert.deepEqual(desk.condition('Drained'), theirs);
  assert.equal(desk.condition('UpdateExecuted')?.status, 'Unknown');
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
