import type { MachineConfigNode, MachineConfigPool } from '../api/index.ts';
import type { LayeredGate } from '../machineconfig/index.ts';
import type { NodeTarget, RolloutNode } from './node-state.ts';

/**
 * All that a pass over one pool decides from, read from caches at one moment. It may be old: every write that follows from it
 * names the version of the object that it saw, and is refused where that is no longer the one.
 */
export interface RolloutSnapshot {
  readonly pool: MachineConfigPool;
  /** What the pool's nodes may be told to run (contract §3.2). */
  readonly gate: LayeredGate;
  /** Why the gate's image cannot be had, a whole sentence: its registry says that the digest is gone. */
  readonly imageProblem?: string;
  /** The nodes whose primary pool this is. */
  readonly nodes: readonly NodeSnapshot[];
  /** What the ways of these nodes to the gate's image cost; one that is not here costs a reboot. */
  readonly changes?: readonly ImageChange[];
  /**
   * The pool whose annotation holds the permits, where it is another one: `master` for `arbiter`, whose nodes keep one quorum
   * ({@link permitsPool}).
   */
  readonly permitsPool?: MachineConfigPool;
  /** The other pool of the control plane, for `master` and `arbiter` (contract §3.2). */
  readonly peer?: PeerPool;
  /** Every node that etcd or the API server of this cluster runs on, of whatever pool. Empty where they run elsewhere. */
  readonly controlPlane?: readonly ControlPlaneMember[];
  /** The node that this controller runs on: its turn comes last. */
  readonly controllerNode?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A node of the pool with what else is known of it. */
export interface NodeSnapshot {
  readonly node: RolloutNode;
  /** Absent as long as nobody has created it. */
  readonly machineConfigNode?: Pick<MachineConfigNode, 'metadata' | 'status'>;
  /**
   * The custom pool whose configuration the node first booted with, by the owner of the MachineConfig that
   * `firstPivotConfig` names (contract §3.5); absent where that is no custom pool.
   */
  readonly firstPool?: Pick<MachineConfigPool, 'metadata' | 'spec'>;
}

/** What it costs a node to go from one image to another, as the disruption policy has it. */
export interface ImageChange {
  readonly from: NodeTarget;
  readonly to: NodeTarget;
  /** The value of the Node's annotation `varve.dev/disruption` for it. */
  readonly note: string;
  /** Neither drained nor rebooted for it. */
  readonly isLive: boolean;
}

/** The other pool of the control plane, as far as its nodes must not be out of service together with this one's. */
export interface PeerPool {
  readonly name: string;
  readonly isPaused: boolean;
  readonly gate: LayeredGate;
  readonly nodes: readonly RolloutNode[];
}

/** A node that the control plane needs. */
export interface ControlPlaneMember {
  readonly node: string;
  /** Node, etcd and API server are known to work there; what is not known counts as working. */
  readonly isHealthy: boolean;
  /** Why not, as the end of a sentence such as `node m2 is not counted on: …`. */
  readonly problem?: string;
}
