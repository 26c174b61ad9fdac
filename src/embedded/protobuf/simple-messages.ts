import type { Json } from '../../schema/index.ts';
import { ProtobufError } from './protobuf-error.ts';
import { bytesOf, type FieldBudget, integerOf, readFields, textOf } from './wire-reader.ts';

type Decode = (bytes: Uint8Array, budget: FieldBudget) => Json | undefined;

/**
 * Messages whose JSON is no object of their fields; undefined is what their Go type has as empty value: a time that is not
 * set, an empty quantity.
 */
export const SIMPLE_MESSAGES: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['io.k8s.apimachinery.pkg.apis.meta.v1.Time', (bytes, budget) => time(bytes, budget, 0)],
  ['io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime', (bytes, budget) => time(bytes, budget, 6)],
  ['io.k8s.apimachinery.pkg.api.resource.Quantity', quantity],
  ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', intOrString],
  ['io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1', rawJson],
  ['io.k8s.apimachinery.pkg.runtime.RawExtension', rawJson],
]);

/** Years 0001 to 9999, beyond which RFC 3339 has no form. */
const EARLIEST = -62_135_596_800;
const LATEST = 253_402_300_799;

function time(bytes: Uint8Array, budget: FieldBudget, digits: number): string | undefined {
  if (bytes.length === 0) return undefined;
  let seconds = 0;
  let nanos = 0;
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) seconds = integerOf(field);
    else if (field.number === 2) nanos = integerOf(field);
  }
  if (seconds < EARLIEST || seconds > LATEST || nanos < 0 || nanos > 999_999_999) {
    throw new ProtobufError('malformed', 'a time is out of range');
  }
  const text = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return digits === 0 ? `${text}Z` : `${text}.${String(nanos).padStart(9, '0').slice(0, digits)}Z`;
}

function quantity(bytes: Uint8Array, budget: FieldBudget): string | undefined {
  let text = '';
  for (const field of readFields(bytes, budget)) if (field.number === 1) text = textOf(field);
  return text === '' ? undefined : text;
}

function intOrString(bytes: Uint8Array, budget: FieldBudget): number | string {
  let isText = false;
  let number = 0;
  let text = '';
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) isText = integerOf(field) === 1;
    else if (field.number === 2) number = integerOf(field);
    else if (field.number === 3) text = textOf(field);
  }
  return isText ? text : number;
}

function rawJson(bytes: Uint8Array, budget: FieldBudget): Json | undefined {
  let raw: Uint8Array | undefined;
  for (const field of readFields(bytes, budget)) if (field.number === 1) raw = bytesOf(field);
  if (raw === undefined || raw.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(raw).toString('utf8')) as Json;
  } catch {
    throw new ProtobufError('malformed', 'a part that should be JSON is none');
  }
}
