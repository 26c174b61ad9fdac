import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from './digest.ts';
import { OciError } from './oci-error.ts';
import { formatReference, formatRepository, parseReference, withDigest, withTag } from './reference.ts';

const DIGEST = sha256(Buffer.of());

test('parseReference() reads every part', () => {
  const table: Readonly<Record<string, object>> = {
    'quay.io/os': { registry: 'quay.io', repository: 'os' },
    'docker://quay.io/team/os:1': { registry: 'quay.io', repository: 'team/os', tag: '1' },
    'localhost/os:a': { registry: 'localhost', repository: 'os', tag: 'a' },
    'localhost:5000/a/b/c/d': { registry: 'localhost:5000', repository: 'a/b/c/d' },
    'registry:5000/os': { registry: 'registry:5000', repository: 'os' },
    '127.0.0.1:5000/os': { registry: '127.0.0.1:5000', repository: 'os' },
    '[::1]:5000/os:v1': { registry: '[::1]:5000', repository: 'os', tag: 'v1' },
    '[FE80::1]/os': { registry: '[fe80::1]', repository: 'os' },
    'QUAY.io/os:Tag_1.x-y': { registry: 'quay.io', repository: 'os', tag: 'Tag_1.x-y' },
    'docker.io/busybox': { registry: 'docker.io', repository: 'library/busybox' },
    'index.docker.io/a/b': { registry: 'docker.io', repository: 'a/b' },
    'quay.io/a__b/c-d/e---f.g': { registry: 'quay.io', repository: 'a__b/c-d/e---f.g' },
    [`quay.io/os@${DIGEST}`]: { registry: 'quay.io', repository: 'os', digest: DIGEST },
    [`quay.io/os:1@${DIGEST}`]: { registry: 'quay.io', repository: 'os', tag: '1', digest: DIGEST },
    [`quay.io/os:${'t'.repeat(128)}`]: { registry: 'quay.io', repository: 'os', tag: 't'.repeat(128) },
  };
  for (const [text, expected] of Object.entries(table))
    assert.deepEqual(parseReference(text), expected, text);
});

test('parseReference() refuses with one sentence that says what to write', () => {
  const table: Readonly<Record<string, RegExp>> = {
    '': /it is empty; write HOST\/NAME:TAG$/u,
    fedora: /does not name a registry; write HOST\/fedora, for example docker\.io\/library\/NAME/u,
    'fedora:41': /does not name a registry/u,
    'team/os:1': /does not name a registry; write HOST\/team\/os/u,
    'https://quay.io/os': /begins with https:\/\/; write HOST\/NAME:TAG without it/u,
    'oci-archive://x': /begins with oci-archive:\/\//u,
    'quay.io/': /has no name after the registry/u,
    'quay.io/Team/OS:1': /must be lower case; write quay\.io\/team\/os$/u,
    'quay.io/a//b': /holds an empty part/u,
    'quay.io/a/': /holds an empty part/u,
    'quay.io/-a': /the part "-a" of its name/u,
    'quay.io/a___b': /the part "a___b"/u,
    'quay.io/a/../b': /the part "\.\." of its name/u,
    'quay.io/os:': /its tag must have 1 to 128/u,
    'quay.io/os:-a': /its tag must have 1 to 128/u,
    'quay.io/os:a:b': /its tag must have 1 to 128/u,
    [`quay.io/os:${'t'.repeat(129)}`]: /its tag must have 1 to 128/u,
    'quay.io/os@sha256:abc': /what follows @ is not a digest/u,
    [`quay.io/os@${DIGEST}@${DIGEST}`]: /what follows @ is not a digest/u,
    'quay.io:0/os': /its port is not a number from 1 to 65535/u,
    'quay.io:65536/os': /its port is not a number/u,
    'quay.io:/os': /its port is not a number/u,
    '-quay.io/os': /its host may hold only letters/u,
    'qüay.io/os': /its host may hold only letters/u,
    '[::1/os': /its registry is not HOST, HOST:PORT or \[IPV6\]:PORT/u,
    '[::g]/os': /not a valid \[IPV6\] address/u,
    '[fe80::1%eth0]/os': /not a valid \[IPV6\] address/u,
    'quay.io/os :1': /white space or a control character/u,
    'quay.io/os\u0000': /white space or a control character/u,
    [`quay.io/${'a'.repeat(248)}`]: /more than 255 characters together/u,
  };
  for (const [text, pattern] of Object.entries(table)) {
    assert.throws(
      () => parseReference(text),
      (error) => {
        assert.ok(error instanceof OciError);
        assert.equal(error.code, 'invalid-reference', text);
        assert.match(error.message, pattern);
        assert.match(error.message, /^cannot read image reference "/u);
        return true;
      },
    );
  }
});

test('parseReference() does not repeat a password', () => {
  for (const text of [
    'user:hunter2@quay.io/os',
    'https://user:hunter2@quay.io/os',
    'user:hunter2@quay.io',
    'user:/hunter2@quay.io/os',
    'user: hunter2@quay.io/os',
  ]) {
    assert.throws(
      () => parseReference(text),
      (error) => {
        assert.ok(error instanceof OciError);
        assert.doesNotMatch(error.message, /hunter2/u);
        assert.match(error.message, /in an auth file/u);
        return true;
      },
    );
  }
});

test('parseReference() either refuses or reads what formatReference() writes', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,5}){0,2}$/u);
  const ref = fc.record(
    {
      registry: fc.constantFrom('quay.io', 'localhost', 'h:5000', '[::1]', '[::1]:80', '10.0.0.1:1'),
      repository: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/u),
      digest: fc.uint8Array().map(sha256),
    },
    { requiredKeys: ['registry', 'repository'] },
  );
  fc.assert(
    fc.property(ref, (value) => assert.deepEqual(parseReference(formatReference(value)), { ...value })),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      try {
        const parsed = parseReference(text);
        assert.deepEqual(parseReference(formatReference(parsed)), parsed);
      } catch (error) {
        assert.ok(error instanceof OciError && error.code === 'invalid-reference');
      }
    }),
  );
});

test('withTag() and withDigest() replace what the reference pointed at', () => {
  const ref = parseReference(`quay.io/os:1@${DIGEST}`);
  assert.equal(formatReference(withTag(ref, 'b')), 'quay.io/os:b');
  assert.equal(formatReference(withDigest(ref, DIGEST)), `quay.io/os@${DIGEST}`);
  assert.equal(formatRepository(ref), 'quay.io/os');
  assert.throws(() => withTag(ref, 'a b'), { code: 'invalid-reference' });
});
