import { hostname } from 'node:os';
import { join } from 'node:path';
import { type AgentPolicy, DEFAULT_POLICY } from '../agent/index.ts';
import { type DeployTool, type HostRunner, hostOfProcess, thisHost } from '../host/index.ts';
import type { ObjectKey } from '../kube/index.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';

/** Which host a command is about, and how it is reached: flags of all `varve agent` commands. */
export interface HostFlags {
  /** Whose namespaces are entered: PID 1 of the host, from a privileged pod. */
  readonly hostPid?: number | undefined;
  /** Where the files of a simulated host are; the PATH finds its tools. */
  readonly hostRoot?: string | undefined;
  /** A path on the host. */
  readonly state: string;
  readonly hostTool?: DeployTool | undefined;
}

/** What the agent may do on its host. */
export interface PolicyFlags {
  readonly drain: boolean;
  readonly takeOver: boolean;
  readonly discardLayeredPackages: boolean;
  readonly enforceImage: boolean;
  readonly dropRollback: boolean;
}

/** Where agents keep what no host shows, on the host: outside the image, and there after a rollback. */
export const STATE_DIRECTORY = '/var/lib/varve';

/** @throws CliError `input` where two flags name two hosts */
export function hostOf({ hostPid, hostRoot }: HostFlags, { variables }: Environment): HostRunner {
  if (hostPid !== undefined && hostRoot !== undefined) {
    throw new CliError('input', 'cannot use --host-pid and --host-root together: they name two hosts');
  }
  if (hostPid !== undefined) return hostOfProcess(variables, hostPid);
  return thisHost(variables, (hostRoot ?? '').replace(/\/+$/, ''));
}

/** The state directory as this process sees it. */
export function stateDirectory({ state }: HostFlags, { root }: HostRunner): string {
  return join(root, '/', state);
}

export function policyOf(flags: PolicyFlags): AgentPolicy {
  return {
    ...DEFAULT_POLICY,
    drain: flags.drain,
    takeOver: flags.takeOver,
    localChanges: flags.discardLayeredPackages ? 'discard' : 'refuse',
    manualChange: flags.enforceImage ? 'enforce' : 'respect',
    dropRollback: flags.dropRollback,
  };
}

/** The name of this host's Node: what is said, what a DaemonSet hands in, or the host's own name. */
export function nodeName(flag: string | undefined, { variables }: Environment): string {
  return flag ?? (variables['NODE_NAME'] || hostname().toLowerCase());
}

/** `NAMESPACE/NAME`; undefined for what is not. */
export function parseObjectKey(text: string): ObjectKey | undefined {
  const [namespace = '', name = '', ...rest] = text.split('/');
  return namespace === '' || name === '' || rest.length > 0 ? undefined : { namespace, name };
}
