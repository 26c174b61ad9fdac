import { isJsonObject, type Json, type JsonObject } from '../../schema/index.ts';
import { WireWriter } from './wire-writer.ts';

/**
 * Writes an OpenAPI 2 document in the binary form that kubectl up to 1.28 asks for: protobuf, by the message types of
 * gnostic's openapi.v2 (OpenAPIv2.proto, whose field numbers these are). Members that a table does not name are left out,
 * but for `x-…`, which become vendor extensions.
 */
export function encodeGnostic(document: JsonObject): Uint8Array {
  return encode(document, DOCUMENT);
}

/** How a member is written: its field number and its type. */
type Field = readonly [number: number, write: Writer];
type Writer = (to: WireWriter, field: number, value: Json) => void;
type Message = Readonly<Record<string, Field>> & {
  /** The field number of vendor extensions. */
  readonly ''?: Field;
};

function encode(value: JsonObject, message: Message): Uint8Array {
  const to = new WireWriter();
  for (const [name, member] of Object.entries(value)) {
    const field = Object.hasOwn(message, name) ? message[name] : undefined;
    if (field !== undefined) field[1](to, field[0], member);
    else if (name.startsWith('x-') && message[''] !== undefined) extension(to, message[''][0], name, member);
  }
  return to.finish();
}

function text(to: WireWriter, field: number, value: Json): void {
  if (typeof value === 'string') to.text(field, value);
}

function flag(to: WireWriter, field: number, value: Json): void {
  if (value === true) to.integer(field, true);
}

function integer(to: WireWriter, field: number, value: Json): void {
  if (typeof value === 'number') to.signed(field, Math.trunc(value));
}

function double(to: WireWriter, field: number, value: Json): void {
  if (typeof value === 'number') to.double(field, value);
}

/** A value of any form: as YAML, of which JSON is a part. */
function any(to: WireWriter, field: number, value: Json): void {
  const inner = new WireWriter();
  inner.text(2, `${JSON.stringify(value)}\n`);
  to.text(field, inner.finish());
}

function extension(to: WireWriter, field: number, name: string, value: Json): void {
  const inner = new WireWriter();
  inner.text(1, name);
  any(inner, 2, value);
  to.text(field, inner.finish());
}

function each(write: Writer): Writer {
  return (to, field, value) => {
    for (const item of Array.isArray(value) ? value : [value]) write(to, field, item);
  };
}

/** A message; its type is named by a function, since types refer to each other. */
function message(type: () => Message): Writer {
  return (to, field, value) => {
    if (isJsonObject(value)) to.text(field, encode(value, type()));
  };
}

/** A map: a message that repeats, in field `number`, pairs of a name (1) and a value (2). */
function pairs(number: number, write: Writer): Writer {
  return (to, field, value) => {
    const inner = new WireWriter();
    for (const [name, member] of Object.entries(isJsonObject(value) ? value : {})) {
      const pair = new WireWriter();
      pair.text(1, name);
      write(pair, 2, member);
      inner.text(number, pair.finish());
    }
    to.text(field, inner.finish());
  };
}

/** A message that holds the value in its only field, or in one of its alternatives. */
function within(number: number, write: Writer): Writer {
  return (to, field, value) => {
    const inner = new WireWriter();
    write(inner, number, value);
    to.text(field, inner.finish());
  };
}

const SCHEMA: Message = {
  $ref: [1, text],
  format: [2, text],
  title: [3, text],
  description: [4, text],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, flag],
  minimum: [9, double],
  exclusiveMinimum: [10, flag],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, text],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, flag],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, each(text)],
  enum: [20, each(any)],
  additionalProperties: [21, additionalProperties],
  type: [22, within(1, each(text))],
  items: [23, within(1, each(schema))],
  properties: [25, pairs(1, schema)],
  example: [30, any],
  '': [31, any],
};

function schema(to: WireWriter, field: number, value: Json): void {
  message(() => SCHEMA)(to, field, value);
}

function additionalProperties(to: WireWriter, field: number, value: Json): void {
  within(typeof value === 'boolean' ? 2 : 1, typeof value === 'boolean' ? flag : schema)(to, field, value);
}

const BODY_PARAMETER: Message = {
  description: [1, text],
  name: [2, text],
  in: [3, text],
  required: [4, flag],
  schema: [5, schema],
};
const QUERY_PARAMETER: Message = {
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [6, text],
  format: [7, text],
  uniqueItems: [20, flag],
};
const PATH_PARAMETER: Message = {
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [5, text],
  format: [6, text],
  uniqueItems: [19, flag],
};

/** An item of a list of parameters: always one that is spelled out (1), of the body (1) or elsewhere (2). */
function parameter(to: WireWriter, field: number, value: Json): void {
  const place = isJsonObject(value) ? value['in'] : undefined;
  const write =
    place === 'body'
      ? within(
          1,
          message(() => BODY_PARAMETER),
        )
      : within(
          2,
          place === 'path'
            ? within(
                4,
                message(() => PATH_PARAMETER),
              )
            : within(
                3,
                message(() => QUERY_PARAMETER),
              ),
        );
  within(1, write)(to, field, value);
}

const RESPONSE: Message = { description: [1, text], schema: [2, within(1, schema)] };

const OPERATION: Message = {
  description: [3, text],
  operationId: [5, text],
  produces: [6, each(text)],
  consumes: [7, each(text)],
  parameters: [8, each(parameter)],
  responses: [
    9,
    pairs(
      1,
      within(
        1,
        message(() => RESPONSE),
      ),
    ),
  ],
  schemes: [10, each(text)],
  '': [13, any],
};

const PATH_ITEM: Message = {
  get: [2, message(() => OPERATION)],
  put: [3, message(() => OPERATION)],
  post: [4, message(() => OPERATION)],
  delete: [5, message(() => OPERATION)],
  patch: [8, message(() => OPERATION)],
  parameters: [9, each(parameter)],
};

const API_KEY: Message = { type: [1, text], name: [2, text], in: [3, text], description: [4, text] };

const DOCUMENT: Message = {
  swagger: [1, text],
  info: [2, message(() => ({ title: [1, text], version: [2, text] }))],
  paths: [
    8,
    pairs(
      2,
      message(() => PATH_ITEM),
    ),
  ],
  definitions: [9, pairs(1, schema)],
  security: [12, each(pairs(1, within(1, each(text))))],
  securityDefinitions: [
    13,
    pairs(
      1,
      within(
        2,
        message(() => API_KEY),
      ),
    ),
  ],
};
