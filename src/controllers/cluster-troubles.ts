import { API_GROUP } from '../api/index.ts';
import { KubeError, type ResourceType } from '../kube/index.ts';
import { messageOf } from './error-message.ts';

/** Something of the API that does not work, and why. */
export interface FailedAccess {
  readonly type: Pick<ResourceType, 'group' | 'plural'>;
  readonly error: unknown;
}

/** What `kubectl apply -f` takes to mend it. */
const DEFINITIONS = 'deploy/crds';
const PERMISSIONS = 'deploy/controller/rbac.yaml';

/** API groups whose kinds are Varve's to define. */
const OWN_GROUPS: ReadonlySet<string> = new Set([API_GROUP, 'operator.openshift.io']);

/**
 * What is wrong with a cluster, for whoever runs it: a sentence for each cause, with all that suffers from it and what to do.
 * A server that is away is one trouble and not one for each kind of objects.
 *
 * @param server its address
 */
export function clusterTroubles(server: string, failures: readonly FailedAccess[]): readonly string[] {
  const causes = new Map<string, { readonly explain: Explanation; readonly kinds: string[] }>();
  for (const { type, error } of failures) {
    const { cause, explain } = explanationOf(server, type, error);
    const known = causes.get(cause) ?? { explain, kinds: [] };
    causes.set(cause, known);
    if (!known.kinds.includes(type.plural)) known.kinds.push(type.plural);
  }
  return [...causes.values()].map(({ explain, kinds }) => explain(kinds.toSorted().join(', ')));
}

/** A sentence about these kinds. */
type Explanation = (kinds: string) => string;

function explanationOf(
  server: string,
  { group }: FailedAccess['type'],
  error: unknown,
): { readonly cause: string; readonly explain: Explanation } {
  if (!(error instanceof KubeError)) {
    const message = messageOf(error);
    return { cause: message, explain: () => message };
  }
  const { code, message } = error;
  const why = reasonOf(message);
  switch (code) {
    case 'not-served':
      return {
        cause: code,
        explain: (kinds) =>
          OWN_GROUPS.has(group)
            ? `the API server does not serve ${kinds}; create the CustomResourceDefinitions: kubectl apply -f ${DEFINITIONS}`
            : `${server} does not serve ${kinds}; is it a Kubernetes API server?`,
      };
    case 'forbidden':
      return {
        cause: code,
        explain: (kinds) =>
          `the API server does not let this process have ${kinds}; give it the permissions in ${PERMISSIONS}: ${why}`,
      };
    case 'unauthorized':
      return {
        cause: code,
        explain: () =>
          `the API server ${server} does not know who this is; renew the token or certificate of the kubeconfig: ${why}`,
      };
    case 'tls':
      return {
        cause: code,
        explain: () =>
          `the API server ${server} cannot be trusted; check certificate-authority in the kubeconfig: ${why}`,
      };
    case 'unavailable':
    case 'timeout':
      return {
        cause: 'unavailable',
        explain: () => `the API server ${server} cannot be reached, and is tried again: ${why}`,
      };
    case 'configuration':
      return { cause: message, explain: () => message };
    case 'not-found': {
      const namespace = /^namespaces "([^"]+)" not found/u.exec(why)?.[1];
      const remedy =
        namespace === undefined
          ? ''
          : `; kubectl create namespace ${namespace}, or name another with --namespace`;
      return { cause: why, explain: (kinds) => `there is no place for ${kinds}: ${why}${remedy}` };
    }
    case 'aborted':
    case 'already-exists':
    case 'bad-request':
    case 'conflict':
    case 'disruption-budget':
    case 'gone':
    case 'invalid':
    case 'malformed':
    case 'server-error':
    case 'too-large':
    case 'too-many-requests':
    case 'too-new':
    case 'unsupported':
      return {
        cause: `${code} ${why}`,
        explain: (kinds) => `the API server does not answer as it should about ${kinds}: ${why}`,
      };
  }
}

/** A KubeError's message without what was tried, which is said already: `cannot list Node: connect ECONNREFUSED …`. */
function reasonOf(message: string): string {
  const colon = message.indexOf(': ');
  return message.startsWith('cannot ') && colon > 0 ? message.slice(colon + 2) : message;
}
