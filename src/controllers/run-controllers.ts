import { hostname } from 'node:os';
import type {
  Controller,
  ControllerNumbers,
  KubeClient,
  LeaseTimings,
  Reconciliation,
  ReflectorNumbers,
  ResourceType,
} from '../kube/index.ts';
import { EventRecorder, formatKey, lead, LEASES, SharedInformers } from '../kube/index.ts';
import { openPoolRegistry, OpenedBases, type BuildCache } from '../osbuild/index.ts';
import { buildController } from './build-controller.ts';
import type { FailedAccess } from './cluster-troubles.ts';
import { clusterView, type ClusterView } from './cluster-view.ts';
import type { ContainerBuilding } from './container-building.ts';
import { disruptionPolicyController } from './disruption-policy-controller.ts';
import { drainController } from './drain-controller.ts';
import { imageModeController } from './image-mode-controller.ts';
import { nodeKeeper } from './node-keeper.ts';
import { PoolFindings } from './pool-findings.ts';
import { PoolRegistries } from './pool-registries.ts';
import { noBuilding } from './process-building.ts';
import { poolStatusController } from './pool-status-controller.ts';
import { renderController } from './render-controller.ts';
import { retentionController } from './retention-controller.ts';
import { RolloutBoard } from './rollout-board.ts';
import { rolloutController } from './rollout-controller.ts';
import type { ControllerSettings, ControllerSupport, Log } from './support.ts';
import { messageOf } from './error-message.ts';

export interface ControllersOptions {
  readonly client: KubeClient;
  readonly settings: ControllerSettings;
  readonly cache: BuildCache;
  /** Where container builds are made; absent: nowhere. */
  readonly containers?: ContainerBuilding;
  readonly log: Log;
  /** Of this process and of no other one, ever. */
  readonly identity: string;
  /** How leaders are elected; absent: this process leads. */
  readonly lease?: LeaseTimings;
  /** Told of every run of a controller. */
  readonly onReconciled?: (run: Reconciliation) => void;
  /** Told that {@link Controllers.failures} may have changed. @default a warning in the log */
  readonly onFailure?: (error: unknown) => void;
}

/** How one kind of objects is followed. */
export interface FollowedKind {
  readonly type: ResourceType;
  readonly isSynced: boolean;
  readonly objects: number;
  readonly numbers: ReflectorNumbers;
}

/** One controller, and what it has beside its queue. */
export interface RunningController {
  readonly controller: Controller;
  /** Ends what goes on beside the queue, when the queue's work has ended. */
  close?: (this: void) => Promise<void>;
}

const LEASE = 'varve-controller';

/** How long a failure to take or renew the lease counts, in milliseconds: several attempts, since nobody tells of success. */
const LEASE_FAILURE = 20_000;

/** What was begun may take so long after the end was asked for, in milliseconds, and once more that to give up. */
const GRACE = 5000;

