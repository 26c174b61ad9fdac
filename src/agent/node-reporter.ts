import {
  type Condition,
  CURRENT_CONFIG_ANNOTATION,
  type MachineConfigNode,
  PREFETCHED_IMAGE_ANNOTATION,
  REASON_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
} from '../api/index.ts';
import { type Clock, isKubeError } from '../kube/index.ts';
import { machineConfigNodeReport } from './machine-config-node-report.ts';
import { type AnnotationChanges, nodeReport } from './node-report.ts';
import type { NodeWishes } from './node-wishes.ts';
import type { AgentObjects } from './own-objects.ts';
import type { AgentFacts, Phase, Plan } from './situation.ts';

/** How long what nobody acts on waits for what comes next, in milliseconds: a phase that is over sooner needs no request. */
const WAITS = 2000;

/**
 * The same while the node waits to be drained: its pods are not evicted before the agent has said a word, but where there are none the
 * word is saved.
 */
const DRAIN_WAITS = 1000;

/** After the API server could not be told. */
const AGAIN = 5000;

/**
 * Phases that are told of at once: those who wait for the end wait for it, and a host that goes down says nothing more. In them the
 * agent has the last word on every condition: what whoever drains the node had to say is over, and need not be read.
 */
const AT_ONCE: ReadonlySet<Phase> = new Set<Phase>(['rebooting', 'done', 'unmanaged']);

/** Another writer of the same status, whoever drains nodes, may be faster so often. */
const MOST_ATTEMPTS = 5;

/** Annotations that say no more than that the agent is at work on what it was told. */
const PLAIN: ReadonlySet<string> = new Set([
  STATE_ANNOTATION,
  REASON_ANNOTATION,
  PREFETCHED_IMAGE_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
]);

/** Phases in which nothing else waits for that: the agent's next word comes soon. */
const IN_BETWEEN: ReadonlySet<Phase> = new Set<Phase>(['preparing', 'draining', 'applying', 'rebooting']);

type Status = NonNullable<MachineConfigNode['status']>;

/** What a MachineConfigNode is to say of one moment. */
interface Moment {
  readonly node: NodeWishes;
  readonly config: string | undefined;
  readonly plan: Plan;
  readonly at: Date;
  readonly files: Condition | undefined;
}

export interface NodeReporterOptions {
  readonly objects: AgentObjects;
  readonly clock: Clock;
  /** How the node's files compare with its image's; absent: nobody looks after them. */
  readonly files: () => Condition | undefined;
  /** Told of what keeps the API server from being told. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Says in the Node and in its MachineConfigNode how the host is, in as few requests as that takes: with thousands of nodes each is
 * thousands. What others act on is said at once. What only tells people how far it is waits for two seconds: phases that follow each
 * other faster are written together, each with the time at which it came (contract §5.15).
 */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  /** Of the MachineConfigNode with this uid; oldest first. */
  #unsaid: { readonly uid: string; readonly moments: readonly Moment[] } = { uid: '', moments: [] };
  /** A report was not answered: what the MachineConfigNode says by now has to be read. */
  #isUnsure = false;
  #latest: { readonly facts: AgentFacts; readonly plan: Plan } | undefined;
  /** Ends the wait for what comes next. */
  #cancel: (() => void) | undefined;
  #before: Promise<unknown> = Promise.resolve();

  constructor(options: NodeReporterOptions) {
    this.#options = options;
  }

