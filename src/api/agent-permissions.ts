import { AGENT_SERVICE_ACCOUNT } from './agent-annotations.ts';
import { API_GROUP } from './api-version.ts';
import type { JsonObject } from '../schema/index.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;

/** Who runs agents. */
export type AgentSubject =
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string }
  | { readonly kind: 'Group'; readonly name: string };

/**
 * What lets agents follow the one secret with the credentials for registries: a Role and its binding.
 *
 * @param namespace the secret's
 */
export function agentSecretPermissions(
  namespace: string,
  secret: string,
  subject: AgentSubject,
): readonly JsonObject[] {
  // A watch of one object by its name is a watch of a collection, which a role allows by the name all the same.
  const rules = [
    { apiGroups: [''], resources: ['secrets'], resourceNames: [secret], verbs: ['get', 'list', 'watch'] },
  ];
  const name = subject.kind === 'Group' ? `${AGENT_SERVICE_ACCOUNT}-group` : AGENT_SERVICE_ACCOUNT;
  return [
    { apiVersion: RBAC, kind: 'Role', metadata: { name, namespace }, rules },
    {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name },
      subjects: [subjectObject(subject)],
    },
  ];
}

/**
 * `deploy/agent/rbac.yaml`, object by object: the agents' service account and what it may do. Roles cannot say "its own": for
 * writes the admission policy beside them does; reading other Nodes, a service account can.
 */
export function agentPermissions(namespace: string, secret: string): readonly JsonObject[] {
  const subject = { kind: 'ServiceAccount', name: AGENT_SERVICE_ACCOUNT, namespace } as const;
  const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]): JsonObject => ({
    apiGroups: [apiGroup],
    resources: [...resources],
    verbs: [...verbs],
  });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: AGENT_SERVICE_ACCOUNT, namespace } },
    {
      apiVersion: RBAC,
      kind: 'ClusterRole',
      metadata: { name: AGENT_SERVICE_ACCOUNT },
      rules: [
        rule('', ['nodes'], ['get', 'list', 'watch', 'patch']),
        rule(API_GROUP, ['machineconfignodes'], ['get']),
        rule(API_GROUP, ['machineconfignodes/status'], ['patch']),
        rule('', ['events'], ['create']),
      ],
    },
    {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata: { name: AGENT_SERVICE_ACCOUNT },
      roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: AGENT_SERVICE_ACCOUNT },
      subjects: [subjectObject(subject)],
    },
    ...agentSecretPermissions(namespace, secret, subject),
  ];
}

function subjectObject(subject: AgentSubject): JsonObject {
  return { ...subject, ...(subject.kind === 'Group' ? { apiGroup: RBAC_GROUP } : {}) };
}
