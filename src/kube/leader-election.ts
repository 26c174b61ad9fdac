import type { KubeClient } from './client.ts';
import { pause, type Clock } from './clock.ts';
import { startDeadline } from './deadline.ts';
import { KubeError, isKubeError } from './kube-error.ts';
import { LEASES, type Lease } from './lease.ts';
import { microTime } from './micro-time.ts';
import type { ObjectKey } from './resource-type.ts';

/** Milliseconds; each is longer than the next. */
export interface LeaseTimings {
  /** How long others wait after the last sign of the leader. */
  readonly lease: number;
  /** A leader that could not renew for so long stops: sooner than anybody takes over. */
  readonly renew: number;
  /** Between two attempts. */
  readonly retry: number;
}

/** library-go's: a leader outlives an API server that is away for a minute and more. */
export const PATIENT_LEASE: LeaseTimings = { lease: 137_000, renew: 107_000, retry: 26_000 };
/** controller-runtime's: another takes over soon. */
export const QUICK_LEASE: LeaseTimings = { lease: 15_000, renew: 10_000, retry: 2000 };

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'clock' | 'create' | 'get' | 'update'>;
  /** The Lease; made if it is missing. */
  readonly lease: ObjectKey;
  /** Of this process and of no other one, ever. */
  readonly identity: string;
  readonly timings?: LeaseTimings;
  /** Told who leads whenever that changes; empty for nobody. */
  readonly onLeader?: (identity: string) => void;
  readonly report?: (error: unknown) => void;
}

/** As client-go: candidates that started together drift apart. */
const JITTER = 1.2;

/** How long a goodbye may take. */
const RELEASE_TIMEOUT = 5000;

/**
 * Waits for the lead, works while it has it, and gives it back. At most one of all that use the same Lease works at a
 * time, whatever their clocks say: nobody compares a time in the Lease with its own, but only asks how long by its own
 * clock the Lease has not changed.
 *
 * @param work has to end soon after its signal aborts: when the lead is lost, or `signal` aborts
 * @returns `lost` if another one may lead now, and `ended` if the work ended or the signal aborted
 * @throws whatever `work` throws; KubeError `configuration` for timings that are not safe
 */
