/** DER (X.690) of the few ASN.1 types that an X.509 certificate is made of. */

export function sequence(...members: readonly Uint8Array[]): Buffer {
  return encode(0x30, Buffer.concat(members));
}

/** A SET with one member: the only kind that a certificate's names need, so nothing has to be sorted. */
export function setOfOne(member: Uint8Array): Buffer {
  return encode(0x31, member);
}

/** @param magnitude big-endian and never negative; leading zeros are dropped */
export function integer(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.of(0) : magnitude.subarray(first);
  const isNegativeLooking = (digits[0] ?? 0) >= 0x80;
  return encode(0x02, isNegativeLooking ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

export function trueValue(): Buffer {
  return encode(0x01, Buffer.of(0xff));
}

/** @param unusedBits how many of the last byte's low bits do not count */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return encode(0x03, Buffer.concat([Buffer.of(unusedBits), bytes]));
}

export function octetString(bytes: Uint8Array): Buffer {
  return encode(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return encode(0x0c, Buffer.from(text, 'utf8'));
}

/** @param dotted for example `2.5.4.3`; at least two arcs, the first at most 2 */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/**
 * A point in time, to the second: UTCTime until 2049 and GeneralizedTime after, as RFC 5280 §4.1.2.5 demands.
 * @param time milliseconds since 1970
 */
export function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return digits < '2050'
    ? encode(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : encode(0x18, Buffer.from(digits, 'latin1'));
}

/** A context-specific tag around whole values (explicit), or around plain bytes (implicit). */
export function contextTag(number: number, form: 'explicit' | 'implicit', contents: Uint8Array): Buffer {
  return encode((form === 'explicit' ? 0xa0 : 0x80) | number, contents);
}

function encode(tag: number, contents: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthBytes(contents.length), contents]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

function base128(arc: number): number[] {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift(0x80 | (rest % 128));
  }
  return digits;
}
