import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../schema/index.ts';
import { isEmptySelector, labelSelectorProblems, matchesSelector } from './index.ts';
import type { LabelSelector } from './index.ts';

const LABELS = { role: 'worker', zone: 'a', empty: '' };

test('matchesSelector() follows Kubernetes', async (t) => {
  const cases: Record<string, [LabelSelector | JsonObject | undefined, boolean]> = {
    'no selector matches nothing': [undefined, false],
    'an empty selector matches everything': [{}, true],
    'a label with the value': [{ matchLabels: { role: 'worker' } }, true],
    'a label with another value': [{ matchLabels: { role: 'master' } }, false],
    'a label that is absent': [{ matchLabels: { missing: '' } }, false],
    'all labels have to match': [{ matchLabels: { role: 'worker', zone: 'b' } }, false],
    'In with the value among others': [expression('role', 'In', 'master', 'worker'), true],
    'In without the value': [expression('role', 'In', 'master'), false],
    'In for an absent label': [expression('missing', 'In', ''), false],
    'NotIn with another value': [expression('role', 'NotIn', 'master'), true],
    'NotIn with the value': [expression('role', 'NotIn', 'worker'), false],
    'NotIn for an absent label': [expression('missing', 'NotIn', 'worker'), true],
    'Exists for a label that is present but empty': [expression('empty', 'Exists'), true],
    'Exists for an absent label': [expression('missing', 'Exists'), false],
    'DoesNotExist for a label': [expression('role', 'DoesNotExist'), false],
    'DoesNotExist for an absent label': [expression('missing', 'DoesNotExist'), true],
    'an operator that Kubernetes does not have': [
      { matchExpressions: [{ key: 'role', operator: 'Contains' }] },
      false,
    ],
    'no operator': [{ matchExpressions: [{ key: 'role' }] }, false],
    'In without values': [expression('role', 'In'), false],
    'NotIn without values': [expression('missing', 'NotIn'), false],
    'Exists with a value': [expression('role', 'Exists', 'worker'), false],
    'DoesNotExist with a value': [expression('missing', 'DoesNotExist', 'x'), false],
    'a key that no label can have': [expression('a b', 'DoesNotExist'), false],
    'a value that no label can have': [expression('role', 'In', 'worker', 'a b'), false],
    'labels and expressions together': [
      { matchLabels: { role: 'worker' }, ...expression('zone', 'In', 'b') },
      false,
    ],
    'a label named like a member of every object': [expression('constructor', 'Exists'), false],
  };
  for (const [sentence, [selector, expected]] of Object.entries(cases)) {
    await t.test(sentence, () => assert.equal(matchesSelector(selector, LABELS), expected));
  }
});

test('matchesSelector() takes no labels for an empty set', () => {
  assert.equal(matchesSelector({}, undefined), true);
  assert.equal(matchesSelector({ matchLabels: { a: 'b' } }, undefined), false);
});

test('isEmptySelector() sees through empty members', () => {
  assert.equal(isEmptySelector({}), true);
  assert.equal(isEmptySelector({ matchLabels: {}, matchExpressions: [] }), true);
  assert.equal(isEmptySelector(expression('a', 'Exists')), false);
});

function expression(
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  ...values: string[]
): LabelSelector {
  return { matchExpressions: [{ key, operator, values }] };
}

test('labelSelectorProblems() says why a selector matches nothing', () => {
  const problems = (selector: JsonObject): unknown =>
    labelSelectorProblems(selector, ['spec', 'selector']).map(({ message }) => message);
  assert.deepEqual(
    problems({ matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }),
    [],
  );
  assert.deepEqual(
    problems({
      matchLabels: { '/a': 'b c' },
      matchExpressions: [
        { key: 'a', operator: 'Near' },
        { key: 'a', operator: 'In' },
        { key: 'a', operator: 'Exists', values: ['b'] },
      ],
    }),
    [
      'spec.selector.matchLabels["/a"]: the prefix must not be empty',
      'spec.selector.matchExpressions[0].operator: expected one of "In", "NotIn", "Exists", "DoesNotExist", received "Near"',
      'spec.selector.matchExpressions[1].values: must not be empty for the operator In',
      'spec.selector.matchExpressions[2].values: must be empty for the operator Exists',
    ],
  );
});
