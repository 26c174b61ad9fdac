import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostLook, JournalReading } from '../agent/index.ts';
import type { AgentNote } from './agent-note.ts';
import { agentStatusText } from './agent-status-text.ts';
import { type AgentFindings, summarizeAgent } from './agent-summary.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;
const IMAGE = `registry.example.com/os@${DIGEST}`;

const NOTE: AgentNote = {
  node: 'n1',
  pid: 42,
  startedAt: '2026-01-02T03:04:05.000Z',
  health: 'http://127.0.0.1:8797',
  tool: 'bootc',
  wishes: { desiredConfig: 'rendered-1', desiredImage: IMAGE },
  plan: {
    phase: 'draining',
    step: 'rest',
    reason: 'Waits for the node to be drained.',
    degraded: undefined,
    at: '2026-01-02T03:05:00.000Z',
  },
};

const deployment = (more: object): object => ({
  checksum: 'c'.repeat(64),
  origin: undefined,
  version: '9.1',
  pinned: false,
  locked: false,
  image: { reference: { name: IMAGE }, digest: DIGEST },
  ...more,
});

const LOOK = {
  state: 'fresh',
  view: {
    bootId: 'b',
    status: {
      tool: 'bootc',
      booted: deployment({}),
      staged: deployment({ locked: true }),
      rollback: undefined,
    },
    image: { config: 'rendered-0', base: undefined },
    kernelArguments: { booted: { missing: ['quiet'], surplus: [] }, staged: { missing: [], surplus: [] } },
  },
} as unknown as HostLook;

const JOURNAL = {
  state: 'read',
  journal: {
    history: [],
    attempts: {
      [DIGEST]: {
        failures: [{ kind: 'came-back', message: 'The old one runs.', at: 0 }],
        fetched: false,
        halted: undefined,
      },
      'sha256:2': { failures: [], fetched: true, halted: undefined },
    },
    trouble: {
      key: 'stage',
      class: 'network',
      message: 'cannot pull',
      count: 3,
      since: 0,
      at: 0,
      remedied: false,
    },
  },
} as unknown as JournalReading;

function findings(more: Partial<AgentFindings>): AgentFindings {
  return { note: NOTE, isRunning: true, journal: JOURNAL, look: LOOK, drift: [], problems: [], ...more };
}

test('a person at the host reads what runs, what is held back, what it waits for and what failed', () => {
  const text = agentStatusText(summarizeAgent(findings({})));
  for (const line of [
    /^node +n1$/m,
    /^agent +process 42, since 2026-01-02T03:04:05\.000Z, health at http:\/\/127\.0\.0\.1:8797$/m,
    /^runs +\S+@sha256:1+ \(rendered-0, version 9\.1\)$/m,
    /^kernel +its arguments are not the image's: lacks quiet$/m,
    /^staged .*, held back until the node is drained$/m,
    /^rollback +-$/m,
    /^wanted +registry\.example\.com/m,
    /^state +draining, since 2026-01-02T03:05:00\.000Z$/m,
    /^ +Waits for the node to be drained\.$/m,
    /^failing +cannot pull \(3 times since 1970-01-01T00:00:00\.000Z\)$/m,
    /^attempts +sha256:1+: 1 in vain$/m,
    /^ +The old one runs\.$/m,
    /^files +every file of the image's is as the image has it$/m,
  ]) {
    assert.match(text, line);
  }
  assert.doesNotMatch(text, /sha256:2:/);
});

test('files that differ are shown with what differs, and whose they are', () => {
  const drift = [{ path: '/etc/a', kinds: ['content'], machineConfigs: ['50-a'], lines: ['-one', '+two'] }];
  const text = agentStatusText(
    summarizeAgent(findings({ drift: drift as unknown as NonNullable<AgentFindings['drift']> })),
  );
  assert.match(text, /^files +a path differs from the image$/m);
  assert.match(text, /^ {2}\/etc\/a \(content, of MachineConfig 50-a\)\n {4}-one\n {4}\+two$/m);
});

test('what cannot be seen is said, and the rest is shown all the same', () => {
  const look: HostLook = { state: 'busy', reason: 'bootc holds the lock' };
  const journal: JournalReading = { state: 'damaged', reason: 'it is not JSON' };
  const summary = summarizeAgent(findings({ look, journal, drift: undefined, isRunning: false }));
  assert.equal(summary.host, undefined);
  const text = agentStatusText(summary);
  assert.match(text, /^agent +not running; the last one began 2026-01-02T03:04:05\.000Z$/m);
  assert.match(text, /^files +could not be compared$/m);
  assert.match(text, /^warning: the agent's journal cannot be used: it is not JSON$/m);
  assert.match(text, /^warning: the host is busy: bootc holds the lock$/m);
});
