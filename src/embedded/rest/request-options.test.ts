import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrue, readTimeout, readWriteOptions } from './request-options.ts';

function options(query: string, agent?: string): ReturnType<typeof readWriteOptions> {
  return readWriteOptions('CreateOptions', new URLSearchParams(query), agent);
}

describe('readWriteOptions()', () => {
  test('warns, stores, and names the client by its User-Agent where nothing is said', () => {
    assert.deepEqual(options('', 'kubectl/v1.33 (linux)'), {
      dryRun: false,
      fieldManager: 'kubectl',
      fieldValidation: 'Warn',
    });
    assert.equal(options('').fieldManager, 'unknown');
    assert.equal(options('', '/x').fieldManager, 'unknown');
    assert.equal(Buffer.byteLength(options('', 'é'.repeat(200)).fieldManager) <= 128, true);
  });

  test('reads what is said', () => {
    assert.deepEqual(options('dryRun=All&fieldManager=me&fieldValidation=Strict'), {
      dryRun: true,
      fieldManager: 'me',
      fieldValidation: 'Strict',
    });
    assert.equal(options('dryRun=').dryRun, false);
  });

  const refused: Readonly<Record<string, string>> = {
    'dryRun=Some': 'dryRun: Unsupported value: ["Some"]: supported values: "All"',
    'dryRun=All&dryRun=No': 'dryRun: Unsupported value: ["All","No"]: supported values: "All"',
    'fieldValidation=strict':
      'fieldValidation: Unsupported value: "strict": supported values: "", "Ignore", "Strict", "Warn"',
    [`fieldManager=${'x'.repeat(129)}`]: 'fieldManager: Too long: may not be more than 128 bytes',
    'fieldManager=a%00': 'fieldManager: Invalid value: "a\\x00": should not contain non-printable characters',
  };
  for (const [query, problem] of Object.entries(refused)) {
    test(`refuses ${query.slice(0, 40)}`, () => {
      assert.throws(() => options(query), {
        code: 422,
        message: `CreateOptions.meta.k8s.io "" is invalid: ${problem}`,
      });
    });
  }
});

describe('readTimeout()', () => {
  const times: Readonly<Record<string, number | undefined>> = {
    '': undefined,
    'timeout=': undefined,
    'timeout=1s': 1000,
    'timeout=1m30s': 90_000,
    'timeout=.5h': 1_800_000,
    'timeout=200ms': 200,
  };
  for (const [query, milliseconds] of Object.entries(times)) {
    test(`${query || 'nothing'} is ${milliseconds}`, () => {
      assert.equal(readTimeout(new URLSearchParams(query)), milliseconds);
    });
  }
  for (const text of ['1', 'x', '1s ', '1d', '-']) {
    test(`refuses ${text}`, () => {
      assert.throws(() => readTimeout(new URLSearchParams({ timeout: text })), {
        code: 400,
        message: `invalid timeout specified in the request URL - time: invalid duration "${text}"`,
      });
    });
  }
});

test('isTrue(): a flag is set unless it is absent, false or 0', () => {
  for (const value of ['', '1', 'true', 'yes', 'T', 'no']) assert.equal(isTrue(value), true, value);
  for (const value of [null, '0', 'false', 'FALSE']) assert.equal(isTrue(value), false);
});