/** Varve's controllers in one process: they follow the cluster all the time, and act while this process leads. */
export class Controllers {
  readonly #options: ControllersOptions;
  readonly #informers: SharedInformers;
  readonly #view: ClusterView;
  #running: readonly RunningController[] = [];
  #leader = '';
  #leaseFailure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(options: ControllersOptions) {
    this.#options = options;
    const { client, settings } = options;
    this.#informers = new SharedInformers(client, (error) => this.#fail('cannot follow the cluster', error));
    this.#view = clusterView(this.#informers, settings.namespace);
  }

  /** Kinds of objects that this process has no complete picture of yet. */
  get behind(): readonly string[] {
    return this.#informers.behind;
  }

  /** How the kinds are followed that the controllers read. */
  get followed(): readonly FollowedKind[] {
    return this.#informers.all.map(({ type, isSynced, cache, numbers }) => ({
      type,
      isSynced,
      objects: cache.size,
      numbers,
    }));
  }

  /** What of the cluster does not work at the moment. */
  get failures(): readonly FailedAccess[] {
    const failures: FailedAccess[] = this.#informers.all
      .filter(({ lastError }) => lastError !== undefined)
      .map(({ type, lastError: error }) => ({ type, error }));
    const { clock } = this.#options.client;
    const lease = this.#leaseFailure;
    if (lease !== undefined && clock.now() - lease.at < LEASE_FAILURE)
      failures.push({ type: LEASES, error: lease.error });
    return failures;
  }

  /** What is known of the cluster; complete as far as {@link followed} says so. */
  get view(): ClusterView {
    return this.#view;
  }

  get isLeading(): boolean {
    return this.#leader === this.#options.identity;
  }

  /** By controller; none while another process leads. */
  get numbers(): ReadonlyMap<string, ControllerNumbers> {
    return new Map(this.#running.map(({ controller }) => [controller.name, controller.numbers]));
  }

  /** Works until the signal aborts, and then until what was begun has ended. A lead that is lost is waited for again. */
  async run(signal: AbortSignal): Promise<void> {
    const following = new AbortController();
    const followed = this.#informers.run(following.signal);
    try {
      while (!signal.aborted) await this.#leadOnce(signal);
    } finally {
      following.abort();
      await followed;
    }
  }

  async #leadOnce(signal: AbortSignal): Promise<void> {
    const { client, settings, identity, lease, log } = this.#options;
    const work = (leading: AbortSignal): Promise<void> => this.#work(leading);
    if (lease === undefined) {
      this.#leader = identity;
      await work(signal);
      return;
    }
    const ended = await lead(
      {
        client,
        lease: { namespace: settings.namespace, name: LEASE },
        identity,
        timings: lease,
        onLeader: (leader) => {
          this.#leader = leader;
          if (leader !== '' && leader !== identity) log.info('another process leads', { identity: leader });
        },
        report: (error) => {
          this.#leaseFailure = { error, at: client.clock.now() };
          this.#fail('cannot hold the lease', error);
        },
      },
      signal,
      work,
    );
    if (ended === 'lost') log.warn('the lead is lost', { identity });
  }

  #fail(message: string, error: unknown): void {
    const { log, onFailure } = this.#options;
    if (onFailure === undefined) log.warn(message, { reason: messageOf(error) });
    else onFailure(error);
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { client, settings, cache, log, identity, onReconciled } = this.#options;
    const { containers = noBuilding('make the image with varve build') } = this.#options;
    const events = new EventRecorder({
      client,
      component: 'varve-controller',
      instance: hostname(),
      report: (error) => log.warn('cannot write an event', { reason: messageOf(error) }),
    });
    const support: ControllerSupport = {
      client,
      view: this.#view,
      events,
      findings: new PoolFindings(),
      settings,
      cache,
      containers,
      log,
      ...(onReconciled === undefined ? {} : { onReconciled }),
    };
    this.#running = makeControllers(support);
    log.info('controllers started', { identity });
    const ends = this.#running.map(async ({ controller, close }) => {
      const unfinished = await controller.run(signal, GRACE);
      await close?.();
      for (const key of unfinished)
        log.error('a reconciliation did not end', { controller: controller.name, key: formatKey(key) });
    });
    try {
      await Promise.all([
        aborted(signal),
        ...ends,
        // Builds that this process has nothing to do with any more, such as those of the one that led before.
        containers.clearAway?.(this.#view.osBuilds, signal),
      ]);
    } finally {
      this.#running = [];
      await events.close();
      log.info('controllers stopped', { identity });
    }
  }
}

/** In the order in which a change passes through them. */
function makeControllers(support: ControllerSupport): readonly RunningController[] {
  const { cache } = support;
  const bases = new OpenedBases();
  const registries = new PoolRegistries((access) => openPoolRegistry(access, cache, { bases }));
  const board = new RolloutBoard();
  // Before all others: whoever hears of a node asks in which pool it is.
  const unfollow = board.follow(support.view);
  return [
    disruptionPolicyController(support),
    imageModeController(support),
    renderController(support),
    buildController(support, registries),
    nodeKeeper(support, board),
    { ...rolloutController(support, board), close: () => Promise.resolve(unfollow()) },
    drainController(support, board),
    poolStatusController(support, board),
    retentionController(support, registries),
  ];
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
