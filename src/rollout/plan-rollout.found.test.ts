// Schedules in which the search has found an invariant broken, shrunk; `npm run test:rollout` prints them.
import { test } from 'node:test';
import { checkSchedule } from './test-rest.ts';
import type { Event, Setup } from './test-schedule.ts';

type Found = readonly [setup: Setup, events: readonly Event[]];

const NODE = { hasAgent: true, stages: 'no' as const, isAdopted: true, pods: 0 };
const SMALL = { maxUnavailable: 1, soak: false, hasControlPlane: false };

const FOUND: Readonly<Record<string, Found>> = {
  // Seed -654489827: the permit of a node that was in no pool for a moment did not keep another one from getting its turn.
  'a node of the control plane leaves its pool with its turn, and is back before anybody has looked twice': [
    {
      ...SMALL,
      nodes: [
        { ...NODE, role: 'arbiter' },
        { ...NODE, role: 'master' },
      ],
    },
    [
      { kind: 'round', process: 0, machines: 85 },
      { kind: 'round', process: 0, machines: 85 },
      { kind: 'round', process: 0, machines: 170 },
      { kind: 'round', process: 0, machines: 255 },
      { kind: 'label', node: 0, role: 'none' },
      { kind: 'round', process: 0, machines: 0 },
      { kind: 'label', node: 0, role: 'arbiter' },
      { kind: 'round', process: 0, machines: 255 },
    ],
  ],
  // Seed -1428279826: the one with its turn and the one that another pool had told what to run waited for each other.
  'a node that was told what to run comes into a pool of which another one has the turn, and has not been told':
    [
      {
        ...SMALL,
        nodes: [
          { ...NODE, role: 'worker' },
          { ...NODE, role: 'infra', isAdopted: false },
        ],
      },
      [
        { kind: 'round', process: 0, machines: 85 },
        { kind: 'round', process: 0, machines: 255 },
        { kind: 'round', process: 0, machines: 0 },
        { kind: 'goal', pool: 1, goal: 1 },
        { kind: 'round', process: 0, machines: 0 },
        { kind: 'label', node: 0, role: 'infra' },
      ],
    ],
};

for (const [what, [setup, events]] of Object.entries(FOUND)) {
  test(`planRollout() keeps every invariant where ${what}`, () => checkSchedule(setup, events));
}
