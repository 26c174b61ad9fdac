import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGnostic } from './gnostic.ts';
import { openApiV2 } from './openapi-v2.ts';
import { TEST_KINDS } from './test-kinds.ts';
import { WireWriter } from './wire-writer.ts';

/** One message: each part is its field number and its content, a text or another message. */
function message(...fields: readonly (readonly [number, string | Uint8Array])[]): Uint8Array {
  const to = new WireWriter();
  for (const [number, value] of fields) to.text(number, value);
  return to.finish();
}

test('encodeGnostic() writes the message types of openapi.v2', () => {
  const document = {
    swagger: '2.0',
    definitions: {
      A: { type: 'array', items: { $ref: '#/definitions/B' }, 'x-kubernetes-list-type': 'set', unknown: 1 },
      B: {
        type: 'object',
        additionalProperties: { type: 'string' },
        properties: { b: { description: 'ü' } },
      },
    },
  };
  const type = (name: string): Uint8Array => message([1, name]);
  assert.deepEqual(
    Buffer.from(encodeGnostic(document)).toString('hex'),
    Buffer.from(
      message(
        [1, '2.0'],
        [
          9,
          message(
            [
              1,
              message(
                [1, 'A'],
                [
                  2,
                  message(
                    [22, type('array')],
                    [23, message([1, message([1, '#/definitions/B'])])],
                    [31, message([1, 'x-kubernetes-list-type'], [2, message([2, '"set"\n'])])],
                  ),
                ],
              ),
            ],
            [
              1,
              message(
                [1, 'B'],
                [
                  2,
                  message(
                    [22, type('object')],
                    [21, message([1, message([22, type('string')])])],
                    [25, message([1, message([1, 'b'], [2, message([4, 'ü'])])])],
                  ),
                ],
              ),
            ],
          ),
        ],
      ),
    ).toString('hex'),
  );
});

test('encodeGnostic() tells parameters of the query, the path and the body apart', () => {
  const parameters = [
    { name: 'q', in: 'query', type: 'string' },
    { name: 'p', in: 'path', type: 'string', required: true },
    { name: 'body', in: 'body', schema: { $ref: '#/definitions/B' } },
  ];
  const required = Buffer.from([8, 1]);
  const path = Buffer.concat([message([4, 'p'], [2, 'path'], [5, 'string']), required]);
  const expected = message([
    8,
    message([
      2,
      message(
        [1, '/x'],
        [
          2,
          message(
            [9, message([1, message([2, message([3, message([4, 'q'], [2, 'query'], [6, 'string'])])])])],
            [9, message([1, message([2, message([4, path])])])],
            [
              9,
              message([
                1,
                message([1, message([2, 'body'], [3, 'body'], [5, message([1, '#/definitions/B'])])]),
              ]),
            ],
          ),
        ],
      ),
    ]),
  ]);
  assert.deepEqual(Buffer.from(encodeGnostic({ paths: { '/x': { parameters } } })), Buffer.from(expected));
});

test('encodeGnostic() writes a whole document', () => {
  const document = openApiV2(TEST_KINDS, 'v1.33.0');
  const bytes = Buffer.from(encodeGnostic(document));
  for (const text of ['io.k8s.api.core.v1.PodSpec', 'fieldValidation', 'com.example.lab.v1.GadgetList']) {
    assert.ok(bytes.includes(text), text);
  }
});

test('WireWriter writes numbers of all sizes', () => {
  const to = new WireWriter();
  to.integer(1, 300);
  to.signed(2, -1);
  to.double(3, 0.5);
  to.integer(16, true);
  assert.equal(
    Buffer.from(to.finish()).toString('hex'),
    ['08ac02', '10ffffffffffffffffff01', '19000000000000e03f', '800101'].join(''),
  );
});
