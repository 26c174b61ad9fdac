import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inClusterAccess, KubeClient, loadKubeconfig, type ClusterAccess } from '../kube/index.ts';
import { CliError } from './cli-error.ts';
import { explainCluster } from './cluster-failure.ts';
import type { Environment } from './environment.ts';

/** Flags of every command that talks to a cluster. */
export interface ClusterFlags {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * The cluster that a command is about: of `--kubeconfig`, else of `$KUBECONFIG`, else the one that this process is a pod of,
 * else of `~/.kube/config`.
 *
 * @throws KubeError `configuration` for a kubeconfig that cannot be used
 * @throws CliError `input` where there is none
 */
async function clusterAccess(flags: ClusterFlags, { variables }: Environment): Promise<ClusterAccess> {
  if (flags.kubeconfig !== undefined) return loadKubeconfig([flags.kubeconfig], flags.context);
  const listed = (variables['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return loadKubeconfig(listed, flags.context);
  if (isInCluster({ variables })) return inClusterAccess(variables);
  const usual = join(variables['HOME'] || homedir(), '.kube/config');
  if (existsSync(usual)) return loadKubeconfig([usual], flags.context);
  throw new CliError(
    'input',
    `cannot find a cluster: there is no --kubeconfig, $KUBECONFIG is empty, and ${usual} does not exist; name a kubeconfig, or start a control plane with varve up`,
  );
}

/** A process in a container may have the variables of a pod, and not what it needs to be one for the API server. */
const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Whether this process is a pod's, with a service account. */
export function isInCluster({ variables }: Pick<Environment, 'variables'>): boolean {
  return Boolean(variables['KUBERNETES_SERVICE_HOST']) && existsSync(SERVICE_ACCOUNT_TOKEN);
}

/** Works with a client of the cluster, which is closed in the end. @throws CliError `cluster` for what the cluster refuses */
export async function withCluster<T>(
  flags: ClusterFlags,
  environment: Environment,
  work: (client: KubeClient, access: ClusterAccess) => Promise<T>,
): Promise<T> {
  const access = await clusterAccess(flags, environment);
  const client = new KubeClient({ access, userAgent: 'varve' });
  try {
    return await work(client, access);
  } catch (error) {
    throw explainCluster(error, access.server);
  } finally {
    await client.close();
  }
}
