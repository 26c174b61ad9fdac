// A model of a cluster: an API server, machines with agents, two controllers with caches of their own, and people.
import assert from 'node:assert/strict';
import {
  CORDON_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_LEASE_ANNOTATION,
  PERMITS_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  PREFETCH_IMAGE_ANNOTATION,
  UPDATE_TAINT,
} from '../api/index.ts';
import type { LayeredGate } from '../machineconfig/index.ts';
import { decideDrain, type DrainPatch } from './drain-decision.ts';
import { nodePatch, type NodePatch } from './node-patch.ts';
import { permitsPool, writePermits } from './permits.ts';
import { planRollout } from './plan-rollout.ts';
import { heldByPause } from './pause-heard.ts';
import { primaryPool } from './primary-pool.ts';
import { releasedNode } from './released-node.ts';
import type { RolloutIntent, RolloutPlan } from './rollout-plan.ts';
import type { RolloutSnapshot } from './snapshot.ts';
import { Kind, there } from './test-api.ts';
import { checkPlan } from './test-laws.ts';
import {
  agentMove,
  annotated,
  LIVE_NOTE,
  type Machine,
  type ModelNode,
  schedulable,
  UNWELL,
  withReady,
} from './test-machine.ts';
import { controlPlane, type Goal, type ModelPool, Process } from './test-process.ts';

export const START = Date.parse('2026-11-21T00:00:00Z');

export function image(digest: string): string {
  return `registry.example.com/os@sha256:${digest}`;
}

export class Cluster {
  readonly nodes = new Kind<ModelNode>();
  readonly pools = new Kind<ModelPool>();
  readonly goals = new Kind<Goal>();
  readonly machines = new Map<string, Machine>();
  readonly processes: Process[] = [];
  /** Nodes that Varve took out of service, with the pool whose rollout it was. */
  readonly disrupted = new Map<string, string>();
  /** Nodes of which a person has said so since anybody last drained or uncordoned them. */
  readonly kept = new Set<string>();
  /** The most that each pool ever allowed. */
  readonly most = new Map<string, number>();
  now = START;
  readonly #hasControlPlane: boolean;
  /** Counts what happens on machines, for those who wait for nothing to happen. */
  acts = 0;

  /** @param hasControlPlane whether nodes tell that etcd and the API server run on them */
  constructor(hasControlPlane: boolean) {
    this.#hasControlPlane = hasControlPlane;
  }

  start(): void {
    this.processes.push(new Process(this), new Process(this));
  }

  restart(index: number): void {
    this.processes[index] = new Process(this);
  }

  poolOf(node: ModelNode): string | undefined {
    const pools = new Map([...this.pools.objects].map(([name, { spec }]) => [name, spec]));
    const membership = primaryPool(node.metadata.labels, pools);
    return membership.kind === 'member' ? membership.pool : undefined;
  }

