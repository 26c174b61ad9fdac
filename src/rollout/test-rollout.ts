// Snapshots for the tests of the rollout, in few words.
import type { MachineConfigPool } from '../api/index.ts';
import type { LayeredGate } from '../machineconfig/index.ts';
import type { Permits } from './permits.ts';
import { writePermits, writeTold } from './permits.ts';
import { planRollout } from './plan-rollout.ts';
import type { NodePlan, RolloutIntent, RolloutPlan } from './rollout-plan.ts';
import type { NodeSnapshot, RolloutSnapshot } from './snapshot.ts';
import { node, type NodeFacts } from './test-nodes.ts';

export const NOW = Date.parse('2026-11-21T12:00:00Z');

export function minutesAgo(minutes: number): string {
  return new Date(NOW - minutes * 60_000).toISOString();
}

/** A node as {@link NodeFacts} has it, and more. */
export interface Facts extends NodeFacts {
  /** In minutes. @default 60 */
  readonly age?: number;
  readonly zone?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly effect: string; readonly value?: string }[];
  /** Its `Ready` condition; minutes since it changed. */
  readonly notReadyFor?: number;
  /** It has its turn, and was told so these minutes ago. */
  readonly toldBefore?: number;
  /** Conditions of its MachineConfigNode, which changed these minutes ago. */
  readonly agentSaid?: readonly {
    readonly type: string;
    readonly status: 'True' | 'False' | 'Unknown';
    readonly message?: string;
    readonly ago?: number;
  }[];
  readonly firstPool?: NodeSnapshot['firstPool'];
}

export const PERMIT = 'worker.1';

export function nodeSnapshot(facts: Facts): NodeSnapshot {
  const { age = 60, zone, annotations = {}, taints, notReadyFor, toldBefore, agentSaid, firstPool } = facts;
  const made = node(facts);
  const told =
    toldBefore === undefined
      ? {}
      : { 'varve.dev/permit': writeTold({ permit: PERMIT, at: NOW - toldBefore * 60_000 }) };
  const lease =
    toldBefore === undefined || facts.config?.includes('→') !== true
      ? {}
      : { 'varve.dev/disruption-lease': '{"holder":"varve/worker"}' };
  return {
    node: {
      ...made,
      metadata: {
        ...made.metadata,
        resourceVersion: '7',
        creationTimestamp: minutesAgo(age),
        labels: {
          ...made.metadata.labels,
          ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
        },
        annotations: { ...made.metadata.annotations, ...told, ...lease, ...annotations },
      },
      ...(taints === undefined ? {} : { spec: { ...made.spec, taints } }),
      ...(notReadyFor === undefined
        ? {}
        : {
            status: {
              conditions: [{ type: 'Ready', status: 'Unknown', lastTransitionTime: minutesAgo(notReadyFor) }],
            },
          }),
    },
    ...(agentSaid === undefined
      ? {}
      : {
          machineConfigNode: {
            metadata: { name: made.metadata.name },
            status: {
              conditions: agentSaid.map(({ type, status, message = 'said', ago = 0 }) => ({
                type,
                status,
                message,
                reason: 'Said',
                lastTransitionTime: minutesAgo(ago),
              })),
            },
          },
        }),
    ...(firstPool === undefined ? {} : { firstPool }),
  };
}

export interface PoolFacts {
  readonly name?: string;
  readonly maxUnavailable?: number | string;
  readonly paused?: boolean;
  readonly config?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly permits?: Permits;
}

export function pool({
  name = 'worker',
  maxUnavailable,
  paused,
  config = 'b',
  annotations = {},
  permits = {},
}: PoolFacts = {}): MachineConfigPool {
  const held = writePermits(permits);
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfigPool',
    metadata: {
      name,
      resourceVersion: '9',
      annotations: { ...annotations, ...(held === undefined ? {} : { 'varve.dev/permits': held }) },
    },
    spec: {
      configuration: { name: config },
      ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
      ...(paused === undefined ? {} : { paused }),
    },
  };
}

/** To configuration `b` with the image `y`. */
export const GO: LayeredGate = { kind: 'go', machineConfig: 'b', image: 'y' };

/** A snapshot of such a pool; whoever was told has a permit. */
export function snapshot(
  nodes: readonly Facts[],
  facts: PoolFacts = {},
  more: Partial<RolloutSnapshot> = {},
): RolloutSnapshot {
  const told = nodes.filter(({ toldBefore }) => toldBefore !== undefined);
  const permits = Object.fromEntries(
    told.map(({ name = 'n1', toldBefore = 0 }) => [name, { id: PERMIT, since: NOW - toldBefore * 60_000 }]),
  );
  return {
    pool: pool({ ...facts, permits: { ...permits, ...facts.permits } }),
    gate: GO,
    nodes: nodes.map(nodeSnapshot),
    now: NOW,
    ...more,
  };
}

export function plan(
  nodes: readonly Facts[],
  facts?: PoolFacts,
  more?: Partial<RolloutSnapshot>,
): RolloutPlan {
  return planRollout(snapshot(nodes, facts, more));
}

/** Who gets their turn. */
export function granted({ intents }: RolloutPlan): readonly string[] {
  return intents.flatMap((intent) => (intent.kind === 'permit' ? intent.granted : []));
}

export function intentsOf<Kind extends RolloutIntent['kind']>(
  { intents }: RolloutPlan,
  kind: Kind,
): readonly Extract<RolloutIntent, { readonly kind: Kind }>[] {
  return intents.filter(
    (intent): intent is Extract<RolloutIntent, { readonly kind: Kind }> => intent.kind === kind,
  );
}

export function nodePlan({ nodes }: RolloutPlan, name: string): NodePlan {
  const found = nodes.find((node) => node.name === name);
  if (found === undefined) throw new Error(`no plan of ${name}`);
  return found;
}
