import assert from 'node:assert/strict';
import {
  AGENT_ANNOTATIONS,
  API_VERSION,
  CURRENT_CONFIG_ANNOTATION,
  type MachineConfigNode,
} from '../api/index.ts';
import { isImage } from '../host/index.ts';
import { type AgentPolicy, DEFAULT_POLICY } from './agent-policy.ts';
import { type ActOutcome, afterAct, afterRemedy } from './attempt-step.ts';
import { decide } from './decide.ts';
import { type HostReading, isAsWanted } from './host-view.ts';
import { formatJournal, type JournalReading, parseJournal } from './journal-format.ts';
import type { Journal } from './journal.ts';
import { machineConfigNodeReport } from './machine-config-node-report.ts';
import { nodeReport } from './node-report.ts';
import { type AgentNode, isDrained, nodeWishes } from './node-wishes.ts';
import { type DisruptionAction, formatDisruptionNote } from '../machineconfig/index.ts';
import type { AgentFacts, Plan } from './situation.ts';
import type { Step } from './step.ts';
import type { Fault, ModelHost, ModelImage } from './test-host.ts';

const M = 'machineconfiguration.openshift.io';

/** When an agent is killed in one turn, counted in what it does to anything outside itself. */
export interface Turn {
  readonly fault: Fault;
  /** What looking at the host gives. */
  readonly status: 'fresh' | 'busy' | 'failed';
  /** Killed before it writes to the API, or before it writes its journal; or not. */
  readonly killed: 'never' | 'before-report' | 'before-journal' | 'before-note';
}

export const QUIET: Turn = { fault: 'none', status: 'fresh', killed: 'never' };

/** A Node, its agent, its host and whoever drains it, with a clock that only moves when told. */
export class World {
  readonly host: ModelHost;
  readonly policy: AgentPolicy;
  now = 1_700_000_000_000;
  annotations: Record<string, string> = {};
  unschedulable = false;
  journal: string | undefined;
  /** What the MachineConfigNode says. */
  status: MachineConfigNode['status'];
  apiWrites = 0;
  journalWrites = 0;
  plans: Plan[] = [];
  /** Somebody else says what the agent has to say. */
  isSilent = false;
  /** Reboots of the agent's into an image, since it last ran or a person asked to try again. */
  readonly reboots = new Map<string, number>();
  #released: string | undefined;

  constructor(host: ModelHost, policy: Partial<AgentPolicy> = {}) {
    this.host = host;
    this.policy = { ...DEFAULT_POLICY, ...policy };
  }

  get node(): AgentNode {
    return {
      metadata: { name: 'n1', annotations: this.annotations },
      spec: { unschedulable: this.unschedulable },
    };
  }

  get state(): string | undefined {
    return this.annotations[`${M}/state`];
  }

  get reason(): string | undefined {
    return this.annotations[`${M}/reason`];
  }

  /** @param actions what the change costs, as a rollout that knows what the Node says would have it; absent: it does not say */
  desire(image: ModelImage | undefined, config = image?.config, actions?: readonly DisruptionAction[]): void {
    this.#note(image, config, actions);
    this.annotations[`${M}/desiredConfig`] = config ?? 'rendered-plain';
    if (image === undefined) delete this.annotations[`${M}/desiredImage`];
    else this.annotations[`${M}/desiredImage`] = image.image;
  }

