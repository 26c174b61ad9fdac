import type { FailureClass } from '../host/index.ts';
import type { DisruptionAction } from '../machineconfig/index.ts';
import type { LiveRecord } from './live-record.ts';

/** An image that the host ran, and that was found to be what it should be. */
export interface Settled {
  /** The digest that was asked for: of an index or of a manifest; undefined for a host that runs no image. */
  readonly digest: string | undefined;
  /** As the node had been told it. */
  readonly image: string | undefined;
  readonly config: string | undefined;
  /** `base`: what the host runs without Varve. */
  readonly kind: 'image' | 'base';
  /** The deployment's commit, where the host has commits. */
  readonly checksum: string | undefined;
  /** Milliseconds since 1970, as all times of a journal. */
  readonly at: number;
}

/** A reboot into an image that did not end there. */
export interface FailedActivation {
  /** `unexplained`: the old image runs and nothing says why, as after a power cut. */
  readonly kind: 'finalization' | 'came-back' | 'kernel-arguments' | 'unexplained';
  readonly message: string;
  readonly at: number;
}

/** What was tried with one image. */
export interface Attempt {
  readonly failures: readonly FailedActivation[];
  /** The pull was reported to be complete: a hint, since a wrong one costs nothing but time. */
  readonly fetched: boolean;
  /** Why it is not tried again until a person says so. */
  readonly halted: string | undefined;
  /** The failures after which room was made on the host's disks for the next try. */
  readonly cleaned?: number;
}

/** A step that failed, and failed again. */
export interface Trouble {
  /** Which step, as `stepKey` names it. */
  readonly key: string;
  readonly class: FailureClass;
  readonly message: string;
  /** Failures in a row. */
  readonly count: number;
  readonly since: number;
  /** Of the last failure. */
  readonly at: number;
  /** What the class's policy says to do before the next attempt was done. */
  readonly remedied: boolean;
  /** Of a change without a reboot: what it did in this boot before the action that failed. */
  readonly ran?: { readonly bootId: string; readonly actions: readonly DisruptionAction[] } | undefined;
}

/** What an agent must remember of its host beyond what the host shows: kept on disk, outside the image. */
export interface Journal {
  /** What ran when the agent first saw the host. */
  readonly adopted: Settled | undefined;
  /** What ran and was verified, newest first. */
  readonly history: readonly Settled[];
  /** By digest. */
  readonly attempts: Readonly<Record<string, Attempt>>;
  /** Written before a reboot of our own: it failed if another boot runs another image. */
  readonly rebooting: { readonly digest: string; readonly bootId: string; readonly at: number } | undefined;
  /** The last step that was reported to have succeeded; it did not if it comes next again. */
  readonly did: { readonly key: string; readonly bootId: string } | undefined;
  readonly trouble: Trouble | undefined;
  /** Deployments that were pinned by the agent, by commit. */
  readonly pinned: readonly string[];
  /** The boot in which locking failed again and again: nothing is staged before the drain. */
  readonly cannotLock: string | undefined;
  /** What was written into /etc of a running deployment (architecture D5), by its name; it stays there as long as the deployment. */
  readonly live: Readonly<Record<string, LiveRecord>>;
  /** The digest of the image that was pulled ahead of its turn, and not staged. */
  readonly prefetched: string | undefined;
  /** The last word to try again that was heeded. */
  readonly retry: string | undefined;
  /** Members that a newer agent wrote and this one does not know: written back as they are. */
  readonly unknown: Readonly<Record<string, unknown>>;
}

export const EMPTY_JOURNAL: Journal = {
  adopted: undefined,
  history: [],
  attempts: {},
  rebooting: undefined,
  did: undefined,
  trouble: undefined,
  pinned: [],
  cannotLock: undefined,
  live: {},
  prefetched: undefined,
  retry: undefined,
  unknown: {},
};

const NO_ATTEMPT: Attempt = { failures: [], fetched: false, halted: undefined };

/** What was tried with an image; nothing, if it is not known. */
export function attemptOf({ attempts }: Journal, digest: string): Attempt {
  return Object.hasOwn(attempts, digest) ? (attempts[digest] ?? NO_ATTEMPT) : NO_ATTEMPT;
}

/** How many images are remembered; what is forgotten is at worst tried again. */
const REMEMBERED = 16;

/** The journal with more about one image, which is then the one that is forgotten last. */
export function withAttempt(journal: Journal, digest: string, more: Partial<Attempt>): Journal {
  const others = Object.entries(journal.attempts).filter(([other]) => other !== digest);
  const attempt = { ...attemptOf(journal, digest), ...more };
  return { ...journal, attempts: Object.fromEntries([...others.slice(1 - REMEMBERED), [digest, attempt]]) };
}