  /** @returns false when the API server could not be told what it is to be told at once */
  tell(facts: AgentFacts, plan: Plan, signal: AbortSignal): Promise<boolean> {
    return this.#alone(() => {
      this.#latest = { facts, plan };
      return this.#write(false, signal);
    });
  }

  /** Nothing is said any more. */
  close(): void {
    this.#cancel?.();
    this.#latest = undefined;
  }

  /** One after another: each write follows from what the one before was answered. */
  #alone<T>(write: () => Promise<T>): Promise<T> {
    const next = this.#before.then(write);
    this.#before = next.catch(() => undefined);
    return next;
  }

  async #write(all: boolean, signal: AbortSignal): Promise<boolean> {
    if (this.#latest === undefined) return true;
    const { facts, plan } = this.#latest;
    const { objects, onTrouble } = this.#options;
    const seen = objects.node;
    if (seen === undefined) return true;
    try {
      const changes = nodeReport(seen, facts, plan);
      const isTold = all || !mayWait(plan, changes);
      if (isTold && Object.keys(changes).length > 0) await objects.annotate(seen, changes, signal);
      const isUnsaid = await this.#writeStatus(all, signal);
      if (!isTold || isUnsaid) this.#later(plan.phase === 'draining' ? DRAIN_WAITS : WAITS, signal);
      else this.#cancel?.();
      return true;
    } catch (error) {
      signal.throwIfAborted();
      onTrouble(error);
      this.#later(isKubeError(error, 'conflict') ? WAITS : AGAIN, signal);
      return false;
    }
  }

  /** @returns whether something waits */
  async #writeStatus(all: boolean, signal: AbortSignal): Promise<boolean> {
    const { objects, clock, files } = this.#options;
    const found = objects.machineConfigNode;
    if (found === undefined || this.#latest === undefined) return false;
    const { facts, plan } = this.#latest;
    const { uid = '' } = found.metadata as { readonly uid?: string };
    const before = this.#unsaid.uid === uid ? this.#unsaid.moments : [];
    // As the Node says by now, which was told first.
    const config = objects.node?.metadata.annotations?.[CURRENT_CONFIG_ANNOTATION];
    const moment = { node: facts.node, config, plan, at: new Date(clock.wall()), files: files() };
    const draft = before.reduce(after, found);
    const next = after(draft, moment);
    const moments = next === draft ? before : [...before, moment];
    this.#unsaid = { uid, moments };
    if (next === found && !this.#isUnsure) {
      this.#unsaid = { uid, moments: [] };
      return false;
    }
    const isLastWord = AT_ONCE.has(plan.phase) && plan.degraded === undefined;
    if (!all && !isLastWord && plan.degraded === undefined) return true;
    // What is nothing new to what is known may be to what there is.
    const told = moments.at(-1) === moment ? moments : [...moments, moment];
    await this.#report(found, told, isLastWord, signal);
    this.#unsaid = { uid, moments: [] };
    return plan.phase === 'done' && isBehind(objects.machineConfigNode);
  }

  /** Puts these moments onto what the MachineConfigNode says by now, which is read where somebody else may have written it. */
  async #report(
    known: MachineConfigNode,
    moments: readonly Moment[],
    isLastWord: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { objects } = this.#options;
    let isKnown = isLastWord && !this.#isUnsure;
    for (let attempt = 1; ; attempt += 1) {
      const found = isKnown ? known : await objects.readMachineConfigNode(signal);
      const status = found === undefined ? undefined : statusAfter(found, moments);
      this.#isUnsure = found !== undefined && status !== undefined;
      if (found === undefined || status === undefined) return;
      try {
        await objects.report(found, status, isKnown ? 'replace' : 'refuse', signal);
        this.#isUnsure = false;
        return;
      } catch (error) {
        // What was known is of another object, or older than somebody's count (`invalid`).
        const isStale =
          isKubeError(error, 'conflict', 'not-found') || (isKnown && isKubeError(error, 'invalid'));
        if (!isStale || attempt >= MOST_ATTEMPTS) throw error;
        isKnown = false;
      }
    }
  }

  /** Says what waits after so long, unless it has been said; what waits already goes on waiting, and no longer. */
  #later(milliseconds: number, signal: AbortSignal): void {
    if (this.#cancel !== undefined) return;
    const end = this.#options.clock.schedule(milliseconds, () => {
      this.#cancel = undefined;
      void this.#alone(() => this.#write(true, signal)).catch(() => undefined);
    });
    this.#cancel = () => {
      end();
      this.#cancel = undefined;
    };
  }
}

/** The MachineConfigNode as it is to be after one more moment; itself when nothing of it is new. */
function after(found: MachineConfigNode, { node, config, plan, at, files }: Moment): MachineConfigNode {
  const status = machineConfigNodeReport(found, node, config, plan, at, files);
  return status === undefined || status === found.status ? found : { ...found, status };
}

/** Whether what it is to be was written while the agent wrote how it is. */
function isBehind(found: MachineConfigNode | undefined): boolean {
  const generation = found?.metadata['generation'];
  return typeof generation === 'number' && generation > (found?.status?.observedGeneration ?? 1);
}

/** Undefined when there is nothing to write. */
function statusAfter(found: MachineConfigNode, moments: readonly Moment[]): Status | undefined {
  const { status } = moments.reduce(after, found);
  return status === found.status ? undefined : status;
}

/** Whether nobody does anything because of it. */
function mayWait({ phase, degraded }: Plan, changes: AnnotationChanges): boolean {
  const keys = Object.keys(changes);
  return (
    IN_BETWEEN.has(phase) &&
    degraded === undefined &&
    keys.length > 0 &&
    keys.every((key) => PLAIN.has(key) && (key === STATE_ANNOTATION || changes[key] === null))
  );
}
