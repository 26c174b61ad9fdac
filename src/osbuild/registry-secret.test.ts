import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { authDocument } from '../oci/index.ts';
import { OsBuildError } from './osbuild-error.ts';
import { registryCredentials } from './registry-secret.ts';
import type { RegistrySecret } from './registry-secret.ts';

const JSON_TYPE = 'kubernetes.io/dockerconfigjson';
const LEGACY_TYPE = 'kubernetes.io/dockercfg';
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

function secret(text: string | Uint8Array, type = JSON_TYPE): RegistrySecret {
  const key = type === LEGACY_TYPE ? '.dockercfg' : '.dockerconfigjson';
  return { metadata: { name: 'push' }, type, data: { [key]: base64(text) } };
}

const ENTRIES = {
  'registry.example.com': { username: 'user', email: 'user@example.com', auth: base64('user:hunter2') },
};
const WITH_AUTHS = JSON.stringify({ auths: ENTRIES });
const BARE = JSON.stringify(ENTRIES);
const CANONICAL = WITH_AUTHS;
const EMPTY = '{"auths":{}}';

const ACCEPTED: Readonly<Record<string, [RegistrySecret, string]>> = {
  'the form of today': [secret(WITH_AUTHS), CANONICAL],
  'the older form': [secret(BARE, LEGACY_TYPE), CANONICAL],
  'the older form under the key of today': [secret(BARE), CANONICAL],
  'the form of today under the older key': [secret(WITH_AUTHS, LEGACY_TYPE), CANONICAL],
  'nothing in auths': [secret('{"auths":{}}'), EMPTY],
  'an empty object': [secret('{}'), EMPTY],
  'an empty object in the older form': [secret('{}', LEGACY_TYPE), EMPTY],
  'helpers, which are left out': [
    secret(`{"credHelpers":{"a":"b"},"credsStore":"c",${WITH_AUTHS.slice(1)}`),
    CANONICAL,
  ],
  'helpers without auths': [secret('{"credHelpers":{"a":"b"}}'), EMPTY],
  'an identity token': [
    secret('{"auths":{"a.example.com":{"identitytoken":"t"}}}'),
    '{"auths":{"a.example.com":{"identitytoken":"t"}}}',
  ],
  'a registry with an odd name': [
    secret('{"auths":{"__proto__":{"auth":"YTpi"}}}'),
    '{"auths":{"__proto__":{"auth":"YTpi"}}}',
  ],
};

for (const [sentence, [given, expected]] of Object.entries(ACCEPTED)) {
  test(`registryCredentials() accepts ${sentence}`, () => {
    assert.equal(registryCredentials(given), expected);
  });
}

test('registryCredentials() gives what a registry client reads', () => {
  const bytes = Buffer.from(registryCredentials(secret(BARE, LEGACY_TYPE)));
  const found = authDocument('secret push', bytes).lookup('registry.example.com', 'team/os');
  assert.deepEqual(found.credential, { kind: 'basic', username: 'user', password: 'hunter2' });
});

const types = `${JSON_TYPE} or ${LEGACY_TYPE}`;
const { data } = secret(WITH_AUTHS);
const KEY = 'data[".dockerconfigjson"]';

