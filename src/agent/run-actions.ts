import { isDeepStrictEqual } from 'node:util';
import type { HostFailure, Systemctl, UnitChange } from '../host/index.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import type { ActOutcome } from './attempt-step.ts';

/** What a host need not have although the default policies name it (contract §5.11): nothing has to be told to it then. */
const OF_DEFAULTS: ReadonlySet<string> = new Set([
  'crio.service',
  'kubelet.service',
  'iri-registry.service',
  'coreos-update-ca-trust.service',
]);

const TRUST = 'coreos-update-ca-trust.service';

/** Runs a command of the host's; what it says if it fails. */
export type HostCommandRun = (tool: string, args: readonly string[]) => Promise<UnitChange>;

/**
 * Does what a change costs on a running host, in its order, up to the first that fails (contract §5.11, execution). Beyond it: a
 * unit that the change took away is stopped, as a boot would leave it; one that does not run is not reloaded; one that was
 * restarted and has failed is a failure.
 *
 * @param items what the change is about: a unit of it may be gone
 * @param ran what an attempt before this one did: services are not told again
 */
export async function runActions(
  systemctl: Systemctl,
  run: HostCommandRun,
  actions: readonly DisruptionAction[],
  items: readonly string[],
  signal: AbortSignal,
  ran: readonly DisruptionAction[] = [],
): Promise<ActOutcome> {
  const wasRun = actions.findIndex((action, at) => !isDeepStrictEqual(action, ran[at]));
  for (const [at, action] of actions.entries()) {
    // That systemd reads its units anew costs nothing, and they may have been mended since.
    if ((wasRun < 0 || at < wasRun) && action.type !== 'DaemonReload') continue;
    const failure = await runAction(action);
    if (failure === undefined) continue;
    const message = `${whatOf(action)}: ${failure.message}`;
    return { result: 'failed', class: failure.class, message, ran: actions.slice(0, at) };
  }
  return { result: 'done' };

  async function runAction(action: DisruptionAction): Promise<Trouble | undefined> {
    switch (action.type) {
      // The drain came before anything was written; there is no reboot on this way.
      case 'None':
      case 'Drain':
      case 'Reboot':
        return undefined;
      case 'DaemonReload':
        return failureOf(await systemctl.daemonReload(signal));
      case 'Special':
        return reload('crio.service');
      case 'Reload':
        return reload(action.reload.serviceName);
      case 'Restart':
        return restart(action.restart.serviceName);
    }
  }

  async function reload(unit: string): Promise<Trouble | undefined> {
    const reading = await systemctl.unit(unit, signal);
    if (!reading.ok) return reading.failure;
    if (isNeedless(unit, reading.unit.load)) return undefined;
    // It reads the files when it starts.
    if (reading.unit.active === 'inactive' && reading.unit.load === 'loaded') return undefined;
    return failureOf(await systemctl.change('reload', [unit], signal));
  }

  async function restart(unit: string): Promise<Trouble | undefined> {
    const reading = await systemctl.unit(unit, signal);
    if (!reading.ok) return reading.failure;
    const { load, active } = reading.unit;
    if (unit === TRUST && load === 'not-found') return failureOf(await run('update-ca-trust', []));
    if (isNeedless(unit, load)) {
      return active === 'active' ? failureOf(await systemctl.change('stop', [unit], signal)) : undefined;
    }
    const change = await systemctl.change('restart', [unit], signal);
    if (!change.ok) return unit === TRUST ? failureOf(await run('update-ca-trust', [])) : change.failure;
    const after = await systemctl.unit(unit, signal);
    if (!after.ok) return after.failure;
    if (after.unit.active !== 'failed') return undefined;
    const message = `it was started and has failed (${after.unit.result}): see \`systemctl status ${unit}\``;
    return { class: 'unknown', message };
  }

  function isNeedless(unit: string, load: string): boolean {
    const isGone = load === 'not-found' || load === 'masked';
    return isGone && (OF_DEFAULTS.has(unit) || items.includes(`unit ${unit}`));
  }
}

/** Why an action failed. */
type Trouble = Pick<HostFailure, 'class' | 'message'>;

function failureOf(change: UnitChange): Trouble | undefined {
  return change.ok ? undefined : change.failure;
}

function whatOf(action: DisruptionAction): string {
  switch (action.type) {
    case 'Restart':
      return `cannot restart ${action.restart.serviceName}`;
    case 'Reload':
      return `cannot reload ${action.reload.serviceName}`;
    case 'Special':
      return 'cannot reload crio.service';
    case 'DaemonReload':
    case 'None':
    case 'Drain':
    case 'Reboot':
      return 'systemd cannot read its units anew';
  }
}
