import { systemClock, type Clock } from '../../src/kube/index.ts';

/** Time that passes so many times faster, for what is tried again after a minute. */
export function fastClock(factor: number): Clock {
  const began = systemClock.now();
  const wall = systemClock.wall();
  return {
    now: () => (systemClock.now() - began) * factor,
    wall: () => wall + (systemClock.now() - began) * factor,
    random: () => systemClock.random(),
    schedule: (milliseconds, action) => systemClock.schedule(milliseconds / factor, action),
  };
}
