import { join } from 'node:path';
import {
  type AgentPolicy,
  ChosenHost,
  DrivenHost,
  type FilesNews,
  JournalFile,
  NodeFiles,
  type OwnObjects,
  PlaneMemoryFile,
  registryImages,
} from '../agent/index.ts';
import { type DeployTool, type HostRunner, openDriver, probeCapabilities } from '../host/index.ts';
import { systemClock } from '../kube/index.ts';
import { openRegistry, type RegistryClient } from '../oci/index.ts';
import { agentAccess, type AgentAccess } from './agent-access.ts';
import type { HostFlags } from './agent-flags.ts';
import type { Environment } from './environment.ts';
import { hostCredentials } from './host-credentials.ts';
import { readAuthority } from './registry-flags.ts';

/** How registries are trusted on a host. */
export interface TrustFlags {
  readonly insecureRegistry?: readonly string[] | undefined;
  readonly ca?: readonly string[] | undefined;
}

export interface OpenHostOptions {
  readonly runner: HostRunner;
  /** As this process sees it. */
  readonly state: string;
  readonly flags: HostFlags & TrustFlags;
  readonly environment: Environment;
  readonly policy: AgentPolicy;
  /** Where the pull secret comes from; absent: there is none, and what is on the host stays. */
  readonly secrets?: Pick<OwnObjects, 'isSynced' | 'pullSecret'>;
  /** Which tool is preferred at the moment, before the flag. */
  readonly preferred?: () => DeployTool | undefined;
  readonly onChoice?: (choice: { readonly tool: DeployTool; readonly reasons: readonly string[] }) => void;
  readonly onFiles?: (news: FilesNews) => void;
  readonly onTrouble: (doing: string, error: unknown) => void;
}

/** What an agent works with on its host. */
export interface OpenHost {
  readonly host: ChosenHost;
  readonly files: NodeFiles;
  readonly journal: JournalFile;
  readonly pullSecret: AgentAccess['pullSecret'];
  /** Bytes that were downloaded by this process. */
  readonly downloaded: () => number;
  close(): void;
}

/** Everything between an agent's decisions and the host that they are about. */
export function openHost(options: OpenHostOptions): OpenHost {
  const { runner, state, flags, environment, policy, secrets, preferred, onChoice, onFiles, onTrouble } =
    options;
  const registry = registryClient(flags, runner, environment);
  const { pullSecret, prepare } = agentAccess({
    objects: secrets ?? { isSynced: true, pullSecret: undefined },
    hasPullSecret: secrets !== undefined,
    runner,
    trust: {
      authorities: (flags.ca ?? []).map(readAuthority),
      plainHttp: flags.insecureRegistry ?? [],
    },
    onTrouble,
  });
  const files = new NodeFiles({
    runner,
    memory: new PlaneMemoryFile(join(state, 'files.json')),
    clock: systemClock,
    ...(onFiles === undefined ? {} : { onNews: onFiles }),
    onTrouble,
  });
  const host = new ChosenHost({
    probe: (signal) => probeCapabilities(runner, { signal }),
    preferred: () => preferred?.() ?? flags.hostTool,
    open: (tool, capabilities) => {
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
    ...(onChoice === undefined ? {} : { onChoice }),
  });
  return {
    host,
    files,
    journal: new JournalFile(join(state, 'journal.json')),
    pullSecret,
    downloaded: () => registry.traffic.received,
    close: () => registry.close(),
  };
}

/** For hosts whose tools pull nothing themselves. */
function registryClient(
  { insecureRegistry, ca }: TrustFlags,
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
