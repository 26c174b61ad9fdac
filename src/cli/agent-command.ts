import { join } from 'node:path';
import {
  Agent,
  type AgentHost,
  type AgentNews,
  ChosenHost,
  DrivenHost,
  type FilesNews,
  JournalFile,
  NodeFiles,
  nodeWishes,
  OwnObjects,
  PlaneMemoryFile,
  type Plan,
  registryImages,
} from '../agent/index.ts';
import { HOST_TOOL_ANNOTATION } from '../api/index.ts';
import type { Log } from '../controllers/index.ts';
import { type DeployTool, type HostRunner, openDriver, probeCapabilities } from '../host/index.ts';
import { type KubeClient, type ObjectKey, systemClock } from '../kube/index.ts';
import { openRegistry, type RegistryClient } from '../oci/index.ts';
import {
  type HostFlags,
  hostOf,
  nodeName,
  type PolicyFlags,
  policyOf,
  stateDirectory,
} from './agent-flags.ts';
import { agentAccess } from './agent-access.ts';
import { nodeEvents } from './agent-events.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { type AgentNote, planNote, writeNote } from './agent-note.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import type { Environment } from './environment.ts';
import type { HealthAddress } from './health-server.ts';
import { startHealthServer } from './health-server.ts';
import { hostCredentials } from './host-credentials.ts';
import { interruptible } from './interruption.ts';
import { measuredLog } from './measured-log.ts';
import { openLog, type LogFormat } from './process-log.ts';
import { readAuthority } from './registry-flags.ts';
import { lockState } from './state-lock.ts';
import { whenStdinEnds } from './stdin-end.ts';

export interface AgentFlags extends ClusterFlags, HostFlags, PolicyFlags {
  readonly node?: string | undefined;
  readonly pullSecret?: ObjectKey | undefined;
  readonly healthAddress?: HealthAddress | undefined;
  readonly insecureRegistry?: readonly string[] | undefined;
  readonly ca?: readonly string[] | undefined;
  readonly logFormat: LogFormat;
  /** Who starts it holds its standard input open as long as it is to run. */
  readonly endWithStdin: boolean;
}

/** Nobody but the host itself has to do with it. */
const LOOPBACK: HealthAddress = { host: '127.0.0.1', port: 0 };

/**
 * `varve agent`: moves the host that it runs on to the image that its Node asks for, until it is told to stop. It can be killed
 * at any moment: what it has to remember is in its journal before it acts.
 */
export async function agentCommand(
  flags: AgentFlags,
  environment: Environment,
  version: string,
): Promise<void> {
  const node = nodeName(flags.node, environment);
  const runner = hostOf(flags, environment);
  const state = stateDirectory(flags, runner);
  const registry = registryClient(flags, runner, environment);
  const lock = await lockState(state);
  try {
    await withCluster(flags, environment, (client, access) =>
      interruptible(async (signal) => {
        const ending = flags.endWithStdin ? AbortSignal.any([signal, whenStdinEnds()]) : signal;
        const circumstances = {
          client,
          server: access.server,
          node,
          runner,
          state,
          registry,
          flags,
          version,
        };
        await run(circumstances, ending);
      }),
    );
  } finally {
    lock.release();
    registry.close();
  }
}

interface Circumstances {
  readonly client: KubeClient;
  readonly server: string;
  readonly node: string;
  readonly runner: HostRunner;
  readonly state: string;
  readonly registry: RegistryClient;
  readonly flags: AgentFlags;
  readonly version: string;
}

