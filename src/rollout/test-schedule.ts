// What may happen to a cluster of the model.
import fc from 'fast-check';
import { CORDON_ANNOTATION, DISRUPTION_LEASE_ANNOTATION, type MachineConfigPool } from '../api/index.ts';
import { there } from './test-api.ts';
import { Cluster, image, START } from './test-cluster.ts';
import { annotated, schedulable } from './test-machine.ts';
import { goRound } from './test-rounds.ts';

export interface Setup {
  readonly nodes: readonly {
    readonly role: string;
    readonly hasAgent: boolean;
    readonly isAdopted: boolean;
    /** Whether its host stages images, and locks them. */
    readonly stages: 'no' | 'asked' | 'eagerly';
    readonly pods: number;
  }[];
  readonly maxUnavailable: number;
  readonly soak: boolean;
  /** Whether it is known which nodes the control plane runs on. */
  readonly hasControlPlane: boolean;
}

export type Event =
  | { readonly kind: 'pass'; readonly process: number; readonly pool: number; readonly writes: number }
  | { readonly kind: 'sync'; readonly process: number; readonly nodes: number; readonly others: number }
  | { readonly kind: 'drain' | 'agent' | 'boot' | 'kubelet'; readonly process: number; readonly node: number }
  | { readonly kind: 'round'; readonly process: number; readonly machines: number }
  | { readonly kind: 'restart'; readonly process: number }
  | { readonly kind: 'clock'; readonly minutes: number }
  | { readonly kind: 'goal'; readonly pool: number; readonly goal: number }
  | { readonly kind: 'gone'; readonly pool: number }
  | { readonly kind: 'most'; readonly pool: number; readonly nodes: number }
  | { readonly kind: 'pause'; readonly pool: number; readonly is: boolean }
  | {
      readonly kind: 'cordon' | 'uncordon' | 'power' | 'agentless' | 'block' | 'lease' | 'pods' | 'keep';
      readonly node: number;
      readonly is: boolean;
    }
  | { readonly kind: 'label'; readonly node: number; readonly role: string }
  | { readonly kind: 'remove' | 'add'; readonly node: number }
  | { readonly kind: 'delete-pool'; readonly is: boolean };

const POOLS = ['worker', 'infra', 'master', 'arbiter'];
const ROLES = ['worker', 'infra', 'master', 'arbiter', 'none'];
const MOST = 8;

/** What a pool may be told to run; the last ones are the troublesome. */
const DIGESTS = ['a0', 'b2', 'c1', 'd4', 'unstageable', 'unwell', 'surprise'];

const index = fc.nat(MOST - 1);
const process = fc.nat(1);

export const SETUP: fc.Arbitrary<Setup> = fc.record({
  nodes: fc.array(
    fc.record({
      role: fc.constantFrom('worker', 'worker', 'worker', 'infra', 'master', 'arbiter', 'none'),
      hasAgent: fc.constantFrom(true, true, true, true, true, true, true, false),
      isAdopted: fc.boolean(),
      stages: fc.constantFrom('no' as const, 'asked' as const, 'eagerly' as const),
      pods: fc.nat(2),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  maxUnavailable: fc.constantFrom(1, 1, 2),
  soak: fc.boolean(),
  hasControlPlane: fc.boolean(),
});

const EVENT: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      process,
      pool: fc.nat(3),
      writes: fc.constantFrom(0, 1, 2, 99, 99, 99),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('sync' as const),
      process,
      nodes: fc.constantFrom(1, 3, 99),
      others: fc.constantFrom(0, 1, 99),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'drain' as const,
        'agent' as const,
        'agent' as const,
        'boot' as const,
        'kubelet' as const,
      ),
      process,
      node: index,
    }),
  },
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant('round' as const),
      process,
      machines: fc.constantFrom(0, 255, 255, 255, 85, 170),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), process }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), minutes: fc.constantFrom(1, 3, 40) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('goal' as const),
      pool: fc.nat(3),
      goal: fc.nat(DIGESTS.length + 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gone' as const), pool: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('most' as const),
      pool: fc.nat(3),
      nodes: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), pool: fc.nat(3), is: fc.boolean() }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'cordon' as const,
        'uncordon' as const,
        'power' as const,
        'agentless' as const,
        'block' as const,
        'lease' as const,
        'pods' as const,
        'keep' as const,
      ),
      node: index,
      is: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('label' as const),
      node: index,
      role: fc.constantFrom(...ROLES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'add' as const), node: index }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete-pool' as const), is: fc.boolean() }) },
);

