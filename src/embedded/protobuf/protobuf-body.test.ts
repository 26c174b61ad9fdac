import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { JsonObject } from '../../schema/index.ts';
import { decodeProtobufBody } from './protobuf-body.ts';
import { ProtobufError, type ProtobufErrorCode } from './protobuf-error.ts';

interface RecordedBody {
  readonly command: string;
  /** What kubectl 1.33 sends, in base64. */
  readonly protobuf: string;
  /** What kubectl 1.31 sends for the same command, as JSON; without nulls. */
  readonly json: JsonObject;
}

const recorded = JSON.parse(
  readFileSync(new URL('kubectl-bodies.json', import.meta.url), 'utf8'),
) as RecordedBody[];

for (const { command, protobuf, json } of recorded) {
  test(`decodeProtobufBody() reads in the body of \`${command}\` what earlier kubectl sends as JSON`, () => {
    assert.deepEqual(decodeProtobufBody(Buffer.from(protobuf, 'base64')), json);
  });
}

test('decodeProtobufBody() throws nothing but ProtobufError, whatever is cut off or changed', () => {
  for (const { protobuf } of recorded) {
    const bytes = Buffer.from(protobuf, 'base64');
    for (let at = 0; at < bytes.length; at++) {
      attempt(bytes.subarray(0, at));
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at]! + 1 + ((at * 7) % 255)) % 256;
      attempt(changed);
    }
  }
});

function attempt(bytes: Uint8Array): void {
  try {
    decodeProtobufBody(bytes);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
  }
}

/** A body around the bytes of a message: fields of type and content, then the content's. */
function body(apiVersion: string, kind: string, raw: Uint8Array | readonly number[]): Buffer {
  const type = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, Uint8Array.from(raw))]);
}

function field(number: number, content: Uint8Array): Buffer {
  const length = [];
  let rest = content.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Uint8Array.of(number * 8 + 2, ...length, rest), content]);
}

const MALFORMED: Readonly<Record<string, { bytes: Buffer; code: ProtobufErrorCode; message: RegExp }>> = {
  'an empty body': { bytes: Buffer.alloc(0), code: 'not-protobuf', message: /does not appear to be/ },
  JSON: { bytes: Buffer.from('{"kind":"Pod"}'), code: 'not-protobuf', message: /does not appear to be/ },
  'a kind that is not known': {
    bytes: body('example.com/v1', 'Gadget', []),
    code: 'unknown-kind',
    message: /no kind "Gadget" is registered for version "example.com\/v1"/,
  },
  'a kind whose fields are not known': {
    bytes: body('apiextensions.k8s.io/v1', 'CustomResourceDefinition', []),
    code: 'unknown-kind',
    message: /the fields of .*CustomResourceDefinition are not known/,
  },
  'a kind by the name of a member that all objects have': {
    bytes: body('v1', '__proto__', []),
    code: 'unknown-kind',
    message: /no kind "__proto__"/,
  },
  'a length beyond the end': {
    bytes: body('v1', 'ConfigMap', [0x0a, 0x7f]),
    code: 'malformed',
    message: /a field is cut off/,
  },
  'a length of 64 bits': {
    bytes: body('v1', 'ConfigMap', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    code: 'malformed',
    message: /a field is cut off/,
  },
  'a number without end': {
    bytes: body(
      'v1',
      'ConfigMap',
      Array.from({ length: 20 }, () => 0xff),
    ),
    code: 'malformed',
    message: /longer than 64 bits/,
  },
  'field 0': { bytes: body('v1', 'ConfigMap', [0x02, 0x00]), code: 'malformed', message: /the number 0/ },
  'a group': { bytes: body('v1', 'ConfigMap', [0x0b]), code: 'malformed', message: /no known wire type/ },
  'a number where a message is': {
    bytes: body('v1', 'ConfigMap', [0x08, 0x01]),
    code: 'malformed',
    message: /field 1 is a number/,
  },
  'a name that is no UTF-8': {
    bytes: body('v1', 'ConfigMap', [0x0a, 0x03, 0x0a, 0x01, 0xff]),
    code: 'malformed',
    message: /no UTF-8/,
  },
  'more fields than an object has': {
    bytes: body(
      'v1',
      'ConfigMap',
      new Uint8Array(2 * 600_000).fill(0).map((_, at) => (at % 2 === 0 ? 0x7a : 0)),
    ),
    code: 'too-large',
    message: /more than 500000 fields/,
  },
};

for (const [name, { bytes, code, message }] of Object.entries(MALFORMED)) {
  test(`decodeProtobufBody() refuses ${name}`, () => {
    assert.throws(
      () => decodeProtobufBody(bytes),
      (error) => error instanceof ProtobufError && error.code === code && message.test(error.message),
    );
  });
}

test('decodeProtobufBody() reads the options of a deletion for every group', () => {
  const raw = [0x08, 0x00, 0x22, 0x06, ...Buffer.from('Orphan'), 0x2a, 0x03, ...Buffer.from('All')];
  assert.deepEqual(decodeProtobufBody(body('apps/v1', 'DeleteOptions', raw)), {
    apiVersion: 'apps/v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: 0,
    propagationPolicy: 'Orphan',
    dryRun: ['All'],
  });
});

test('decodeProtobufBody() reads an eviction', () => {
  const metadata = Buffer.concat([field(1, Buffer.from('web-0')), field(3, Buffer.from('default'))]);
  const raw = Buffer.concat([field(1, metadata), field(2, Uint8Array.of(0x08, 0x1e))]);
  assert.deepEqual(decodeProtobufBody(body('policy/v1', 'Eviction', raw)), {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'web-0', namespace: 'default' },
    deleteOptions: { gracePeriodSeconds: 30 },
  });
});

test('decodeProtobufBody() keeps a key named __proto__ as a key', () => {
  const entry = Buffer.concat([field(1, Buffer.from('__proto__')), field(2, Buffer.from('x'))]);
  const { data } = decodeProtobufBody(body('v1', 'ConfigMap', field(2, entry)));
  assert.deepEqual(Object.entries(data as JsonObject), [['__proto__', 'x']]);
  assert.equal(Object.getPrototypeOf(data), Object.prototype);
});
