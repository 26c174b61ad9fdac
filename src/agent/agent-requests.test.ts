import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { MachineConfigNode } from '../api/index.ts';
import type { AgentHost, HostLook } from './agent-host.ts';
import { DEFAULT_POLICY } from './agent-policy.ts';
import { Agent } from './agent.ts';
import type { ActOutcome } from './attempt-step.ts';
import type { JournalReading } from './journal-format.ts';
import { OwnObjects } from './own-objects.ts';
import type { Act } from './step.ts';
import { TestApi, TestStore } from './test-api.ts';
import type { ModelHost, ModelImage } from './test-host.ts';
import { IMAGES, modelHost } from './test-images.ts';

const M = 'machineconfiguration.openshift.io';
const { a, b } = IMAGES;

/** A node of the model with its agent, on a clock that moves only when told; each boot begins a new agent. */
class BootedNode implements AgentHost {
  readonly api = new TestApi();
  readonly store = new TestStore();
  readonly troubles: string[] = [];
  readonly #model: ModelHost = modelHost();
  #journal: JournalReading = { state: 'absent' };
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  /** When the old agent has said all that it has to say. */
  beforeBoot: () => void = () => {};
  /** What was asked before the last boot. */
  requestsBefore: readonly string[] = [];

  constructor(t: TestContext) {
    this.api.make('m1');
    this.api.name('m1');
    t.after(async () => {
      this.#running?.stop.abort();
      await this.#running?.ended;
    });
  }

