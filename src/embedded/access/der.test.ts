import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitString, contextTag, integer, objectIdentifier, octetString, sequence, time } from './der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('integer() is minimal and never negative', () => {
  assert.equal(hex(integer(Buffer.of())), '020100');
  assert.equal(hex(integer(Buffer.of(0, 0))), '020100');
  assert.equal(hex(integer(Buffer.of(0x7f))), '02017f');
  assert.equal(hex(integer(Buffer.of(0x80))), '02020080');
  assert.equal(hex(integer(Buffer.of(0, 0, 1, 0))), '02020100');
});

test('objectIdentifier() encodes arcs in base 128', () => {
  assert.equal(hex(objectIdentifier('2.5.4.3')), '0603550403');
  assert.equal(hex(objectIdentifier('1.2.840.10045.4.3.2')), '06082a8648ce3d040302');
});

test('time() changes its form with the year 2050', () => {
  assert.equal(
    time(Date.UTC(2049, 11, 31, 23, 59, 59))
      .subarray(2)
      .toString(),
    '491231235959Z',
  );
  assert.equal(hex(time(Date.UTC(2049, 0, 1))).slice(0, 2), '17');
  assert.equal(
    time(Date.UTC(2050, 0, 1))
      .subarray(2)
      .toString(),
    '20500101000000Z',
  );
  assert.equal(hex(time(Date.UTC(2050, 0, 1))).slice(0, 2), '18');
});

test('bitString() and contextTag() mark what they hold', () => {
  assert.equal(hex(bitString(Buffer.of(0x06), 1)), '03020106');
  assert.equal(hex(contextTag(0, 'explicit', Buffer.of(5, 0))), 'a0020500');
  assert.equal(hex(contextTag(2, 'implicit', Buffer.from('a'))), '820161');
});

test('a length says how many bytes follow, whatever their number', () => {
  fc.assert(
    fc.property(fc.nat({ max: 70_000 }), (size) => {
      const encoded = sequence(octetString(new Uint8Array(size)));
      assert.equal(lengthOf(encoded), encoded.length);
      const inner = encoded.subarray(encoded.length - lengthOf(octetString(new Uint8Array(size))));
      assert.equal(inner[0], 0x04);
    }),
  );
});

/** How long an encoded value is, its header included. */
function lengthOf(encoded: Uint8Array): number {
  const first = encoded[1]!;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  return 2 + count + Number.parseInt(hex(encoded.subarray(2, 2 + count)), 16);
}
