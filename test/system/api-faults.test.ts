import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { killAgainAndAgain } from '../lab/faults/kill-loop.ts';

const KILLS = Number(process.env['VARVE_TEST_KILLS'] ?? 200);

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'api-faults-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('kill -9', () => {
  test('200 times at random moments under load: no acknowledged write is lost, none is half there, watches go on where they were', async (t) => {
    const folder = await makeFolder(t);
    const seed = Number(process.env['VARVE_TEST_SEED'] ?? Date.now() % 1_000_000);
    t.diagnostic(`VARVE_TEST_SEED=${seed}`);
    // Two at a time: one starts while the other one is at work.
    const reports = await Promise.all([
      killAgainAndAgain({
        directory: join(folder, 'long'),
        kills: KILLS / 2,
        writers: 8,
        watchers: 3,
        random: randomOf(seed),
      }),
      killAgainAndAgain({
        directory: join(folder, 'short'),
        kills: KILLS / 2,
        writers: 8,
        watchers: 3,
        history: { revisions: 50 },
        random: randomOf(seed + 1),
      }),
    ]);
    for (const report of reports) t.diagnostic(JSON.stringify(report));
    const [long, short] = reports;
    assert.ok(long.acknowledged > KILLS && short.acknowledged > KILLS, 'too few writes to mean anything');
    assert.ok(long.interrupted > 0 && long.resumes > 0, 'no kill came while something was under way');
    assert.equal(long.relists, 0, 'a watch lost its place though all of the past was kept');
  });
});

/** Mulberry32: the same moments again for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
