import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StatusError } from '../status/index.ts';
import { asObject, decodeApply, decodeBody, decodePatch, mediaTypeOf, summary } from './body.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function json(text: string): unknown {
  return decodeBody(bytes(text), 'application/json', 'ConfigMap').value;
}

function yaml(text: string): unknown {
  return decodeBody(bytes(text), 'application/yaml', 'ConfigMap').value;
}

describe('mediaTypeOf()', () => {
  test('is JSON where nothing is said, and does not mind case or parameters', () => {
    for (const type of [undefined, '', ' ', 'application/json', 'Application/JSON; charset=utf-8'])
      assert.equal(mediaTypeOf(type), 'application/json');
    assert.equal(mediaTypeOf('text/plain'), 'text/plain');
  });
});

describe('decodeBody() of JSON', () => {
  test('keeps members whatever their names', () => {
    const value = json('{"__proto__":{"a":1},"constructor":2,"toString":null}') as object;
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'toString']);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  const refused: Readonly<Record<string, RegExp>> = {
    '': /json parse error: .* \(<empty>\)$/,
    '{': /json parse error: unexpected end of JSON input \(\{\)$/,
    '{"a":1}x': /json parse error: /,
    '{"a":01}': /json parse error: /,
    [`{"secret":"${'x'.repeat(100)}"`]:
      /json parse error: unexpected end of JSON input \(\{"secret":"x{19} \.\.\.\)$/,
    '{"a":1e999}': /^json: cannot unmarshal number 1e999 into Go value of type float64$/,
    [`${'['.repeat(1000)}${']'.repeat(1000)}`]: /exceeded max depth/,
  };
  for (const [text, message] of Object.entries(refused)) {
    test(`refuses ${text.slice(0, 30)}`, () => {
      assert.throws(() => json(text), { code: 400, message });
    });
  }

  test('what is no UTF-8 is refused', () => {
    assert.throws(() => decodeBody(Uint8Array.of(0x22, 0xff, 0x22), undefined, 'X'), { code: 400 });
  });

  test('nesting that nobody needs is refused, however it ends, and quickly', () => {
    const start = performance.now();
    for (const text of [
      '['.repeat(3_000_000),
      '{"a":'.repeat(600_000),
      `${'['.repeat(1_500_000)}${']'.repeat(1_500_000)}`,
    ])
      assert.throws(
        () => json(text),
        (error) => error instanceof StatusError && error.code < 500,
      );
    assert.ok(performance.now() - start < 60_000);
  });

  test('other types are refused', () => {
    for (const type of ['text/plain', 'application/xml', 'application/merge-patch+json'])
      assert.throws(() => decodeBody(bytes('{}'), type, 'X'), { code: 415 });
  });
});

describe('decodeBody() of YAML', () => {
  test('reads it as kubectl does', () => {
    assert.deepEqual(yaml('a: 0644\nb: yes\nc: &x [1]\nd: *x\ne:\n'), {
      a: 420,
      b: true,
      c: [1],
      d: [1],
      e: null,
    });
    assert.equal(yaml(''), null);
  });

  test('what is shared is no longer shared', () => {
    const value = yaml('a: &x {l: [1]}\nb: *x\n') as { a: { l: number[] }; b: { l: number[] } };
    value.a.l.push(2);
    assert.deepEqual(value.b, { l: [1] });
  });

  test('a few aliases of a few do not fill the memory', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 10; level++) {
      const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(',');
      lines.push(`a${level}: &a${level} [${aliases}]`);
    }
    assert.throws(() => yaml(lines.join('\n')), {
      code: 400,
      message: 'error converting YAML to JSON: yaml: document contains excessive aliasing',
    });
  });

  for (const text of ['a: [', 'a: 1\n---\nb: 2', '{{', '['.repeat(200), 'a: *nothing']) {
    test(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(
        () => yaml(text),
        (error) => error instanceof StatusError && error.code === 400,
      );
    });
  }

  test('keeps members whatever their names', () => {
    assert.deepEqual(Object.keys(yaml('__proto__: {a: 1}\nb: 2') as object), ['__proto__', 'b']);
  });
});

describe('decodeBody() of protobuf', () => {
  /** A field that has a length, of up to two bytes' worth. */
  function field(number: number, content: string | Uint8Array): Buffer {
    const { length } = content;
    return Buffer.concat([
      Uint8Array.of(number * 8 + 2, (length % 128) | 128, Math.floor(length / 128)),
      Buffer.from(content),
    ]);
  }

  /** A ControllerRevision, whose data is any JSON. */
  function revision(data: string): Uint8Array {
    const type = Buffer.concat([field(1, 'apps/v1'), field(2, 'ControllerRevision')]);
    return Buffer.concat([bytes('k8s\0'), field(1, type), field(2, field(2, field(1, data)))]);
  }

  function data(depth: number): string {
    return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  }

  const type = 'application/vnd.kubernetes.protobuf';

  test('JSON in it is read', () => {
    const { value } = decodeBody(revision(data(100)), type, 'ControllerRevision');
    assert.deepEqual(value, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      data: JSON.parse(data(100)) as unknown,
    });
  });

  test('JSON in it that is nested deeper than JSON may be is refused', () => {
    const deep = revision(data(1000));
    assert.throws(() => decodeBody(deep, type, 'ControllerRevision'), {
      code: 400,
      message: 'exceeded max depth',
    });
  });
});

describe('decodeApply()', () => {
  test('reads JSON and YAML', () => {
    assert.deepEqual(decodeApply(bytes(' {"a":1}')).value, { a: 1 });
    assert.deepEqual(decodeApply(bytes('{a: 1}')).value, { a: 1 });
    assert.deepEqual(decodeApply(bytes('a: 1')).value, { a: 1 });
  });

  test('what is nested deeper than JSON may be is refused', () => {
    assert.throws(() => decodeApply(bytes(`{"a":${'['.repeat(600)}${']'.repeat(600)}}`)), { code: 400 });
  });
});

test('decodePatch() says that a patch cannot be decoded', () => {
  assert.throws(() => decodePatch(bytes('{')), {
    code: 400,
    message: 'error decoding patch: unexpected end of JSON input',
  });
});

test('summary() shows what may be shown of a body', () => {
  assert.equal(summary(bytes('')), '<empty>');
  assert.equal(summary(bytes('{"a":1}')), '{"a":1}');
  assert.equal(summary(bytes('abc')), '616263');
});

test('asObject() refuses what is no object', () => {
  for (const value of [null, [], 'x', 5, true])
    assert.throws(() => asObject(value, 'X', bytes('x')), { code: 400 });
});

test('Any bytes are read or refused', () => {
  const types = fc.constantFrom(
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
  );
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(bytes),
    fc
      .string({
        unit: fc.constantFrom('{', '}', '[', ']', ':', ',', '"', 'a', '&a ', '*a ', '- ', '\n', ' ', '1'),
      })
      .map(bytes),
    fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.of(0x6b, 0x38, 0x73, 0, ...rest)),
  );
  fc.assert(
    fc.property(content, types, (body, type) => {
      for (const read of [
        () => decodeBody(body, type, 'X'),
        () => decodeApply(body),
        () => decodePatch(body),
      ]) {
        try {
          read();
        } catch (error) {
          assert.ok(error instanceof StatusError && error.code === 400, String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});
