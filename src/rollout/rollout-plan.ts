import type { NodeTarget } from './node-state.ts';
import type { Permits } from './permits.ts';

/** What a pass over one pool comes to. */
export interface RolloutPlan {
  /** In the order in which they are to be written; each stands by itself and may fail without the others. */
  readonly intents: readonly RolloutIntent[];
  /** Every node of the pool, by name. */
  readonly nodes: readonly NodePlan[];
  readonly pool: PoolPlan;
  /** When to look again though nothing has changed, in milliseconds since 1970; absent: not before something does. */
  readonly wakeAt?: number;
}

/** One change to one object. `reason` is one sentence for people, for events and logs. */
export type RolloutIntent =
  /**
   * Write who may go, into the annotation `varve.dev/permits` of pool `pool`, and only if it is still at `resourceVersion`.
   * Nodes are told in a later pass, from a snapshot that has it: so plan again at once when it is written.
   */
  | {
      readonly kind: 'permit';
      readonly pool: string;
      readonly resourceVersion: string;
      readonly permits: Permits;
      /** Nodes that get their turn with it. */
      readonly granted: readonly string[];
      readonly reason: string;
    }
  /** Tell a node what to run: desiredConfig, desiredImage (absent: none), and what that costs. It is no longer asked to pull ahead. */
  | {
      readonly kind: 'assign';
      readonly node: string;
      readonly target: NodeTarget;
      /** The permit under which it happens; absent: nothing is disrupted by it. */
      readonly permit?: string;
      /** The value of `varve.dev/disruption`; absent: the annotation goes. */
      readonly note?: string;
      /** It is cordoned in the same write, and its drain asked for: its agent has said that it needs nothing else. */
      readonly drain: boolean;
      readonly reason: string;
    }
  /** Ask nothing of a node any more: it was asked for the first time, and nobody knows what it runs. */
  | { readonly kind: 'unassign'; readonly node: string; readonly reason: string }
  /** Ask a node to pull an image ahead of its turn; without an image, ask it no longer. */
  | {
      readonly kind: 'prefetch';
      readonly node: string;
      readonly image: string | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'taint'; readonly node: string; readonly reason: string }
  | { readonly kind: 'untaint'; readonly node: string; readonly reason: string }
  /** Give back the disruption lease: the node serves again. */
  | { readonly kind: 'end-lease'; readonly node: string; readonly reason: string }
  /** Give a node the labels of the custom pool that it first booted with (contract §3.5). */
  | {
      readonly kind: 'label';
      readonly node: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly reason: string;
    }
  /** Repeat on a node what the pool's annotations say of its nodes; null takes one away. */
  | {
      readonly kind: 'settings';
      readonly node: string;
      readonly annotations: Readonly<Record<string, string | null>>;
      readonly reason: string;
    };

/** An intent that changes a Node. */
export type NodeIntent = Exclude<RolloutIntent, { readonly kind: 'permit' }>;

/** Where a node is, and why it is no further. */
export interface NodePlan {
  readonly name: string;
  /**
   * - `updated`: it runs what the pool wants, and serves.
   * - `updating`: it is on its way.
   * - `waiting`: something else comes first, which comes by itself.
   * - `stuck`: nothing happens until a person does something.
   */
  readonly progress: 'updated' | 'updating' | 'waiting' | 'stuck';
  readonly reason: NodeReason;
  /** One whole sentence: who or what the node waits for, and what a person can do. */
  readonly message: string;
  /**
   * Whether it may be drained now. `permitted`: as soon as its agent asks. `held`: not now, `message` says why. `none`: there is
   * nothing to drain it for. A drain controller that is asked for a drain begins it only where it is permitted; one that has
   * begun is never held.
   */
  readonly drain: 'none' | 'permitted' | 'held';
  /** Why it counts as failed at what the pool wants, for the pool's `NodeDegraded`; absent: it does not. */
  readonly failure?: string;
}

/** Why a node is where it is. */
export type NodeReason =
  | 'Updated'
  | 'NotInImageMode'
  | 'Deleting'
  // On its way.
  | 'Assigned'
  | 'Preparing'
  | 'Draining'
  | 'Applying'
  | 'Rebooting'
  | 'Resuming'
  | 'Uncordoning'
  | 'Soaking'
  | 'ReturningToService'
  // Something else comes first.
  | 'MaxUnavailable'
  | 'PoolPaused'
  | 'BuildPending'
  | 'OtherPoolFirst'
  | 'Quorum'
  | 'LeaseHeld'
  | 'MaxPulls'
  | 'AwaitingAgent'
  | 'LabelsPending'
  // A person has to do something.
  | 'BuildFailed'
  | 'ImageGone'
  | 'NotRendered'
  | 'PolicyInvalid'
  | 'FailureBudgetSpent'
  | 'CordonedByPerson'
  | 'NotReady'
  | 'Degraded'
  | 'NoAgent'
  | 'AgentSilent'
  | 'Stuck';

/** Where a pool is, and why it is no further. */
export interface PoolPlan {
  /**
   * - `updated`: all nodes run what it wants, and serve.
   * - `updating`: nodes are on their way.
   * - `waiting`: nothing moves, but will by itself.
   * - `paused`: nothing moves, as a person wants it.
   * - `halted`: nothing moves until a person does something. The pool's condition `RolloutHalted` is True exactly then, with
   *   this reason and message.
   */
  readonly progress: 'updated' | 'updating' | 'waiting' | 'paused' | 'halted';
  readonly reason: NodeReason;
  /** One whole sentence. */
  readonly message: string;
}
