import type { Digest } from '../oci/index.ts';
import { BUILD_CONTAINER, type BuildJob } from './job-object.ts';
import { disruptionOf, hindranceOf, inOrder, stateOf, type BuildPod, type Hindrance } from './job-pod.ts';
import { parseReport, type JobReport } from './job-report.ts';
import { OsBuildError } from './osbuild-error.ts';

/** How far a build is that runs as a Job. */
export type JobProgress =
  /** With what there is to say about its pods, in order; the same is said once. */
  | { readonly kind: 'running'; readonly notes: readonly string[]; readonly hindrance: Hindrance | undefined }
  | { readonly kind: 'succeeded'; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly error: OsBuildError };

export interface JobFacts {
  readonly job: BuildJob;
  /** Its own. */
  readonly pods: readonly BuildPod[];
  /** What its ConfigMap says, if anything. */
  readonly report: JobReport | undefined;
}

/** How far a Job's build is, from what the API has of it. */
export function jobProgress(facts: JobFacts): JobProgress {
  const { job } = facts;
  const condition = (name: string): string | undefined => {
    const found = job.status?.conditions?.find(({ type, status }) => type === name && status === 'True');
    return found === undefined ? undefined : (found.reason ?? name);
  };
  if (condition('Complete') !== undefined) return completed(facts);
  const failed = condition('Failed');
  if (failed !== undefined) return { kind: 'failed', error: failure(facts, failed) };
  const pods = inOrder(facts.pods);
  const last = pods.at(-1);
  return {
    kind: 'running',
    notes: pods.flatMap(notesOf),
    hindrance: last === undefined ? podless(job) : hindranceOf(last),
  };
}

/** A Job that is gone, or about to be, without Varve's doing. */
export function deletedJob(job: string): OsBuildError {
  return new OsBuildError('evicted', `cannot build the image: somebody deleted Job ${job}`, {
    retryable: true,
  });
}

/** A pod that has not begun, for a reason that the Job's end does not tell. */
export function hinderedJob(job: string, hindrance: Hindrance): OsBuildError {
  return new OsBuildError(
    hindrance.isRefused === true ? 'builder-refused' : 'timeout',
    `cannot build the image: no pod of Job ${job} could begin, ${hindrance.message}`,
    { retryable: true },
  );
}

/** A Job that has no pod: for the moment in which each begins, or since the cluster refuses them, of which it says nothing itself. */
function podless({ metadata, spec, status }: BuildJob): Hindrance | undefined {
  if ((status?.active ?? 0) > 0 || spec?.['suspend'] === true) return undefined;
  const { name, namespace = '' } = metadata;
  const message = `the cluster makes none: a quota, pod security or an admission policy may forbid it; kubectl get events --namespace ${namespace} --field-selector involvedObject.name=${name} says which`;
  return { isUnscheduled: false, isRefused: true, message };
}

function completed({ job, pods, report }: JobFacts): JobProgress {
  const said = [report, ...pods.map(reportOf)].find((one) => one !== undefined && 'digest' in one);
  if (said !== undefined && 'digest' in said) return { kind: 'succeeded', digest: said.digest };
  const message = `cannot use what Job ${job.metadata.name} has built: no pod of it says a digest`;
  return { kind: 'failed', error: new OsBuildError('not-pushed', message, { retryable: true }) };
}

function failure(facts: JobFacts, reason: string): OsBuildError {
  const { job, report } = facts;
  const { name } = job.metadata;
  const last = inOrder(facts.pods).at(-1);
  if (reason === 'DeadlineExceeded') return late(job, last);
  if (last === undefined) {
    // Its pods are gone: what one of them said last is all that there is.
    if (report !== undefined && 'failure' in report) return report.failure;
    const text = `cannot build the image: Job ${name} failed (${reason}), and its pods are gone`;
    return new OsBuildError('evicted', text, { retryable: true });
  }
  const said = report?.pod === last.metadata.name ? report : reportOf(last);
  if (said !== undefined && 'failure' in said) return said.failure;
  return endOf(last, name);
}

/** What became of a pod that said nothing. */
function endOf(pod: BuildPod, job: string): OsBuildError {
  const { name } = pod.metadata;
  const which = `pod ${name} of Job ${job}`;
  const disruption = disruptionOf(pod);
  if (disruption !== undefined) {
    const text = `cannot build the image: ${which} was evicted: ${disruption}`;
    return new OsBuildError('evicted', text, { retryable: true });
  }
  const { terminated } = stateOf(pod);
  if (terminated?.reason === 'OOMKilled') {
    const text = `cannot build the image: ${which} ran out of memory; give builds more: --build-limits of varve controller`;
    return new OsBuildError('out-of-memory', text, { retryable: true });
  }
  const ended =
    terminated === undefined
      ? `it is gone from its node${pod.status?.reason === undefined ? '' : ` (${pod.status.reason})`}`
      : `exit status ${terminated.exitCode}${terminated.message === undefined ? '' : `; it ended with:\n${terminated.message}`}`;
  return new OsBuildError('evicted', `cannot build the image: ${which} ended without a word: ${ended}`, {
    retryable: true,
  });
}

function late(job: BuildJob, last: BuildPod | undefined): OsBuildError {
  const seconds = job.spec?.['activeDeadlineSeconds'];
  const after = typeof seconds === 'number' ? ` after ${duration(seconds)}` : '';
  const hindrance = last === undefined ? undefined : hindranceOf(last);
  const state =
    hindrance === undefined
      ? 'give builds more time: --build-deadline of varve controller'
      : `its pod could not begin: ${hindrance.message}`;
  const text = `cannot build the image: Job ${job.metadata.name} was ended${after}, which is as long as a build may take; ${state}`;
  return new OsBuildError('timeout', text, { retryable: true });
}

function duration(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}

/** What a pod has left in its termination message. */
function reportOf(pod: BuildPod): JobReport | undefined {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === BUILD_CONTAINER);
  return parseReport(status?.state?.terminated?.message);
}

/** What people want to know of a pod, one line for each thing. */
function notesOf(pod: BuildPod): readonly string[] {
  const { metadata, spec } = pod;
  const { terminated, running } = stateOf(pod);
  const hindrance = hindranceOf(pod);
  const disruption = disruptionOf(pod);
  const lines: (string | undefined)[] = [
    hindrance === undefined ? undefined : `note: pod ${metadata.name} waits: ${hindrance.message}`,
    running === undefined && terminated === undefined
      ? undefined
      : `pod       ${metadata.name} on node ${spec?.nodeName ?? '?'}`,
    disruption === undefined
      ? undefined
      : `note: pod ${metadata.name} is evicted, and another one takes its place: ${disruption}`,
    disruption !== undefined || terminated === undefined || terminated.exitCode === 0
      ? undefined
      : `note: pod ${metadata.name} ended with exit status ${terminated.exitCode}${terminated.reason === 'OOMKilled' ? ', out of memory' : ''}`,
  ];
  return lines.filter((line) => line !== undefined);
}
