import { type PolicyRule, resourceRule } from './policy-rule.ts';
import { rbacGroup } from './rbac-source.ts';

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** What the ClusterRole `admin` has more than `edit`: it may share its namespace with others. */
export const namespaceAdminRules: readonly PolicyRule[] = [
  resourceRule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews']),
  resourceRule(all, [rbacGroup], ['rolebindings', 'roles']),
];

/** What `edit` has more than `view`. Who may read secrets can become any service account of the namespace. */
export const namespaceEditorRules: readonly PolicyRule[] = [
  resourceRule(
    read,
    [''],
    ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
  ),
  resourceRule(['impersonate'], [''], ['serviceaccounts']),
  resourceRule(write, [''], ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy']),
  resourceRule(['create'], [''], ['pods/eviction']),
  resourceRule(
    write,
    [''],
    [
      'configmaps',
      'events',
      'persistentvolumeclaims',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'secrets',
      'serviceaccounts',
      'services',
      'services/proxy',
    ],
  ),
  resourceRule(['create'], [''], ['serviceaccounts/token']),
  resourceRule(
    write,
    ['apps'],
    [
      'daemonsets',
      'deployments',
      'deployments/rollback',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
  ),
  resourceRule(write, ['autoscaling'], ['horizontalpodautoscalers']),
  resourceRule(write, ['batch'], ['cronjobs', 'jobs']),
  resourceRule(write, ['policy'], ['poddisruptionbudgets']),
  resourceRule(write, ['networking.k8s.io'], ['ingresses', 'networkpolicies']),
  resourceRule(all, ['coordination.k8s.io'], ['leases']),
];

/** What `view` has: everything in a namespace that gives no further power. */
export const namespaceViewerRules: readonly PolicyRule[] = [
  resourceRule(
    read,
    [''],
    [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'persistentvolumeclaims/status',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'serviceaccounts',
      'services',
      'services/status',
    ],
  ),
  resourceRule(
    read,
    [''],
    [
      'bindings',
      'events',
      'limitranges',
      'namespaces/status',
      'pods/log',
      'pods/status',
      'replicationcontrollers/status',
      'resourcequotas',
      'resourcequotas/status',
    ],
  ),
  resourceRule(read, [''], ['namespaces']),
  resourceRule(read, ['discovery.k8s.io'], ['endpointslices']),
  resourceRule(
    read,
    ['apps'],
    [
      'controllerrevisions',
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
      'statefulsets',
      'statefulsets/scale',
      'statefulsets/status',
    ],
  ),
  resourceRule(read, ['autoscaling'], ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']),
  resourceRule(read, ['batch'], ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']),
  resourceRule(read, ['policy'], ['poddisruptionbudgets', 'poddisruptionbudgets/status']),
  resourceRule(read, ['networking.k8s.io'], ['ingresses', 'ingresses/status', 'networkpolicies']),
];
