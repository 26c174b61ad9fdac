import {
  HostPullSecret,
  type OwnObjects,
  type PullSecretReading,
  type RegistryTrust,
  writeRegistryTrust,
} from '../agent/index.ts';
import type { DeployTool, HostRunner } from '../host/index.ts';
import { parseReference } from '../oci/index.ts';
import { registryCredentials } from '../osbuild/index.ts';

/** What the host's own tools need to pull images: the pull secret, and what the flags say of registries. */
export interface AgentAccess {
  readonly pullSecret: HostPullSecret;
  /** For what this tool is about to pull. It never throws. */
  readonly prepare: (tool: DeployTool, image: string | undefined) => Promise<void>;
}

export interface AgentAccessOptions {
  readonly objects: Pick<OwnObjects, 'isSynced' | 'pullSecret'>;
  /** Whether the agent has a pull secret at all: without one, what is on the host stays. */
  readonly hasPullSecret: boolean;
  readonly runner: HostRunner;
  readonly trust: RegistryTrust;
  readonly onTrouble: (doing: string, error: unknown) => void;
}

export function agentAccess({
  objects,
  hasPullSecret,
  runner: { root },
  trust,
  onTrouble,
}: AgentAccessOptions): AgentAccess {
  let lastUnusable = '';
  const read = (): PullSecretReading => {
    if (!hasPullSecret || !objects.isSynced) return { state: 'unknown' };
    const secret = objects.pullSecret;
    if (secret === undefined) return { state: 'absent' };
    try {
      // Its metadata has its name, by which the message tells of it.
      const { name = '', namespace } = secret.metadata;
      const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
      const document = registryCredentials({ ...secret, metadata });
      lastUnusable = '';
      return { state: 'present', document };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== lastUnusable) onTrouble('use the pull secret', error);
      lastUnusable = message;
      return { state: 'unknown' };
    }
  };
  const pullSecret = new HostPullSecret({ root, read, onTrouble });
  return {
    pullSecret,
    prepare: async (tool, image) => {
      await pullSecret.refresh();
      // For plain ostree the agent pulls itself, and takes the flags as they are.
      if (image === undefined || tool === 'ostree') return;
      try {
        await writeRegistryTrust(root, trust, parseReference(image).registry);
      } catch (error) {
        onTrouble('say on the host how registries are trusted', error);
      }
    },
  };
}
