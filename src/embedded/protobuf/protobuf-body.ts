import type { JsonObject } from '../../schema/index.ts';
import { builtInName } from '../documents/index.ts';
import { decodeMessage } from './message-decoder.ts';
import { ProtobufError } from './protobuf-error.ts';
import { bytesOf, FieldBudget, readFields, textOf } from './wire-reader.ts';

const MAGIC = Buffer.from('k8s\0', 'latin1');

/**
 * Reads a body of type application/vnd.kubernetes.protobuf: four bytes and a runtime.Unknown that names the object's apiVersion and kind and
 * holds its message. The result is what the same client would send as JSON, with `apiVersion` and `kind` where the sender
 * named them. Throws {@link ProtobufError}.
 */
export function decodeProtobufBody(body: Uint8Array): JsonObject {
  if (body.length < MAGIC.length || !MAGIC.equals(body.subarray(0, MAGIC.length))) {
    throw new ProtobufError('not-protobuf', 'provided data does not appear to be a protobuf message');
  }
  const budget = new FieldBudget();
  let type: Uint8Array = new Uint8Array();
  let raw: Uint8Array = new Uint8Array();
  for (const field of readFields(body.subarray(MAGIC.length), budget)) {
    if (field.number === 1) type = bytesOf(field);
    else if (field.number === 2) raw = bytesOf(field);
  }
  let apiVersion = '';
  let kind = '';
  for (const field of readFields(type, budget)) {
    if (field.number === 1) apiVersion = textOf(field);
    else if (field.number === 2) kind = textOf(field);
  }
  return { apiVersion, kind, ...decodeMessage(definitionName(apiVersion, kind), raw, budget) };
}

function definitionName(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  // Every group has the options of a deletion, under its own name.
  const name =
    kind === 'DeleteOptions'
      ? builtInName('', 'v1', kind)
      : builtInName(group, apiVersion.slice(slash + 1), kind);
  if (name === undefined) {
    throw new ProtobufError('unknown-kind', `no kind "${kind}" is registered for version "${apiVersion}"`);
  }
  return name;
}
