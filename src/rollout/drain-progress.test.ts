import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeDuration, drainProgress, type PodEnd } from './drain-progress.ts';

const NOW = 1_800_000_000_000;
const WAIT = { timeout: 60_000, whenLate: 'Wait' } as const;
const FORCE = { ...WAIT, whenLate: 'Force' } as const;

function ending(pod: string, ago?: number): PodEnd {
  return { kind: 'ending', pod, graceEnds: ago === undefined ? undefined : NOW - ago };
}

const HELD: PodEnd = { kind: 'held', pod: 'a/held', held: 'PodDisruptionBudget a/b' };
const RETURNED: PodEnd = { kind: 'returned', pod: 'a/back' };

type Row = readonly [
  left: readonly PodEnd[],
  policy: typeof WAIT | typeof FORCE,
  since: number,
  expected: string,
];

const ROWS: Readonly<Record<string, Row>> = {
  'nothing is left': [[], WAIT, 0, 'drained'],
  'pods end': [[ending('a/z'), ending('a/b')], WAIT, 1000, 'Draining: Pod a/b is ending. Pod a/z is ending.'],
  'a pod is held': [
    [HELD, ending('a/b')],
    WAIT,
    1000,
    'DrainBlocked: Pod a/b is ending. Pod a/held is held by PodDisruptionBudget a/b.',
  ],
  'a pod does not end': [
    [ending('a/b', 15_000)],
    WAIT,
    1000,
    "DrainBlocked: Pod a/b has been asked to end, its grace period is over, and it is still there: see whether the kubelet of its node works, and the pod's finalizers.",
  ],
  'a pod is about to end': [[ending('a/b', 14_000)], WAIT, 1000, 'Draining: Pod a/b is ending.'],
  'it takes too long': [
    [HELD],
    WAIT,
    60_000,
    'DrainTimedOut: Node n1 was not drained within 1 min; it is tried again until it is. Pod a/held is held by PodDisruptionBudget a/b.',
  ],
  'forced, it waits for pods that have had their time no longer': [
    [ending('a/b', 15_000), RETURNED],
    FORCE,
    60_000,
    'drained',
  ],
  'forced, it waits for those that have not': [
    [ending('a/b', 1000)],
    FORCE,
    60_000,
    "DrainTimedOut: Node n1 was not drained within 1 min; its pods are deleted now, as the pool's drain policy Force has it. Pod a/b is ending.",
  ],
  'nothing is forced before its time': [
    [ending('a/b', 15_000), RETURNED],
    FORCE,
    59_000,
    "DrainBlocked: Pod a/b has been asked to end, its grace period is over, and it is still there: see whether the kubelet of its node works, and the pod's finalizers. Pod a/back comes back although the node is cordoned: it names the node, or tolerates the taint node.kubernetes.io/unschedulable.",
  ],
};

for (const [row, [left, policy, taken, expected]] of Object.entries(ROWS)) {
  test(`drainProgress(): ${row}`, () => {
    const found = drainProgress('n1', left, policy, NOW - taken, NOW);
    assert.equal(found.kind === 'drained' ? 'drained' : `${found.reason}: ${found.message}`, expected);
  });
}

test('drainProgress() names some of many pods, in the same order however they come', () => {
  const left = Array.from({ length: 20 }, (_, index) => ending(`a/p${index + 10}`));
  const say = (ends: readonly PodEnd[]): string => {
    const found = drainProgress('n1', ends, WAIT, NOW, NOW);
    return found.kind === 'draining' ? found.message : '';
  };
  assert.match(
    say(left),
    /^Pod a\/p10 is ending\..*Pod a\/p17 is ending\. 12 more pods are in the same case\.$/u,
  );
  assert.equal(say(left.toReversed()), say(left));
});

test('drainProgress() is asked again soon at first, and never less than every 15 s', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.constantFrom(WAIT, FORCE), (taken, policy) => {
      const found = drainProgress('n1', [HELD], policy, NOW - taken, NOW);
      assert.ok(found.kind === 'draining' && found.next >= 250 && found.next <= 15_000);
      if (taken < 60_000) assert.ok(found.next <= 5000);
    }),
  );
});

test('describeDuration() is what a person would write', () => {
  const texts = [1000, 90_000, 60_000, 900_000, 3_600_000, 7_200_000].map(describeDuration);
  assert.deepEqual(texts, ['1 s', '90 s', '1 min', '15 min', '1 h', '2 h']);
});
