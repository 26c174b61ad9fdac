import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterAccess } from './cluster-access.ts';
import { KubeError } from './kube-error.ts';

/** Where the kubelet puts a service account's token, and rotates it. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * What a pod knows of its own cluster.
 *
 * @param environment for `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`
 * @throws KubeError `configuration` outside of a cluster
 */
export async function inClusterAccess(
  environment: Readonly<Record<string, string | undefined>>,
  directory: string = SERVICE_ACCOUNT,
): Promise<ClusterAccess> {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') {
    throw new KubeError(
      'configuration',
      'cannot find the cluster: KUBERNETES_SERVICE_HOST is not set; outside of a cluster, name a kubeconfig',
    );
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: await namespaceOf(directory),
    authority: { file: join(directory, 'ca.crt') },
    token: { file: join(directory, 'token') },
  };
}

async function namespaceOf(directory: string): Promise<string> {
  try {
    return (await readFile(join(directory, 'namespace'), 'utf8')).trim() || 'default';
  } catch {
    return 'default';
  }
}
