import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { combineActions } from './disruption-actions.ts';
import type { DisruptionAction } from './disruption-policy.ts';

const NONE: DisruptionAction = { type: 'None' };
const REBOOT: DisruptionAction = { type: 'Reboot' };
const RELOAD: DisruptionAction = { type: 'DaemonReload' };
const SPECIAL: DisruptionAction = { type: 'Special' };
const TRUST = restart('coreos-update-ca-trust.service');
const CRIO = restart('crio.service');
const NGINX: DisruptionAction = { type: 'Reload', reload: { serviceName: 'nginx.service' } };

function restart(serviceName: string): DisruptionAction {
  return { type: 'Restart', restart: { serviceName } };
}

const ROWS: Readonly<
  Record<
    string,
    readonly [lists: readonly (readonly DisruptionAction[])[], expected: readonly DisruptionAction[]]
  >
> = {
  'nothing changed': [[], [NONE]],
  'several Nones are one': [[[NONE], [NONE]], [NONE]],
  'None goes where there is anything else': [[[NONE], [CRIO]], [CRIO]],
  'None goes where there is Special': [[[SPECIAL], [NONE]], [SPECIAL]],
  'a reboot is all that remains': [[[CRIO], [REBOOT], [SPECIAL]], [REBOOT]],
  'ten files with the same policy cost it once': [Array.from({ length: 10 }, () => [CRIO]), [CRIO]],
  'a longer list has the shorter one in it': [
    [[CRIO], [TRUST, CRIO]],
    [TRUST, CRIO],
  ],
  'the order of each list stands': [
    [[TRUST, CRIO], [TRUST]],
    [TRUST, CRIO],
  ],
  'nothing is restarted before its own reload': [
    [[CRIO], [RELOAD, CRIO], [RELOAD]],
    [RELOAD, CRIO],
  ],
  'where two lists want opposite orders, one is done twice': [
    [
      [CRIO, TRUST],
      [TRUST, CRIO],
    ],
    [CRIO, TRUST, CRIO],
  ],
};

for (const [name, [lists, expected]] of Object.entries(ROWS)) {
  test(`combineActions(): ${name}`, () => {
    assert.deepEqual(combineActions(lists), expected);
  });
}

const ACTIONS = fc.constantFrom<DisruptionAction>(
  NONE,
  RELOAD,
  SPECIAL,
  TRUST,
  CRIO,
  { type: 'Drain' },
  NGINX,
);
const LISTS = fc.array(fc.array(ACTIONS, { maxLength: 4 }), { maxLength: 5 });

function isWithin(list: readonly DisruptionAction[], other: readonly DisruptionAction[]): boolean {
  let at = 0;
  for (const action of other) if (JSON.stringify(action) === JSON.stringify(list[at])) at += 1;
  return at >= list.length;
}

test('combineActions() keeps every list in its order, and nothing that could be left out', () => {
  fc.assert(
    fc.property(LISTS, (lists) => {
      const combined = combineActions(lists);
      const wanted = lists.map((list) => list.filter(({ type }) => type !== 'None'));
      if (wanted.every((list) => list.length === 0)) return assert.deepEqual(combined, [NONE]);
      for (const list of wanted) assert.ok(isWithin(list, combined));
      assert.ok(!combined.some(({ type }) => type === 'None'));
      for (let index = 0; index < combined.length; index += 1) {
        const fewer = combined.toSpliced(index, 1);
        assert.ok(!wanted.every((list) => isWithin(list, fewer)), JSON.stringify(combined));
      }
    }),
    // seed -2035366035: a list that was in its order by chance lost it to a later one.
    { examples: [[[[NGINX], [TRUST], [NGINX, TRUST], [NGINX, RELOAD]]]] },
  );
});

test('combineActions() is a reboot if and only if one of the lists has one', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.oneof(ACTIONS, fc.constant(REBOOT)), { maxLength: 3 })), (lists) => {
      const expected = lists.flat().some(({ type }) => type === 'Reboot');
      const combined = combineActions(lists);
      assert.equal(
        combined.some(({ type }) => type === 'Reboot'),
        expected,
      );
      if (expected) assert.deepEqual(combined, [REBOOT]);
    }),
  );
});

test('combineActions() of what was combined changes nothing', () => {
  fc.assert(
    fc.property(LISTS, (lists) => {
      const once = combineActions(lists);
      assert.deepEqual(combineActions([once]), once);
      assert.deepEqual(combineActions([...lists, once]), once);
    }),
  );
});
