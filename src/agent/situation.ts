import type { DisruptionAction } from '../machineconfig/index.ts';
import type { AgentPolicy } from './agent-policy.ts';
import type { HostReading, HostView } from './host-view.ts';
import type { JournalReading } from './journal-format.ts';
import type { Journal } from './journal.ts';
import type { NodeWishes } from './node-wishes.ts';
import type { Step } from './step.ts';
import type { Target } from './target.ts';

/** All that an agent decides from. */
export interface AgentFacts {
  readonly journal: JournalReading;
  readonly node: NodeWishes;
  readonly host: HostReading;
  readonly policy: AgentPolicy;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The facts, once journal and host could be read. */
export interface Situation {
  readonly journal: Journal;
  readonly node: NodeWishes;
  readonly view: HostView;
  readonly policy: AgentPolicy;
  readonly now: number;
  readonly target: Target;
}

/** How far a node is on its way to what it is to run. */
export type Phase =
  /** Nobody asks anything of it. */
  | 'unmanaged'
  /** It cannot be seen what it runs. */
  | 'checking'
  /** The image is pulled and staged. */
  | 'preparing'
  /** All is ready but that the node has to be drained. */
  | 'draining'
  /** Drained: what is staged is let go. */
  | 'applying'
  | 'rebooting'
  /** It runs the image and waits to be uncordoned. */
  | 'resuming'
  | 'done';

/** What to do, and what it means for the update. */
export interface Plan {
  readonly step: Step;
  readonly phase: Phase;
  /** Why a person has to look, in sentences. */
  readonly degraded?: string;
  /** What is asked of whoever drains nodes; absent: nothing new. */
  readonly drain?: 'drain' | 'uncordon';
  /** An image that is staged and locked, and takes nothing but a drained node to be rebooted into. */
  readonly staged?: string;
  /** The update is one without a reboot: what was done on the host for it. */
  readonly live?: readonly DisruptionAction[];
  /** It is not what the node is to run that the step is about, but what it may have to run later: no matter if it fails. */
  readonly ahead?: true;
}

/** A plan to do nothing until something changes. */
export function resting(phase: Phase, reason: string): Plan {
  return { step: { kind: 'rest', reason }, phase };
}

/** A plan to do nothing until a person has changed something, who is told. */
export function stuck(phase: Phase, reason: string): Plan {
  return { step: { kind: 'rest', reason }, phase, degraded: reason };
}

/** Whether the node runs what it is to run, and at most waits to be uncordoned: then it is `Done` (contract §0, item 5). */
export function hasArrived({ phase, drain }: Pick<Plan, 'phase' | 'drain'>): boolean {
  return phase === 'done' || drain === 'uncordon';
}

/** Whether a reboot has to wait for the node to be drained. */
export function needsDrain({ policy, node }: Pick<Situation, 'policy' | 'node'>): boolean {
  return policy.drain && !node.alone;
}
