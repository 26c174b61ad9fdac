import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, type MachineConfigNode } from '../api/index.ts';
import { machineConfigNodeReport } from './machine-config-node-report.ts';
import { nodeWishes } from './node-wishes.ts';
import type { Phase, Plan } from './situation.ts';

const M = 'machineconfiguration.openshift.io';
const NOW = new Date('2026-11-21T10:00:00Z');
const IMAGE = `r.example/os@sha256:${'a'.repeat(64)}`;

function object(status?: MachineConfigNode['status']): MachineConfigNode {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfigNode',
    metadata: { name: 'n1', generation: 2 },
    spec: { node: { name: 'n1' }, pool: { name: 'worker' }, configVersion: { desired: 'rendered-2' } },
    ...(status === undefined ? {} : { status }),
  };
}

function node(more: Record<string, string> = {}, unschedulable = false): ReturnType<typeof nodeWishes> {
  const annotations = { [`${M}/desiredConfig`]: 'rendered-2', [`${M}/desiredImage`]: IMAGE, ...more };
  return nodeWishes({ metadata: { name: 'n1', annotations }, spec: { unschedulable } });
}

function plan(phase: Phase, degraded?: string): Plan {
  return {
    step: { kind: 'rest', reason: `It is ${phase}.` },
    phase,
    ...(degraded === undefined ? {} : { degraded }),
  };
}

/** The status after each of these phases in turn, and its conditions that are not False. */
function after(...phases: readonly (readonly [Phase, ReturnType<typeof nodeWishes>?])[]): {
  status: NonNullable<MachineConfigNode['status']>;
  on: Record<string, string>;
} {
  let status: MachineConfigNode['status'];
  for (const [phase, wishes = node()] of phases) {
    status = machineConfigNodeReport(object(status), wishes, 'rendered-1', plan(phase), NOW);
  }
  assert.ok(status);
  const on = (status.conditions ?? [])
    .filter((one) => one.status !== 'False')
    .map((one) => [one.type, one.status]);
  return { status, on: Object.fromEntries(on) as Record<string, string> };
}

const DRAINING = node({ [`${M}/desiredDrain`]: 'drain-rendered-2' });
const DRAINED = node(
  { [`${M}/desiredDrain`]: 'drain-rendered-2', [`${M}/lastAppliedDrain`]: 'drain-rendered-2' },
  true,
);

// Contract §5.15, row by row.
const ROWS: readonly (readonly [
  string,
  readonly (readonly [Phase, ReturnType<typeof nodeWishes>?])[],
  Record<string, string>,
])[] = [
  ['an update begins', [['preparing']], { UpdatePrepared: 'Unknown' }],
  [
    'the node is to be drained',
    [['preparing'], ['draining', DRAINING]],
    { UpdatePrepared: 'True', UpdateExecuted: 'Unknown', Cordoned: 'Unknown', Drained: 'Unknown' },
  ],
  [
    'the node is drained',
    [['preparing'], ['draining', DRAINING], ['applying', DRAINED]],
    {
      UpdatePrepared: 'True',
      UpdateExecuted: 'Unknown',
      AppliedFilesAndOS: 'Unknown',
      Cordoned: 'True',
      Drained: 'True',
    },
  ],
  [
    'the node reboots',
    [
      ['draining', DRAINING],
      ['applying', DRAINED],
      ['rebooting', DRAINED],
    ],
    {
      UpdatePrepared: 'True',
      UpdateExecuted: 'True',
      AppliedFilesAndOS: 'True',
      Cordoned: 'True',
      Drained: 'True',
      UpdatePostActionComplete: 'Unknown',
      RebootedNode: 'Unknown',
    },
  ],
  [
    'the node is back',
    [
      ['rebooting', DRAINED],
      ['resuming', DRAINED],
    ],
    {
      UpdatePrepared: 'True',
      UpdateExecuted: 'True',
      AppliedFilesAndOS: 'True',
      Cordoned: 'True',
      Drained: 'True',
      UpdatePostActionComplete: 'True',
      RebootedNode: 'True',
      Resumed: 'True',
      UpdateComplete: 'Unknown',
      Uncordoned: 'Unknown',
    },
  ],
  [
    'the node resumes without a reboot',
    [['resuming']],
    { Resumed: 'True', UpdateComplete: 'Unknown', Uncordoned: 'Unknown' },
  ],
  [
    'all is done',
    [['draining', DRAINING], ['applying', DRAINED], ['rebooting', DRAINED], ['resuming'], ['done']],
    { Updated: 'True' },
  ],
];

for (const [name, phases, expected] of ROWS) {
  test(`machineConfigNodeReport() when ${name}`, () => {
    assert.deepEqual(after(...phases).on, expected);
  });
}

