// A process of the model that controls a cluster, and what it sees of it.
import type { MachineConfigPool } from '../api/index.ts';
import type { LayeredGate } from '../machineconfig/index.ts';
import { isNodeHealthy } from './node-state.ts';
import type { NodePlan } from './rollout-plan.ts';
import type { RolloutSnapshot } from './snapshot.ts';
import { Cache, type Kind } from './test-api.ts';
import type { ModelNode } from './test-machine.ts';

export type ModelPool = MachineConfigPool & { readonly metadata: { readonly resourceVersion?: string } };

/** What a pool is to run, as its MachineOSConfig and its builds have it. */
export interface Goal {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly gate: LayeredGate;
  readonly imageProblem?: string;
}

/** What there is to be seen. */
interface Kinds {
  readonly nodes: Kind<ModelNode>;
  readonly pools: Kind<ModelPool>;
  readonly goals: Kind<Goal>;
}

/** One process with controllers: it sees the cluster as it was, and may be stopped between any two writes. */
export class Process {
  readonly nodes: Cache<ModelNode>;
  readonly pools: Cache<ModelPool>;
  readonly goals: Cache<Goal>;
  /** What the last pass said of each node; lost when the process is. */
  plans = new Map<string, NodePlan>();

  constructor(cluster: Kinds) {
    this.nodes = new Cache(cluster.nodes);
    this.pools = new Cache(cluster.pools);
    this.goals = new Cache(cluster.goals);
  }
}

/** Nodes that are of the control plane by their label, and work there as long as they are Ready. */
export function controlPlane({ nodes }: Process): NonNullable<RolloutSnapshot['controlPlane']> {
  return [...nodes.objects.values()]
    .filter(({ metadata }) => ['master', 'arbiter'].includes(metadata.labels?.['role'] ?? ''))
    .map((node) => ({ node: node.metadata.name, isHealthy: isNodeHealthy(node) }));
}