export const EVENTS: fc.Arbitrary<readonly Event[]> = fc.array(EVENT, { maxLength: 60, size: 'max' });

export function makeCluster(setup: Setup): Cluster {
  const cluster = new Cluster(setup.hasControlPlane);
  for (const pool of POOLS) putPool(cluster, pool, setup);
  setup.nodes.forEach((_, at) => addNode(cluster, setup, at));
  cluster.start();
  return cluster;
}

export function putPool(cluster: Cluster, name: string, { maxUnavailable, soak }: Setup): void {
  const pool: MachineConfigPool = {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfigPool',
    metadata: { name, ...(soak ? { annotations: { 'varve.dev/soak': '2m' } } : {}) },
    spec: { maxUnavailable, nodeSelector: { matchLabels: { role: name } }, configuration: { name: 'base' } },
  };
  cluster.pools.put(pool);
  cluster.most.set(name, maxUnavailable);
}

export function addNode(cluster: Cluster, setup: Setup, at: number): void {
  const facts = there(setup.nodes[at % setup.nodes.length]);
  const name = `n${at}`;
  if (cluster.nodes.objects.has(name)) return;
  cluster.machines.set(name, {
    name,
    config: facts.isAdopted ? 'a0' : '',
    image: facts.isAdopted ? image('a0') : '',
    pulled: '',
    stages: facts.stages,
    heard: undefined,
    isUp: true,
    hasAgent: facts.hasAgent,
    agentTime: 0,
    isRebooting: false,
    next: { config: '', image: '' },
    pods: facts.pods,
    isBlocked: false,
    isCordonedByPerson: false,
    reboots: 0,
  });
  cluster.nodes.put({
    metadata: {
      name,
      creationTimestamp: new Date(START + at * 1000).toISOString(),
      labels: { role: facts.role, 'topology.kubernetes.io/zone': `z${at % 2}` },
      annotations: {},
    },
    status: {
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(START).toISOString() }],
    },
  });
}

export function happen(cluster: Cluster, setup: Setup, event: Event): void {
  switch (event.kind) {
    case 'pass':
      cluster.pass(event.process, there(POOLS[event.pool]), event.writes);
      cluster.releasePass(event.process);
      return;
    case 'sync': {
      const { nodes, pools, goals } = there(cluster.processes[event.process]);
      nodes.sync(event.nodes);
      pools.sync(event.others);
      goals.sync(event.others);
      return;
    }
    case 'drain':
      return cluster.drain(event.process, `n${event.node}`);
    case 'agent':
      return void cluster.agent(`n${event.node}`);
    case 'boot':
      return void cluster.boot(`n${event.node}`);
    case 'kubelet':
      return void cluster.kubelet(`n${event.node}`);
    case 'round':
      return goRound(cluster, event.process, event.machines);
    case 'restart':
      return cluster.restart(event.process);
    case 'clock':
      cluster.now += event.minutes * 60_000;
      return;
    case 'goal':
      return setGoal(cluster, there(POOLS[event.pool]), event.goal);
    case 'gone': {
      const name = there(POOLS[event.pool]);
      cluster.goals.update(name, undefined, (goal) => ({
        ...goal,
        imageProblem: 'The image is gone from its registry',
      }));
      return;
    }
    case 'most': {
      const name = there(POOLS[event.pool]);
      cluster.most.set(name, Math.max(cluster.most.get(name) ?? 1, event.nodes));
      cluster.pools.update(name, undefined, (pool) => ({
        ...pool,
        spec: { ...pool.spec, maxUnavailable: event.nodes },
      }));
      return;
    }
    case 'pause':
      cluster.pools.update(there(POOLS[event.pool]), undefined, (pool) => ({
        ...pool,
        spec: { ...pool.spec, paused: event.is },
      }));
      return;
    case 'label':
      cluster.nodes.update(`n${event.node}`, undefined, (node) => ({
        ...node,
        metadata: { ...node.metadata, labels: { ...node.metadata.labels, role: event.role } },
      }));
      return;
    case 'remove':
      cluster.nodes.remove(`n${event.node}`);
      cluster.machines.delete(`n${event.node}`);
      cluster.disrupted.delete(`n${event.node}`);
      return;
    case 'add':
      return addNode(cluster, setup, event.node);
    case 'delete-pool':
      if (event.is) {
        cluster.pools.remove('infra');
        cluster.goals.remove('infra');
        // Whatever of it is under way is nobody's any more.
        for (const [node, pool] of cluster.disrupted)
          if (pool === 'infra') cluster.disrupted.set(node, 'nobody');
      } else if (!cluster.pools.objects.has('infra')) putPool(cluster, 'infra', setup);
      return;
    default:
      return meddle(cluster, event.kind, `n${event.node}`, event.is);
  }
}