  start(): void {
    const stop = new AbortController();
    const { client, clock } = this.api;
    const report = (error: unknown): number => this.troubles.push(String(error));
    const agent = new Agent({
      objects: new OwnObjects({ client, node: 'n1', store: this.store, report }),
      host: this,
      journal: {
        read: () => Promise.resolve(this.#journal),
        write: (journal) => {
          this.#journal = { state: 'read', journal };
          return Promise.resolve();
        },
      },
      policy: DEFAULT_POLICY,
      clock,
      onTrouble: (doing, error) => this.troubles.push(`${doing}: ${String(error)}`),
    });
    this.#running = { stop, ended: agent.run(stop.signal) };
  }

  look(): Promise<HostLook> {
    return Promise.resolve({ state: 'fresh', view: this.#model.view() });
  }

  perform(act: Act, signal: AbortSignal): Promise<ActOutcome> {
    const end = this.#model.act(act, 'none');
    if (end.result !== 'dead') return Promise.resolve(end);
    const { stop, ended } = this.#running ?? {};
    this.beforeBoot();
    this.requestsBefore = this.api.requests;
    this.api.requests = [];
    setImmediate(() => stop?.abort());
    void ended?.then(() => this.start());
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  remedy(): Promise<void> {
    return Promise.resolve();
  }

  annotation(key: string): string | undefined {
    return this.api.node.metadata.annotations?.[`${M}/${key}`];
  }

  /** What the agent asked for is done (contract §3.9), if it is not what is held up. */
  #serve(heldUp: string | undefined): void {
    const wish = this.annotation('desiredDrain');
    if (wish === undefined || wish === this.annotation('lastAppliedDrain')) return;
    if (heldUp !== undefined && wish.startsWith(heldUp)) return;
    const unschedulable = wish.startsWith('drain-') ? true : null;
    this.api.merge('nodes', {
      metadata: { annotations: { [`${M}/lastAppliedDrain`]: wish } },
      spec: { unschedulable },
    });
  }

  /** Lets so many seconds pass. */
  async pass(seconds: number, heldUp?: 'drain-' | 'uncordon-'): Promise<void> {
    for (let tenth = 0; tenth < 10 * seconds; tenth += 1) {
      await this.api.clock.advance(100);
      this.#serve(heldUp);
    }
  }

  desire({ config, image }: ModelImage): void {
    this.api.annotate({ [`${M}/desiredConfig`]: config ?? null, [`${M}/desiredImage`]: image });
  }

  isAt({ config, image }: ModelImage): boolean {
    return (
      this.annotation('state') === 'Done' &&
      this.annotation('currentImage') === image &&
      this.api.machineConfigNode.status?.configVersion?.current === config &&
      this.api.condition('Updated')?.status === 'True'
    );
  }
}

/** A node that has been at A for a while. */
async function atA(t: TestContext): Promise<BootedNode> {
  const node = new BootedNode(t);
  node.desire(a);
  node.start();
  await node.pass(20);
  assert.ok(node.isAt(a));
  node.api.requests = [];
  return node;
}

function aboutMachineConfigNode(requests: readonly string[]): readonly string[] {
  return requests.filter((request) => request.includes('machineconfignodes'));
}

test('Agent says after a reboot that its node is updated without having asked how its MachineConfigNode is', async (t) => {
  const node = await atA(t);
  node.desire(b);
  await node.pass(20);
  assert.ok(node.isAt(b));
  assert.deepEqual(aboutMachineConfigNode(node.requestsBefore), ['patch machineconfignodes/status']);
  const after = node.api.requests;
  assert.deepEqual(aboutMachineConfigNode(after), ['patch machineconfignodes/status']);
  assert.deepEqual(
    after.filter((request) => !request.startsWith('patch')),
    ['watch nodes'],
  );
  const left = node.api.machineConfigNode.status?.conditions?.filter(({ status }) => status !== 'False');
  assert.deepEqual(
    left?.map(({ type }) => type),
    ['Updated'],
  );
  assert.match(node.api.condition('RebootedNode')?.message ?? '', /^Action during update to/);
  assert.deepEqual(node.troubles, []);
});

test('Agent asks nothing in rest', async (t) => {
  const node = await atA(t);
  await node.api.clock.advance(3_600_000);
  assert.deepEqual(node.api.requests, []);
});

test('Agent leaves the words of whoever drains its node, while it tells how far it is', async (t) => {
  const node = await atA(t);
  node.desire(b);
  await node.pass(1, 'drain-');
  const before = node.api.machineConfigNode.status?.conditions ?? [];
  const blocked = {
    type: 'Drained',
    status: 'Unknown',
    reason: 'DrainBlocked',
    message: 'A budget is in the way.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  } as const;
  const conditions = [...before.filter(({ type }) => type !== 'Drained'), blocked];
  node.api.merge('machineconfignodes', { status: { conditions } });
  await node.pass(60, 'drain-');
  assert.equal(node.api.condition('UpdateExecuted')?.status, 'Unknown');
  assert.deepEqual(node.api.condition('Drained'), blocked);
  assert.deepEqual(aboutMachineConfigNode(node.api.requests), [
    'get machineconfignodes',
    'patch machineconfignodes/status',
  ]);
  await node.pass(20);
  assert.ok(node.isAt(b));
  assert.equal(node.api.condition('Drained')?.status, 'False');
  assert.deepEqual(node.troubles, []);
});

test('Agent fills a MachineConfigNode that was deleted and made again, and a new one of an older controller', async (t) => {
  const node = await atA(t);
  const said = (): readonly string[] | undefined =>
    node.api.machineConfigNode.status?.conditions?.map(({ type, status }) => `${type} ${status}`).toSorted();
  const before = said();
  node.api.make('m2');
  node.api.name('m2');
  await node.pass(1);
  assert.deepEqual(said(), before);
  assert.deepEqual(aboutMachineConfigNode(node.api.requests), [
    'get machineconfignodes',
    'patch machineconfignodes/status',
  ]);
  // Nobody says that there is a new one: it is found out with the next report.
  node.api.make('m3');
  node.api.name(null);
  node.desire(b);
  await node.pass(20);
  assert.ok(node.isAt(b));
  assert.deepEqual(node.troubles, []);
});

for (const [what, spoil] of [
  ['lost', () => undefined],
  ['of another', (kept) => kept && { ...kept, metadata: { ...kept.metadata, uid: 'm0' } }],
] as const satisfies readonly (readonly [
  string,
  (kept: MachineConfigNode | undefined) => MachineConfigNode | undefined,
])[]) {
  test(`Agent reads its MachineConfigNode once after a boot when what was kept of it is ${what}`, async (t) => {
    const node = await atA(t);
    node.beforeBoot = () => (node.store.kept = spoil(node.store.kept));
    node.desire(b);
    await node.pass(20);
    assert.ok(node.isAt(b));
    assert.deepEqual(aboutMachineConfigNode(node.api.requests), [
      'get machineconfignodes',
      'patch machineconfignodes/status',
    ]);
    assert.match(node.api.condition('RebootedNode')?.message ?? '', /^Action during update to/);
  });
}
