import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog, type LogFormat } from './process-log.ts';
import type { Log } from '../controllers/index.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

function said(format: LogFormat, say: (log: Log) => void): string[] {
  const lines: string[] = [];
  say(
    openLog(
      format,
      (line) => lines.push(line),
      () => NOW,
    ),
  );
  return lines;
}

test('text reads as sentences: the reason after a colon, the rest in brackets, no level where all is well', () => {
  const lines = said('text', (log) => {
    log.info('stopping');
    log.info('rendered', { pool: 'worker', milliseconds: 12.3456, leader: true, of: undefined, note: '' });
    log.warn('cannot reconcile', { reason: 'it is away', controller: 'build' });
    log.error('a defect', {});
    log.warn('build failed', { reason: 'SecretInvalid', message: 'no key', build: 'a' });
  });
  assert.deepEqual(lines, [
    '2026-01-02T03:04:05.006Z stopping\n',
    '2026-01-02T03:04:05.006Z rendered (pool worker, milliseconds 12.3, leader true)\n',
    '2026-01-02T03:04:05.006Z warning: cannot reconcile: it is away (controller build)\n',
    '2026-01-02T03:04:05.006Z error: a defect\n',
    '2026-01-02T03:04:05.006Z warning: build failed: no key (reason SecretInvalid, build a)\n',
  ]);
});

test('text keeps a trace, and what is said in several lines, in one message: only its first line begins with a time', () => {
  const [trace = '', several = ''] = said('text', (log) => {
    log.error('a defect', { key: 'worker' }, new Error('first\nsecond'));
    log.warn('cannot reconcile', { reason: 'first\nsecond\u001b[2J' });
  });
  const [head, ...rest] = trace.trimEnd().split('\n');
  assert.equal(head, '2026-01-02T03:04:05.006Z error: a defect (key worker)');
  assert.ok(rest.length > 2 && rest.every((line) => line.startsWith('    ')), trace);
  assert.match(rest[0] ?? '', /Error: first$/);
  assert.equal(several, '2026-01-02T03:04:05.006Z warning: cannot reconcile: first\n    second\uFFFD[2J\n');
});

test('json is one object a line, with its fields and the trace of an error', () => {
  const lines = said('json', (log) => {
    log.info('rendered', { pool: 'worker' });
    log.warn('cannot reconcile', { reason: 'line\nline' });
    log.error('a defect', { key: 'worker' }, new TypeError('broken'));
    log.error('a defect', {}, 'no error at all');
  });
  assert.ok(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1));
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(objects[0], {
    level: 'info',
    time: '2026-01-02T03:04:05.006Z',
    pool: 'worker',
    msg: 'rendered',
  });
  assert.deepEqual([objects[1]?.['level'], objects[1]?.['reason']], ['warn', 'line\nline']);
  const error = objects[2]?.['error'] as Record<string, string>;
  assert.deepEqual([error['type'], error['message']], ['TypeError', 'broken']);
  assert.match(error['stack'] ?? '', /process-log\.test/);
  assert.match(lines[3] ?? '', /"message":"no error at all"/);
});
