import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { formatEntry, merge, parseText, parseValue, prune } from './index.ts';
import type { Config } from './index.ts';

const FIXTURES = new URL('../../../shared/fixtures/ignition/', import.meta.url);

/** The lines of a recorded file; none, with the test skipped, where the fixtures are absent. */
function linesOf(t: test.TestContext, name: string): readonly string[] {
  const file = new URL(name, FIXTURES);
  if (!existsSync(file)) {
    assert.ok(process.env['CI'] === undefined, 'CI must have the shared fixtures');
    t.skip(`the shared fixtures are absent: ${name}`);
    return [];
  }
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

interface Validation {
  readonly name: string;
  readonly input: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

test('parseText() gives the recorded verdict, entries and texts of the real validator', (t) => {
  for (const json of linesOf(t, 'blackbox-validate.jsonl')) {
    const line = JSON.parse(json) as Validation;
    const outcome = parseText(line.input);
    const reason = outcome.ok ? undefined : outcome.reason;
    const actual = {
      exit: outcome.ok ? 0 : 1,
      stdout: outcome.report.entries.map((entry) => `${formatEntry(entry)}\n`).join(''),
      stderr: reason === undefined ? '' : `couldn't parse config: ${reason}\n`,
    };
    const { exit, stdout, stderr } = line;
    assert.deepEqual(actual, { exit, stdout, stderr }, line.name);
  }
});

interface Merging {
  readonly name: string;
  readonly parent: unknown;
  readonly child: unknown;
  readonly resultPruned: unknown;
}

test('merge() gives the recorded results of the real merger', (t) => {
  for (const json of linesOf(t, 'blackbox-merge.jsonl')) {
    const line = JSON.parse(json) as Merging;
    const merged = merge(parsed(line.parent), parsed(line.child));
    assert.deepEqual(prune(merged), line.resultPruned, line.name);
  }
});

function parsed(value: unknown): Config {
  const outcome = parseValue(value);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.config;
}
