import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTmpfilesLine } from './tmpfiles-line.ts';

function parse(line: string): ReturnType<typeof parseTmpfilesLine> {
  return parseTmpfilesLine(line, (letter) => (letter === 'm' ? 'abc' : undefined));
}

test('parseTmpfilesLine() reads quotes, escapes, specifiers and base64', () => {
  const quoted = parse(String.raw`f "/var/with blank/%m" 0644 root root - two\x20words %%`);
  assert.deepEqual([quoted?.path, quoted?.argument?.toString()], ['/var/with blank/abc', 'two words %']);
  const encoded = parse('f+~ /var/x 600 1 :core - dGV4dA==');
  assert.deepEqual(
    [encoded?.force, encoded?.mode, encoded?.user, encoded?.group, encoded?.groupOnCreation],
    [true, 0o600, '1', 'core', true],
  );
  assert.equal(encoded?.argument?.toString(), 'text');
});

test('parseTmpfilesLine() passes over what says nothing that a machine here has', () => {
  for (const line of [
    '',
    '# comment',
    'a /x - - - - u:1:r',
    'p /run/fifo',
    'd relative',
    'd /x/../y',
    'd /%Z',
    'nonsense',
  ]) {
    assert.equal(parse(line), undefined, line);
  }
});
