import { hostname } from 'node:os';
import type {
  Controller,
  ControllerNumbers,
  KubeClient,
  LeaseTimings,
  Reconciliation,
} from '../kube/index.ts';
import { EventRecorder, formatKey, lead, SharedInformers } from '../kube/index.ts';
import type { BuildCache } from '../osbuild/index.ts';
import { clusterView, type ClusterView } from './cluster-view.ts';
import { PoolFindings } from './pool-findings.ts';
import type { ControllerSettings, ControllerSupport, Log } from './support.ts';

export interface ControllersOptions {
  readonly client: KubeClient;
  readonly settings: ControllerSettings;
  readonly cache: BuildCache;
  readonly log: Log;
  /** Of this process and of no other one, ever. */
  readonly identity: string;
  /** How leaders are elected; absent: this process leads. */
  readonly lease?: LeaseTimings;
  /** Told of every run of a controller. */
  readonly onReconciled?: (run: Reconciliation) => void;
}

/** One controller, and what it has beside its queue. */
export interface RunningController {
  readonly controller: Controller;
  /** Ends what goes on beside the queue, when the queue's work has ended. */
  close?: (this: void) => Promise<void>;
}

const LEASE = 'varve-controller';

/** Varve's controllers in one process: they follow the cluster all the time, and act while this process leads. */
export class Controllers {
  readonly #options: ControllersOptions;
  readonly #informers: SharedInformers;
  readonly #view: ClusterView;
  #running: readonly RunningController[] = [];
  #leader = '';

  constructor(options: ControllersOptions) {
    this.#options = options;
    const { client, settings, log } = options;
    this.#informers = new SharedInformers(client, (error) => {
      log.warn('cannot follow the cluster', { reason: messageOf(error) });
    });
    this.#view = clusterView(this.#informers, settings.namespace);
  }

  /** Kinds of objects that this process has no complete picture of yet. */
  get behind(): readonly string[] {
    return this.#informers.behind;
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
          log.info('leader', { identity: leader });
        },
        report: (error) => log.warn('cannot hold the lease', { reason: messageOf(error) }),
      },
      signal,
      work,
    );
    if (ended === 'lost') log.warn('the lead is lost', { identity });
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { client, settings, cache, log, identity, onReconciled } = this.#options;
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
      log,
      ...(onReconciled === undefined ? {} : { onReconciled }),
    };
    this.#running = makeControllers(support);
    log.info('controllers started', { identity });
    const ends = this.#running.map(async ({ controller, close }) => {
      const unfinished = await controller.run(signal);
      await close?.();
      for (const key of unfinished)
        log.error('a reconciliation did not end', { controller: controller.name, key: formatKey(key) });
    });
    try {
      await Promise.all(ends);
    } finally {
      this.#running = [];
      await events.close();
      log.info('controllers stopped', { identity });
    }
  }
}

/** In the order in which a change passes through them. */
function makeControllers(_support: ControllerSupport): readonly RunningController[] {
  return [];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
