import { type Clock, pause } from '../kube/index.ts';
import { type AgentHost, WatchedHost } from './agent-host.ts';
import type { AgentPolicy } from './agent-policy.ts';
import { type ActOutcome, afterAct, afterRemedy } from './attempt-step.ts';
import { decide } from './decide.ts';
import { driftCondition } from './drift-report.ts';
import { filesTarget } from './files-target.ts';
import type { JournalReading } from './journal-format.ts';
import type { JournalStore } from './journal-store.ts';
import { EMPTY_JOURNAL, type Journal } from './journal.ts';
import type { HostPullSecret } from './host-pull-secret.ts';
import type { NodeFiles } from './node-files.ts';
import { NodeReporter } from './node-reporter.ts';
import { type AgentNode, type NodeWishes, nodeWishes } from './node-wishes.ts';
import type { AgentObjects } from './own-objects.ts';
import { type AgentFacts, type Plan, stuck } from './situation.ts';
import type { Act, Step } from './step.ts';

export interface AgentOptions {
  /** What is asked of this host, and whom it tells. */
  readonly objects: AgentObjects;
  readonly host: AgentHost;
  readonly journal: JournalStore;
  readonly policy: AgentPolicy;
  readonly clock: Clock;
  /** The files of the host that are its image's; absent: somebody else looks after them. */
  readonly files?: NodeFiles;
  /** Keeps the pull secret where the host's tools look for it; asked whenever something may have changed. */
  readonly pullSecret?: Pick<HostPullSecret, 'refresh'>;
  /** Told of every decision that is another one than the last. */
  readonly onPlan?: (plan: Plan) => void;
  /** Told of what an event of the Node is to tell. */
  readonly onNews?: (news: AgentNews) => void;
  /** Told of what is tried again by itself: the API server, the journal's disk. */
  readonly onTrouble?: (doing: string, error: unknown) => void;
}

/** Something that happened on a host, for an event of its Node. */
export interface AgentNews {
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'CompetingUpdateDriver' | 'ImagePolicyViolation';
  readonly message: string;
}

/** How often the host is looked at when nothing else gives cause to, in milliseconds. */
const LOOK = 60_000;

/** After something outside the host failed. */
const SOON = 5_000;

/** How long a host may take to go down before it is asked again. */
const GOING_DOWN = 120_000;

