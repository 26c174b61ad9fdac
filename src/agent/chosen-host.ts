import { isDeepStrictEqual } from 'node:util';
import {
  chooseDriver,
  type DeployTool,
  failureOfError,
  type HostCapabilities,
  HostError,
  type HostFailure,
  type HostStatus,
} from '../host/index.ts';
import type { AgentHost, HostLook } from './agent-host.ts';
import type { ActOutcome } from './attempt-step.ts';
import type { ActiveRemedy } from './remedies.ts';
import type { Act } from './step.ts';

export interface ChosenHostOptions {
  /** Finds out what the host has: at the start, and again where it could not be used. */
  readonly probe: (signal: AbortSignal) => Promise<HostCapabilities>;
  /** The tool that its Node, or else whoever started the agent, prefers at the moment. */
  readonly preferred: () => DeployTool | undefined;
  readonly open: (tool: DeployTool, capabilities: HostCapabilities) => AgentHost;
  /** Told which tool it is, and why no other one, whenever that changes. */
  readonly onChoice?: (choice: { readonly tool: DeployTool; readonly reasons: readonly string[] }) => void;
}

/** A tool that hangs for good must not hold up every look at the host. */
const MOST_PROBES = 3;

/**
 * A host by the tool that suits it best: the preferred one, unless the host lacks it or would lose something by it, as packages
 * that are layered on it (host-contract §1.5). What a host has is found out once; a host that cannot be used is asked again at each
 * look, one that has a tool that gave no answer at the next ones.
 */
export class ChosenHost implements AgentHost {
  readonly #options: ChosenHostOptions;
  #capabilities: HostCapabilities | undefined;
  /** How often in a row it was asked, and some tool gave no answer. */
  #unanswered = 0;
  /** What the host in use was opened with. */
  #known: HostCapabilities | undefined;
  #chosen: { readonly tool: DeployTool; readonly host: AgentHost } | undefined;
  #preferred: DeployTool | undefined;
  /** What the host was seen to run, which may narrow the choice. */
  #status: HostStatus | undefined;

  constructor(options: ChosenHostOptions) {
    this.#options = options;
  }

  /** The tool in use; undefined before the first look, and where none can be used. */
  get tool(): DeployTool | undefined {
    return this.#chosen?.tool;
  }

  async look(signal: AbortSignal): Promise<HostLook> {
    if (this.#unanswered > 0 && this.#unanswered < MOST_PROBES) this.#capabilities = undefined;
    // A choice follows from what the host runs, which is seen through one: the second is final.
    for (let round = 0; ; round += 1) {
      const host = await this.#choose(signal);
      if ('failure' in host) return { state: 'failed', failure: host.failure };
      const look = await host.look(signal);
      if (look.state === 'failed') this.#capabilities = undefined;
      if (look.state !== 'fresh') return look;
      this.#status = look.view.status;
      if (round > 0 || !this.#isOutdated()) return look;
    }
  }

  perform(act: Act, signal: AbortSignal): Promise<ActOutcome> {
    return this.#need().perform(act, signal);
  }

  remedy(remedy: ActiveRemedy, dropRollback: boolean, signal: AbortSignal): Promise<void> {
    if (this.#chosen === undefined) return Promise.resolve();
    return this.#chosen.host.remedy(remedy, dropRollback, signal);
  }

  #need(): AgentHost {
    if (this.#chosen === undefined) throw new Error('cannot act on a host that was never looked at');
    return this.#chosen.host;
  }

  #isOutdated(): boolean {
    const preferred = this.#options.preferred();
    if (this.#capabilities === undefined || preferred !== this.#preferred) return true;
    return this.#wish(this.#capabilities, preferred).driver !== this.#chosen?.tool;
  }

  #wish(capabilities: HostCapabilities, preferred: DeployTool | undefined): ReturnType<typeof chooseDriver> {
    return chooseDriver(capabilities, {
      ...(preferred === undefined ? {} : { preferred }),
      ...(this.#status === undefined ? {} : { status: this.#status }),
    });
  }

  async #choose(signal: AbortSignal): Promise<AgentHost | { readonly failure: HostFailure }> {
    if (this.#chosen !== undefined && !this.#isOutdated()) return this.#chosen.host;
    const { open, onChoice } = this.#options;
    const preferred = this.#options.preferred();
    const before = this.#known;
    this.#known = this.#capabilities ??= await this.#probe(signal);
    const choice = this.#wish(this.#capabilities, preferred);
    this.#preferred = preferred;
    const { driver, reasons } = choice;
    if (driver === undefined) {
      this.#chosen = undefined;
      this.#capabilities = undefined;
      const message = `cannot drive this host: ${reasons.join('; ')}`;
      return { failure: failureOfError({ tool: 'bootc', args: [] }, new HostError('no-such-tool', message)) };
    }
    const isNew = this.#chosen?.tool !== driver;
    if (this.#chosen === undefined || isNew || !isDeepStrictEqual(before, this.#capabilities))
      this.#chosen = { tool: driver, host: open(driver, this.#capabilities) };
    if (isNew) onChoice?.({ tool: driver, reasons });
    return this.#chosen.host;
  }

  async #probe(signal: AbortSignal): Promise<HostCapabilities> {
    const found = await this.#options.probe(signal);
    this.#unanswered = (found.unanswered ?? []).length === 0 ? 0 : this.#unanswered + 1;
    return found;
  }
}
