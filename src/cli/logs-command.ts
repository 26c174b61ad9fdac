import type { BuildState, MachineOSBuild } from '../api/index.ts';
import {
  buildStateOf,
  findCondition,
  isTerminalState,
  OPERATOR_NAMESPACE,
  PRE_BUILT_IMAGE_KEY,
} from '../api/index.ts';
import {
  BUILD_LOG_KEY,
  BUILD_LOG_WHOLE_KEY,
  buildLogName,
  CONFIG_MAPS,
  OS_BUILDS,
  OS_CONFIGS,
  POOLS,
} from '../controllers/index.ts';
import { Informer, isKubeError, type KubeClient, type KubeObject, type ResourceType } from '../kube/index.ts';
import { buildInForce } from '../machineconfig/index.ts';
import { CliError } from './cli-error.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { logAppendix } from './log-appendix.ts';
import { summarizePool, withoutPrefix } from './pool-summary.ts';

export interface LogsFlags extends ClusterFlags {
  readonly follow: boolean;
  readonly namespace?: string | undefined;
}

/** How long a build's end is waited after, in milliseconds, for the end of its log. */
const LAST_LINES = 3000;

/** What a log is asked of. */
interface Asked {
  readonly kind: 'build' | 'pool' | 'either';
  readonly name: string;
}

const BUILD_WORDS: ReadonlySet<string> = new Set(['build', 'mosb', 'machineosbuild', 'machineosbuilds']);
const POOL_WORDS: ReadonlySet<string> = new Set(['pool', 'mcp', 'machineconfigpool', 'machineconfigpools']);

/**
 * `varve logs`: prints what is in the log of a build. With `--follow` it goes on until the build comes to its end, and fails if
 * that is without an image; without it, what there is was printed, and that is no failure, as with `kubectl logs`.
 */
export async function logsCommand(what: string, flags: LogsFlags, environment: Environment): Promise<void> {
  const asked = parseAsked(what);
  await withCluster(flags, environment, (client) =>
    interruptible(async (signal) => {
      const source: LogSource = { client, namespace: flags.namespace ?? OPERATOR_NAMESPACE, signal };
      const build = await findBuild(source, asked);
      await (flags.follow ? followLog(source, build) : printLog(source, build));
    }),
  );
}

interface LogSource {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly signal: AbortSignal;
}

function parseAsked(what: string): Asked {
  const [word = '', name, ...more] = what.split('/');
  if (name === undefined && word !== '') return { kind: 'either', name: word };
  const kind = BUILD_WORDS.has(word.toLowerCase())
    ? 'build'
    : POOL_WORDS.has(word.toLowerCase())
      ? 'pool'
      : undefined;
  if (kind === undefined || name === undefined || name === '' || more.length > 0) {
    throw new CliError(
      'input',
      `cannot read ${JSON.stringify(what)}: write build/NAME, pool/NAME, or the name of a pool`,
    );
  }
  return { kind, name };
}

async function findBuild(source: LogSource, { kind, name }: Asked): Promise<MachineOSBuild> {
  if (kind !== 'build') {
    const pool = await find(source, POOLS, name);
    if (pool !== undefined) {
      const { client, signal } = source;
      const { items: osConfigs } = await client.list(OS_CONFIGS, { signal });
      const { items: builds } = await client.list(OS_BUILDS, { signal });
      const osConfig = osConfigs.find(({ spec }) => spec.machineConfigPool.name === name);
      const build = osConfig === undefined ? undefined : buildInForce(pool, osConfig, builds);
      if (build !== undefined) return build;
      const { message } = summarizePool(pool, osConfigs, builds, Date.now());
      throw missing(`pool ${name} has no build now: it ${message}`);
    }
    if (kind === 'pool') throw missing(`there is no MachineConfigPool ${name}; varve status lists them`);
  }
  const build = await find(source, OS_BUILDS, name);
  if (build !== undefined) return build;
  const what = kind === 'build' ? 'MachineOSBuild' : 'MachineConfigPool or MachineOSBuild';
  throw missing(`there is no ${what} ${name}; varve status lists them`);
}