test('machineConfigNodeReport() says the same while an image is let go and while the host goes down', () => {
  const { status } = after(['draining', DRAINING], ['rebooting', DRAINED]);
  const unlock = { kind: 'unlock', reason: 'It may boot.', image: IMAGE, digest: 'sha256:a' } as const;
  const letGo = machineConfigNodeReport(
    object(status),
    DRAINED,
    'rendered-1',
    { ...plan('rebooting'), step: unlock },
    NOW,
  );
  assert.deepEqual(
    letGo?.conditions?.filter(({ type }) => type === 'RebootedNode' || type === 'UpdatePostActionComplete'),
    status.conditions?.filter(({ type }) => type === 'RebootedNode' || type === 'UpdatePostActionComplete'),
  );
});

test('machineConfigNodeReport() fills in what has not happened, and says nothing twice', () => {
  const { status } = after(['preparing']);
  assert.equal(status.conditions?.length, 15);
  assert.deepEqual(
    status.conditions?.find(({ type }) => type === 'RebootedNode'),
    {
      type: 'RebootedNode',
      status: 'False',
      reason: 'NotYetOccurred',
      message: 'This has not happened yet.',
      lastTransitionTime: '2026-11-21T10:00:00Z',
    },
  );
  const later = new Date(NOW.getTime() + 60_000);
  assert.equal(
    machineConfigNodeReport(object(status), node(), 'rendered-1', plan('preparing'), later),
    status,
  );
});

test('machineConfigNodeReport() is at rest when all is done', () => {
  const { status } = after(['rebooting', DRAINED], ['resuming'], ['done']);
  assert.equal(machineConfigNodeReport(object(status), node(), 'rendered-1', plan('done'), NOW), status);
  const rebooted = status.conditions?.find(({ type }) => type === 'RebootedNode');
  assert.match(rebooted?.message ?? '', /^Action during update to rendered-2: The node was rebooted into/);
});

test('machineConfigNodeReport() tells the configuration that the node is to run only when it is prepared for it', () => {
  assert.deepEqual(after(['preparing']).status.configVersion, {
    current: 'rendered-1',
    desired: 'not-yet-set',
  });
  assert.deepEqual(after(['preparing'], ['draining']).status.configVersion, {
    current: 'rendered-1',
    desired: 'rendered-2',
  });
});

test('machineConfigNodeReport() tells what stopped the agent, and takes it back', () => {
  const stopped = machineConfigNodeReport(
    object(),
    node(),
    undefined,
    plan('preparing', 'No room. Make some.'),
    NOW,
  );
  const degraded = stopped?.conditions?.find(({ type }) => type === 'NodeDegraded');
  assert.deepEqual([degraded?.status, degraded?.message], ['True', 'No room. Make some.']);
  const again = machineConfigNodeReport(object(stopped), node(), undefined, plan('draining'), NOW);
  assert.equal(again?.conditions?.find(({ type }) => type === 'NodeDegraded')?.status, 'False');
});

test('machineConfigNodeReport() lets the words of whoever drains the node stand', () => {
  const { status } = after(['draining', DRAINING]);
  const drained = status.conditions?.find(({ type }) => type === 'Drained');
  assert.ok(drained);
  const word = { ...drained, reason: 'PodBlocked', message: 'pod web/x waits for its budget' };
  const said = (status.conditions ?? []).map((one) => (one === drained ? word : one));
  const theirs = { ...status, conditions: said };
  assert.equal(
    machineConfigNodeReport(object(theirs), DRAINING, 'rendered-1', plan('draining'), NOW),
    theirs,
  );
});

test('machineConfigNodeReport() never lets the observed generation decrease', () => {
  const { status } = after(['done']);
  assert.equal(status.observedGeneration, 2);
  const ahead = { ...status, observedGeneration: 7 };
  assert.equal(machineConfigNodeReport(object(ahead), node(), 'rendered-1', plan('done'), NOW), ahead);
});

test('machineConfigNodeReport() says which generation it is about with whatever comes next, and when all is done', () => {
  const { status } = after(['draining', DRAINING], ['rebooting', DRAINED]);
  const { metadata, ...rest } = object(status);
  const further = { ...rest, metadata: { ...metadata, generation: 3 } };
  const say = (phase: Phase): MachineConfigNode['status'] =>
    machineConfigNodeReport(further, DRAINED, 'rendered-1', plan(phase), NOW);
  assert.equal(say('rebooting'), status);
  assert.equal(say('resuming')?.observedGeneration, 3);
  const done = { ...further, status: after(['done']).status };
  assert.equal(done.status.observedGeneration, 2);
  assert.equal(machineConfigNodeReport(done, node(), 'rendered-1', plan('done'), NOW)?.observedGeneration, 3);
});

test('machineConfigNodeReport() says nothing while the host cannot be seen, or something is only remembered', () => {
  assert.equal(machineConfigNodeReport(object(), node(), undefined, plan('checking'), NOW), undefined);
});
