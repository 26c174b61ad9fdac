/**
 * The declaration files that are read, in the order in which their definitions are written, and how OpenAPI documents
 * name what is in them: `core/v1` `Pod` is `io.k8s.api.core.v1.Pod`.
 */
export const DECLARATION_FILES: Readonly<Record<string, string>> = {
  'core/v1': 'io.k8s.api.core.v1',
  'events/v1': 'io.k8s.api.events.v1',
  'apps/v1': 'io.k8s.api.apps.v1',
  'batch/v1': 'io.k8s.api.batch.v1',
  'policy/v1': 'io.k8s.api.policy.v1',
  'coordination/v1': 'io.k8s.api.coordination.v1',
  'rbac/v1': 'io.k8s.api.rbac.v1',
  'authentication/v1': 'io.k8s.api.authentication.v1',
  'authorization/v1': 'io.k8s.api.authorization.v1',
  'autoscaling/v1': 'io.k8s.api.autoscaling.v1',
  'networking/v1': 'io.k8s.api.networking.v1',
  'scheduling/v1': 'io.k8s.api.scheduling.v1',
  'admissionregistration/v1': 'io.k8s.api.admissionregistration.v1',
  'apiextensions/v1': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  'meta/v1': 'io.k8s.apimachinery.pkg.apis.meta.v1',
  'api/resource': 'io.k8s.apimachinery.pkg.api.resource',
  runtime: 'io.k8s.apimachinery.pkg.runtime',
};

/** The kinds that the embedded API server serves or answers with; what they refer to comes along. */
export const ROOTS: Readonly<Record<string, readonly string[]>> = {
  'core/v1': [
    'Namespace',
    'Node',
    'Pod',
    'ConfigMap',
    'Secret',
    'ServiceAccount',
    'Service',
    'Endpoints',
    'Event',
    'Binding',
    'LimitRange',
    'ResourceQuota',
    'ComponentStatus',
  ],
  'events/v1': ['Event'],
  'apps/v1': ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'ControllerRevision'],
  'batch/v1': ['Job', 'CronJob'],
  'policy/v1': ['PodDisruptionBudget', 'Eviction'],
  'coordination/v1': ['Lease'],
  'rbac/v1': ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
  'authentication/v1': ['TokenReview', 'TokenRequest', 'SelfSubjectReview'],
  'authorization/v1': [
    'SubjectAccessReview',
    'LocalSubjectAccessReview',
    'SelfSubjectAccessReview',
    'SelfSubjectRulesReview',
  ],
  'autoscaling/v1': ['Scale'],
  'networking/v1': ['NetworkPolicy'],
  'scheduling/v1': ['PriorityClass'],
  'admissionregistration/v1': ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  'apiextensions/v1': ['CustomResourceDefinition'],
  'meta/v1': [
    'APIGroup',
    'APIGroupList',
    'APIResourceList',
    'APIVersions',
    'DeleteOptions',
    'Patch',
    'Status',
    'WatchEvent',
  ],
};

/** The short way in which tables of facts name a type: `core/v1` and `Pod` give `core.v1.Pod`. */
export function factName(file: string, name: string): string {
  return `${file.replace('/', '.')}.${name}`;
}

/** Members that Kubernetes has taken out again since the declarations were written. */
export const GONE: readonly string[] = ['core.v1.PodResourceClaim.source'];

/** Kinds of every group and version, whose declarations therefore name none; here they are those of the core group. */
export const SHARED_KINDS: readonly string[] = [
  'meta.v1.DeleteOptions',
  'meta.v1.Status',
  'meta.v1.WatchEvent',
];
