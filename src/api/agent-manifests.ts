import { dump } from 'js-yaml';
import { agentAdmissionPolicies } from './agent-admission-policy.ts';
import { agentDaemonSet } from './agent-daemon-set.ts';
import { agentPermissions } from './agent-permissions.ts';
import { OPERATOR_NAMESPACE } from './api-version.ts';
import type { JsonObject } from '../schema/index.ts';

const GENERATED = 'by `npm run generate`. Do not edit.\n';

/** What an installation has to put in the place of: the image of Varve. */
const IMAGE = 'varve';

/** The secret that agents may read, unless an installation names another one in rbac.yaml and daemonset.yaml. */
const PULL_SECRET = 'global-pull-secret-copy';

/** The files of deploy/agent by their names. */
export function agentManifests(): ReadonlyMap<string, string> {
  const namespace = OPERATOR_NAMESPACE;
  return new Map([
    [
      'namespace.yaml',
      text(
        `# Generated from src/api/agent-manifests.ts ${GENERATED}# Where agents are; their pods are privileged, which a cluster with pod security has to be told.\n`,
        [
          {
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: {
              name: namespace,
              labels: {
                'pod-security.kubernetes.io/enforce': 'privileged',
                'pod-security.kubernetes.io/audit': 'privileged',
                'pod-security.kubernetes.io/warn': 'privileged',
              },
            },
          },
        ],
      ),
    ],
    [
      'rbac.yaml',
      text(
        `# Generated from src/api/agent-permissions.ts ${GENERATED}# The service account of the agents, and what it may do; apply admission.yaml with it, which says to which objects.\n`,
        agentPermissions(namespace, PULL_SECRET),
      ),
    ],
    [
      'admission.yaml',
      text(
        `# Generated from src/api/agent-admission-policy.ts ${GENERATED}# Each agent writes annotations of its own Node, its own MachineConfigNode, and nothing else. Kubernetes 1.30 or newer.\n`,
        agentAdmissionPolicies(namespace),
      ),
    ],
    [
      'daemonset.yaml',
      text(
        `# Generated from src/api/agent-daemon-set.ts ${GENERATED}# One agent on each node. Put your image of Varve in the place of \`image: ${IMAGE}\`.\n`,
        [agentDaemonSet(namespace, IMAGE, `${namespace}/${PULL_SECRET}`)],
      ),
    ],
  ]);
}

function text(header: string, objects: readonly JsonObject[]): string {
  return header + objects.map((object) => dump(object, { noRefs: true, lineWidth: 120 })).join('---\n');
}
