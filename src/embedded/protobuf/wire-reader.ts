import { isUtf8 } from 'node:buffer';
import { ProtobufError } from './protobuf-error.ts';

/** One field of a message: a number for the wire types of fixed size, its bytes for the one that has a length. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** How many fields are read of one body: a body of 3 MiB could else become some hundred megabytes of objects. */
const MOST_FIELDS = 500_000;

/** Counts the fields that were read of one body. */
export class FieldBudget {
  #left: number = MOST_FIELDS;

  spend(): void {
    if (--this.#left < 0) throw new ProtobufError('too-large', `more than ${MOST_FIELDS} fields`);
  }
}

/** Reads the fields of one message, in the order of the wire. Throws {@link ProtobufError} where it is malformed. */
export function* readFields(bytes: Uint8Array, budget: FieldBudget): Generator<WireField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new ProtobufError('malformed', 'a number is cut off');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('malformed', 'a number is longer than 64 bits');
  }

  function take(length: number): number {
    const start = at;
    at += length;
    if (at > bytes.length) throw new ProtobufError('malformed', 'a field is cut off');
    return start;
  }

  while (at < bytes.length) {
    budget.spend();
    const tag = varint();
    const number = Number(tag >> 3n);
    if (number === 0 || tag > 0xffff_ffffn)
      throw new ProtobufError('malformed', `no field has the number ${number}`);
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: view.getBigUint64(take(8), true) };
        break;
      case 2: {
        const length = varint();
        if (length > BigInt(bytes.length)) throw new ProtobufError('malformed', 'a field is cut off');
        const start = take(Number(length));
        yield { number, value: bytes.subarray(start, at) };
        break;
      }
      case 5:
        yield { number, value: BigInt(view.getUint32(take(4), true)) };
        break;
      default:
        throw new ProtobufError('malformed', `field ${number} is of no known wire type`);
    }
  }
}

/** The bytes of a field that has a length. */
export function bytesOf(field: WireField): Uint8Array {
  if (typeof field.value === 'bigint')
    throw new ProtobufError('malformed', `field ${field.number} is a number`);
  return field.value;
}

export function textOf(field: WireField): string {
  const bytes = bytesOf(field);
  if (!isUtf8(bytes)) throw new ProtobufError('malformed', `field ${field.number} is no UTF-8`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** A signed integer; the JSON form of one beyond 2^53 is the nearest number, as everywhere. */
export function integerOf(field: WireField): number {
  if (typeof field.value !== 'bigint')
    throw new ProtobufError('malformed', `field ${field.number} is no number`);
  return Number(BigInt.asIntN(64, field.value));
}
