import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HostError } from './host-error.ts';
import { allDeployments } from './host-status.ts';
import { readOstreeStatusText } from './ostree-status.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const C = 'c'.repeat(64);

test('readOstreeStatusText() reads what ostree prints for people', () => {
  const status = readOstreeStatusText(
    `  lab ${B}.1 (staged)
    Version: 2
    origin refspec: img2
* lab ${A}.0
    Version: 1
    Unlocked: development
    origin refspec: img
  lab ${C}.0 (rollback)
    Pinned: yes
    origin: <unknown origin type>
  other ${C}.2
    \`- a source title
`,
  );
  const { staged, booted, rollback, pending, others } = status;
  assert.deepEqual([staged?.checksum, staged?.serial, staged?.version, staged?.locked], [B, 1, '2', false]);
  assert.deepEqual([booted?.checksum, booted?.unlocked, booted?.origin], [A, 'development', 'img']);
  assert.deepEqual([rollback?.checksum, rollback?.pinned, rollback?.origin], [C, true, undefined]);
  assert.equal(pending, undefined);
  assert.deepEqual(
    others.map((one) => [one.stateroot, one.serial]),
    [['other', 2]],
  );
});

test('readOstreeStatusText() tells a lock, a pending one and a prepared soft reboot', () => {
  const locked = readOstreeStatusText(`  lab ${B}.0 (finalization locked)\n* lab ${A}.0\n`);
  assert.deepEqual([locked.staged?.checksum, locked.staged?.locked], [B, true]);
  const soft = readOstreeStatusText(`  lab ${B}.0 (staged) (soft-reboot)\n* lab ${A}.0\n`);
  assert.deepEqual([soft.staged?.softRebootPrepared, soft.staged?.locked], [true, false]);
  const pending = readOstreeStatusText(`  lab ${B}.0 (pending)\n* lab ${A}.0\n  lab ${C}.0 (rollback)\n`);
  assert.deepEqual([pending.pending?.checksum, pending.rollback?.checksum], [B, C]);
});

test('readOstreeStatusText() knows a host without deployments, and one that is not booted', () => {
  assert.equal(allDeployments(readOstreeStatusText('No deployments.\n')).length, 0);
  const { booted, pending } = readOstreeStatusText(`  lab ${A}.0\n`);
  assert.deepEqual([booted, pending?.checksum], [undefined, A]);
});

test('readOstreeStatusText() refuses text that is no status', () => {
  for (const text of ['error: something\n', `* lab ${A}.0\nbroken`, `* lab ${A.slice(1)}.0`]) {
    assert.throws(() => readOstreeStatusText(text), {
      name: 'HostError',
      code: 'unreadable',
      tool: 'ostree',
    });
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        readOstreeStatusText(text);
      } catch (error) {
        assert.ok(error instanceof HostError);
      }
    }),
  );
});
