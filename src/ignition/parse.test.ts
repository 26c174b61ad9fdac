import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseText, parseValue, prune, versionOf } from './index.ts';
import type { Config } from './index.ts';
import { configValue } from './config.arbitrary.ts';

test('parseText() then prune() gives back what parseValue() then prune() does', () => {
  fc.assert(
    fc.property(configValue(), (value) => {
      const [fromText, fromValue] = [parseText(JSON.stringify(value)), parseValue(value)];
      assert.ok(fromText.ok && fromValue.ok);
      assert.deepEqual(fromText.config, fromValue.config);
    }),
  );
});

test('parseValue() of a pruned config gives the config again', () => {
  fc.assert(
    fc.property(configValue(), (value) => {
      const first = config(value);
      const again = config(prune(first));
      assert.deepEqual(again, first);
      assert.deepEqual(prune(again), prune(first));
    }),
  );
});

test('parseValue() takes keys in any case, and says so', () => {
  fc.assert(
    fc.property(configValue(), fc.boolean(), (value, upper) => {
      const change = (key: string): string =>
        upper ? key.toUpperCase() : `${key[0]?.toUpperCase() ?? ''}${key.slice(1)}`;
      const outcome = parseValue(withKeys(value, change));
      assert.ok(outcome.ok);
      assert.deepEqual(outcome.config, config(value));
      assert.ok(outcome.report.entries.some((entry) => entry.message === `unused key ${change('ignition')}`));
    }),
  );
});

function config(value: unknown): Config {
  const outcome = parseValue(value);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.config;
}

function withKeys(value: unknown, change: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((entry) => withKeys(entry, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [change(key), withKeys(member, change)]),
  );
}

test('parseValue() leaves out nulls, empty lists and empty structs', () => {
  const value = {
    ignition: { version: '3.5.0', config: { replace: {}, merge: [] }, proxy: null },
    storage: { files: [{ path: '/a', contents: {}, user: { name: null }, append: [] }], disks: [] },
    passwd: {},
    systemd: undefined,
  };
  assert.deepEqual(config(value), {
    ignition: { version: '3.5.0' },
    storage: { files: [{ path: '/a' }] },
  });
});

test('parseValue() tells a type error as the real tool does, and where it is', () => {
  const value = { ignition: { version: '3.6.0' }, storage: { files: [{ path: '/a', mode: 1.5 }] } };
  const outcome = parseValue(value);
  assert.ok(!outcome.ok);
  assert.deepEqual(outcome.report.entries, [
    {
      kind: 'error',
      path: ['storage', 'files', 0, 'mode'],
      message: 'json: cannot unmarshal number 1.5 into Go struct field File.storage.files.mode of type int',
    },
  ]);
});

test('parseValue() of an unsupported version says which one it found', () => {
  for (const version of ['2.4.0', '3.6.1', '1.0.0', '3.6.0+meta']) {
    const outcome = parseValue({ ignition: { version } });
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, 'unsupported config version');
    assert.equal(outcome.found, version);
  }
  const none = parseValue({ ignition: {} });
  assert.ok(!none.ok);
  assert.equal(none.reason, "invalid config version (couldn't parse)");
  assert.equal(none.found, undefined);
});

test('parseValue() names the version in its canonical form', () => {
  const outcome = parseValue({ ignition: { version: '03.2.0-' } });
  assert.ok(outcome.ok);
  assert.equal(outcome.version, '3.2.0');
  assert.equal(outcome.config.ignition.version, '3.2.0');
});

test('parseValue() of nothing is an empty config', () => {
  const outcome = parseValue(undefined);
  assert.equal(outcome.ok ? '' : outcome.reason, 'not a config (empty)');
});

test('versionOf() reads the version of any decoded value', () => {
  assert.equal(versionOf({ ignition: { version: '2.2.0' } }), '2.2.0');
  assert.equal(versionOf({ Ignition: { VERSION: '3.0.0' } }), '3.0.0');
  for (const value of [undefined, null, [], 'x', {}, { ignition: [] }, { ignition: { version: 3 } }])
    assert.equal(versionOf(value), undefined);
});

test('parseText() counts lines from 1 and columns in bytes', () => {
  const text = '{"ignition":{"version":"3.5.0"},\n "é":"é",  "storage":{"files":[{"path":"é"}]}}';
  const places = parseText(text).report.entries.map(({ message, line, column }) => [message, line, column]);
  assert.deepEqual(places, [
    ['path not absolute', 2, 42],
    ['unused key é', 2, 2],
  ]);
});

test('parseText() refuses nesting that could exhaust the stack', () => {
  const outcome = parseText('['.repeat(1_000_000));
  assert.ok(!outcome.ok);
  assert.equal(outcome.report.entries[0]?.message, 'exceeded max depth');
});