async function find<T extends KubeObject>(
  { client, signal }: LogSource,
  type: ResourceType<T>,
  name: string,
  namespace = '',
): Promise<T | undefined> {
  try {
    return await client.get(type, { namespace, name }, { signal });
  } catch (error) {
    if (isKubeError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function readLog(source: LogSource, build: string): Promise<string | undefined> {
  const found = await find(source, CONFIG_MAPS, buildLogName(build), source.namespace);
  return found?.data?.[BUILD_LOG_KEY];
}

async function printLog(source: LogSource, build: MachineOSBuild): Promise<void> {
  const { name } = build.metadata;
  const text = await readLog(source, name);
  if (text === undefined) throw noLog(source, build);
  process.stdout.write(text);
}

/** Prints what there is and what comes, until the build has come to its end. */
async function followLog(source: LogSource, first: MachineOSBuild): Promise<void> {
  const { name } = first.metadata;
  let printed = '';
  const print = (text: string | undefined): void => {
    if (text === undefined) return;
    process.stdout.write(logAppendix(printed, text));
    printed = text;
  };
  const last = await untilEnd(source, name, print);
  if (last === undefined) throw missing(`build ${name} was deleted before it came to its end`);
  const state = buildStateOf(last);
  if (printed === '') process.stderr.write(`${noLog(source, last).message}\n`);
  if (state === 'succeeded') return;
  const why = findCondition(last.status?.conditions, state === 'failed' ? 'Failed' : 'Interrupted')?.message;
  throw missing(
    `build ${name} ${state === 'failed' ? 'failed' : 'was interrupted'}: ${withoutPrefix(why ?? 'nobody said why')}`,
  );
}

/** Follows a build and its log, to the end of both. Undefined when the build is gone. */
async function untilEnd(
  { client, namespace, signal }: LogSource,
  name: string,
  print: (text: string | undefined) => void,
): Promise<MachineOSBuild | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<MachineOSBuild | undefined>();
  const stop = new AbortController();
  const following = AbortSignal.any([signal, stop.signal]);
  const report = (error: unknown): void => {
    if (isKubeError(error) && !error.retryable && !following.aborted) reject(error);
  };
  const builds = new Informer(
    client,
    { type: OS_BUILDS, selection: { fieldSelector: `metadata.name=${name}` } },
    report,
  );
  const logs = new Informer(
    client,
    { type: CONFIG_MAPS, selection: { namespace, fieldSelector: `metadata.name=${buildLogName(name)}` } },
    report,
  );
  let ended: MachineOSBuild | undefined;
  let isWhole = false;
  let cancel = (): void => undefined;
  builds.subscribe(({ type, object }) => {
    if (type === 'deleted') return resolve(undefined);
    if (!isTerminalState(buildStateOf(object))) return;
    ended = object;
    if (isWhole) resolve(object);
    // Its last lines are on their way, unless whoever wrote them has died.
    else cancel = client.clock.schedule(LAST_LINES, () => resolve(object));
  });
  logs.subscribe(({ type, object }) => {
    isWhole = type !== 'deleted' && object.data?.[BUILD_LOG_WHOLE_KEY] === 'true';
    if (type !== 'deleted') print(object.data?.[BUILD_LOG_KEY]);
    if (isWhole && ended !== undefined) resolve(ended);
  });
  const running = Promise.all([builds.run(following), logs.run(following)]);
  // Deleted before anybody looked.
  void builds.synced.then(() => builds.cache.size === 0 && resolve(undefined));
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  try {
    return await promise;
  } finally {
    cancel();
    stop.abort();
    await running;
  }
}

function noLog({ namespace }: LogSource, build: MachineOSBuild): CliError {
  const { name } = build.metadata;
  if (build.metadata.labels?.[PRE_BUILT_IMAGE_KEY] !== undefined)
    return missing(`build ${name} has no log: its image had been built before`);
  const where = `ConfigMap ${namespace}/${buildLogName(name)}`;
  const why: Readonly<Record<BuildState, string>> = {
    none: 'it has not begun; is varve controller running?',
    initial: 'it has not begun; is varve controller running?',
    prepared: 'it has not begun',
    building: 'nothing was said yet; --follow waits',
    succeeded: `${where} is not there; perhaps another --namespace has it`,
    failed: `${where} is not there; perhaps another --namespace has it`,
    interrupted: `${where} is not there; it may have been interrupted before it began`,
  };
  return missing(`build ${name} has no log: ${why[buildStateOf(build)]}`);
}

function missing(message: string): CliError {
  return new CliError('cluster', message);
}
