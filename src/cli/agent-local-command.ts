import { Agent, type AgentHost, type FilesNews, LocalObjects, type Plan } from '../agent/index.ts';
import { systemClock } from '../kube/index.ts';
import { formatReference, isDigest, parseReference, withDigest } from '../oci/index.ts';
import {
  type HostFlags,
  hostOf,
  nodeName,
  type PolicyFlags,
  policyOf,
  stateDirectory,
} from './agent-flags.ts';
import { openHost, type TrustFlags } from './agent-host.ts';
import { buildLocalImage, type LocalBuildFlags } from './agent-local-build.ts';
import { sayPlan, sayTrouble } from './agent-report.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { measuredLog } from './measured-log.ts';
import { type OutputFormat, writeResult } from './output.ts';
import { openLog } from './process-log.ts';
import { openRegistryFor } from './registry-flags.ts';
import { lockState } from './state-lock.ts';

export interface AgentLocalFlags extends HostFlags, TrustFlags, Omit<PolicyFlags, 'drain'>, LocalBuildFlags {
  readonly image?: string | undefined;
  readonly config?: string | undefined;
  readonly reboot: boolean;
  readonly output: OutputFormat;
}

/** What became of it, as `--output json` prints it. */
interface LocalResult {
  /** By its digest. */
  readonly image: string;
  /** The host runs it, and it was verified. */
  readonly booted: boolean;
  /** It is what the next boot boots, and nobody has asked for that. */
  readonly rebootNeeded: boolean;
}

/**
 * `varve agent local`: moves one host to an image with no cluster, through the same steps as an agent. It ends when the host
 * runs the image, or would at its next boot; called again after that boot, it verifies what the boot made of it.
 *
 * @throws CliError `input` for flags that do not go together, `host` where a person has to look
 */
export async function agentLocalCommand(flags: AgentLocalFlags, environment: Environment): Promise<void> {
  if ((flags.image === undefined) === (flags.config === undefined)) {
    throw new CliError('input', 'name what the host is to run: either --image REF or --config DIR');
  }
  const runner = hostOf(flags, environment);
  const state = stateDirectory(flags, runner);
  const lock = await lockState(state);
  try {
    const result = await interruptible(async (signal) => {
      if (flags.image !== undefined) {
        const wanted = await pinned(flags.image, flags, environment, signal);
        return move({ runner, state, flags, environment, ...wanted }, signal);
      }
      return buildLocalImage(flags.config ?? '', { flags, runner, state, environment }, signal, (wanted) =>
        move({ runner, state, flags, environment, ...wanted }, signal),
      );
    });
    writeResult(flags.output, result, () => {
      if (result.booted) return `the host runs ${result.image}\n`;
      if (!result.rebootNeeded) return `the host reboots into ${result.image}\n`;
      return `the next boot runs ${result.image}: reboot the host\n`;
    });
  } finally {
    lock.release();
  }
}

/** An image, by its digest, and the name of what it was made of. */
export interface WantedImage {
  readonly image: string;
  readonly config: string;
}

/** What the reference leads to now: nothing is run that could be something else tomorrow. */
async function pinned(
  text: string,
  flags: TrustFlags,
  environment: Environment,
  signal: AbortSignal,
): Promise<WantedImage> {
  const reference = parseReference(text);
  const { digest } = reference;
  if (digest !== undefined && isDigest(digest)) return { image: text, config: 'local' };
  const registry = openRegistryFor(flags, environment, { signal });
  try {
    const { digest } = await registry.requireManifest(reference);
    return { image: formatReference(withDigest(reference, digest)), config: 'local' };
  } finally {
    registry.close();
  }
}

interface Move extends WantedImage {
  readonly runner: Parameters<typeof openHost>[0]['runner'];
  readonly state: string;
  readonly flags: AgentLocalFlags;
  readonly environment: Environment;
}

async function move(
  { runner, state, flags, environment, image, config }: Move,
  signal: AbortSignal,
): Promise<LocalResult> {
  const log = measuredLog(
    openLog('text', (line) => process.stderr.write(line)),
    systemClock,
  );
  const onTrouble = (doing: string, error: unknown): void => sayTrouble(log, doing, error);
  // Whoever calls this has seen to it that the host may reboot, or reboots it when it may.
  const policy = policyOf({ ...flags, drain: false });
  const onFiles = (news: FilesNews): void => log.info(news.reason, { message: news.message });
  const open = openHost({ runner, state, flags, environment, policy, onFiles, onTrouble });
  const over = new AbortController();
  const ending = AbortSignal.any([signal, over.signal]);
  let result: LocalResult | undefined;
  let problem: string | undefined;
  const finish = (found: LocalResult): void => {
    result = found;
    over.abort();
  };
  const onPlan = (plan: Plan): void => {
    sayPlan(log, plan);
    if (plan.degraded !== undefined) {
      problem = plan.degraded;
      over.abort();
    } else if (plan.phase === 'done' && plan.step.kind === 'rest') {
      finish({ image, booted: true, rebootNeeded: false });
    }
  };
  const agent = new Agent({
    objects: new LocalObjects(nodeName(undefined, environment), image, config),
    host: untilReboot(open.host, flags.reboot, () =>
      finish({ image, booted: false, rebootNeeded: !flags.reboot }),
    ),
    journal: open.journal,
    policy,
    clock: systemClock,
    files: open.files,
    onPlan,
    onTrouble,
  });
  try {
    await agent.run(ending);
  } finally {
    open.close();
  }
  signal.throwIfAborted();
  if (result !== undefined) return result;
  throw new CliError('input', `cannot move this host to ${image}: ${problem ?? 'it ended early'}`);
}

/** A host whose reboot is the end of it: it is asked for, or left to whoever is told that all is ready. */
function untilReboot(host: AgentHost, isAskedFor: boolean, ready: () => void): AgentHost {
  return {
    look: (signal) => host.look(signal),
    perform: async (act, signal) => {
      if (act.kind !== 'reboot') return host.perform(act, signal);
      if (isAskedFor) {
        const outcome = await host.perform(act, signal);
        if (outcome.result === 'done') ready();
        return outcome;
      }
      ready();
      // `ready` has aborted the signal, which is how acts end that are not finished.
      throw signal.reason;
    },
    remedy: (remedy, dropRollback, signal) => host.remedy(remedy, dropRollback, signal),
  };
}
