import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  anonymous,
  authenticated,
  parseNodeUsername,
  parseServiceAccountUsername,
  user,
  userInfo,
} from './user.ts';

test('authenticated() adds the group once, and never to anonymous users', () => {
  assert.deepEqual(authenticated(user('a', { groups: ['g'] })).groups, ['g', 'system:authenticated']);
  const already = user('a', { groups: ['system:authenticated'] });
  assert.equal(authenticated(already), already);
  assert.equal(authenticated(anonymous), anonymous);
  assert.deepEqual(authenticated(user('a', { groups: ['system:unauthenticated'] })).groups, [
    'system:unauthenticated',
  ]);
});

for (const [username, expected] of [
  ['system:serviceaccount:ns:name', { namespace: 'ns', name: 'name' }],
  ['system:serviceaccount:ns:na.me', { namespace: 'ns', name: 'na.me' }],
  ['system:serviceaccount:ns', undefined],
  ['system:serviceaccount:ns:name:more', undefined],
  ['system:serviceaccount::name', undefined],
  ['system:serviceaccount:NS:name', undefined],
  ['alice', undefined],
] as const) {
  test(`parseServiceAccountUsername() of ${username}`, () => {
    assert.deepEqual(parseServiceAccountUsername(username), expected);
  });
}

test('parseNodeUsername() wants a node name', () => {
  assert.equal(parseNodeUsername('system:node:a.b'), 'a.b');
  assert.equal(parseNodeUsername('system:node:'), undefined);
  assert.equal(parseNodeUsername('system:node:A'), undefined);
});

test('userInfo() leaves out what is empty and survives odd keys', () => {
  assert.deepEqual(userInfo(user('a')), { username: 'a' });
  const info = userInfo(user('a', { uid: '1', groups: ['g'], extra: new Map([['__proto__', ['x']]]) }));
  assert.equal(JSON.stringify(info), '{"username":"a","uid":"1","groups":["g"],"extra":{"__proto__":["x"]}}');
});
