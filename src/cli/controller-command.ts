import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { imageTagProblem, OPERATOR_NAMESPACE } from '../api/index.ts';
import {
  clusterTroubles,
  Controllers,
  DEFAULT_SETTINGS,
  Metrics,
  reportRun,
  TroubleReport,
  type ControllerSettings,
  type Log,
} from '../controllers/index.ts';
import { QUICK_LEASE, systemClock, type ClusterAccess, type KubeClient } from '../kube/index.ts';
import { openBuildCache } from '../osbuild/index.ts';
import { chosenBuilder, type BuilderFlags } from './chosen-builder.ts';
import { CliError } from './cli-error.ts';
import { isInCluster, withCluster, type ClusterFlags } from './cluster-access.ts';
import { cacheDirectory, type Environment, machineArchitecture } from './environment.ts';
import { startHealthServer, type HealthAddress } from './health-server.ts';
import { interruptible } from './interruption.ts';
import { measuredLog } from './measured-log.ts';
import { openLog, type LogFormat } from './process-log.ts';
import { readAuthority } from './registry-flags.ts';
import { whenStdinEnds } from './stdin-end.ts';

export interface ControllerFlags extends ClusterFlags, BuilderFlags {
  readonly namespace?: string | undefined;
  readonly pushRepository?: string | undefined;
  readonly pushSecret?: string | undefined;
  readonly pullSecret?: string | undefined;
  readonly everyPool: boolean;
  readonly arch: string;
  readonly leaderElect: boolean;
  readonly healthAddress?: HealthAddress | undefined;
  readonly keepRendered: number;
  readonly keepBuilds: number;
  /** Milliseconds. */
  readonly registryPoll: number;
  readonly insecureRegistry?: readonly string[] | undefined;
  readonly ca?: readonly string[] | undefined;
  readonly logFormat: LogFormat;
  /** Who starts it holds its standard input open as long as it is to run. */
  readonly endWithStdin: boolean;
}

/** Where kubelets and Prometheus look, and where nobody is in the way. */
const IN_CLUSTER: HealthAddress = { host: '0.0.0.0', port: 8081 };
const ELSEWHERE: HealthAddress = { host: '127.0.0.1', port: 0 };

/** What was begun ends within seconds; what does not is given up after so many milliseconds. */
const LONGEST_END = 15_000;

/**
 * `varve controller`: renders and builds for the pools of a cluster until it is told to stop. It needs no order to start in:
 * whatever is missing of the cluster is said, and waited for.
 */
export async function controllerCommand(
  flags: ControllerFlags,
  environment: Environment,
  version: string,
): Promise<void> {
  const settings = settingsOf(flags, environment);
  await withCluster(flags, environment, (client, access) =>
    interruptible(async (signal) => {
      const ending = flags.endWithStdin ? AbortSignal.any([signal, whenStdinEnds()]) : signal;
      await run({ client, access, settings, flags, environment, version }, ending);
    }),
  );
}

interface Circumstances {
  readonly client: KubeClient;
  readonly access: ClusterAccess;
  readonly settings: ControllerSettings;
  readonly flags: ControllerFlags;
  readonly environment: Environment;
  readonly version: string;
}

