import assert from 'node:assert/strict';
import {
  afterAct,
  afterRemedy,
  type AgentHost,
  decide,
  DEFAULT_POLICY,
  type Journal,
  nodeReport,
  nodeWishes,
  type Plan,
} from '../../src/agent/index.ts';

const M = 'machineconfiguration.openshift.io';

/** An agent with a host and a Node that is a value: nobody but the test does anything, and time moves when it is told. */
export class AgentBench {
  readonly annotations: Record<string, string> = {};
  readonly plans: Plan[] = [];
  unschedulable = false;
  now = 1_800_000_000_000;
  journal: Journal | undefined;
  readonly #host: () => AgentHost;
  readonly #reboot: () => Promise<void>;

  /** @param reboot what a reboot of the agent's comes to */
  constructor(host: () => AgentHost, reboot: () => Promise<void>) {
    this.#host = host;
    this.#reboot = reboot;
  }

  /** What was done, without what was only remembered. */
  get kinds(): string {
    return this.plans
      .map(({ step }) => step.kind)
      .filter((kind, index, all) => kind !== 'record' && kind !== all[index - 1])
      .join(' ');
  }

  annotation(name: string): string | undefined {
    return this.annotations[`${M}/${name}`];
  }

  desire(image: string, config: string): void {
    this.annotations[`${M}/desiredConfig`] = config;
    this.annotations[`${M}/desiredImage`] = image;
  }

  /** Does what the agent asked for last (contract §3.9). */
  drain(): void {
    const wish = this.annotation('desiredDrain') ?? '';
    this.unschedulable = wish.startsWith('drain-');
    this.annotations[`${M}/lastAppliedDrain`] = wish;
  }

  async turn(): Promise<Plan> {
    const { signal } = new AbortController();
    const agentHost = this.#host();
    const { annotations, unschedulable, journal, now } = this;
    const node = { metadata: { name: 'n1', annotations }, spec: { unschedulable } };
    const look = await agentHost.look(signal);
    const host = look.state === 'fresh' ? look : { ...look, since: now, count: 1, remedied: false };
    const reading =
      journal === undefined ? ({ state: 'absent' } as const) : ({ state: 'read', journal } as const);
    const facts = { journal: reading, node: nodeWishes(node), host, policy: DEFAULT_POLICY, now };
    const plan = decide(facts);
    this.plans.push(plan);
    for (const [key, value] of Object.entries(nodeReport(node, facts, plan))) {
      if (value === null) delete annotations[key];
      else annotations[key] = value;
    }
    const { step } = plan;
    if ('journal' in step) this.journal = step.journal;
    if (step.kind === 'rest' || step.kind === 'wait' || step.kind === 'record') return plan;
    if (step.kind === 'remedy') {
      await agentHost.remedy(step.remedy, step.dropRollback, signal);
      if (this.journal !== undefined) this.journal = afterRemedy(this.journal);
      return plan;
    }
    const outcome = await agentHost.perform(step, signal);
    assert.ok(this.journal !== undefined && host.state === 'fresh');
    this.journal = afterAct(this.journal, step, outcome, host.view.bootId, now);
    if (step.kind === 'reboot' && outcome.result === 'done') await this.#reboot();
    return plan;
  }

  /** Until the agent rests for the first time: the node waits for its drain, or is done. */
  async rest(): Promise<Plan> {
    for (let turns = 0; turns < 60; turns += 1) {
      const plan = await this.turn();
      if (plan.step.kind === 'wait') this.now = plan.step.until;
      if (plan.step.kind === 'rest') return plan;
    }
    assert.fail(this.kinds);
  }

  /** Until nobody has anything left to do. */
  async settle(): Promise<Plan> {
    for (let rests = 0; rests < 20; rests += 1) {
      const before = JSON.stringify([this.annotations, this.unschedulable]);
      const plan = await this.rest();
      this.drain();
      if (JSON.stringify([this.annotations, this.unschedulable]) === before) return plan;
    }
    assert.fail(this.kinds);
  }
}
