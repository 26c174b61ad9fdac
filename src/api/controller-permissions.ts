import { API_GROUP } from './api-version.ts';
import type { JsonObject } from '../schema/index.ts';

/** What allows something, as RBAC has it. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Who is allowed it: a subject of RBAC. */
export interface Subject {
  readonly kind: 'ServiceAccount' | 'User';
  readonly name: string;
  /** Of a service account. */
  readonly namespace?: string;
}

const NAME = 'varve-controller';
const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;

/** Events about objects without a namespace are in this one. */
const EVENTS_NAMESPACE = 'default';

const FOLLOW = ['get', 'list', 'watch'];

/** Of the whole cluster, with what each is for. */
const CLUSTER_RULES: readonly Rule[] = [
  // Rendered ones are made, put right and cleared away; those of people are read.
  own(['machineconfigs'], [...FOLLOW, 'create', 'update', 'delete']),
  // Which configuration they want, and that their label has been answered.
  own(['machineconfigpools'], [...FOLLOW, 'patch']),
  // The default one of a labelled pool comes and goes with the label; annotations of all say which build is in force.
  own(['machineosconfigs'], [...FOLLOW, 'create', 'patch', 'delete']),
  // An annotation of a build says which builder it has.
  own(['machineosbuilds'], [...FOLLOW, 'create', 'patch', 'delete']),
  own(['machineconfigpools/status', 'machineosconfigs/status', 'machineosbuilds/status'], ['patch']),
  // What was rendered belongs to pools, builds to MachineOSConfigs and logs to builds, such that those wait for them:
  // OwnerReferencesPermissionEnforcement.
  own(
    ['machineconfigpools/finalizers', 'machineosconfigs/finalizers', 'machineosbuilds/finalizers'],
    ['update'],
  ),
  own(['controllerconfigs', 'osimagestreams'], FOLLOW),
  { apiGroups: ['operator.openshift.io'], resources: ['machineconfigurations'], verbs: FOLLOW },
  // Which disruption policies are in force.
  { apiGroups: ['operator.openshift.io'], resources: ['machineconfigurations/status'], verbs: ['patch'] },
  // What they are to run, and their cordons.
  core(['nodes'], [...FOLLOW, 'patch']),
  own(['machineconfignodes'], [...FOLLOW, 'create', 'patch', 'delete']),
  own(['machineconfignodes/status'], ['patch']),
  // Nodes are drained as kubectl does it; pods are deleted where a pool has the drain policy Force.
  core(['pods'], [...FOLLOW, 'delete']),
  core(['pods/eviction'], ['create']),
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: FOLLOW },
  { apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get'] },
];

/** Of Varve's namespace. */
const NAMESPACE_RULES: readonly Rule[] = [
  // Those of people are read; each Job of a build is given copies of what it needs.
  core(['secrets'], [...FOLLOW, 'create', 'patch', 'delete']),
  // Repositories that container builds install packages from; the logs of builds, and what their Jobs are given and say.
  core(['configmaps'], [...FOLLOW, 'create', 'patch', 'delete']),
  { apiGroups: ['batch'], resources: ['jobs'], verbs: [...FOLLOW, 'create', 'delete'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

const EVENT_RULES: readonly Rule[] = [core(['events'], ['create', 'patch'])];

/**
 * The objects that give a subject what controllers need, and no more: a ClusterRole, a Role in Varve's namespace and one for
 * events, with their bindings. deploy/controller/rbac.yaml is made from them.
 *
 * @param namespace Varve's
 */
export function controllerPermissions(namespace: string, subject: Subject): readonly JsonObject[] {
  const subjects = [{ ...subject, ...(subject.kind === 'User' ? { apiGroup: RBAC_GROUP } : {}) }];
  const grant = (
    kind: '' | 'Cluster',
    namespace: string,
    name: string,
    rules: readonly Rule[],
  ): JsonObject[] => {
    const place = namespace === '' ? {} : { namespace };
    // A user's beside a service account's: whoever applies deploy/controller to `varve up` takes nothing away from it.
    const bindingName = subject.kind === 'User' ? `${name}-user` : name;
    return [
      {
        apiVersion: RBAC,
        kind: `${kind}Role`,
        metadata: { name, ...place },
        rules: rules.map(ruleObject),
      },
      {
        apiVersion: RBAC,
        kind: `${kind}RoleBinding`,
        metadata: { name: bindingName, ...place },
        roleRef: { apiGroup: RBAC_GROUP, kind: `${kind}Role`, name },
        subjects,
      },
    ];
  };
  return [
    ...grant('Cluster', '', NAME, CLUSTER_RULES),
    ...grant('', namespace, NAME, NAMESPACE_RULES),
    ...grant('', EVENTS_NAMESPACE, `${NAME}-events`, EVENT_RULES),
  ];
}

/** `deploy/controller/rbac.yaml`, object by object: a service account in the namespace, and what it may do. */
export function serviceAccountPermissions(namespace: string): readonly JsonObject[] {
  const subject = { kind: 'ServiceAccount', name: NAME, namespace } as const;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace } },
    ...controllerPermissions(namespace, subject),
  ];
}

function own(resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [API_GROUP], resources, verbs };
}

function core(resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [''], resources, verbs };
}

function ruleObject({ apiGroups, resources, verbs }: Rule): JsonObject {
  return { apiGroups: [...apiGroups], resources: [...resources], verbs: [...verbs] };
}
