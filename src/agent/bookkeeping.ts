import { allDeployments, type Deployment, isImage } from '../host/index.ts';
import { endOfReboot } from './activation.ts';
import { pinnedName } from './target.ts';
import { attemptOf, EMPTY_JOURNAL, type Journal, type Settled, withAttempt } from './journal.ts';
import type { HostView } from './host-view.ts';
import { deploymentName } from './live-record.ts';
import type { NodeWishes } from './node-wishes.ts';
import type { Situation } from './situation.ts';
import type { Step } from './step.ts';
import type { Target } from './target.ts';

type Record = Extract<Step, { readonly kind: 'record' }>;

/** How many verified deployments are remembered. */
const HISTORY = 8;

/**
 * The journal of a host that the agent sees for the first time, or whose journal is lost.
 *
 * @param lost why there is no journal, when there was one
 */
export function adoption(
  node: NodeWishes,
  view: HostView,
  target: Target,
  now: number,
  lost: string | undefined,
): Record {
  const { booted } = view.status;
  const { config, base } = view.image;
  const adopted: Settled = {
    digest: booted?.image?.digest,
    image: pinnedName(booted),
    config,
    kind: config === undefined && base === undefined ? 'base' : 'image',
    checksum: booted?.checksum,
    at: now,
  };
  let journal: Journal = { ...EMPTY_JOURNAL, adopted, retry: node.retry };
  // Where the journal does not outlive a reboot, an image that does not boot would be rebooted into for ever.
  if (node.rebooting && (target.kind === 'image' || target.kind === 'base')) {
    const halted = `The journal of the agent is gone${lost === undefined ? '' : ` (${lost})`}, and with it how often the host was rebooted into ${target.digest} in vain: see that the journal's directory outlives a reboot.`;
    journal = withAttempt(journal, target.digest, { halted });
  }
  const what = adopted.image ?? booted?.origin ?? 'a deployment of no image';
  const why = lost === undefined ? 'The host is seen for the first time' : `The journal is lost (${lost})`;
  return { kind: 'record', reason: `${why}: it runs ${what}.`, journal };
}

/** What has to be remembered before anything else is decided; undefined when all is. */
export function bookkeeping({ journal, node, view, target, now }: Situation): Record | undefined {
  const digest = target.kind === 'image' || target.kind === 'base' ? target.digest : undefined;
  if (node.retry !== undefined && node.retry !== journal.retry) {
    return {
      kind: 'record',
      reason: 'A person asks to try again.',
      journal: forgiven(journal, node.retry, digest),
    };
  }
  const kept = withoutLost(journal, view);
  if (kept !== undefined) {
    return {
      kind: 'record',
      reason: 'A deployment is gone, and what was done to its /etc with it.',
      journal: kept,
    };
  }
  const ended = endOfReboot(journal, view, now);
  if (ended !== undefined) return { kind: 'record', reason: 'The host was rebooted.', journal: ended };
  if (journal.rebooting !== undefined && journal.rebooting.digest !== digest) {
    return {
      kind: 'record',
      reason: 'Another image is wanted than the one that the host was to reboot into.',
      journal: { ...journal, rebooting: undefined },
    };
  }
  return undefined;
}

/** Without what was done to deployments that the host does not have any more; undefined where it has all of them. */
function withoutLost(journal: Journal, { status }: HostView): Journal | undefined {
  const there = new Set(allDeployments(status).map(deploymentName));
  const entries = Object.entries(journal.live).filter(([name]) => there.has(name));
  if (entries.length === Object.keys(journal.live).length) return undefined;
  return { ...journal, live: Object.fromEntries(entries) };
}

/** Nothing is given up any longer; what was pulled still is. */
function forgiven(journal: Journal, retry: string, digest: string | undefined): Journal {
  const attempts = Object.entries(journal.attempts).map(
    ([key, attempt]) => [key, { ...attempt, failures: [], halted: undefined }] as const,
  );
  const cleared: Journal = {
    ...journal,
    attempts: Object.fromEntries(attempts),
    trouble: undefined,
    did: undefined,
    cannotLock: undefined,
    retry,
  };
  // An image with an entry is one that the agent is to bring about, whoever left it.
  return digest === undefined ? cleared : withAttempt(cleared, digest, {});
}

/** Remembers that the host runs what it is to run, and that this was verified. */
export function settled(journal: Journal, entry: Settled): Journal {
  const { digest } = entry;
  const older = journal.history.filter(
    (other) => other.digest !== digest || other.checksum !== entry.checksum,
  );
  const attempts = Object.entries(journal.attempts).filter(([key]) => key !== digest);
  return {
    ...journal,
    history: [entry, ...older].slice(0, HISTORY),
    attempts: Object.fromEntries(attempts),
    rebooting: undefined,
    trouble: undefined,
    did: undefined,
  };
}

/** Whether somebody, and not this agent, brought the host from what it had reached to what it runs. */
export function wasChangedByOthers(
  journal: Journal,
  digest: string,
  booted: Deployment | undefined,
): boolean {
  const tried = Object.keys(journal.attempts);
  return (
    journal.history[0]?.digest === digest &&
    !tried.includes(digest) &&
    !tried.some((other) => isImage(booted, other))
  );
}

/** Remembers that an image is about to be brought to the host. */
export function begun(journal: Journal, digest: string): Journal {
  return Object.hasOwn(journal.attempts, digest)
    ? journal
    : withAttempt(journal, digest, attemptOf(journal, digest));
}