async function run(circumstances: Circumstances, signal: AbortSignal): Promise<void> {
  const { client, server, node, runner, state, registry, flags, version } = circumstances;
  const log = measuredLog(
    openLog(flags.logFormat, (line) => process.stderr.write(line)),
    systemClock,
  );
  const objects = new OwnObjects({
    client,
    node,
    ...(flags.pullSecret === undefined ? {} : { pullSecret: flags.pullSecret }),
    report: (error) => sayTrouble(log, 'follow the Node', error),
  });
  const policy = policyOf(flags);
  const onTrouble = (doing: string, error: unknown): void => sayTrouble(log, doing, error);
  const { pullSecret, prepare } = agentAccess({
    objects,
    hasPullSecret: flags.pullSecret !== undefined,
    runner,
    trust: { authorities: (flags.ca ?? []).map(readAuthority), plainHttp: flags.insecureRegistry ?? [] },
    onTrouble,
  });
  const events = nodeEvents(
    client,
    node,
    () => objects.node,
    (error) => onTrouble('tell an event', error),
  );
  const onNews = (news: AgentNews | FilesNews): void => {
    log.info(news.reason, { message: news.message });
    events.record(news);
  };
  const files = new NodeFiles({
    runner,
    memory: new PlaneMemoryFile(join(state, 'files.json')),
    clock: systemClock,
    onNews,
    onTrouble,
  });
  const preferred = (): DeployTool | undefined =>
    toolOf(objects.node?.metadata.annotations?.[HOST_TOOL_ANNOTATION]) ?? flags.hostTool;
  const host = new ChosenHost({
    probe: (ending) => probeCapabilities(runner, { signal: ending }),
    preferred,
    open: (tool, capabilities): AgentHost => {
      const driver = openDriver(tool, { host: runner, capabilities, images: registryImages(registry) });
      return new DrivenHost({
        runner,
        driver,
        capabilities,
        policy,
        files,
        prepareAccess: (image) => prepare(tool, image),
      });
    },
    onChoice: ({ tool, reasons }) => {
      log.info('the host is driven', { tool, instead: reasons.join('; ') });
      note();
    },
  });
  const metrics = new AgentMetrics({ version, downloaded: () => registry.traffic.received });
  const health = await startHealthServer({
    ...(flags.healthAddress ?? LOOPBACK),
    missing: () => missing(objects, host, node, server),
    metrics: () => metrics.print(),
  });
  const startedAt = new Date().toISOString();
  let plan: AgentNote['plan'];
  const wishes = (): AgentNote['wishes'] => {
    const found = objects.node === undefined ? undefined : nodeWishes(objects.node);
    return { desiredConfig: found?.desiredConfig, desiredImage: found?.desiredImage };
  };
  const note = (): void => {
    const { url } = health;
    writeNote(state, {
      node,
      pid: process.pid,
      startedAt,
      health: url,
      tool: host.tool,
      wishes: wishes(),
      plan,
    });
  };
  try {
    log.info('varve agent', { version, pid: process.pid, node, server, state, health: health.url });
    note();
    const agent = new Agent({
      objects,
      host: metrics.measure(host),
      journal: new JournalFile(join(state, 'journal.json')),
      policy,
      clock: systemClock,
      files,
      pullSecret,
      onNews,
      onPlan: (decided) => {
        sayPlan(log, decided);
        metrics.decided(decided, wishes().desiredConfig, systemClock.wall());
        plan = planNote(decided, new Date());
        note();
      },
      onTrouble,
    });
    await agent.run(signal);
    log.info('stopping');
  } finally {
    await events.close();
    await health.close();
  }
}

/** What keeps the agent from its work. */
function missing(objects: OwnObjects, host: ChosenHost, node: string, server: string): readonly string[] {
  const lines: string[] = [];
  if (!objects.isSynced) lines.push(`the Node ${node} is not known yet: asking ${server}`);
  else if (objects.node === undefined) lines.push(`${server} has no Node ${node}`);
  else if (host.tool === undefined) lines.push('the host was not seen yet, or has no tool that can be used');
  return lines;
}

function sayPlan(log: Log, { phase, step, degraded }: Plan): void {
  if (degraded !== undefined) log.warn('degraded', { reason: degraded, phase, step: step.kind });
  else log.info(step.kind, { reason: step.reason, phase });
}

function sayTrouble(log: Log, doing: string, error: unknown): void {
  const isKnown = error instanceof Error && 'retryable' in error;
  const message = error instanceof Error ? error.message : String(error);
  if (isKnown) log.warn(`cannot ${doing}`, { message });
  else log.error(`cannot ${doing}`, {}, error);
}

const TOOLS: readonly string[] = ['bootc', 'rpm-ostree', 'ostree'] satisfies readonly DeployTool[];

function toolOf(text: string | undefined): DeployTool | undefined {
  return text !== undefined && TOOLS.includes(text) ? (text as DeployTool) : undefined;
}

/** For hosts whose tools pull nothing themselves. */
function registryClient(
  { insecureRegistry, ca }: AgentFlags,
  { root }: HostRunner,
  { variables }: Environment,
): RegistryClient {
  return openRegistry({
    auth: hostCredentials(root),
    plainHttp: insecureRegistry ?? [],
    certificateAuthorities: (ca ?? []).map(readAuthority),
    proxyEnv: variables,
    userAgent: 'varve-agent',
    optionNames: { plainHttp: '--insecure-registry', certificateAuthorities: '--ca' },
  });
}
