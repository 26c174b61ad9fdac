import { Counter, Gauge, Registry } from 'prom-client';
import {
  type Act,
  type ActOutcome,
  type AgentHost,
  type DriftReport,
  hasArrived,
  type HostLook,
  type Phase,
  type Plan,
} from '../agent/index.ts';
import { addProcess, number } from '../controllers/index.ts';

/** What is measured beside what the agent does. */
export interface AgentMeasured {
  readonly version: string;
  /** Bytes of images that this process has downloaded; host tools that pull for themselves tell nobody. */
  readonly downloaded: () => number;
  /** How the files of the host compare with its image's; undefined before they were looked at. */
  readonly drift: () => DriftReport | undefined;
}

/** The states of a Node's annotation (contract §5.15). */
const STATES = ['Done', 'Working', 'Degraded'] as const;
const PHASES: readonly Phase[] = [
  'unmanaged',
  'checking',
  'preparing',
  'draining',
  'applying',
  'rebooting',
  'resuming',
  'done',
];

/**
 * The numbers of an agent for Prometheus. Names that begin with `mcd_` are those of the contract (§5.17), so that dashboards
 * and alerts for them have what they ask for; what those have no name for begins with `varve_agent_`.
 */
export class AgentMetrics {
  readonly #registry = new Registry();
  readonly #acts: Counter<'act' | 'result'>;
  readonly #failures: Counter<'class'>;
  readonly #looks: Counter<'state'>;
  readonly #seconds: Counter<'act'>;
  readonly #rebootFailures: Counter;
  readonly #pivotErrors: Counter;
  #plan: Plan | undefined;
  #config = '';
  #decidedAt = 0;
  #isBooted = false;

  constructor({ version, downloaded, drift }: AgentMeasured) {
    const registers = [this.#registry];
    addProcess(this.#registry, version);
    this.#acts = new Counter({
      name: 'varve_agent_acts_total',
      help: 'What was done to the host, by how it ended.',
      labelNames: ['act', 'result'],
      registers,
    });
    this.#failures = new Counter({
      name: 'varve_agent_failures_total',
      help: 'What failed on the host, by class.',
      labelNames: ['class'],
      registers,
    });
    this.#looks = new Counter({
      name: 'varve_agent_looks_total',
      help: 'Looks at the host, by what they gave.',
      labelNames: ['state'],
      registers,
    });
    this.#seconds = new Counter({
      name: 'varve_agent_act_seconds_total',
      help: 'How long acts on the host took together.',
      labelNames: ['act'],
      registers,
    });
    this.#rebootFailures = new Counter({
      name: 'mcd_reboots_failed_total',
      help: 'Reboots that the host refused.',
      registers,
    });
    this.#pivotErrors = new Counter({
      name: 'mcd_pivot_errors_total',
      help: 'Images that could not be staged.',
      registers,
    });
    for (const act of ['stage', 'reboot']) {
      for (const result of ['done', 'failed']) this.#acts.inc({ act, result }, 0);
    }
    this.#addState(registers);
    number(
      this.#registry,
      'varve_agent_downloaded_bytes_total',
      'Bytes of images that the agent has downloaded itself.',
      downloaded,
    );
    let drifted = 0;
    number(
      this.#registry,
      'mcd_config_drift',
      "Since when files of the image's differ on the node, in seconds since 1970; 0 while none does.",
      () => {
        const differs = (drift()?.drifts.length ?? 0) > 0;
        drifted = differs ? drifted || Math.floor(Date.now() / 1000) : 0;
        return drifted;
      },
    );
    number(
      this.#registry,
      'varve_agent_drifted_paths',
      "Paths of the image's that differ on the node.",
      () => drift()?.drifts.length ?? 0,
    );
    number(
      this.#registry,
      'varve_agent_decided_timestamp_seconds',
      'When the agent last came to another decision, in seconds since 1970.',
      () => this.#decidedAt / 1000,
    );
    number(this.#registry, 'varve_agent_host_readable', 'Whether the last look at the host showed it.', () =>
      Number(this.#isBooted),
    );
  }

  /** To be told of every decision that is another one than the last. @param at milliseconds since 1970 */
  decided(plan: Plan, config: string | undefined, at: number): void {
    this.#plan = plan;
    this.#config = config ?? '';
    this.#decidedAt = at;
  }

  /** The host, with everything that is done to it counted. */
  measure(host: AgentHost): AgentHost {
    return {
      look: async (signal) => this.#looked(await host.look(signal)),
      perform: async (act, signal) => {
        const began = performance.now();
        const outcome = await host.perform(act, signal);
        this.#seconds.inc({ act: act.kind }, (performance.now() - began) / 1000);
        return this.#performed(act, outcome);
      },
      remedy: (remedy, dropRollback, signal) => host.remedy(remedy, dropRollback, signal),
    };
  }

  async print(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #looked(look: HostLook): HostLook {
    this.#looks.inc({ state: look.state });
    this.#isBooted = look.state === 'fresh';
    if (look.state === 'failed') this.#failures.inc({ class: look.failure.class });
    return look;
  }

  #performed(act: Act, outcome: ActOutcome): ActOutcome {
    this.#acts.inc({ act: act.kind, result: outcome.result });
    if (outcome.result !== 'failed') return outcome;
    this.#failures.inc({ class: outcome.class });
    if (act.kind === 'reboot') this.#rebootFailures.inc();
    if (act.kind === 'stage') this.#pivotErrors.inc();
    return outcome;
  }

  #addState(registers: [Registry] | Registry[]): void {
    const plan = (): Plan | undefined => this.#plan;
    const config = (): string => this.#config;
    void new Gauge({
      name: 'mcd_state',
      help: 'The state of the node, and why, as its annotations have it.',
      labelNames: ['state', 'reason'],
      registers,
      collect() {
        this.reset();
        const found = plan();
        const state = found === undefined ? undefined : stateOf(found);
        for (const each of STATES) {
          this.set(
            { state: each, reason: each === state ? (found?.degraded ?? '') : '' },
            Number(each === state),
          );
        }
      },
    });
    void new Gauge({
      name: 'mcd_update_state',
      help: 'The configuration that the node is to run, and what keeps it from that.',
      labelNames: ['config', 'err'],
      registers,
      collect() {
        this.reset();
        if (config() !== '') this.set({ config: config(), err: plan()?.degraded ?? '' }, 1);
      },
    });
    void new Gauge({
      name: 'varve_agent_phase',
      help: 'How far the node is on its way to what it is to run: 1 for the one that it is in.',
      labelNames: ['phase'],
      registers,
      collect() {
        for (const phase of PHASES) this.set({ phase }, Number(plan()?.phase === phase));
      },
    });
  }
}

function stateOf(plan: Plan): (typeof STATES)[number] | undefined {
  const { degraded, phase } = plan;
  if (degraded !== undefined) return 'Degraded';
  if (phase === 'unmanaged' || phase === 'checking') return undefined;
  return hasArrived(plan) ? 'Done' : 'Working';
}
