import { KubeError } from '../kube/index.ts';
import { CliError } from './cli-error.ts';

/** Makes of a cluster's failure a sentence that says what to do; what has one already, or is none of its, stays. */
export function explainCluster(error: unknown, server: string): unknown {
  if (!(error instanceof KubeError)) return error;
  const why = error.message.replace(/^cannot [^:]*: /u, '');
  switch (error.code) {
    case 'not-served':
      return failure(
        `${server} has no objects of Varve: ${error.message}; create their kinds with kubectl apply -f deploy/crds, or name another cluster with --kubeconfig`,
      );
    case 'forbidden':
      return failure(
        `${server} does not allow it: ${why}; ask whoever runs the cluster, or name another user with --context`,
      );
    case 'unauthorized':
      return failure(
        `${server} does not know who you are: ${why}; renew the token or certificate of the kubeconfig`,
      );
    case 'unavailable':
    case 'timeout':
      return failure(
        `cannot reach the API server ${server}: ${why}; is it running, and is this the right kubeconfig?`,
      );
    case 'tls':
      return failure(
        `cannot trust the API server ${server}: ${why}; check certificate-authority in the kubeconfig`,
      );
    case 'aborted':
    case 'already-exists':
    case 'bad-request':
    case 'configuration':
    case 'conflict':
    case 'disruption-budget':
    case 'gone':
    case 'invalid':
    case 'malformed':
    case 'not-found':
    case 'server-error':
    case 'too-large':
    case 'too-many-requests':
    case 'too-new':
    case 'unsupported':
      return error;
  }

  function failure(message: string): CliError {
    return new CliError('cluster', message, { cause: error });
  }
}
