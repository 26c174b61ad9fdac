import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { HostImageReference } from './image-reference.ts';
import { formatOrigin, parseOrigin } from './origin-file.ts';

const REFERENCE: HostImageReference = {
  transport: 'registry',
  name: `r.example/os@sha256:${'a'.repeat(64)}`,
  signature: { kind: 'unverified' },
};

test('parseOrigin() tells an image, a refspec and what was changed on the host', () => {
  const image = parseOrigin(
    `# written by bootc\n[origin]\ncontainer-image-reference = ostree-unverified-registry:${REFERENCE.name}\n`,
  );
  assert.deepEqual(image, {
    reference: REFERENCE,
    refspec: undefined,
    incompatible: false,
    kernelArguments: undefined,
  });
  const layered = parseOrigin('[origin]\nbaserefspec=fedora:stable\n\n[packages]\nrequested=usbguard;\n');
  assert.deepEqual([layered.refspec, layered.incompatible], ['fedora:stable', true]);
  for (const group of ['rpmostree', 'overrides', 'modules']) {
    assert.ok(parseOrigin(`[origin]\nrefspec=a\n[${group}]\n`).incompatible, group);
  }
  assert.ok(!parseOrigin('[origin]\nrefspec=a\n[libostree-transient]\npinned=true\n').incompatible);
  // A member of another group is none of the origin.
  assert.equal(parseOrigin('[other]\nrefspec=a\n').refspec, undefined);
});

test('formatOrigin() writes what parseOrigin() reads, whatever the arguments hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (line) => {
      const { reference, kernelArguments, incompatible } = parseOrigin(formatOrigin(REFERENCE, line));
      assert.deepEqual([reference, kernelArguments, incompatible], [REFERENCE, line, false]);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseOrigin(text)));
});
