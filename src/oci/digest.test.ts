import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
  sha256,
  startDigest,
} from './digest.ts';

test('parseDigest() takes complete sha256 and sha512 digests', () => {
  for (const text of [`sha256:${'0a'.repeat(32)}`, `sha512:${'0a'.repeat(64)}`]) {
    const digest = parseDigest(text);
    assert.equal(`${digestAlgorithm(digest)}:${digestHex(digest)}`, text);
  }
});

test('parseDigest() refuses everything else with what to write', () => {
  const short = 'a'.repeat(63);
  for (const text of [
    '',
    'latest',
    `sha256:${short}`,
    `sha256:${short}A`,
    `sha256:${short}aa`,
    `md5:${short}a`,
    ` sha256:${short}a`,
    `sha256:${short}a\n`,
  ]) {
    assert.equal(isDigest(text), false);
    assert.throws(() => parseDigest(text), {
      code: 'invalid-digest',
      message: /write sha256: and 64 lower-case hex digits/u,
    });
  }
});

test('startDigest() is independent of the cut of its input', () => {
  const arbitrary = fc.tuple(
    fc.array(fc.uint8Array({ maxLength: 50 })),
    fc.constantFrom('sha256' as const, 'sha512' as const),
  );
  fc.assert(
    fc.property(arbitrary, ([pieces, algorithm]) => {
      const running = startDigest(algorithm);
      for (const piece of pieces) running.update(piece);
      const whole = Buffer.concat(pieces);
      const expected = `${algorithm}:${createHash(algorithm).update(whole).digest('hex')}`;
      assert.equal(running.digest(), expected);
      assert.equal(digestOf(whole, algorithm), expected);
      if (algorithm === 'sha256') assert.equal(sha256(whole), expected);
    }),
  );
});
