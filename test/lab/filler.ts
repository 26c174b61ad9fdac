import { createCipheriv, createHash } from 'node:crypto';

/** An endless, reproducible stream of incompressible bytes: the AES-CTR key stream of `seed`. */
export function noise(seed: string): (length: number) => Buffer {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (length) => cipher.update(Buffer.alloc(length));
}

/**
 * Reproducible bytes that gzip treats as it does programs: a bit over two to one, part skewed literals and part short
 * matches against what came before. Pure noise would be stored, not compressed, and reading it back would cost a
 * fraction of what a real image's layers cost.
 */
export function binaryLike(random: (length: number) => Buffer, length: number): Buffer {
  const out = Buffer.alloc(length);
  const dice = random(length + 64);
  let at = 0;
  while (at < length) {
    const draw = dice.readUInt32LE(at);
    const fresh = Math.min(length - at, 4 + (draw & 7));
    for (let n = 0; n < fresh; n += 1, at += 1) out[at] = dice[at]! & dice[at + 32]!;
    const copied = Math.min(length - at, 4 + ((draw >>> 3) & 15));
    const back = 1 + ((draw >>> 8) % Math.min(at, 30_000));
    for (let n = 0; n < copied; n += 1, at += 1) out[at] = out[at - back]!;
  }
  return out;
}