  #note(
    image: ModelImage | undefined,
    config: string | undefined,
    actions: readonly DisruptionAction[] | undefined,
  ): void {
    const from = {
      config: this.annotations[`${M}/currentConfig`],
      image: this.annotations[`${M}/currentImage`],
    };
    delete this.annotations['varve.dev/disruption'];
    if (actions === undefined || image === undefined || config === undefined) return;
    if (from.config === undefined || from.image === undefined) return;
    const text = formatDisruptionNote({
      from: { config: from.config, image: from.image },
      to: { config, image: image.image },
      actions,
      items: ['/etc/live.conf'],
    });
    if (text !== undefined) this.annotations['varve.dev/disruption'] = text;
  }

  /** Has an image brought to the host ahead of its turn; or no longer. */
  prefetch(image: ModelImage | undefined): void {
    if (image === undefined) delete this.annotations['varve.dev/prefetch-image'];
    else this.annotations['varve.dev/prefetch-image'] = image.image;
  }

  retry(token: string): void {
    this.annotations['varve.dev/retry'] = token;
    this.reboots.clear();
  }

  /** Does what the agent asks for, in the order of contract §3.9. */
  serveDrain(): void {
    const wish = this.annotations[`${M}/desiredDrain`];
    const isDrain = wish?.startsWith('drain-') === true;
    if (
      wish === undefined ||
      (this.annotations[`${M}/lastAppliedDrain`] === wish && this.unschedulable === isDrain)
    )
      return;
    this.unschedulable = isDrain;
    this.annotations[`${M}/lastAppliedDrain`] = wish;
    if (!isDrain || !this.#isReady()) return;
    this.annotations[`${M}/post-config-action`] = 'Rebooting';
    if (this.state === 'Done') this.annotations[`${M}/state`] = 'Working';
  }

  /** Whoever drains a node whose agent has said that it is ready says for it that it reboots. */
  #isReady(): boolean {
    const staged = this.annotations['varve.dev/staged-image'];
    const { disruption } = nodeWishes(this.node);
    return (
      staged !== undefined &&
      staged === this.annotations[`${M}/desiredImage`] &&
      staged !== this.annotations[`${M}/currentImage`] &&
      disruption === undefined
    );
  }

  /** What looking at the host gives in place of what a turn says: how long it was so is for the world to tell. */
  unseen: Exclude<HostReading, { readonly state: 'fresh' }> | undefined;

  facts(status: Turn['status'] = 'fresh'): AgentFacts {
    const journal: JournalReading =
      this.journal === undefined ? { state: 'absent' } : parseJournal(this.journal);
    const host: HostReading =
      this.unseen ??
      (status === 'busy'
        ? { state: 'busy', reason: 'somebody pulls', since: this.now }
        : status === 'failed'
          ? { state: 'failed', failure: { ...UNREADABLE }, since: this.now, count: 1, remedied: false }
          : { state: 'fresh', view: this.host.view() });
    return { journal, node: nodeWishes(this.node), host, policy: this.policy, now: this.now };
  }

  /** One turn of an agent that has just started: it knows nothing but what is there. */
  turn({ fault, status, killed }: Turn = QUIET): Plan {
    const facts = this.facts(status);
    const plan = decide(facts);
    assert.deepEqual(decide(facts), plan, 'the same facts give the same step');
    this.plans.push(plan);
    const { node } = facts;
    const permitted = !this.policy.drain || node.alone || isDrained(node, node.desiredConfig ?? '');
    if (plan.step.kind === 'rest') this.#judgeRest(facts, permitted);
    if (killed === 'before-report') return plan;
    if (!this.isSilent) this.#report(facts, plan);
    const { step } = plan;
    if (step.kind !== 'remedy' && 'journal' in step) {
      if (killed === 'before-journal') return plan;
      this.#write(step.journal);
    }
    switch (step.kind) {
      case 'rest':
      case 'wait':
      case 'record':
        return plan;
      case 'remedy':
        if (facts.journal.state === 'read') this.#write(afterRemedy(step.journal ?? facts.journal.journal));
        return plan;
      case 'reboot':
        this.#judgeReboot(facts);
        break;
      default:
    }
    if (step.kind === 'unlock' || (step.kind === 'stage' && !step.locked)) {
      const isLike = this.#isLike(step.digest);
      assert.ok(
        permitted || isLike,
        `${step.digest} is let go and the node is not drained:\n${this.#tail()}`,
      );
      this.#released = step.digest;
    }
    if (step.kind === 'apply') this.#judgeApply(facts, step, permitted);
    const { bootId, boots } = this.host;
    const before = boots.length;
    const end = this.host.act(step, fault);
    this.judgeBoots(before);
    if (end.result === 'dead' || killed === 'before-note') return plan;
    const outcome: ActOutcome = end;
    const journal = 'journal' in step ? step.journal : journalOf(facts);
    this.#write(afterAct(journal, step, outcome, bootId, this.now));
    return plan;
  }

  /** The host is rebooted by somebody, or loses its power. */
  disturb(how: 'reboot' | 'power-cut'): void {
    const before = this.host.boots.length;
    if (how === 'reboot') this.host.reboot();
    else this.host.cutPower();
    this.judgeBoots(before);
  }

  /** Lets everybody do their work until nobody has any; the agent's last plan. */
  settle(turns = 300): Plan {
    for (let done = 0; done < turns; done += 1) {
      const before = JSON.stringify([this.annotations, this.unschedulable]);
      const plan = this.turn();
      const { step } = plan;
      if (step.kind === 'wait') this.now = Math.max(this.now, step.until);
      if (step.kind !== 'rest') continue;
      this.serveDrain();
      if (JSON.stringify([this.annotations, this.unschedulable]) === before) return plan;
    }
    assert.fail(`the agent does not come to rest:\n${this.#tail()}`);
  }

  /** Nothing of the agent's boots that was not let go on a drained node (architecture D6). */
  judgeBoots(from: number): void {
    const { lock, fetch } = this.host.abilities;
    // A tool that locks what it has staged already, and cannot pull beforehand, leaves a moment.
    const isExact = lock !== 'after-staging' || fetch;
    for (const { digest, before, by } of this.host.boots.slice(from)) {
      if (by !== 'agent' || digest === before || !isExact) continue;
      assert.equal(digest, this.#released, `it was booted and not let go:\n${this.#tail()}`);
      const { booted } = this.host;
      const isBooted = booted.image.digest === digest;
      assert.ok(!isBooted || booted.etc === digest, `its /etc is hidden by another:\n${this.#tail()}`);
    }
    const good = this.host.deployments.some(({ proven, image }) => proven && image.behaviour === 'boots');
    assert.ok(good, `no deployment is left that is known to run:\n${this.#tail()}`);
    const { digest } = this.host.booted.image;
    this.reboots.delete(digest);
  }

  /** What the agent leaves alone may not boot at once, unless it is wanted and permitted. */
  #judgeRest({ host, node }: AgentFacts, permitted: boolean): void {
    if (host.state !== 'fresh' || node.desiredConfig === undefined) return;
    const { staged } = host.view.status;
    const isLike = this.#isLike(this.host.staged?.image.digest ?? '');
    assert.ok(
      staged === undefined || staged.locked || permitted || isLike,
      `left unlocked:\n${this.#tail()}`,
    );
  }

  /** Whether the running host is what a boot of the image would make it (architecture D5). */
  #isLike(digest: string): boolean {
    return this.host.booted.etc === digest && this.host.services === digest;
  }

  /** Nothing is changed on a running host that the policy does not allow, nor undrained where it asks for that. */
  #judgeApply(
    { node }: AgentFacts,
    { image, run }: Extract<Step, { readonly kind: 'apply' }>,
    permitted: boolean,
  ): void {
    assert.equal(image.image, node.desiredImage, this.#tail());
    const drains = run.some(({ type }) => type === 'Drain');
    assert.ok(!drains || permitted, `changed undrained:\n${this.#tail()}`);
    const { staged, booted } = this.host;
    assert.equal(staged?.image.family, booted.image.family, this.#tail());
  }

  #judgeReboot({ node }: AgentFacts): void {
    const { booted } = this.host.view().status;
    const digest = node.desiredImage?.split('@')[1] ?? '';
    const runs = isImage(booted, digest) && isAsWanted(this.host.view().kernelArguments.booted);
    assert.ok(
      !runs || !this.#isLike(digest),
      `the node is rebooted though it runs what it is to run:\n${this.#tail()}`,
    );
    assert.ok(
      this.host.booted.image.digest === digest || !this.#isLike(digest) || !this.#saysIt(),
      `rebooted for what needs none:\n${this.#tail()}`,
    );
    const staged = this.host.staged?.image.digest ?? 'pending';
    const reboots = (this.reboots.get(staged) ?? 0) + 1;
    this.reboots.set(staged, reboots);
    const { failedActivations, unexplainedActivations } = this.policy;
    assert.ok(
      reboots <= failedActivations + unexplainedActivations,
      `${staged} was rebooted into ${reboots} times:\n${this.#tail()}`,
    );
  }

  #saysIt(): boolean {
    return this.annotations[`${M}/currentImage`] === this.annotations[`${M}/desiredImage`];
  }

  #report(facts: AgentFacts, plan: Plan): void {
    const changes = nodeReport(this.node, facts, plan);
    const config = changes[CURRENT_CONFIG_ANNOTATION] ?? facts.node.currentConfig;
    const found: MachineConfigNode = {
      apiVersion: API_VERSION,
      kind: 'MachineConfigNode',
      metadata: { name: 'n1' },
      spec: { node: { name: 'n1' }, pool: { name: 'worker' }, configVersion: { desired: 'x' } },
      ...(this.status === undefined ? {} : { status: this.status }),
    };
    const status = machineConfigNodeReport(found, facts.node, config, plan, new Date(this.now));
    if (status !== this.status) this.apiWrites += 1;
    this.status = status;
    if (Object.keys(changes).length === 0) return;
    this.apiWrites += 1;
    for (const [key, value] of Object.entries(changes)) {
      assert.ok(AGENT_ANNOTATIONS.includes(key), `an agent may not write ${key}`);
      if (value === null) delete this.annotations[key];
      else this.annotations[key] = value;
    }
  }

  #write(journal: Journal): void {
    this.journalWrites += 1;
    this.journal = formatJournal(journal);
  }

  #tail(): string {
    return this.plans
      .slice(-30)
      .map(
        ({ step, phase, degraded }) =>
          `  ${phase}${degraded === undefined ? '' : '!'} ${step.kind}: ${step.reason}`,
      )
      .join('\n');
  }
}

const UNREADABLE = {
  class: 'unreadable',
  tool: 'ostree',
  message: 'the status is no JSON',
  registry: undefined,
  excerpt: '',
  policy: { retryable: true, attempts: 3, wait: [10, 300], patience: 0, remedy: 'wait', advice: 'report it' },
  cause: undefined,
} as const;

function journalOf({ journal }: AgentFacts): Journal {
  if (journal.state === 'read') return journal.journal;
  assert.fail('an act needs a journal');
}