function setGoal(cluster: Cluster, name: string, goal: number): void {
  if (!cluster.pools.objects.has(name)) return;
  const digest = DIGESTS[goal];
  const gate =
    digest !== undefined
      ? ({ kind: 'go', machineConfig: digest.slice(0, 1), image: image(digest) } as const)
      : goal === DIGESTS.length
        ? ({ kind: 'not-layered' } as const)
        : goal === DIGESTS.length + 1
          ? ({ kind: 'wait', message: 'MachineOSBuild b is not finished' } as const)
          : ({ kind: 'failed', message: 'MachineOSBuild b failed' } as const);
  cluster.goals.put({ metadata: { name }, gate });
}

type Meddling = Extract<Event, { readonly is: boolean; readonly node: number }>['kind'];

/** What people do to a node, and what breaks. */
function meddle(cluster: Cluster, kind: Meddling, name: string, is: boolean): void {
  const machine = cluster.machines.get(name);
  const node = cluster.nodes.objects.get(name);
  if (machine === undefined || node === undefined) return;
  const isCordoned = node.spec?.unschedulable === true;
  switch (kind) {
    case 'cordon':
      // kubectl cordon of a node that is cordoned does nothing.
      if (isCordoned) return;
      // Who uncordons a node in the midst of its update and cordons it again before anybody looks cannot be told from Varve.
      machine.isCordonedByPerson = node.metadata.annotations?.[CORDON_ANNOTATION] !== 'Own';
      cluster.nodes.put(schedulable(node, false));
      return;
    case 'uncordon':
      if (!isCordoned) return;
      machine.isCordonedByPerson = false;
      // Whoever uncordons a node in the moment in which it goes down is too late; a moment before its agent hears of it.
      machine.heard = undefined;
      cluster.nodes.put(schedulable(node, true));
      return;
    case 'power':
      machine.isUp = is;
      machine.heard = undefined;
      return;
    case 'agentless':
      machine.hasAgent = is;
      machine.heard = undefined;
      return;
    case 'block':
      machine.isBlocked = is;
      return;
    case 'pods':
      if (!isCordoned && machine.isUp && !machine.isRebooting) machine.pods = is ? 2 : 0;
      return;
    case 'lease': {
      const found = node.metadata.annotations?.[DISRUPTION_LEASE_ANNOTATION];
      if (found?.includes('varve') === true) return;
      const value = is ? '{"holder":"kured"}' : null;
      cluster.nodes.put(annotated(node, { [DISRUPTION_LEASE_ANNOTATION]: value }));
      return;
    }
    case 'keep':
      if (
        machine.isCordonedByPerson &&
        isCordoned &&
        node.metadata.annotations?.[CORDON_ANNOTATION] === undefined
      )
        cluster.keep(node);
  }
}