  /** What one process knows of a pool. */
  snapshot(process: Process, name: string): RolloutSnapshot | undefined {
    const pool = process.pools.objects.get(name);
    if (pool === undefined) return undefined;
    const selections = new Map([...process.pools.objects].map(([key, { spec }]) => [key, spec]));
    const nodes: ModelNode[] = [];
    const peers: ModelNode[] = [];
    const peerName = name === 'master' ? 'arbiter' : name === 'arbiter' ? 'master' : '';
    for (const node of process.nodes.objects.values()) {
      const membership = primaryPool(node.metadata.labels, selections);
      if (membership.kind !== 'member') continue;
      if (membership.pool === name) nodes.push(node);
      if (membership.pool === peerName) peers.push(node);
    }
    const goal = process.goals.objects.get(name);
    const gate = goal?.gate ?? { kind: 'not-layered' };
    const peer = process.pools.objects.get(peerName);
    const holder = permitsPool(name, (other) => process.pools.objects.has(other));
    const permits = process.pools.objects.get(holder);
    return {
      pool,
      gate,
      ...(goal?.imageProblem === undefined ? {} : { imageProblem: goal.imageProblem }),
      nodes: nodes.map((node) => {
        const time = this.machines.get(node.metadata.name)?.agentTime ?? 0;
        if (time === 0) return { node };
        const lastTransitionTime = new Date(time).toISOString();
        const conditions = [
          {
            type: 'UpdatePrepared',
            status: 'Unknown' as const,
            reason: 'R',
            message: 'm',
            lastTransitionTime,
          },
        ];
        return {
          node,
          machineConfigNode: { metadata: { name: node.metadata.name }, status: { conditions } },
        };
      }),
      changes: this.#changes(nodes, gate),
      ...(this.#hasControlPlane ? { controlPlane: controlPlane(process) } : {}),
      ...(permits === undefined || holder === name ? {} : { permitsPool: permits }),
      ...(peer === undefined
        ? {}
        : {
            peer: {
              name: peerName,
              isPaused: peer.spec.paused === true,
              gate: process.goals.objects.get(peerName)?.gate ?? { kind: 'not-layered' },
              nodes: peers,
            },
          }),
      now: this.now,
    };
  }

  /** Changes to an image whose digest ends with an odd digit cost nothing but services. */
  #changes(nodes: readonly ModelNode[], gate: LayeredGate): NonNullable<RolloutSnapshot['changes']> {
    if (gate.kind !== 'go' || !/[13579]$|surprise$/.test(gate.image)) return [];
    const to = { machineConfig: gate.machineConfig, image: gate.image };
    return nodes.map(({ metadata }) => ({
      from: {
        machineConfig: metadata.annotations?.[CURRENT_CONFIG_ANNOTATION] ?? '',
        image: metadata.annotations?.[CURRENT_IMAGE_ANNOTATION] ?? '',
      },
      to,
      note: LIVE_NOTE,
      isLive: true,
    }));
  }

  /** A pass of one process over a pool; it stops after so many writes. */
  pass(index: number, name: string, writes = Infinity): RolloutPlan | undefined {
    const process = there(this.processes[index]);
    const snapshot = this.snapshot(process, name);
    if (snapshot === undefined) return undefined;
    const plan = planRollout(snapshot);
    checkPlan(snapshot, plan);
    for (const node of plan.nodes) process.plans.set(node.name, node);
    let left = writes;
    const byNode = Map.groupBy(
      plan.intents.filter((intent) => intent.kind !== 'permit'),
      ({ node }) => node,
    );
    for (const intent of plan.intents) {
      if (intent.kind !== 'permit') continue;
      if (left <= 0) return plan;
      left -= 1;
      this.#writePermits(intent);
    }
    for (const [node, intents] of byNode) {
      if (left <= 0) return plan;
      left -= 1;
      const seen = there(process.nodes.objects.get(node));
      const patch = nodePatch(seen, intents, name, this.now);
      const isWritten = this.patch(node, patch);
      if (isWritten && patch.metadata.annotations?.[CORDON_ANNOTATION] === 'Own')
        this.#disrupt(node, process);
    }
    return plan;
  }

