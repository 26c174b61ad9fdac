import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { IgnitionError, VERSIONS, parseValue, prune, translate, validate } from './index.ts';
import type { Config, Version } from './index.ts';
import { configValue } from './config.arbitrary.ts';

function config(value: unknown): Config {
  const outcome = parseValue(value);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.config;
}

test('translate() upward changes only the version, and the result is valid', () => {
  fc.assert(
    fc.property(configValue(), fc.constantFrom(...VERSIONS), (value, to) => {
      const some = config(value);
      fc.pre(VERSIONS.indexOf(some.ignition.version as Version) <= VERSIONS.indexOf(to));
      const raised = translate(some, to);
      assert.deepEqual(raised, { ...some, ignition: { ...some.ignition, version: to } });
      assert.deepEqual(config(prune(raised)), raised);
      assert.ok(!validate(raised).fatal);
    }),
  );
});

test('translate() masks setuid, setgid and sticky bits on the way to 3.6', () => {
  const old = config({
    ignition: { version: '3.5.0' },
    storage: { files: [{ path: '/f', mode: 0o4755 }], directories: [{ path: '/d', mode: 0o1777 }] },
  });
  assert.equal(translate(old, '3.5.0').storage?.files?.[0]?.mode, 0o4755);
  const { files, directories } = translate(old, '3.6.0').storage ?? {};
  assert.deepEqual([files?.[0]?.mode, directories?.[0]?.mode], [0o755, 0o777]);
});

test('translate() down is refused', () => {
  assert.throws(
    () => translate(config({ ignition: { version: '3.6.0' } }), '3.5.0'),
    (error) => error instanceof IgnitionError && error.code === 'downgrade' && !error.retryable,
  );
});

test('translate() of an unknown version is refused', () => {
  assert.throws(
    () => translate({ ignition: { version: '9.0.0' } }, '3.5.0'),
    (error) => error instanceof IgnitionError && error.code === 'unknown-version',
  );
});
