import type { MachineConfig, MachineOSConfig } from '../api/index.ts';
import type { BuildInputs } from '../osbuild/index.ts';
import { mayNeedContainer } from '../osbuild/index.ts';
import type { PoolAccess } from './registry-access.ts';
import type { ControllerSupport } from './support.ts';

/** What the container build of a pool takes from the cluster. */
export interface ContainerInputs {
  readonly inputs: BuildInputs;
  /** What of it, and of the builder, a failed build is tried anew for when it changes; follows those of the access. */
  readonly circumstances: string;
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

/** Nothing of it concerns a pool whose image is assembled directly. */
export function containerInputs(
  osConfig: MachineOSConfig,
  rendered: MachineConfig | undefined,
  { access }: PoolAccess,
  { containers }: Pick<ControllerSupport, 'containers'>,
): ContainerInputs {
  const isDirect = rendered === undefined || !mayNeedContainer(rendered, osConfig);
  const { certificateAuthorities, proxyEnvironment } = access;
  return {
    inputs: {
      mounts: [],
      certificateAuthorities,
      proxyEnvironment: Object.fromEntries(PROXY_VARIABLES.map((name) => [name, proxyEnvironment[name]])),
    },
    circumstances: isDirect ? '' : ` builder:${containers.kind}`,
  };
}
