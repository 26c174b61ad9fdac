import type { JsonObject } from '../../schema/index.ts';
import { aggregatedRules } from './cluster-role.ts';
import { namespaceAdminRules, namespaceEditorRules, namespaceViewerRules } from './namespace-rules.ts';
import { pathRule, type PolicyRule, policyRuleObject, resourceRule } from './policy-rule.ts';
import { rbacGroup } from './rbac-source.ts';
import { authenticatedGroup, mastersGroup, unauthenticatedGroup } from './user.ts';

/**
 * The ClusterRoles and ClusterRoleBindings that a cluster has from its first start, to be created where they are absent:
 * those of Kubernetes (plugin/pkg/auth/authorizer/rbac/bootstrappolicy) that anything here can make use of, and the one
 * that OpenShift adds. An administrator may change them.
 */
export function bootstrapPolicy(): JsonObject[] {
  const aggregating = ['admin', 'edit', 'view'].map(aggregatingRole);
  const roles = [...aggregating, ...plainRoles()];
  for (const role of aggregating) role['rules'] = aggregatedRules(role, roles) ?? [];
  return [...roles, ...bindings()];
}

function plainRoles(): JsonObject[] {
  return [
    clusterRole('cluster-admin', [resourceRule(['*'], ['*'], ['*']), pathRule(['*'], ['*'])]),
    clusterRole('system:aggregate-to-admin', namespaceAdminRules, aggregateTo('admin')),
    clusterRole('system:aggregate-to-edit', namespaceEditorRules, aggregateTo('edit')),
    clusterRole('system:aggregate-to-view', namespaceViewerRules, aggregateTo('view')),
    clusterRole('system:auth-delegator', [
      resourceRule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
      resourceRule(['create'], ['authorization.k8s.io'], ['subjectaccessreviews']),
    ]),
    clusterRole('system:basic-user', [
      resourceRule(
        ['create'],
        ['authorization.k8s.io'],
        ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      ),
      resourceRule(['create'], ['authentication.k8s.io'], ['selfsubjectreviews']),
    ]),
    clusterRole('system:discovery', [
      pathRule(
        ['get'],
        [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/healthz',
          '/livez',
          '/openapi',
          '/openapi/*',
          '/readyz',
          '/version',
          '/version/',
        ],
      ),
    ]),
    clusterRole('system:monitoring', [
      pathRule(
        ['get'],
        ['/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*'],
      ),
    ]),
    clusterRole('system:openshift:public-info-viewer', [
      pathRule(['get'], ['/.well-known', '/.well-known/*']),
    ]),
    clusterRole('system:public-info-viewer', [
      pathRule(['get'], ['/healthz', '/livez', '/readyz', '/version', '/version/']),
    ]),
    clusterRole('system:service-account-issuer-discovery', [
      pathRule(
        ['get'],
        [
          '/.well-known/openid-configuration',
          '/.well-known/openid-configuration/',
          '/openid/v1/jwks',
          '/openid/v1/jwks/',
        ],
      ),
    ]),
  ];
}

function bindings(): JsonObject[] {
  return [
    binding('cluster-admin', mastersGroup),
    binding('system:basic-user', authenticatedGroup),
    binding('system:discovery', authenticatedGroup),
    binding('system:monitoring', 'system:monitoring'),
    binding('system:openshift:public-info-viewer', authenticatedGroup, unauthenticatedGroup),
    binding('system:public-info-viewer', authenticatedGroup, unauthenticatedGroup),
    binding('system:service-account-issuer-discovery', 'system:serviceaccounts'),
  ];
}

function clusterRole(name: string, rules: readonly PolicyRule[], labels: JsonObject = {}): JsonObject {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: 'ClusterRole',
    metadata: metadata(name, labels),
    rules: rules.map(policyRuleObject),
  };
}

/** `view` is part of `edit`, and that of `admin`. */
function aggregatingRole(name: string): JsonObject {
  const whole = { edit: 'admin', view: 'edit' }[name];
  const clusterRoleSelectors = [{ matchLabels: aggregateTo(name) }];
  return {
    ...clusterRole(name, [], whole === undefined ? {} : aggregateTo(whole)),
    aggregationRule: { clusterRoleSelectors },
  };
}

function aggregateTo(role: string): JsonObject {
  return { [`${rbacGroup}/aggregate-to-${role}`]: 'true' };
}

/** Of the role with the same name. */
function binding(name: string, ...groups: readonly string[]): JsonObject {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name, {}),
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name },
    subjects: groups.map((group) => ({ kind: 'Group', apiGroup: rbacGroup, name: group })),
  };
}

function metadata(name: string, labels: JsonObject): JsonObject {
  return {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}
