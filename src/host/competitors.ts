import type { Systemctl, UnitStatus } from './systemctl.ts';

/**
 * What else updates a host by itself (host-contract §9.6): it would stage its own image between ours and the reboot,
 * or reboot when it likes.
 */
const COMPETITORS = [
  'bootc-fetch-apply-updates.timer',
  'rpm-ostreed-automatic.timer',
  'zincati.service',
] as const;

/**
 * The update services of the host that run or would at its next boot. One whose state cannot be read is left out: it
 * is found by what it stages.
 */
export async function findCompetitors(
  systemctl: Systemctl,
  signal?: AbortSignal,
): Promise<readonly UnitStatus[]> {
  const found: UnitStatus[] = [];
  for (const name of COMPETITORS) {
    const reading = await systemctl.unit(name, signal);
    if (!reading.ok || reading.unit.load !== 'loaded') continue;
    const { active, enablement } = reading.unit;
    if (active === 'active' || active === 'activating' || enablement === 'enabled') found.push(reading.unit);
  }
  return found;
}