const REFUSED: Readonly<Record<string, [RegistrySecret, string, string]>> = {
  'no type': [{ metadata: { name: 'push' }, data: data ?? {} }, 'type', `missing; must be ${types}`],
  'another type': [
    { metadata: { name: 'push' }, type: 'Opaque', data: data ?? {} },
    'type',
    `must be ${types}, is "Opaque"`,
  ],
  'no data': [
    { metadata: { name: 'push' }, type: JSON_TYPE },
    'data',
    `has no key .dockerconfigjson, which the type ${JSON_TYPE} needs`,
  ],
  'null for data': [
    { metadata: { name: 'push' }, type: JSON_TYPE, data: null },
    'data',
    `has no key .dockerconfigjson, which the type ${JSON_TYPE} needs`,
  ],
  'no data in it': [
    { metadata: { name: 'push' }, type: LEGACY_TYPE, data: {} },
    'data',
    `has no key .dockercfg, which the type ${LEGACY_TYPE} needs`,
  ],
  'the key of the other type': [
    { metadata: { name: 'push' }, type: LEGACY_TYPE, data: data ?? {} },
    'data',
    `has no key .dockercfg, which the type ${LEGACY_TYPE} needs; it has .dockerconfigjson, which is for another type`,
  ],
  'both keys': [
    { metadata: { name: 'push' }, type: JSON_TYPE, data: { ...data, '.dockercfg': base64(BARE) } },
    'data',
    'has both .dockerconfigjson and .dockercfg; remove .dockercfg',
  ],
  'an empty key': [secret(''), KEY, 'is empty'],
  'what is not base64': [
    { metadata: { name: 'push' }, type: JSON_TYPE, data: { '.dockerconfigjson': 'hunter2!' } },
    KEY,
    'is not base64',
  ],
  'a line break': [secret('\n'), KEY, 'is not JSON in UTF-8'],
  'malformed JSON': [secret('{"auths":{"a":{"auth":"hunter2'), KEY, 'is not JSON in UTF-8'],
  'what is not UTF-8': [secret(Uint8Array.of(0x22, 0xff, 0x22)), KEY, 'is not JSON in UTF-8'],
  null: [secret('null'), KEY, 'must be a JSON object, is null'],
  'a list': [secret('["hunter2"]'), KEY, 'must be a JSON object, is a list'],
  'a string': [secret('"hunter2"'), KEY, 'must be a JSON object, is a string'],
  'a string for auths': [secret('{"auths":"hunter2"}'), KEY, 'auths: must be an object, is a string'],
  'null for auths': [secret('{"auths":null}'), KEY, 'auths: must be an object, is null'],
  'an unknown member': [
    secret('{"auths":{},"HttpHeaders":{"a":"hunter2"}}'),
    KEY,
    'HttpHeaders: is not known; the document has auths, credHelpers, credsStore',
  ],
  'the older form beside auths': [
    secret('{"auths":{},"a.example.com":{"auth":"hunter2"}}'),
    KEY,
    '["a.example.com"]: is not known; the document has auths, credHelpers, credsStore',
  ],
  'an entry that is a string': [
    secret('{"auths":{"a.example.com":"hunter2"}}'),
    KEY,
    'auths["a.example.com"]: must be an object, is a string',
  ],
  'an entry of the older form that is a string': [
    secret('{"key":"hunter2"}', LEGACY_TYPE),
    'data[".dockercfg"]',
    'key: must be an object, is a string',
  ],
  'an unknown member of an entry': [
    secret('{"auths":{"a.example.com":{"token":"hunter2"}}}'),
    KEY,
    `auths["a.example.com"].token: is not known; a registry's entry has auth, email, identitytoken, password, username`,
  ],
  'a member of an entry that is no string': [
    secret('{"auths":{"a.example.com":{"password":12345}}}'),
    KEY,
    'auths["a.example.com"].password: must be a string, is a number',
  ],
  'another object of the API': [
    secret('{"kind":"ConfigMap","apiVersion":"v1","data":{"key":"hunter2"}}'),
    KEY,
    'kind: must be an object, is a string',
  ],
  'what is too large': [secret(' '.repeat(1024 * 1024 + 1)), KEY, 'has more than 1048576 bytes'],
};

for (const [sentence, [given, field, reason]] of Object.entries(REFUSED)) {
  test(`registryCredentials() refuses ${sentence}`, () => {
    assert.throws(
      () => registryCredentials(given),
      (error) => {
        assert.ok(error instanceof OsBuildError);
        assert.equal(error.message, `cannot use secret "push": ${field}: ${reason}`);
        assert.deepEqual([error.code, error.field, error.retryable], ['invalid-secret', field, false]);
        assert.equal(error.cause, undefined);
        return true;
      },
    );
  });
}

test('registryCredentials() names the namespace where it is known', () => {
  const given = {
    ...secret('null'),
    metadata: { name: 'push', namespace: 'openshift-machine-config-operator' },
  };
  assert.throws(() => registryCredentials(given), {
    message: `cannot use secret "openshift-machine-config-operator/push": ${KEY}: must be a JSON object, is null`,
  });
});

test('registryCredentials() is not felled by deep nesting', () => {
  const deep = `{"auths":{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}}`;
  assert.throws(() => registryCredentials(secret(deep)), OsBuildError);
});

test('registryCredentials() gives its own form back, and tells no value of what it refuses', () => {
  const WORD = 'hunter2hunter2';
  const value = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 7, WORD),
      fc.array(tie('json'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('auths', 'a.example.com', 'auth', 'username', 'x'), tie('json'), {
        maxKeys: 3,
      }),
    ),
  })).json;
  fc.assert(
    fc.property(value, fc.constantFrom(JSON_TYPE, LEGACY_TYPE), (json, type) => {
      let canonical: string;
      try {
        canonical = registryCredentials(secret(JSON.stringify(json), type));
      } catch (error) {
        assert.ok(error instanceof OsBuildError);
        assert.ok(!error.message.includes(WORD));
        return;
      }
      assert.equal(registryCredentials(secret(canonical)), canonical);
    }),
  );
});
