import { writeFile } from 'node:fs/promises';
import { backoffDelay, isKubeError, pause, type KubeClient } from '../kube/index.ts';
import {
  buildFailure,
  DIGEST_KEY,
  formatReport,
  JobExit,
  OsBuildError,
  redactedBuilders,
  REPORT_KEY,
  shortReport,
  type ContainerBuilders,
  type JobReport,
  type JobRequest,
} from '../osbuild/index.ts';
import { messageOf } from './error-message.ts';
import { JobOutputWriter } from './job-output-writer.ts';
import { CONFIG_MAPS } from './resources.ts';

/** Which pod this is, and where it reports to. */
export interface PodIdentity {
  readonly pod: string;
  readonly namespace: string;
  readonly digestConfigMap: string;
  readonly outputConfigMap: string;
}

export interface BuildPodOptions {
  readonly identity: PodIdentity;
  /** Of the service account; absent: only the kubelet is told, how it ended. */
  readonly client: Pick<KubeClient, 'clock' | 'patch'> | undefined;
  readonly read: () => Promise<JobRequest>;
  /** Opens the builders of this machine for what has been read. */
  readonly open: (job: JobRequest) => ContainerBuilders;
  /** Of this machine, as GOARCH names it. */
  readonly architecture: string;
  /** The file whose content the kubelet takes for the pod's last words. */
  readonly termination: string;
  /** For the log of the pod. */
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

const RETRY = { first: 250, factor: 2, longest: 10_000, jitter: 0.5, reset: 0 };
/** Attempts to write the report, which the kubelet has been told already. */
const ATTEMPTS = 6;

/**
 * What the pod of a build does: makes the image, pushes it, and reports. What it says is written where the controllers follow it.
 *
 * @returns the status to exit with ({@link JobExit})
 * @throws the reason of the signal when that aborts; then it reports nothing, and another pod begins anew
 */
export async function runBuildPod(options: BuildPodOptions): Promise<number> {
  const { identity, client, print, signal, termination } = options;
  const writer =
    client === undefined
      ? undefined
      : new JobOutputWriter({
          client,
          namespace: identity.namespace,
          name: identity.outputConfigMap,
          pod: identity.pod,
          report: (error) => print(`warning: cannot tell the controllers: ${messageOf(error)}`),
        });
  const say = (line: string): void => {
    print(line);
    writer?.say(line);
  };
  const report = await outcome(options, say);
  await writer?.end();
  signal.throwIfAborted();
  // First where nothing but the disk can fail.
  await writeFile(termination, shortReport(report)).catch((error: unknown) =>
    print(`warning: cannot tell the kubelet: ${messageOf(error)}`),
  );
  if (client !== undefined) await write(client, identity, report, options);
  if ('digest' in report) return JobExit.done;
  print(`error: ${report.failure.message}`);
  return report.failure.retryable ? JobExit.transient : JobExit.permanent;
}

async function outcome(
  { identity: { pod }, read, open, architecture, signal }: BuildPodOptions,
  say: (line: string) => void,
): Promise<JobReport> {
  try {
    const job = await read();
    // The log of a pod, its last words and a ConfigMap are for more people than the pool's secrets.
    const builders = redactedBuilders(open(job), job.access);
    const digest = await builders.for(architecture).build({ ...job.request, signal, say });
    return { pod, digest };
  } catch (error) {
    if (error instanceof OsBuildError) return { pod, failure: error };
    // Nobody knows what it quotes; another pod may have more luck.
    const { message } = buildFailure(error);
    return { pod, failure: new OsBuildError('not-pushed', message, { cause: error, retryable: true }) };
  }
}

async function write(
  client: Pick<KubeClient, 'clock' | 'patch'>,
  { namespace, digestConfigMap }: PodIdentity,
  report: JobReport,
  { print, signal }: BuildPodOptions,
): Promise<void> {
  const data = {
    [REPORT_KEY]: formatReport(report),
    ...('digest' in report ? { [DIGEST_KEY]: report.digest } : {}),
  };
  for (let failures = 1; failures <= ATTEMPTS; failures += 1) {
    try {
      const key = { namespace, name: digestConfigMap };
      await client.patch(CONFIG_MAPS, key, { type: 'merge', patch: { data } }, { signal, timeout: 10_000 });
      return;
    } catch (error) {
      if (failures === 1) print(`warning: cannot tell the controllers: ${messageOf(error)}`);
      if (signal.aborted || !isKubeError(error) || !error.retryable) return;
      await pause(client.clock, backoffDelay(RETRY, failures, client.clock.random()), signal);
    }
  }
}
