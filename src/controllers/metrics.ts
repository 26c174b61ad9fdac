import { Counter, Histogram, Registry } from 'prom-client';
import {
  buildStateOf,
  isConditionTrue,
  isTerminalState,
  OS_IMAGE_OVERRIDDEN_ANNOTATION,
} from '../api/index.ts';
import { OUTCOME_KINDS, type Reconciliation } from '../kube/index.ts';
import { BuildObserver } from './build-observer.ts';
import { addProcess, number, numbers } from './process-metrics.ts';
import { renderedMachineConfig } from './render-input.ts';
import { addRollout } from './rollout-metrics.ts';
import type { Controllers } from './run-controllers.ts';

/** What is measured: see `Controllers`. */
type Measured = Pick<Controllers, 'followed' | 'isLeading' | 'numbers' | 'view'>;

/** Seconds; a reconciliation takes milliseconds unless a registry or an API server is slow. */
const RECONCILIATION_BUCKETS = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
/** A build takes tenths of a second, and minutes where its base has to be read. */
const BUILD_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60, 300, 1800];

/**
 * The numbers of a controller process for Prometheus. Names that begin with `ocl_`, `mcc_`, `mco_` and `os_` are those of the
 * contract (§2.4, §4.12, §5.17), so that dashboards and alerts for them have what they ask for; what those have no name for begins with `varve_`.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #runs: Counter<'controller' | 'outcome'>;
  readonly #durations: Histogram<'controller'>;

  constructor(version: string, measured: Measured) {
    const registers = [this.#registry];
    this.#runs = new Counter({
      name: 'varve_reconciliations_total',
      help: 'Runs of a controller by how they ended.',
      labelNames: ['controller', 'outcome'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'varve_reconciliation_duration_seconds',
      help: 'How long runs of a controller took.',
      labelNames: ['controller'],
      buckets: RECONCILIATION_BUCKETS,
      registers,
    });
    addProcess(this.#registry, version);
    addQueues(this.#registry, measured, (controller) => this.#expect(controller));
    addInformers(this.#registry, measured);
    addPools(this.#registry, measured);
    addBuilds(this.#registry, measured);
    addRollout(this.#registry, measured.view);
  }

  /** To be told of every run. */
  observe({ controller, outcome, duration }: Reconciliation): void {
    this.#expect(controller);
    this.#runs.inc({ controller, outcome: outcome.kind });
    this.#durations.observe({ controller }, duration / 1000);
  }

  async print(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** All outcomes from the start: what has never happened is 0 and not absent. */
  #expect(controller: string): void {
    for (const outcome of OUTCOME_KINDS) this.#runs.inc({ controller, outcome }, 0);
  }
}

function addQueues(registry: Registry, measured: Measured, expect: (controller: string) => void): void {
  number(registry, 'varve_leader', 'Whether this process leads.', () => Number(measured.isLeading));
  numbers(
    registry,
    'controller',
    () => {
      for (const name of measured.numbers.keys()) expect(name);
      return measured.numbers;
    },
    ([name]) => name,
    {
      varve_queue_depth: ['Keys that could be worked on now.', ([, { queue }]) => queue.depth],
      varve_queue_processing: ['Keys that are worked on.', ([, { queue }]) => queue.processing],
      varve_queue_waiting: ['Keys that wait for their time.', ([, { queue }]) => queue.waiting],
      varve_queue_oldest_seconds: [
        'How long the oldest key that could be worked on has been waiting.',
        ([, { queue }]) => queue.oldest / 1000,
      ],
      varve_queue_adds_total: ['Keys that were added.', ([, { queue }]) => queue.adds],
      varve_queue_retries_total: [
        'Keys that were added again after a failure.',
        ([, { queue }]) => queue.retries,
      ],
      varve_queue_latency_seconds_total: [
        'How long all keys that were taken had been ready.',
        ([, { queue }]) => queue.latencySum / 1000,
      ],
      varve_queue_taken_total: ['Keys that were taken.', ([, { queue }]) => queue.taken],
      varve_queue_latency_seconds_max: [
        'The longest that a key was ready before it was taken.',
        ([, { queue }]) => queue.latencyMax / 1000,
      ],
    },
  );
}

function addInformers(registry: Registry, measured: Measured): void {
  numbers(
    registry,
    'resource',
    () => measured.followed,
    ({ type }) => (type.group === '' ? type.plural : `${type.plural}.${type.group}`),
    {
      varve_informer_synced: ['Whether all objects are known.', ({ isSynced }) => Number(isSynced)],
      varve_informer_objects: ['Objects that are known.', ({ objects }) => objects],
      varve_informer_fills_total: ['Times that all objects were read.', ({ numbers }) => numbers.fills],
      varve_informer_watches_total: ['Watches that were begun.', ({ numbers }) => numbers.watches],
      varve_informer_events_total: ['Changes that were told.', ({ numbers }) => numbers.events],
      varve_informer_failures_total: ['Lists and watches that failed.', ({ numbers }) => numbers.failures],
    },
  );
}

function addPools(registry: Registry, { view }: Measured): void {
  numbers(
    registry,
    'pool',
    () => view.pools.cache.values(),
    ({ metadata }) => metadata.name,
    {
      ocl_rollout_total_nodes: ['Nodes of the pool.', ({ status }) => status?.machineCount ?? 0],
      ocl_rollout_updated_nodes: [
        'Nodes of the pool that run what it wants.',
        ({ status }) => status?.updatedMachineCount ?? 0,
      ],
      os_image_url_override: [
        "Whether a MachineConfig of the pool names the OS image in place of the cluster's.",
        (pool) => {
          const rendered = renderedMachineConfig(view, pool);
          return Number(rendered?.metadata.annotations?.[OS_IMAGE_OVERRIDDEN_ANNOTATION] === 'true');
        },
      ],
      varve_pool_degraded: [
        'Whether something about the pool is broken: its conditions say what.',
        ({ status }) => Number(isConditionTrue(status?.conditions, 'Degraded')),
      ],
      varve_pool_updated: [
        'Whether all nodes of the pool run what it wants.',
        ({ status }) => Number(isConditionTrue(status?.conditions, 'Updated')),
      ],
    },
  );
  number(registry, 'mco_mosc_count', 'MachineOSConfigs.', () => view.osConfigs.cache.size);
}

function addBuilds(registry: Registry, { view }: Measured): void {
  const total = new Counter({
    name: 'ocl_build_total',
    help: 'Builds that came to an end while this process looked, by how.',
    labelNames: ['pool', 'state'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'ocl_build_duration_seconds',
    help: 'From Building to the end of a build.',
    labelNames: ['state'],
    buckets: BUILD_BUCKETS,
    registers: [registry],
  });
  number(registry, 'ocl_active_builds', 'Builds that have not come to an end.', () => {
    return view.osBuilds.cache
      .values()
      .filter((build) => !isTerminalState(buildStateOf(build)))
      .toArray().length;
  });
  const observer = new BuildObserver(({ pool, state, seconds }) => {
    total.inc({ pool, state });
    if (seconds !== undefined) durations.observe({ state }, seconds);
  });
  view.osBuilds.subscribe((change) => observer.see(change));
}
