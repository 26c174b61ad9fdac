import { failurePolicy } from '../host/index.ts';
import type { AgentPolicy } from './agent-policy.ts';
import type { HostReading } from './host-view.ts';
import { delay } from './retry.ts';
import type { Plan } from './situation.ts';
import { isRemedy } from './remedies.ts';

/**
 * What to do while the host cannot be seen: look again. That it is busy is no failure, but a person is told when it
 * does not end; nothing else is reported anew meanwhile.
 */
export function unseenHost(
  host: Exclude<HostReading, { readonly state: 'fresh' }>,
  policy: AgentPolicy,
  now: number,
): Plan {
  const { retryable, attempts, wait, patience, remedy, advice } = failurePolicy(
    host.state === 'busy' ? 'busy' : host.failure.class,
  );
  const lasts = Math.max(0, now - host.since);
  if (host.state === 'busy') {
    const reason = `The host is at work for somebody else: ${host.reason}.`;
    const step = { kind: 'wait', reason, until: now + delay(wait, 1) } as const;
    const degraded = `${reason} It has been for ${Math.round(lasts / 60_000)} minutes: ${advice}.`;
    return { step, phase: 'checking', ...(lasts >= patience * 1000 ? { degraded } : {}) };
  }
  const reason = `The host's status cannot be read: ${host.failure.message}.`;
  const isLong = attempts === undefined ? lasts >= patience * 1000 : host.count > attempts;
  const degraded = !retryable || isLong ? { degraded: `${reason} To mend it: ${advice}.` } : {};
  if (isRemedy(remedy) && !host.remedied) {
    return { step: { kind: 'remedy', reason, remedy, dropRollback: false }, phase: 'checking', ...degraded };
  }
  const until = now + (retryable ? delay(wait, host.count) : policy.recheck);
  return { step: { kind: 'wait', reason, until }, phase: 'checking', ...degraded };
}
