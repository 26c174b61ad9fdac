import { foundFailure } from './classify-failure.ts';
import type { HostFailure } from './host-failure.ts';
import type { HostRunner } from './host-runner.ts';
import { DEADLINES, HostTool, type ToolResult } from './host-tool.ts';

/** What systemd tells of a unit, in its own words. */
export interface UnitStatus {
  readonly name: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`… */
  readonly load: string;
  /** `active`, `inactive`, `failed`, `activating`… */
  readonly active: string;
  readonly sub: string;
  /** `success`, or why the service ended as it did. */
  readonly result: string;
  /** `enabled`, `disabled`, `static`…; empty for a unit that has no file. */
  readonly enablement: string;
}

export type UnitReading =
  | { readonly ok: true; readonly unit: UnitStatus }
  | { readonly ok: false; readonly failure: HostFailure };

export type UnitChange = { readonly ok: true } | { readonly ok: false; readonly failure: HostFailure };

/** A verb of systemctl that takes units. */
export type UnitVerb =
  | 'start'
  | 'stop'
  | 'restart'
  | 'reload'
  | 'reload-or-restart'
  | 'enable'
  | 'disable'
  | 'mask'
  | 'unmask'
  | 'reset-failed';

export interface RebootOptions {
  /** For the journal, and for who is logged in: one line. */
  readonly reason: string;
  /** Waits for what is staged to be finalized (host-contract §2.5, 8). Default: true. */
  readonly finalize?: boolean;
}

const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'Result', 'UnitFileState'] as const;

/** One at a time: a second reboot that is asked for while one runs is the same one. */
const REBOOT_UNIT = 'varve-reboot.service';

const FINALIZE_UNIT = 'ostree-finalize-staged.service';

/**
 * systemd of a host, by its tools. Each method throws a `HostError` with code `aborted` when its signal fires; all
 * else is in the answer.
 */
export class Systemctl {
  readonly #systemctl: HostTool;
  readonly #systemdRun: HostTool;
  readonly #deadline: number;

  constructor(host: HostRunner, deadline: number = DEADLINES.status) {
    this.#systemctl = new HostTool(host, 'systemctl');
    this.#systemdRun = new HostTool(host, 'systemd-run');
    this.#deadline = deadline;
  }

  /** A unit's state; one that is not there has the load state `not-found`. */
  async unit(name: string, signal?: AbortSignal): Promise<UnitReading> {
    const args = ['show', `--property=${PROPERTIES.join(',')}`, '--', name];
    const result = await this.#systemctl.run(args, this.#deadline, signal);
    if (!result.ok) return result;
    const values = new Map(result.outcome.stdout.split('\n').map(keyAndValue));
    const [load, active, sub, ended, enablement] = PROPERTIES.map((property) => values.get(property));
    if (load === undefined || active === undefined) {
      const message = `cannot read the state of ${name}: systemctl does not tell it`;
      return { ok: false, failure: foundFailure('unreadable', 'systemctl', message) };
    }
    const unit = { name, load, active, sub: sub ?? '', result: ended ?? '', enablement: enablement ?? '' };
    return { ok: true, unit };
  }

  /** Changes units; where one cannot be changed, the others may have been. */
  async change(verb: UnitVerb, units: readonly string[], signal?: AbortSignal): Promise<UnitChange> {
    return changed(await this.#systemctl.run([verb, '--', ...units], this.#deadline, signal));
  }

  async daemonReload(signal?: AbortSignal): Promise<UnitChange> {
    return changed(await this.#systemctl.run(['daemon-reload'], this.#deadline, signal));
  }

  /**
   * Reboots the host, kernel and all. The reboot is a unit of the host's: it goes on when this process, or its pod, is
   * stopped by it, and it waits for the unit that finalizes what is staged, without which a shutdown has been seen to
   * overtake it. A prepared soft reboot does not take its place (host-contract §7.1, §10.1, 8).
   */
  reboot(options: RebootOptions, signal?: AbortSignal): Promise<UnitChange> {
    return this.#runReboot(['--setenv=SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1'], 'reboot', options, signal);
  }

  /** Restarts the user space only, into the deployment that was prepared for it. */
  softReboot(options: RebootOptions, signal?: AbortSignal): Promise<UnitChange> {
    return this.#runReboot([], 'soft-reboot', options, signal);
  }

  async #runReboot(
    more: readonly string[],
    verb: 'reboot' | 'soft-reboot',
    { reason, finalize = true }: RebootOptions,
    signal: AbortSignal | undefined,
  ): Promise<UnitChange> {
    const args = [
      '--quiet',
      '--collect',
      `--unit=${REBOOT_UNIT}`,
      `--description=${reason}`,
      ...(finalize ? [`--property=Requires=${FINALIZE_UNIT}`, `--property=After=${FINALIZE_UNIT}`] : []),
      ...more,
      '--',
      'systemctl',
      verb,
    ];
    const result = await this.#systemdRun.run(args, this.#deadline, signal);
    if (result.ok) return { ok: true };
    // A second one by the same name is refused: the first is under way.
    const running = await this.unit(REBOOT_UNIT, signal);
    const active = running.ok ? running.unit.active : '';
    return active === 'active' || active === 'activating' ? { ok: true } : changed(result);
  }
}

function changed(result: ToolResult): UnitChange {
  return result.ok ? { ok: true } : result;
}

function keyAndValue(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, Math.max(at, 0)), line.slice(at + 1)];
}
