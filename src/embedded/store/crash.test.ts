import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCrashTrials } from './crash-trial.ts';

test('no acknowledged write is lost, and none is halved, when the process is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'store-crash-'));
  try {
    // Spread evenly over the possible lives, in an order that mixes short and long ones.
    let turn = 0;
    const random = (): number => (turn++ * 0.618_034) % 1;
    const report = await runCrashTrials({ directory, kills: 20, random });
    assert.deepEqual(report.problems, []);
    assert.ok(report.effective >= 5, `only ${report.effective} processes came to write anything`);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