  #writePermits({
    pool,
    resourceVersion,
    permits,
  }: Extract<RolloutIntent, { readonly kind: 'permit' }>): void {
    this.pools.update(pool, resourceVersion, (found) => {
      const { [PERMITS_ANNOTATION]: _, ...others } = found.metadata.annotations ?? {};
      const value = writePermits(permits);
      const annotations = value === undefined ? others : { ...others, [PERMITS_ANNOTATION]: value };
      return { ...found, metadata: { ...found.metadata, annotations } };
    });
  }

  /** Lets go of nodes that are in no pool, as far as a process knows. */
  releasePass(index: number): void {
    const process = there(this.processes[index]);
    const selections = new Map([...process.pools.objects].map(([key, { spec }]) => [key, spec]));
    for (const node of process.nodes.objects.values()) {
      if (primaryPool(node.metadata.labels, selections).kind === 'member') continue;
      process.plans.delete(node.metadata.name);
      const { intents } = releasedNode(node, this.now);
      if (intents.length > 0) this.patch(node.metadata.name, nodePatch(node, intents, '', this.now));
    }
  }

  patch(name: string, { metadata, spec }: NodePatch): boolean {
    return this.nodes.update(name, metadata.resourceVersion, (node) => {
      const next = annotated(node, metadata.annotations ?? {});
      const labels = { ...next.metadata.labels, ...metadata.labels };
      const { taints: _, ...rest } = next.spec ?? {};
      const kept =
        spec === undefined
          ? next.spec
          : {
              ...(spec.taints === undefined ? next.spec : rest),
              ...(spec.taints ? { taints: spec.taints } : {}),
              ...(spec.unschedulable === true ? { unschedulable: true } : {}),
            };
      return {
        ...next,
        metadata: { ...next.metadata, labels },
        ...(kept === undefined ? {} : { spec: kept }),
      };
    });
  }

  /** The drain controller of a process does one step with a node. */
  drain(index: number, name: string): void {
    const process = there(this.processes[index]);
    const node = process.nodes.objects.get(name);
    const machine = this.machines.get(name);
    if (node === undefined || machine === undefined) return;
    const selections = new Map([...process.pools.objects].map(([key, { spec }]) => [key, spec]));
    const membership = primaryPool(node.metadata.labels, selections);
    const held = { drain: 'held', message: '' } as const;
    const known = process.plans.get(name);
    const isPaused = membership.kind === 'member' && selections.get(membership.pool)?.paused === true;
    const heard = known !== undefined && isPaused ? heldByPause(known, membership.pool) : known;
    const plan = membership.kind === 'member' ? (heard ?? held) : undefined;
    const step = decideDrain(node, { plan, isOnlyNode: false, impossible: [], now: this.now });
    switch (step.kind) {
      case 'nothing':
      case 'invalid':
      case 'hold':
        return;
      case 'evict':
        // A drain reads the pods of the node from the server, and the node once more.
        if (machine.pods > 0 && this.nodes.objects.get(name) !== node) return;
        if (machine.pods > 0) {
          if (machine.isBlocked || step.awaitsAgent) return;
          machine.pods -= 1;
          this.acts += 1;
          return;
        }
        this.#drainPatch(name, node, step.drained, process);
        return;
      case 'cordon':
      case 'skip':
      case 'uncordon':
      case 'release':
        this.#drainPatch(name, node, step.patch, process);
    }
  }

  #drainPatch(name: string, seen: ModelNode, patch: DrainPatch, process: Process): void {
    const machine = there(this.machines.get(name));
    const begins =
      typeof patch.annotations[CORDON_ANNOTATION] === 'string' &&
      seen.metadata.annotations?.[CORDON_ANNOTATION] === undefined;
    const isWritten = this.nodes.update(name, seen.metadata.resourceVersion, (node) => {
      const next = annotated(node, patch.annotations);
      const kept =
        patch.taints === undefined ? next : { ...next, spec: { ...next.spec, taints: patch.taints } };
      return patch.unschedulable === undefined ? kept : schedulable(kept, !patch.unschedulable);
    });
    if (!isWritten) return;
    this.kept.delete(name);
    if (patch.unschedulable === false)
      assert.ok(!machine.isCordonedByPerson, `a person's cordon of ${name} was lifted`);
    if (patch.annotations[CORDON_ANNOTATION] === null) this.disrupted.delete(name);
    if (begins) this.#disrupt(name, process);
  }

  /** A drain begins: the invariants of the whole are looked at from outside. */
  #disrupt(name: string, process: Process): void {
    const node = there(this.nodes.objects.get(name));
    const lease = JSON.parse(node.metadata.annotations?.[DISRUPTION_LEASE_ANNOTATION] ?? '{}') as {
      holder?: string;
    };
    const pool = (lease.holder ?? '').replace('varve/', '');
    assert.notEqual(pool, '', `${name} is drained without a lease`);
    const known = process.pools.objects.get(this.poolOf(node) ?? '');
    assert.notEqual(known?.spec.paused, true, `${name} of a paused pool is drained`);
    this.disrupted.set(name, pool);
    // A node that has left the pool since is no longer this pool's.
    const together = [...this.disrupted].filter(([other, holder]) => {
      const found = this.nodes.objects.get(other);
      return holder === pool && found !== undefined && this.poolOf(found) === pool;
    }).length;
    const most = pool === 'master' || pool === 'arbiter' ? 1 : (this.most.get(pool) ?? 1);
    assert.ok(together <= most, `${together} nodes of ${pool} are out of service, and ${most} may be`);
    if (pool !== 'master' && pool !== 'arbiter') return;
    // One that people make part of the control plane in the midst of its update nobody could have waited for.
    const control = [...this.disrupted].filter(([other, holder]) => {
      if (holder !== 'master' && holder !== 'arbiter') return false;
      const found = this.nodes.objects.get(other);
      return found !== undefined && ['master', 'arbiter'].includes(this.poolOf(found) ?? '');
    });
    assert.ok(control.length <= 1, 'two nodes of the control plane are out of service');
  }

  /** The agent of a machine does its next step, if there is one. */
  agent(name: string): boolean {
    const machine = this.machines.get(name);
    const node = this.nodes.objects.get(name);
    if (machine === undefined || node === undefined) return false;
    if (machine.isUp && machine.hasAgent && machine.agentTime === 0) {
      machine.agentTime = this.now;
      this.acts += 1;
      return true;
    }
    const gate = this.goals.objects.get(this.poolOf(node) ?? '')?.gate;
    const move = agentMove(machine, node, gate?.kind === 'go' ? gate.image : '');
    if (move === undefined) return false;
    this.acts += 1;
    machine.agentTime = this.now;
    const { annotations } = move;
    if (annotations !== undefined)
      this.nodes.update(name, undefined, (found) => annotated(found, annotations));
    if (move.reboot === true) {
      assert.equal(node.spec?.unschedulable, true, `${name} reboots and is not cordoned`);
      assert.equal(machine.pods, 0, `${name} reboots with pods on it`);
      machine.isRebooting = true;
      machine.next = machine.heard ?? {
        config: node.metadata.annotations?.[DESIRED_CONFIG_ANNOTATION] ?? '',
        image: node.metadata.annotations?.[DESIRED_IMAGE_ANNOTATION] ?? '',
      };
      machine.heard = undefined;
      machine.reboots += 1;
    }
    return true;
  }

  /** A machine that reboots is back, or one that has no power has it again. */
  boot(name: string): boolean {
    const machine = this.machines.get(name);
    const node = this.nodes.objects.get(name);
    if (machine === undefined || node === undefined || !machine.isUp || !machine.isRebooting) return false;
    machine.isRebooting = false;
    this.acts += 1;
    machine.image = machine.next.image;
    machine.config = machine.next.config;
    return true;
  }

  /** The kubelet of a machine, or those who miss it, say how it is. */
  kubelet(name: string): boolean {
    const machine = this.machines.get(name);
    const node = this.nodes.objects.get(name);
    if (machine === undefined || node === undefined) return false;
    const isReady = machine.isUp && !machine.isRebooting && !machine.image.endsWith(UNWELL);
    const next = withReady(node, isReady, this.now);
    if (next === node) return false;
    this.nodes.put(next);
    return true;
  }

  /** A person says that the node, which they have cordoned, is to be updated as it is. */
  keep(node: ModelNode): void {
    this.kept.add(node.metadata.name);
    this.nodes.put(annotated(node, { [CORDON_ANNOTATION]: 'Kept' }));
  }

  /** Whether anything of a rollout is left on a node. */
  traces(node: ModelNode): readonly string[] {
    const keys = [
      // What a person says of an update to come stays until it has come.
      ...(this.kept.has(node.metadata.name) ? [] : [CORDON_ANNOTATION]),
      DISRUPTION_LEASE_ANNOTATION,
      PREFETCH_IMAGE_ANNOTATION,
      POST_CONFIG_ACTION_ANNOTATION,
    ];
    const found = keys.filter(
      (key) => (node.metadata.annotations?.[key] ?? '{"holder":"kured"}') !== '{"holder":"kured"}',
    );
    const isTainted = (node.spec?.taints ?? []).some(({ key }) => key === UPDATE_TAINT);
    return isTainted ? [...found, UPDATE_TAINT] : found;
  }
}