/**
 * The process on a node: it looks at Node and host, decides, says what it is about to do, does it, and begins anew. All
 * that it knows is in those and in its journal, so it can be killed anywhere.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #objects: AgentObjects;
  readonly #host: WatchedHost;
  readonly #reporter: NodeReporter;
  #wake: () => void = () => {};
  #reconsider: () => void = () => {};
  #isStale = false;
  #lastPlan = '';
  #competitors = '';
  /** While the journal cannot be written; said as long as something is to be done. */
  #unwritten: Plan | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#host = new WatchedHost(options.host);
    this.#objects = options.objects;
    this.#reporter = new NodeReporter({
      objects: options.objects,
      clock: options.clock,
      files: () => options.files?.report && driftCondition(options.files.report),
      onTrouble: (error) => this.#trouble('say how the node is', error),
    });
  }

  /** Works until the signal aborts; an act that is under way is given up then, as by a kill. */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const ending = AbortSignal.any([signal, ended.signal]);
    const changed = (): void => {
      this.#isStale = true;
      this.#reconsider();
      this.#wake();
    };
    const followed = this.#objects.run(ending, changed);
    const watched = this.#options.files?.run(ending, changed);
    try {
      while (!signal.aborted) await this.#sleep(await this.#turn(signal), signal);
    } finally {
      ended.abort();
      this.#reporter.close();
      await followed;
      await watched;
    }
  }

  /** Milliseconds until the next turn, if nothing changes before. */
  async #turn(signal: AbortSignal): Promise<number> {
    this.#isStale = false;
    const { node } = this.#objects;
    if (node === undefined) return LOOK;
    try {
      await this.#options.pullSecret?.refresh();
      const facts = await this.#gather(node, signal);
      this.#tellCompetitors(facts);
      await this.#followFiles(facts);
      const plan = decide(facts);
      this.#tell(plan);
      const rests = plan.step.kind === 'rest' || plan.step.kind === 'wait';
      const isReported = await this.#reporter.tell(facts, rests ? plan : (this.#unwritten ?? plan), signal);
      const delay = await this.#do(facts, plan.step, signal);
      return isReported ? delay : Math.min(delay, SOON);
    } catch (error) {
      if (!signal.aborted) this.#trouble('go on', error);
      return SOON;
    }
  }

  async #gather(node: AgentNode, signal: AbortSignal): Promise<AgentFacts> {
    const { journal, policy, clock } = this.#options;
    const now = clock.wall();
    const host = await this.#host.read(now, signal);
    return { journal: await readJournal(journal), node: nodeWishes(node), host, policy, now };
  }

  /** What runs is what the files are to be like, wherever the node is going. */
  async #followFiles(facts: AgentFacts): Promise<void> {
    const { host, node } = facts;
    if (host.state !== 'fresh' || node.desiredConfig === undefined) return;
    const target = filesTarget(host.view, journalOf(facts));
    if (target === undefined) await this.#options.files?.pause();
    else await this.#options.files?.follow(target, node.driftPolicy);
  }

  async #do(facts: AgentFacts, step: Step, signal: AbortSignal): Promise<number> {
    switch (step.kind) {
      case 'rest':
        return LOOK;
      case 'wait':
        return Math.min(LOOK, Math.max(0, step.until - facts.now));
      case 'record':
        return (await this.#remember(step.journal, facts, signal)) ? 0 : SOON;
      case 'remedy':
        await this.#host.remedy(step.remedy, step.dropRollback, signal);
        if (facts.journal.state !== 'read') return 0;
        return (await this.#remember(afterRemedy(step.journal ?? facts.journal.journal), facts, signal))
          ? 0
          : SOON;
      case 'fetch':
      case 'compare':
      case 'apply':
      case 'restore':
      case 'sweep':
      case 'stage':
      case 'unstage':
      case 'lock':
      case 'unlock':
      case 'pin':
      case 'unpin':
      case 'reboot':
        return this.#act(facts, step, signal);
    }
  }

  async #act(facts: AgentFacts, act: Act, signal: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    if (isWeighty(act) && !(await this.#isStillWanted(facts, signal))) return 0;
    const journal = 'journal' in act ? act.journal : journalOf(facts);
    if ('journal' in act && !(await this.#remember(journal, facts, signal))) return SOON;
    const outcome = await this.#perform(facts, act, signal);
    if (outcome === undefined) return 0;
    if (outcome.result === 'failed' && outcome.class === 'policy') {
      this.#options.onNews?.({ type: 'Warning', reason: 'ImagePolicyViolation', message: outcome.message });
    }
    const bootId = facts.host.state === 'fresh' ? facts.host.view.bootId : '';
    const after = afterAct(journal, act, outcome, bootId, clock.wall());
    const isRemembered = await this.#remember(after, facts, signal);
    // Nothing that changes meanwhile could stop it, and to look at a host that goes down tells nothing.
    if (act.kind === 'reboot' && outcome.result === 'done') await pause(clock, GOING_DOWN, signal);
    // What is not remembered to have failed would be tried again at once.
    return isRemembered ? 0 : SOON;
  }

  /** Undefined when it was broken off: a pull may take an hour, and the image may be unwanted, or the node not drained any more, long before. */
  async #perform(facts: AgentFacts, act: Act, signal: AbortSignal): Promise<ActOutcome | undefined> {
    const { host } = this.#options;
    if (act.kind !== 'stage' && act.kind !== 'fetch') return host.perform(act, signal);
    const unwanted = new AbortController();
    this.#reconsider = () => {
      const { node } = this.#objects;
      const wished = node === undefined ? facts.node : nodeWishes(node);
      if (
        (letsGo(act) && !isSame(wished, facts.node)) ||
        (wished.prefetchImage !== facts.node.prefetchImage && !isWantedNow(act, wished)) ||
        wished.desiredImage !== facts.node.desiredImage ||
        wished.desiredConfig !== facts.node.desiredConfig
      ) {
        unwanted.abort();
      }
    };
    this.#reconsider();
    try {
      return await host.perform(act, AbortSignal.any([signal, unwanted.signal]));
    } catch (error) {
      if (unwanted.signal.aborted && !signal.aborted) return undefined;
      throw error;
    } finally {
      this.#reconsider = () => {};
    }
  }

  /** What is done next cannot be taken back, so what was heard of the Node last is not good enough. */
  async #isStillWanted(facts: AgentFacts, signal: AbortSignal): Promise<boolean> {
    const node = nodeWishes(await this.#objects.readNode(signal));
    // That the node is about to reboot it may have said itself since.
    return isSame(node, { ...facts.node, rebooting: node.rebooting });
  }

  /** Nothing is done whose journal is not on the disk. */
  async #remember(journal: Journal, facts: AgentFacts, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.journal.write(journal);
      this.#unwritten = undefined;
      return true;
    } catch (error) {
      this.#trouble('write the journal', error);
      const message = error instanceof Error ? error.message : String(error);
      this.#unwritten = stuck('checking', `The agent's journal cannot be written: ${message}.`);
      await this.#reporter.tell(facts, this.#unwritten, signal);
      return false;
    }
  }

  /** Until so much later, or until a Node that asks for something else. */
  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isStale || milliseconds === 0) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(this.#options.clock, milliseconds, AbortSignal.any([signal, woken.signal]));
    this.#wake = () => {};
  }

  #tell(plan: Plan): void {
    const { phase, step, degraded } = plan;
    const text = JSON.stringify([phase, step.kind, step.reason, degraded]);
    if (text !== this.#lastPlan) this.#options.onPlan?.(plan);
    this.#lastPlan = text;
  }

  #tellCompetitors({ host }: AgentFacts): void {
    if (host.state !== 'fresh') return;
    const names = (host.view.competitors ?? []).join(', ');
    if (names !== '' && names !== this.#competitors) {
      const message = `This host is also updated by ${names}, which may stage or boot another image than the one that is wanted.`;
      this.#options.onNews?.({ type: 'Warning', reason: 'CompetingUpdateDriver', message });
    }
    this.#competitors = names;
  }

  #trouble(doing: string, error: unknown): void {
    this.#options.onTrouble?.(doing, error);
  }
}

function isSame(one: NodeWishes, other: NodeWishes): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What cannot be taken back, or what the node's services notice. */
function isWeighty(act: Act): boolean {
  return letsGo(act) || act.kind === 'apply' || act.kind === 'restore';
}

/** Whether it is more than an image pulled ahead of its turn. */
function isWantedNow({ image }: { readonly image: string }, { desiredImage }: NodeWishes): boolean {
  return image === desiredImage;
}

/** Whether an image may boot after it that could not before. */
function letsGo(act: Act): boolean {
  return act.kind === 'unlock' || act.kind === 'reboot' || (act.kind === 'stage' && !act.locked);
}

/** A disk that fails is no reason to take the host for a new one. */
async function readJournal(store: JournalStore): Promise<JournalReading> {
  try {
    return await store.read();
  } catch (error) {
    return { state: 'unusable', reason: error instanceof Error ? error.message : String(error) };
  }
}

function journalOf({ journal }: AgentFacts): Journal {
  return journal.state === 'read' ? journal.journal : EMPTY_JOURNAL;
}
