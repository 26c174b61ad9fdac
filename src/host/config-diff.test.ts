import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readConfigDiff } from './config-diff.ts';
import { HostError } from './host-error.ts';

test('readConfigDiff() reads what ostree prints', () => {
  const text =
    'M    chrony.conf\nD    motd.d/legacy\nA    kubernetes\nA    kubernetes/kubelet.conf\nA    with  blanks \n';
  assert.deepEqual(readConfigDiff(text), [
    { kind: 'modified', path: 'chrony.conf' },
    { kind: 'removed', path: 'motd.d/legacy' },
    { kind: 'added', path: 'kubernetes' },
    { kind: 'added', path: 'kubernetes/kubelet.conf' },
    { kind: 'added', path: 'with  blanks ' },
  ]);
  assert.deepEqual(readConfigDiff(''), []);
});

test('readConfigDiff() refuses what cannot be read for certain', () => {
  for (const text of ['A    broken\nname\n', 'A    cut of', 'X    a\n', 'M    /usr/lib\n', 'A\n', '\n']) {
    assert.throws(
      () => readConfigDiff(text),
      { name: 'HostError', code: 'unreadable', tool: 'ostree' },
      text,
    );
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        readConfigDiff(text);
      } catch (error) {
        assert.ok(error instanceof HostError);
      }
    }),
  );
});
