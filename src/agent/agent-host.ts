import type { HostFailure } from '../host/index.ts';
import type { ActOutcome } from './attempt-step.ts';
import type { HostReading, HostView } from './host-view.ts';
import type { ActiveRemedy } from './remedies.ts';
import type { Act } from './step.ts';

/** What one look at the host gave. */
export type HostLook =
  | { readonly state: 'fresh'; readonly view: HostView }
  | { readonly state: 'busy'; readonly reason: string }
  | { readonly state: 'failed'; readonly failure: HostFailure };

/**
 * The host that an agent runs on. What goes wrong with it is an answer; each method throws only when its signal fires, or
 * when it is asked for what no host can do.
 */
export interface AgentHost {
  look(signal: AbortSignal): Promise<HostLook>;
  /** Does one act, within its own deadline. The next look tells what came of it. */
  perform(act: Act, signal: AbortSignal): Promise<ActOutcome>;
  /** Does what may help, as far as it can be done; whether it helped shows when the act is tried again. */
  remedy(remedy: ActiveRemedy, dropRollback: boolean, signal: AbortSignal): Promise<void>;
}

/** Counts looks that were not fresh: how long a host is busy or broken is known to nobody else. */
export class WatchedHost {
  readonly host: AgentHost;
  #since: number | undefined;
  #failures = 0;
  #remedied = false;

  constructor(host: AgentHost) {
    this.host = host;
  }

  /** @param now milliseconds since 1970 */
  async read(now: number, signal: AbortSignal): Promise<HostReading> {
    const look = await this.host.look(signal);
    if (look.state === 'fresh') {
      this.#since = undefined;
      this.#failures = 0;
      this.#remedied = false;
      return look;
    }
    const since = Math.min((this.#since ??= now), now);
    if (look.state === 'busy') return { ...look, since };
    this.#failures += 1;
    return { ...look, since, count: this.#failures, remedied: this.#remedied };
  }

  async remedy(remedy: ActiveRemedy, dropRollback: boolean, signal: AbortSignal): Promise<void> {
    this.#remedied = true;
    await this.host.remedy(remedy, dropRollback, signal);
  }
}
