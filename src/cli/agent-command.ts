import { join } from 'node:path';
import {
  Agent,
  type AgentNews,
  type FilesNews,
  MachineConfigNodeFile,
  nodeWishes,
  OwnObjects,
} from '../agent/index.ts';
import { HOST_TOOL_ANNOTATION } from '../api/index.ts';
import type { DeployTool, HostRunner } from '../host/index.ts';
import { type KubeClient, type ObjectKey, systemClock } from '../kube/index.ts';
import { nodeEvents } from './agent-events.ts';
import {
  type HostFlags,
  hostOf,
  nodeName,
  type PolicyFlags,
  policyOf,
  stateDirectory,
} from './agent-flags.ts';
import { openHost, type OpenHost, type TrustFlags } from './agent-host.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { type AgentNote, planNote, writeNote } from './agent-note.ts';
import { sayPlan, sayTrouble } from './agent-report.ts';
import { withCluster, type ClusterFlags } from './cluster-access.ts';
import type { Environment } from './environment.ts';
import { type HealthAddress, startHealthServer } from './health-server.ts';
import { interruptible } from './interruption.ts';
import { measuredLog } from './measured-log.ts';
import { openLog, type LogFormat } from './process-log.ts';
import { lockState } from './state-lock.ts';
import { whenStdinEnds } from './stdin-end.ts';

export interface AgentFlags extends ClusterFlags, HostFlags, PolicyFlags, TrustFlags {
  readonly node?: string | undefined;
  readonly pullSecret?: ObjectKey | undefined;
  readonly healthAddress?: HealthAddress | undefined;
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
  const lock = await lockState(state);
  try {
    await withCluster(flags, environment, (client, access) =>
      interruptible(async (signal) => {
        const ending = flags.endWithStdin ? AbortSignal.any([signal, whenStdinEnds()]) : signal;
        const { server } = access;
        await run({ client, server, node, runner, state, flags, environment, version }, ending);
      }),
    );
  } finally {
    lock.release();
  }
}

interface Circumstances {
  readonly client: KubeClient;
  readonly server: string;
  readonly node: string;
  readonly runner: HostRunner;
  readonly state: string;
  readonly flags: AgentFlags;
  readonly environment: Environment;
  readonly version: string;
}

async function run(circumstances: Circumstances, signal: AbortSignal): Promise<void> {
  const { client, server, node, runner, state, flags, environment, version } = circumstances;
  const log = measuredLog(
    openLog(flags.logFormat, (line) => process.stderr.write(line)),
    systemClock,
  );
  const onTrouble = (doing: string, error: unknown): void => sayTrouble(log, doing, error);
  const { pullSecret } = flags;
  const objects = new OwnObjects({
    client,
    node,
    ...(pullSecret === undefined ? {} : { pullSecret }),
    store: new MachineConfigNodeFile(join(state, 'machine-config-node.json')),
    report: (error) => onTrouble('follow the Node', error),
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
  const policy = policyOf(flags);
  const open = openHost({
    runner,
    state,
    flags,
    environment,
    policy,
    ...(pullSecret === undefined ? {} : { secrets: objects }),
    preferred: () => toolOf(objects.node?.metadata.annotations?.[HOST_TOOL_ANNOTATION]),
    onChoice: ({ tool, reasons }) => {
      log.info('the host is driven', { tool, instead: reasons.join('; ') });
      note();
    },
    onFiles: onNews,
    onTrouble,
  });
  const metrics = new AgentMetrics({
    version,
    downloaded: open.downloaded,
    drift: () => open.files.report,
  });
  const health = await startHealthServer({
    ...(flags.healthAddress ?? LOOPBACK),
    missing: () => missing(objects, open, node, server),
    metrics: () => metrics.print(),
  });
  const startedAt = new Date().toISOString();
  let plan: AgentNote['plan'];
  const wishes = (): AgentNote['wishes'] => {
    const found = objects.node === undefined ? undefined : nodeWishes(objects.node);
    return { desiredConfig: found?.desiredConfig, desiredImage: found?.desiredImage };
  };
  const note = (): void => {
    const { pid } = process;
    const { tool } = open.host;
    writeNote(state, { node, pid, startedAt, health: health.url, tool, wishes: wishes(), plan });
  };
  try {
    log.info('varve agent', { version, pid: process.pid, node, server, state, health: health.url });
    note();
    const agent = new Agent({
      objects,
      host: metrics.measure(open.host),
      journal: open.journal,
      policy,
      clock: systemClock,
      files: open.files,
      pullSecret: open.pullSecret,
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
    open.close();
  }
}

/** What keeps the agent from its work. */
function missing(objects: OwnObjects, { host }: OpenHost, node: string, server: string): readonly string[] {
  if (!objects.isSynced) return [`the Node ${node} is not known yet: asking ${server}`];
  if (objects.node === undefined) return [`${server} has no Node ${node}`];
  if (host.tool === undefined) return ['the host was not seen yet, or has no tool that can be used'];
  return [];
}

const TOOLS: readonly string[] = ['bootc', 'rpm-ostree', 'ostree'] satisfies readonly DeployTool[];

function toolOf(text: string | undefined): DeployTool | undefined {
  return text !== undefined && TOOLS.includes(text) ? (text as DeployTool) : undefined;
}
