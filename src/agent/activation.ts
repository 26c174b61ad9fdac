import { isImage } from '../host/index.ts';
import type { AgentPolicy } from './agent-policy.ts';
import { type HostView, isAsWanted } from './host-view.ts';
import { attemptOf, type FailedActivation, type Journal, withAttempt } from './journal.ts';
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
  const failures = [...attemptOf(journal, digest).failures, ...(failure === undefined ? [] : [failure])];
  // An entry without failures stays as well: it tells that it was the agent who brought the image here.
  return {
    ...withAttempt(journal, digest, { failures: failures.slice(-8) }),
    rebooting: undefined,
    trouble: undefined,
    did: undefined,
  };
}

function failureOfReboot(
  digest: string,
  view: HostView,
  journal: Journal,
  at: number,
): FailedActivation | undefined {
  const { status, finalizationFailure, kernelArguments } = view;
  if (isImage(status.booted, digest)) {
    const { booted } = kernelArguments;
    if (isAsWanted(booted) || settledAs(status.booted, journal) !== undefined) return undefined;
    return { kind: 'kernel-arguments', message: describeDifference(booted), at };
  }
  if (finalizationFailure !== undefined) {
    return { kind: 'finalization', message: `at shutdown: ${finalizationFailure.message}`, at };
  }
  if (isImage(status.rollback, digest) || isImage(status.pending, digest)) {
    const message = 'the host booted it, or tried to, and came back to the image that it ran before';
    return { kind: 'came-back', message, at };
  }
  const message =
    'the old image runs and nothing says why: the power may have failed before the image was made bootable';
  return { kind: 'unexplained', message, at };
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
  const at = Math.min(last.at, now) + wait;
  return at > now ? { kind: 'later', at, reason } : { kind: 'go' };
}