async function run(circumstances: Circumstances, signal: AbortSignal): Promise<void> {
  const { client, access, settings, flags, environment, version } = circumstances;
  const log = measuredLog(
    openLog(flags.logFormat, (line) => process.stderr.write(line)),
    systemClock,
  );
  const controllers: Controllers = new Controllers({
    client,
    settings,
    cache: openBuildCache(cacheDirectory(flags.cache, environment)),
    containers: chosenBuilder(flags, environment, { client, namespace: settings.namespace, log }),
    log,
    identity: `${hostname()}_${randomUUID()}`,
    // Not the patient one: to lose the lead costs Varve nothing but a pause, since the process and its caches live on,
    // and pools should not wait two minutes for a controller that has died.
    ...(flags.leaderElect ? { lease: QUICK_LEASE } : {}),
    onReconciled: (run) => {
      metrics.observe(run);
      reportRun(log, run);
    },
    onFailure: () => troubles.poke(),
  });
  const look = (): readonly string[] => clusterTroubles(access.server, controllers.failures);
  const troubles = new TroubleReport({ clock: systemClock, log, look });
  const metrics = new Metrics(version, controllers);
  const health = await startHealthServer({
    ...(flags.healthAddress ?? (isInCluster(environment) ? IN_CLUSTER : ELSEWHERE)),
    missing: () => missing(controllers, look()),
    metrics: () => metrics.print(),
  });
  try {
    log.info('varve controller', {
      version,
      pid: process.pid,
      server: access.server,
      health: health.url,
    });
    await endInTime(controllers.run(signal), signal, log);
  } finally {
    troubles.close();
    await health.close();
  }
}

/** What keeps a process from its work: what it does not know yet, and why. */
function missing({ behind }: Controllers, troubles: readonly string[]): readonly string[] {
  if (behind.length === 0) return [];
  return [`not all of these are known yet: ${behind.toSorted().join(', ')}`, ...troubles];
}

/** A process that is told to end does, whatever hangs. */
async function endInTime(work: Promise<void>, signal: AbortSignal, log: Log): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    log.info('stopping');
    timer = setTimeout(() => resolve(true), LONGEST_END);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  const isLate = await Promise.race([work.then(() => false), late]);
  clearTimeout(timer);
  signal.removeEventListener('abort', begin);
  if (isLate)
    log.warn('not everything has ended; what was under way is found and continued at the next start');
}

function settingsOf(flags: ControllerFlags, { variables }: Environment): ControllerSettings {
  const { pushRepository, pushSecret, pullSecret, everyPool } = flags;
  if ((pushRepository === undefined) !== (pushSecret === undefined)) {
    const [given, other] =
      pushSecret === undefined
        ? ['--push-repository', '--push-secret NAME']
        : ['--push-secret', '--push-repository HOST/NAME'];
    throw new CliError('input', `cannot use ${given} alone: name ${other} as well`);
  }
  if (pushRepository === undefined && (everyPool || pullSecret !== undefined)) {
    const flag = everyPool ? '--every-pool' : '--pull-secret';
    throw new CliError(
      'input',
      `cannot use ${flag} without --push-repository HOST/NAME and --push-secret NAME`,
    );
  }
  if (pushRepository !== undefined) checkRepository(pushRepository);
  return {
    ...DEFAULT_SETTINGS,
    namespace: flags.namespace ?? OPERATOR_NAMESPACE,
    ...(pushRepository === undefined || pushSecret === undefined
      ? {}
      : {
          imageMode: {
            pushRepository,
            pushSecret,
            everyPool,
            ...(pullSecret === undefined ? {} : { pullSecret }),
          },
        }),
    registryPoll: flags.registryPoll,
    architectures: flags.arch === 'all' ? 'all' : [...new Set(flags.arch.split(','))],
    machineArchitecture: machineArchitecture(),
    keptRendered: flags.keepRendered,
    keptBuilds: flags.keepBuilds,
    insecureRegistries: flags.insecureRegistry ?? [],
    certificateAuthorities: (flags.ca ?? []).map(readAuthority),
    ...(variables['NODE_NAME'] ? { nodeName: variables['NODE_NAME'] } : {}),
    proxyEnvironment: variables,
  };
}

/** As the API judges the MachineOSConfigs that name it. */
function checkRepository(repository: string): void {
  const problem = imageTagProblem(`${repository}:pool`);
  const hasTag = /:[^/]*$/u.test(repository) && repository.includes('/');
  if (problem === undefined && !hasTag) return;
  const why = hasTag
    ? 'it has a tag, and every pool gets one of its own'
    : 'write HOST[:PORT]/NAME, for example registry.example.com/os/pools; the host needs a dot';
  throw new CliError('input', `cannot use --push-repository ${JSON.stringify(repository)}: ${why}`);
}
