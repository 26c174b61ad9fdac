import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildJob } from './job-object.ts';
import type { BuildPod, ContainerState } from './job-pod.ts';
import { jobProgress, type JobFacts } from './job-progress.ts';
import { formatReport, type JobReport } from './job-report.ts';
import { OsBuildError } from './osbuild-error.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

function job(type?: string, reason = ''): BuildJob {
  return {
    metadata: { name: 'build-x' },
    spec: { activeDeadlineSeconds: 3600 },
    status: type === undefined ? { active: 1 } : { conditions: [{ type, status: 'True', reason }] },
  };
}

function pod(name: string, state: ContainerState, more: NonNullable<BuildPod['status']> = {}): BuildPod {
  return {
    metadata: { name, creationTimestamp: `2026-01-01T00:00:0${name.at(-1)}Z` },
    spec: { nodeName: 'node-1' },
    status: { containerStatuses: [{ name: 'image-build', state }], ...more },
  };
}

function ended(name: string, exitCode: number, reason = 'Error', message = ''): BuildPod {
  return pod(
    name,
    { terminated: { exitCode, reason, message } },
    { phase: exitCode === 0 ? 'Succeeded' : 'Failed' },
  );
}

function failure(pod: string): JobReport {
  return { pod, failure: new OsBuildError('package-not-found', `said by ${pod}`) };
}

const EVICTED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'drained',
};

/** Sentence → facts, and what is made of them: a digest, or the code and a part of the message. */
const ENDS: Readonly<Record<string, [Partial<JobFacts> & Pick<JobFacts, 'job'>, string, RegExp]>> = {
  'a Job that is complete, with its report': [
    { job: job('Complete'), report: { pod: 'p-1', digest: DIGEST } },
    'succeeded',
    /a{64}/,
  ],
  'a Job that is complete, whose pod has told only the kubelet': [
    {
      job: job('Complete'),
      pods: [ended('p-1', 0, 'Completed', formatReport({ pod: 'p-1', digest: DIGEST }))],
    },
    'succeeded',
    /a{64}/,
  ],
  'a Job that is complete and says nothing': [
    { job: job('Complete') },
    'not-pushed',
    /no pod of it says a digest/,
  ],
  'a pod that says what a person has to mend': [
    { job: job('Failed', 'PodFailurePolicy'), pods: [ended('p-1', 65)], report: failure('p-1') },
    'package-not-found',
    /said by p-1/,
  ],
  'a report that is not of the last pod, which was killed': [
    {
      job: job('Failed', 'BackoffLimitExceeded'),
      pods: [ended('p-1', 75), ended('p-2', 137, 'OOMKilled')],
      report: failure('p-1'),
    },
    'out-of-memory',
    /pod p-2 of Job build-x ran out of memory/,
  ],
  'a report whose pods are gone': [
    { job: job('Failed', 'BackoffLimitExceeded'), report: failure('p-1') },
    'package-not-found',
    /said by p-1/,
  ],
  'a pod that was evicted last': [
    {
      job: job('Failed', 'BackoffLimitExceeded'),
      pods: [pod('p-1', { terminated: { exitCode: 143 } }, { phase: 'Failed', conditions: [EVICTED] })],
    },
    'evicted',
    /was evicted: EvictionByEvictionAPI: drained/,
  ],
  'a pod that ended without a word': [
    { job: job('Failed', 'BackoffLimitExceeded'), pods: [ended('p-1', 1, 'Error', 'core dumped')] },
    'evicted',
    /ended without a word: exit status 1; it ended with:\ncore dumped/,
  ],
  'a Job that took too long': [
    { job: job('Failed', 'DeadlineExceeded'), pods: [ended('p-1', 143)] },
    'timeout',
    /after 60 minutes, which is as long as a build may take; give builds more time/,
  ],
  'a Job that no node took': [
    {
      job: job('Failed', 'DeadlineExceeded'),
      pods: [
        {
          metadata: { name: 'p-1' },
          status: {
            phase: 'Pending',
            conditions: [
              { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
            ],
          },
        },
      ],
    },
    'timeout',
    /no node takes it: Unschedulable: 0\/3 nodes/,
  ],
};

for (const [sentence, [facts, outcome, text]] of Object.entries(ENDS)) {
  test(`jobProgress(): ${sentence} is ${outcome}`, () => {
    const progress = jobProgress({ pods: [], report: undefined, ...facts });
    assert.notEqual(progress.kind, 'running');
    if (progress.kind === 'failed') assert.equal(progress.error.code, outcome);
    else assert.equal(progress.kind, outcome);
    const said = progress.kind === 'failed' ? progress.error.message : JSON.stringify(progress);
    assert.match(said, text);
  });
}

test('jobProgress() says of a Job that runs what its pods are doing', () => {
  const evicted = pod('p-1', { terminated: { exitCode: 143 } }, { phase: 'Failed', conditions: [EVICTED] });
  const waiting = pod(
    'p-2',
    { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
    { phase: 'Pending' },
  );
  assert.deepEqual(jobProgress({ job: job(), pods: [waiting, evicted], report: undefined }), {
    kind: 'running',
    notes: [
      'pod       p-1 on node node-1',
      'note: pod p-1 is evicted, and another one takes its place: EvictionByEvictionAPI: drained',
      'note: pod p-2 waits: ImagePullBackOff: no such image',
    ],
    hindrance: { isUnscheduled: false, message: 'ImagePullBackOff: no such image' },
  });
});
