import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPLETE_GROUPS } from '../lab/kubernetes/groups.ts';
import { knownDifferences, unexpectedDifferences } from '../lab/kubernetes/known-differences.ts';
import { fixturePath } from '../lab/kubernetes/recording.ts';
import { replayRecording, report, type ReplayResult } from '../lab/kubernetes/replay-recording.ts';

const skip =
  fixturePath('kubernetes/api.jsonl') === undefined && 'the recorded answers of a real API server are absent';

/** Of the groups that need not agree in full. */
const REQUIRED_SHARE = 0.85;

const differs = ({ differences }: ReplayResult): boolean => differences.length > 0;

function describe(results: readonly ReplayResult[]): string {
  return results
    .map((result) => `${result.id} (${result.group})\n    ${unexpectedDifferences(result).join('\n    ')}`)
    .join('\n');
}

for (const file of ['api', 'crds'] as const) {
  test(`The embedded API answers as the recorded kube-apiserver did: ${file}.jsonl`, { skip }, async (t) => {
    const results = (await replayRecording(file))!;
    const differing = results.filter(differs);
    t.diagnostic(
      [
        report(results),
        'differ:',
        ...differing.map(
          ({ id, group }) => `  ${id} (${group}): ${knownDifferences[id]?.why ?? 'unexpected'}`,
        ),
      ].join('\n'),
    );
    const unexpected = differing.filter((result) => unexpectedDifferences(result).length > 0);
    assert.equal(unexpected.length, 0, `differ unexpectedly:\n${describe(unexpected)}`);
    const outdated = results.filter(
      (result) => knownDifferences[result.id] !== undefined && !differs(result),
    );
    assert.deepEqual(
      outdated.map(({ id }) => id),
      [],
      'agree, though known-differences.ts says otherwise',
    );
    if (file === 'crds') return;
    const incomplete = differing.filter(({ group }) => COMPLETE_GROUPS.has(group));
    assert.deepEqual(
      incomplete.map(({ id }) => id),
      [],
      'are of groups that have to agree in full',
    );
    const others = results.filter(({ group }) => !COMPLETE_GROUPS.has(group));
    const share = others.filter((result) => !differs(result)).length / others.length;
    assert.ok(share >= REQUIRED_SHARE, `only ${(share * 100).toFixed(1)} % of the other groups agree`);
  });
}
