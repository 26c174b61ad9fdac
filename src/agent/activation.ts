import { classifyOutput, failurePolicy, isImage, type LastFinalization } from '../host/index.ts';
import type { AgentPolicy } from './agent-policy.ts';
import { type HostView, isAsWanted } from './host-view.ts';
import { attemptOf, type FailedActivation, type Journal, withAttempt } from './journal.ts';
import { dueAt } from './retry.ts';
import { settledAs } from './target.ts';

/**
 * What came of a reboot of ours, once another boot is there to be looked at (host-contract §9.4, §9.5); undefined while
 * there is nothing to tell.
 */
export function endOfReboot(journal: Journal, view: HostView, now: number): Journal | undefined {
  const { rebooting } = journal;
  if (rebooting === undefined || rebooting.bootId === view.bootId) return undefined;
  const { digest } = rebooting;
  const failure = failureOfReboot(digest, view, journal, now);
  const { failures, halted } = attemptOf(journal, digest);
  // An entry without failures stays as well: it tells that it was the agent who brought the image here.
  const more =
    failure === undefined
      ? {}
      : { failures: [...failures, failure].slice(-KEPT), halted: halted ?? hopelessness(digest, failure) };
  return { ...withAttempt(journal, digest, more), rebooting: undefined, trouble: undefined, did: undefined };
}

/** How many failures of one image are remembered: more than any policy allows. */
const KEPT = 32;

function failureOfReboot(
  digest: string,
  { status, lastFinalization, kernelArguments }: HostView,
  journal: Journal,
  at: number,
): FailedActivation | undefined {
  if (isImage(status.booted, digest)) {
    const { booted } = kernelArguments;
    if (isAsWanted(booted) || settledAs(status.booted, journal) !== undefined) return undefined;
    return { kind: 'kernel-arguments', message: describeDifference(booted), at };
  }
  if (lastFinalization.outcome === 'failed') {
    return { kind: 'finalization', message: lastFinalization.message, at };
  }
  if (isImage(status.rollback, digest) || isImage(status.pending, digest)) {
    return {
      kind: 'came-back',
      message: 'it was made bootable, and the host came back to what it ran before',
      at,
    };
  }
  return { kind: 'unexplained', message: unexplained(lastFinalization), at };
}

/** Why the old image runs though nothing failed, as far as the host can tell (host-contract §9.4). */
function unexplained({ outcome }: LastFinalization): string {
  switch (outcome) {
    case 'locked':
      return 'somebody locked it before the shutdown';
    case 'cut-short':
      return "the shutdown did not wait until it was bootable: the disk may be too slow for ostree-finalize-staged.service's TimeoutStopSec";
    case 'not-begun':
      return 'it was never made bootable: the power may have failed, or the reboot did not shut the host down';
    case 'completed':
      return 'it was made bootable, and is gone';
    case 'failed':
    case 'unknown':
      return 'nothing says why: the power may have failed before it was bootable';
  }
}

/** Some failures come again whatever is tried: the edited file is still there (host-contract §3.3). */
function hopelessness(digest: string, { kind, message }: FailedActivation): string | undefined {
  if (kind !== 'finalization') return undefined;
  const { retryable, advice } = failurePolicy(classifyOutput({ status: 1, stdout: '', stderr: message }));
  return retryable ? undefined : `${digest} cannot be made bootable: ${message}. To mend it: ${advice}`;
}

/** In words: what the command line lacks and what it has too much. */
export function describeDifference({ missing, surplus }: HostView['kernelArguments']['booted']): string {
  const parts = [
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(' ')}`]),
    ...(surplus.length === 0 ? [] : [`still has ${surplus.join(' ')}`]),
  ];
  return `the kernel command line ${parts.join(' and ')}`;
}

/** Whether an image may be rebooted into once more. */
export type ActivationVerdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'later'; readonly at: number; readonly reason: string }
  /** Not until another image is desired or a person says so. */
  | { readonly kind: 'halted'; readonly reason: string };

export function activationVerdict(
  journal: Journal,
  digest: string,
  policy: AgentPolicy,
  now: number,
): ActivationVerdict {
  const { failures, halted } = attemptOf(journal, digest);
  if (halted !== undefined) return { kind: 'halted', reason: halted };
  const last = failures.at(-1);
  if (last === undefined) return { kind: 'go' };
  const unexplained = failures.filter(({ kind }) => kind === 'unexplained').length;
  const explained = failures.length - unexplained;
  const times = failures.length === 1 ? 'once' : `${failures.length} times`;
  const reason = `The host was rebooted ${times} into ${digest} and does not run it: ${last.message}`;
  if (explained >= policy.failedActivations || unexplained >= policy.unexplainedActivations) {
    return { kind: 'halted', reason };
  }
  const [first, most] = policy.activationWait;
  const wait = Math.min(most, first * 2 ** (failures.length - 1));
  const at = dueAt(last.at, wait, now);
  return at > now ? { kind: 'later', at, reason } : { kind: 'go' };
}
