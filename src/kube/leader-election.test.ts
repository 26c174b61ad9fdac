import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.ts';
import { KubeError } from './kube-error.ts';
import { PATIENT_LEASE, QUICK_LEASE, lead, type LeaderElectionOptions } from './leader-election.ts';
import type { Lease } from './lease.ts';

/** A Lease in an API server that may be away. */
class Leases {
  lease: Lease | undefined;
  isAway = false;
  writes = 0;
  #version = 0;

  client(clock: FakeClock): LeaderElectionOptions['client'] {
    const write = (object: Lease): Lease => {
      this.#version += 1;
      this.writes += 1;
      this.lease = {
        ...object,
        metadata: { ...object.metadata, uid: 'u', resourceVersion: String(this.#version) },
      };
      return this.lease;
    };
    const check = (): void => {
      if (this.isAway) throw new KubeError('unavailable', 'cannot reach it');
    };
    return {
      clock,
      get: async () => {
        check();
        if (this.lease === undefined) throw new KubeError('not-found', 'none');
        return this.lease as never;
      },
      create: async (_, object) => {
        check();
        if (this.lease !== undefined) throw new KubeError('already-exists', 'there is one');
        return write(object) as never;
      },
      update: async (_, object) => {
        check();
        if (object.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
          throw new KubeError('conflict', 'changed');
        return write(object) as never;
      },
    };
  }
}

interface Candidate {
  readonly clock: FakeClock;
  readonly stop: AbortController;
  readonly result: Promise<'lost' | 'ended'>;
  readonly acts: () => boolean;
  /** Whom it was told to lead last. */
  readonly leader: () => string;
}

function candidate(leases: Leases, identity: string, clock = new FakeClock()): Candidate {
  const stop = new AbortController();
  let acts = false;
  let leader = '';
  const result = lead(
    {
      client: leases.client(clock),
      lease: { namespace: 'n', name: 'l' },
      identity,
      timings: QUICK_LEASE,
      onLeader: (now) => (leader = now),
    },
    stop.signal,
    async (signal) => {
      acts = true;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      acts = false;
    },
  );
  return { clock, stop, result, acts: () => acts, leader: () => leader };
}

test('lead() does not start while another one renews, whatever the clocks say', async () => {
  const leases = new Leases();
  const one = candidate(leases, 'one');
  await one.clock.advance(0);
  // A day ahead, and then a day behind.
  const two = candidate(leases, 'two', new FakeClock(Date.UTC(2026, 0, 2)));
  for (let second = 0; second < 120; second += 1) {
    if (second === 60) two.clock.jump(-2 * 86_400_000);
    await one.clock.advance(1000);
    await two.clock.advance(1000);
    assert.ok(one.acts() && !two.acts());
  }
  one.stop.abort();
  assert.equal(await one.result, 'ended');
  assert.equal(leases.lease?.spec?.holderIdentity, '');
  await two.clock.advance(3000);
  assert.ok(two.acts());
  assert.equal(leases.lease?.spec?.leaseTransitions, 1);
  two.stop.abort();
  await two.result;
});

test('lead() takes over from a leader that died, after the lease and not sooner', async () => {
  const leases = new Leases();
  const one = candidate(leases, 'one');
  await one.clock.advance(5000);
  const two = candidate(leases, 'two');
  await two.clock.advance(14_000);
  assert.ok(!two.acts());
  await two.clock.advance(5000);
  assert.ok(two.acts());
  // The first one was only paused: it stops as soon as it sees the Lease.
  await one.clock.advance(2000);
  assert.equal(await one.result, 'lost');
  assert.ok(!one.acts() && two.acts());
  two.stop.abort();
  await two.result;
});

test('lead() stops before the lease ends when the API server is away, and outlives a short absence', async () => {
  const leases = new Leases();
  const one = candidate(leases, 'one');
  await one.clock.advance(3000);
  leases.isAway = true;
  await one.clock.advance(5000);
  assert.ok(one.acts());
  leases.isAway = false;
  await one.clock.advance(5000);
  assert.ok(one.acts());
  assert.equal(one.leader(), 'one');
  leases.isAway = true;
  await one.clock.advance(QUICK_LEASE.renew + QUICK_LEASE.retry);
  assert.ok(!one.acts());
  // Nobody knows who does, but it is not this one.
  assert.equal(one.leader(), '');
  assert.equal(await one.result, 'lost');
});

test('lead() of two that begin together: one writes, the other waits', async () => {
  const leases = new Leases();
  const clock = new FakeClock();
  const both = [candidate(leases, 'one', clock), candidate(leases, 'two', clock)];
  await clock.advance(1000);
  assert.equal(both.filter(({ acts }) => acts()).length, 1);
  for (const { stop } of both) stop.abort();
  await Promise.all(both.map(({ result }) => result));
  assert.equal(clock.pending, 0);
});

test('lead() gives the lease back when the work fails, and throws its error', async () => {
  const leases = new Leases();
  const options = {
    client: leases.client(new FakeClock()),
    lease: { namespace: 'n', name: 'l' },
    identity: 'one',
  };
  await assert.rejects(
    lead(options, new AbortController().signal, () => Promise.reject(new Error('broken'))),
    /broken/u,
  );
  assert.equal(leases.lease?.spec?.holderIdentity, '');
});

test('lead() refuses timings under which two could act', async () => {
  for (const timings of [
    { ...PATIENT_LEASE, renew: PATIENT_LEASE.lease },
    { ...QUICK_LEASE, retry: 9000 },
    { ...QUICK_LEASE, retry: 0 },
  ]) {
    const client = new Leases().client(new FakeClock());
    const options = { client, lease: { namespace: 'n', name: 'l' }, identity: 'one', timings };
    await assert.rejects(
      lead(options, new AbortController().signal, async () => {}),
      { code: 'configuration' },
    );
  }
});
