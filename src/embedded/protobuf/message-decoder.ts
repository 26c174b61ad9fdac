import { isJsonObject, type Json, type JsonObject } from '../../schema/index.ts';
import { builtInDefinitions, type Definition } from '../documents/index.ts';
import { type MessageField, messageFields } from './message-table.ts';
import { ProtobufError } from './protobuf-error.ts';
import { SIMPLE_MESSAGES } from './simple-messages.ts';
import { bytesOf, type FieldBudget, integerOf, readFields, textOf, type WireField } from './wire-reader.ts';

/** No built-in kind but JSON schemas, which are not read, is deeper. */
const DEEPEST = 64;

/**
 * The JSON form of one message, as Go would write it: `name` tells its field numbers and what its members are. Fields that
 * are not known are skipped, as protobuf has it.
 */
export function decodeMessage(name: string, bytes: Uint8Array, budget: FieldBudget): JsonObject {
  const definition = builtInDefinitions[name];
  if (definition === undefined) throw new ProtobufError('unknown-kind', `${name} is not known`);
  const object: JsonObject = {};
  decodeInto(object, { name, definition, bytes, depth: 0 }, budget);
  return object;
}

interface Message {
  /** Whose field numbers it has. */
  readonly name: string;
  /** Which members it fills: its own, or those of the message in which it is inlined. */
  readonly definition: Definition;
  readonly bytes: Uint8Array;
  readonly depth: number;
}

function decodeInto(object: JsonObject, message: Message, budget: FieldBudget): void {
  const { name, definition, bytes } = message;
  if (message.depth > DEEPEST) throw new ProtobufError('too-large', `deeper than ${DEEPEST} messages`);
  const depth = message.depth + 1;
  const fields = messageFields(name);
  if (fields === undefined) throw new ProtobufError('unknown-kind', `the fields of ${name} are not known`);
  for (const wire of readFields(bytes, budget)) {
    const field = fields.get(wire.number);
    if (field === undefined) continue;
    if (field.inlined !== undefined) {
      decodeInto(object, { name: field.inlined, definition, bytes: bytesOf(wire), depth }, budget);
      continue;
    }
    const member = definition.properties?.[field.name];
    if (member !== undefined) decodeMember(object, field, member, wire, { depth, budget });
  }
}

interface Reading {
  readonly depth: number;
  readonly budget: FieldBudget;
}

function decodeMember(
  object: JsonObject,
  field: MessageField,
  definition: Definition,
  wire: WireField,
  reading: Reading,
): void {
  const present = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
  if (definition.type === 'array' && definition.items !== undefined) {
    const list = Array.isArray(present) ? present : [];
    object[field.name] = list;
    decodeItems(list, definition.items, wire, reading);
  } else if (definition.additionalProperties !== undefined) {
    const map = isJsonObject(present) ? present : {};
    object[field.name] = map;
    decodeEntry(map, definition.additionalProperties, bytesOf(wire), reading);
  } else {
    const value = decodeValue(definition, wire, reading);
    const isEmpty = value === undefined || value === '' || value === 0 || value === false;
    if (isEmpty && (field.presence === 'unless-empty' || value === undefined)) delete object[field.name];
    // A message that comes in two parts is one (protobuf's merging); nobody sends lists so.
    else object[field.name] = isJsonObject(present) && isJsonObject(value) ? { ...present, ...value } : value;
  }
}

function decodeItems(list: Json[], items: Definition, wire: WireField, reading: Reading): void {
  if (items.type === 'integer' && typeof wire.value !== 'bigint') {
    // Packed: numbers without tags. A tag of field 1 before each makes fields of them.
    for (const number of unpack(wire.value)) list.push(Number(BigInt.asIntN(64, number)));
    return;
  }
  list.push(decodeValue(items, wire, reading) ?? null);
}

function* unpack(bytes: Uint8Array): Generator<bigint> {
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (shift > 70n) throw new ProtobufError('malformed', 'a number is longer than 64 bits');
    if (byte >= 128) continue;
    yield BigInt.asUintN(64, value);
    value = 0n;
    shift = 0n;
  }
  if (shift !== 0n) throw new ProtobufError('malformed', 'a number is cut off');
}

/** One entry of a map: its key is field 1, its value field 2; either is empty if it is not sent. */
function decodeEntry(map: JsonObject, values: Definition, bytes: Uint8Array, reading: Reading): void {
  let key = '';
  let value: Json | undefined;
  for (const field of readFields(bytes, reading.budget)) {
    if (field.number === 1) key = textOf(field);
    else if (field.number === 2) value = decodeMapValue(values, field, reading);
  }
  // Not by assignment: `__proto__` is a key like any other.
  Object.defineProperty(map, key, {
    value: value ?? emptyValue(values),
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function decodeMapValue(values: Definition, field: WireField, reading: Reading): Json | undefined {
  if (values.type !== 'array') return decodeValue(values, field, reading);
  // A list is no value of a map: a message with the list as field 1 stands for it.
  const list: Json[] = [];
  for (const item of readFields(bytesOf(field), reading.budget)) {
    if (item.number === 1) list.push(textOf(item));
  }
  return list;
}

function emptyValue(values: Definition): Json {
  if (values.type === 'array') return [];
  return values.$ref?.endsWith('.Quantity') === true ? '0' : '';
}

function decodeValue(definition: Definition, wire: WireField, { depth, budget }: Reading): Json | undefined {
  const { $ref, type, format } = definition;
  if ($ref !== undefined) {
    const simple = SIMPLE_MESSAGES.get($ref);
    if (simple !== undefined) return simple(bytesOf(wire), budget);
    const object: JsonObject = {};
    const target = builtInDefinitions[$ref];
    if (target === undefined) throw new ProtobufError('unknown-kind', `${$ref} is not known`);
    decodeInto(object, { name: $ref, definition: target, bytes: bytesOf(wire), depth }, budget);
    return object;
  }
  if (type === 'integer') return integerOf(wire);
  if (type === 'boolean') return integerOf(wire) !== 0;
  if (format === 'byte') return Buffer.from(bytesOf(wire)).toString('base64');
  return textOf(wire);
}