export async function lead(
  options: LeaderElectionOptions,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<'lost' | 'ended'> {
  const candidate = new Candidate(options);
  if (!(await candidate.acquire(signal))) return 'ended';
  const leading = startDeadline(candidate.clock, undefined, () => undefined, signal);
  const renewing = new AbortController();
  const renewed = candidate.keep(renewing.signal).then((isLost) => {
    if (!isLost) return false;
    candidate.standBack();
    leading.expire(new KubeError('aborted', `cannot go on: the lease is lost`));
    return true;
  });
  try {
    await work(leading.signal);
  } finally {
    leading.release();
    renewing.abort();
    if (!(await renewed)) await candidate.release();
  }
  return (await renewed) ? 'lost' : 'ended';
}

class Candidate {
  readonly clock: Clock;
  readonly #options: LeaderElectionOptions;
  readonly #timings: LeaseTimings;
  /** The Lease as it was seen last, and when by the own clock that state was seen first. */
  #seen: Lease | undefined;
  #seenAt = 0;
  #renewedAt = 0;
  #leader: string | undefined;

  constructor(options: LeaderElectionOptions) {
    const timings = options.timings ?? PATIENT_LEASE;
    const { lease, renew, retry } = timings;
    if (!(lease > renew && renew > retry * JITTER && retry > 0)) {
      throw new KubeError(
        'configuration',
        `cannot elect a leader: lease ${lease} ms must be longer than renew ${renew} ms, and that than ${JITTER} times retry ${retry} ms`,
      );
    }
    this.#options = options;
    this.#timings = timings;
    this.clock = options.client.clock;
  }

  /** Tries until this candidate leads, or the signal aborts: then false. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#attempt(signal)) {
        // Not lost between the answer and here: what is given back is not kept.
        if (!signal.aborted) return true;
        await this.release();
        return false;
      }
      await pause(this.clock, this.#timings.retry * (1 + (JITTER - 1) * this.clock.random()), signal);
    }
    return false;
  }

  /** Renews until it is too late, which is true, or the signal aborts, which is false. */
  async keep(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      await pause(this.clock, this.#timings.retry, signal);
      if (signal.aborted) return false;
      const left = this.#renewedAt + this.#timings.renew - this.clock.now();
      if (left <= 0) return true;
      const deadline = startDeadline(this.clock, left, () => this.#tooLate(), signal);
      const isLeader = await this.#attempt(deadline.signal);
      deadline.release();
      if (signal.aborted) return false;
      if (!isLeader && this.#isHeldByAnother()) return true;
      if (this.clock.now() - this.#renewedAt >= this.#timings.renew) return true;
    }
  }

  /** Whoever leads now, or nobody: not this candidate. */
  standBack(): void {
    if (this.#leader === this.#options.identity) this.#announce('');
  }

  /** Lets the next one begin at once; if that fails it begins after the lease. */
  async release(): Promise<void> {
    try {
      // Read again: a renewal that was cut off may have been stored.
      const lease = await this.#read(undefined, RELEASE_TIMEOUT);
      if (lease === undefined || !this.#isMine(lease)) return;
      const now = microTime(this.clock.wall());
      const spec = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        acquireTime: now,
        renewTime: now,
      };
      await this.#options.client.update(LEASES, { ...lease, spec }, { timeout: RELEASE_TIMEOUT });
      this.#announce('');
    } catch (error) {
      this.#options.report?.(error);
    }
  }

  /** One attempt to take or to renew the lead; true if that worked. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    const { client, lease: key } = this.#options;
    // Counted from before the request: the others may have seen the Lease as early as that.
    const began = this.clock.now();
    const timeout = Math.max(1000, this.#timings.renew / 2);
    try {
      const current = await this.#read(signal, timeout);
      if (current !== undefined) this.#observe(current);
      if (current !== undefined && !this.#isMine(current) && !this.#isExpired(current)) return false;
      const next = this.#claim(current);
      const written =
        current === undefined
          ? await client.create(LEASES, { ...next, metadata: key }, { signal, timeout })
          : await client.update(LEASES, next, { signal, timeout });
      this.#observe(written);
      this.#renewedAt = began;
      return true;
    } catch (error) {
      // Another one was faster.
      if (!isKubeError(error, 'conflict', 'already-exists') && !signal.aborted) this.#options.report?.(error);
      return false;
    }
  }

  async #read(signal: AbortSignal | undefined, timeout: number): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get(LEASES, this.#options.lease, { signal, timeout });
    } catch (error) {
      if (isKubeError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  #claim(current: Lease | undefined): Lease {
    const { identity } = this.#options;
    const now = microTime(this.clock.wall());
    const old = current?.spec;
    const isMine = old?.holderIdentity === identity;
    const transitions = old?.leaseTransitions ?? 0;
    return {
      metadata: {},
      ...current,
      spec: {
        ...old,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#timings.lease / 1000),
        acquireTime: isMine ? (old.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: current === undefined || isMine ? transitions : transitions + 1,
      },
    };
  }

  #observe(lease: Lease): void {
    const isChanged = this.#seen?.metadata.resourceVersion !== lease.metadata.resourceVersion;
    if (this.#seen === undefined || isChanged || this.#seen.metadata.uid !== lease.metadata.uid) {
      this.#seenAt = this.clock.now();
    }
    this.#seen = lease;
    this.#announce(lease.spec?.holderIdentity ?? '');
  }

  #isMine(lease: Lease): boolean {
    return lease.spec?.holderIdentity === this.#options.identity;
  }

  /** By what its holder promised: it may have other timings than we have. */
  #isExpired({ spec }: Lease): boolean {
    if ((spec?.holderIdentity ?? '') === '') return true;
    const promised = (spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.clock.now() - this.#seenAt >= Math.max(promised, this.#timings.lease);
  }

  #isHeldByAnother(): boolean {
    const holder = this.#seen?.spec?.holderIdentity ?? '';
    return holder !== '' && holder !== this.#options.identity;
  }

  #tooLate(): KubeError {
    return new KubeError('timeout', 'cannot renew the lease: it took too long');
  }

  #announce(leader: string): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#options.onLeader?.(leader);
  }
}
