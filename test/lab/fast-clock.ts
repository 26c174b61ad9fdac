import { systemClock, type Clock } from '../../src/kube/index.ts';

/** How often it is seen, in milliseconds, whether this process runs; of a pause that is longer only so much is time. */
const BEAT = 5;
const LONGEST = 25;

/** Milliseconds in which this process was at work: while a busy machine lets it stand still, no time passes. */
class Waking {
  #time = 0;
  #last = systemClock.now();

  constructor() {
    setInterval(() => this.now(), BEAT).unref();
  }

  now(): number {
    const now = systemClock.now();
    this.#time += Math.min(now - this.#last, LONGEST);
    this.#last = now;
    return this.#time;
  }
}

let waking: Waking | undefined;

/**
 * Time that passes so many times faster, for what is tried again after a minute. What is waited for by it happens in this
 * process, and has the time for it that it would have had.
 */
export function fastClock(factor: number): Clock {
  waking ??= new Waking();
  const awake = waking;
  const began = awake.now();
  const wall = systemClock.wall();
  return {
    now: () => (awake.now() - began) * factor,
    wall: () => wall + (awake.now() - began) * factor,
    random: () => systemClock.random(),
    schedule: (milliseconds, action) => {
      const due = awake.now() + milliseconds / factor;
      let cancel = (): void => {};
      const wait = (): void => {
        const left = due - awake.now();
        if (left <= 0) action();
        else cancel = systemClock.schedule(left, wait);
      };
      cancel = systemClock.schedule(milliseconds / factor, wait);
      return () => cancel();
    },
  };
}
