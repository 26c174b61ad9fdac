import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatOriginReference, parseOriginReference, pinnedDigest } from './image-reference.ts';

const REF = `quay.io/os/worker@sha256:${'a'.repeat(64)}`;

test('parseOriginReference() reads every form of an origin', () => {
  const table: Readonly<Record<string, unknown>> = {
    [`ostree-unverified-registry:${REF}`]: ['registry', REF, 'unverified'],
    [`ostree-unverified-image:docker://${REF}`]: ['registry', REF, 'unverified'],
    [`ostree-unverified-image:registry:${REF}`]: ['registry', REF, 'unverified'],
    'ostree-unverified-image:oci:/var/os:v1': ['oci', '/var/os:v1', 'unverified'],
    'ostree-unverified-image:containers-storage:localhost/os': [
      'containers-storage',
      'localhost/os',
      'unverified',
    ],
    [`ostree-image-signed:docker://${REF}`]: ['registry', REF, 'container-policy'],
    [`ostree-image-signed:registry:${REF}`]: ['registry', REF, 'container-policy'],
    [`ostree-remote-registry:corp:${REF}`]: ['registry', REF, 'ostree-remote'],
    [`ostree-remote-image:corp:docker://${REF}`]: ['registry', REF, 'ostree-remote'],
    'fedora:fedora/x86_64/coreos/stable': undefined,
    'ostree-remote-registry:corp': undefined,
    'ostree-unverified-image:': undefined,
    '': undefined,
  };
  for (const [text, expected] of Object.entries(table)) {
    const read = parseOriginReference(text);
    assert.deepEqual(read && [read.transport, read.name, read.signature.kind], expected, text);
  }
});

test('formatOriginReference() writes what parseOriginReference() reads', () => {
  const plain = { noNullPrototype: true };
  const reference = fc.record(
    {
      transport: fc.constantFrom('registry', 'oci', 'oci-archive', 'containers-storage'),
      name: fc.stringMatching(/^[a-z0-9./:@-]{1,40}$/),
      signature: fc.oneof(
        fc.constant({ kind: 'unverified' } as const),
        fc.constant({ kind: 'container-policy' } as const),
        fc.record(
          { kind: fc.constant('ostree-remote' as const), remote: fc.stringMatching(/^[a-z]+$/) },
          plain,
        ),
      ),
    },
    plain,
  );
  fc.assert(
    fc.property(reference, (one) => {
      assert.deepEqual(parseOriginReference(formatOriginReference(one)), one);
    }),
  );
});

test('pinnedDigest() is that of a reference by digest', () => {
  const named = (name: string) =>
    ({ transport: 'registry', name, signature: { kind: 'unverified' } }) as const;
  assert.equal(pinnedDigest(named(REF)), `sha256:${'a'.repeat(64)}`);
  assert.equal(
    pinnedDigest(named(`quay.io/os/worker:v1@sha256:${'b'.repeat(64)}`)),
    `sha256:${'b'.repeat(64)}`,
  );
  assert.equal(pinnedDigest(named('quay.io/os/worker:v1')), undefined);
});
