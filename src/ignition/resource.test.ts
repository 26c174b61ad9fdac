import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { dataUrlProblem } from './data-url.ts';
import { IgnitionError, MAX_RESOURCE_BYTES, decodeResource } from './index.ts';
import type { IgnitionErrorCode, Resource } from './index.ts';

const HELLO = Buffer.from('hello');
const base64 = (bytes: Uint8Array): string => `data:;base64,${Buffer.from(bytes).toString('base64')}`;
const hashOf = (name: string, bytes: Uint8Array): string =>
  `${name}-${createHash(name).update(bytes).digest('hex')}`;

function fails(resource: Resource, code: IgnitionErrorCode, message?: RegExp): void {
  assert.throws(
    () => decodeResource(resource),
    (error) =>
      error instanceof IgnitionError &&
      error.code === code &&
      (message === undefined || message.test(error.message)),
  );
}

test('decodeResource() gives back the bytes of a data URL, base64 or percent-encoded', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, typed) => {
      const type = typed ? 'text/plain;charset=utf-8' : '';
      const percent = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      const encoded = Buffer.from(bytes).toString('base64');
      for (const source of [`data:${type},${percent}`, `data:${type};base64,${encoded}`])
        assert.deepEqual(Buffer.from(decodeResource({ source })), Buffer.from(bytes));
    }),
  );
});

test('decodeResource() keeps characters that need no escape', () => {
  assert.equal(Buffer.from(decodeResource({ source: "data:,a+b%20c/~?'" })).toString(), "a+b c/~?'");
});

test('decodeResource() of a missing or empty source is no bytes', () => {
  for (const resource of [{}, { source: '' }, { source: 'data:,' }])
    assert.equal(decodeResource(resource).length, 0);
});

test('decodeResource() verifies the decompressed bytes', () => {
  const source = base64(gzipSync(HELLO));
  for (const name of ['sha256', 'sha512']) {
    const verification = { hash: hashOf(name, HELLO) };
    const bytes = decodeResource({ source, compression: 'gzip', verification });
    assert.deepEqual(Buffer.from(bytes), HELLO);
  }
  const hash = hashOf('sha256', HELLO).toUpperCase().replace('SHA', 'sha');
  assert.equal(decodeResource({ source: base64(HELLO), verification: { hash } }).length, 5);
});

test('decodeResource() refuses a wrong or malformed hash', () => {
  const source = base64(HELLO);
  fails({ source, verification: { hash: hashOf('sha256', Buffer.from('x')) } }, 'hash-mismatch');
  fails({ source, verification: { hash: `sha256-${'z'.repeat(64)}` } }, 'hash-mismatch');
  fails({ source, verification: { hash: 'md5-x' } }, 'malformed-hash');
  fails({ source, verification: { hash: '' } }, 'malformed-hash');
});

test('decodeResource() refuses a damaged gzip stream', () => {
  const whole = gzipSync(HELLO);
  const damaged = {
    truncated: whole.subarray(0, -1),
    'trailing text': Buffer.concat([whole, Buffer.from('garbage')]),
    'trailing zero': Buffer.concat([whole, Buffer.alloc(1)]),
    empty: Buffer.alloc(0),
    'no gzip': HELLO,
  };
  for (const [what, bytes] of Object.entries(damaged)) {
    assert.throws(
      () => decodeResource({ source: base64(bytes), compression: 'gzip' }),
      (error) =>
        error instanceof IgnitionError &&
        error.code === 'gzip' &&
        error.message.endsWith('; compress them anew, or leave compression out if they are not gzip'),
      what,
    );
  }
  fails({ source: base64(HELLO), compression: 'xz' }, 'compression');
});

test('decodeResource() takes a gzip stream of several members', () => {
  const source = base64(Buffer.concat([gzipSync(HELLO), gzipSync(HELLO)]));
  assert.equal(Buffer.from(decodeResource({ source, compression: 'gzip' })).toString(), 'hellohello');
});

test('decodeResource() bounds what a gzip stream expands to', () => {
  const source = base64(gzipSync(Buffer.alloc(MAX_RESOURCE_BYTES + 1)));
  const says = /larger than 67108864 bytes; put what is that large into the base image$/;
  fails({ source, compression: 'gzip' }, 'too-large', says);
  fails({ source: base64(Buffer.alloc(MAX_RESOURCE_BYTES + 1)) }, 'too-large', says);
});

test('decodeResource() of another scheme names scheme and host, never the query', () => {
  fails(
    { source: 'https://user:secret@example.com:8080/p?token=secret#secret' },
    'remote-resource',
    /^(?!.*secret).* from https:\/\/example\.com:8080: /,
  );
  fails({ source: 's3://bucket/key' }, 'remote-resource', / from s3:\/\/bucket: /);
  fails({ source: 'arn:aws:s3:::b/secret' }, 'remote-resource', /^(?!.*secret).* from arn: /);
  fails({ source: 'http://[' }, 'remote-resource', / from a URL that does not parse: /);
});

test('decodeResource() of a malformed data URL says why, without the data', () => {
  fails({ source: 'data:;base64,sec*ret' }, 'malformed-data-url', /: invalid data character$/);
  fails({ source: 'data:;base64,abc' }, 'malformed-data-url', /illegal base64 data at input byte 0$/);
  fails({ source: 'data:,%z' }, 'malformed-data-url', /invalid char/);
  fails({ source: 'DATA:,x' }, 'malformed-data-url', /missing data prefix$/);
});

test('dataUrlProblem() passes no control character, which no URL may hold', () => {
  for (const url of ['data:;base64,YWJj\n\n\n\n', 'data:;a="\t",x', 'data:;a="\u007f",x'])
    assert.notEqual(dataUrlProblem(url), undefined);
});
