import { knownDifferences, unexpectedDifferences } from './known-differences.ts';
import { replayRecording, report, type ReplayResult } from './replay-recording.ts';

/**
 * `node test/lab/kubernetes/replay.ts [id-prefix…]`: what was recorded beside what the embedded API answers, for each exchange
 * that differs and has one of the prefixes. The whole recording is replayed in any case, since later answers depend on
 * earlier requests. With --known those that are known to differ are shown too.
 */
const options = process.argv.slice(2);
const prefixes = options.filter((option) => !option.startsWith('--'));
const shown = (result: ReplayResult): readonly string[] =>
  options.includes('--known') || prefixes.length > 0 ? result.differences : unexpectedDifferences(result);
const isShown = (result: ReplayResult): boolean =>
  shown(result).length > 0 &&
  (prefixes.length === 0 || prefixes.some((prefix) => result.id.startsWith(prefix)));

for (const name of ['api', 'crds'] as const) {
  const results = await replayRecording(name);
  if (results === undefined) throw new Error('the recording is not here: ../shared/fixtures/kubernetes');
  for (const result of results.filter(isShown)) {
    const { id, exchange } = result;
    console.log(`== ${id} (${result.group}) ${exchange.request.method} ${exchange.request.path}`);
    if (knownDifferences[id] !== undefined) console.log(`   known: ${knownDifferences[id].why}`);
    for (const difference of shown(result)) console.log(`   ${difference}`);
  }
  console.log(report(results), '\n');
}
