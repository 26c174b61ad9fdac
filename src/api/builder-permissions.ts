import type { JsonObject } from '../schema/index.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;
const ADMISSION = 'admissionregistration.k8s.io/v1';

/** The service account of the pods that make container builds. */
export const BUILDER_SERVICE_ACCOUNT = 'varve-builder';

/**
 * Annotation of a ConfigMap that pods of a build's Job write: what their names begin with; no other pod may write it. Not of the
 * contract.
 */
export const WRITERS_ANNOTATION = 'varve.dev/written-by';

/** What the API server says of a token: the pod that it was made for. */
const POD_CLAIM = 'authentication.kubernetes.io/pod-name';

/**
 * `deploy/builder/rbac.yaml`, object by object: the service account of pods that make container builds, and what it may do. The
 * commands of a Containerfile run in these pods, as root, so that it is next to nothing: to change ConfigMaps of Varve's namespace,
 * and of these, as the admission policy has it, the data of those that were made for the very pod to report into.
 */
export function builderPermissions(namespace: string): readonly JsonObject[] {
  const name = BUILDER_SERVICE_ACCOUNT;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: RBAC,
      kind: 'Role',
      metadata: { name, namespace },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }],
    },
    {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    policy(namespace),
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}

function policy(namespace: string): JsonObject {
  const claimed = `has(request.userInfo.extra) && "${POD_CLAIM}" in request.userInfo.extra && size(request.userInfo.extra["${POD_CLAIM}"]) == 1`;
  const annotated = `has(oldObject.metadata.annotations) && "${WRITERS_ANNOTATION}" in oldObject.metadata.annotations`;
  const same = (field: string, empty: string): JsonObject => ({
    expression: `(has(object.metadata.${field}) ? object.metadata.${field} : ${empty}) == (has(oldObject.metadata.${field}) ? oldObject.metadata.${field} : ${empty})`,
    message: `a pod of a build may not change the ${field} of what it reports into`,
  });
  return {
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: BUILDER_SERVICE_ACCOUNT },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['*'],
            resources: ['configmaps'],
            operations: ['CREATE', 'UPDATE'],
          },
        ],
      },
      matchConditions: [
        {
          name: 'is-builder',
          expression: `request.userInfo.username == "system:serviceaccount:${namespace}:${BUILDER_SERVICE_ACCOUNT}"`,
        },
      ],
      variables: [
        { name: 'pod', expression: `${claimed} ? request.userInfo.extra["${POD_CLAIM}"][0] : ""` },
        {
          name: 'writers',
          expression: `oldObject != null && ${annotated} ? oldObject.metadata.annotations["${WRITERS_ANNOTATION}"] : ""`,
        },
      ],
      validations: [
        {
          expression: 'variables.writers != "" && variables.pod.startsWith(variables.writers)',
          message: 'a pod of a build may only write the ConfigMaps that were made for it to report into',
        },
        same('annotations', '{}'),
        same('labels', '{}'),
        same('finalizers', '[]'),
        same('ownerReferences', '[]'),
      ],
    },
  };
}
