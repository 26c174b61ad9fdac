import { AGENT_ANNOTATIONS, AGENT_SERVICE_ACCOUNT } from './agent-annotations.ts';
import { API_GROUP } from './api-version.ts';
import type { JsonObject } from '../schema/index.ts';

const ADMISSION = 'admissionregistration.k8s.io/v1';

/** What the API server says of a token: the node of the pod that it was made for (KEP-4193, Kubernetes 1.30). */
const NODE_CLAIM = 'authentication.kubernetes.io/node-name';

/** A map that may be absent, as one that is empty. */
function mapOf(object: string, field: string): string {
  return `has(${object}.metadata.${field}) ? ${object}.metadata.${field} : {}`;
}

function listOf(object: string, field: string): string {
  return `has(${object}.metadata.${field}) ? ${object}.metadata.${field} : []`;
}

/**
 * What holds each agent to its own objects, for clusters that have no authorizer of Varve's: `deploy/agent/admission.yaml`. One
 * policy for the Node, of which an agent writes annotations of its own and nothing else, one for the MachineConfigNode, and one
 * for events, which are about the Node; each with its binding.
 *
 * @param namespace of the agents' service account
 */
export function agentAdmissionPolicies(namespace: string): readonly JsonObject[] {
  const own = {
    expression: 'variables.node != "" && object.metadata.name == variables.node',
    messageExpression:
      `variables.node == "" ? "the token of this agent names no node: agents need tokens of pods (${NODE_CLAIM}), Kubernetes 1.30 or newer" : ` +
      `"the agent of node " + variables.node + " may write no object of " + object.metadata.name`,
  };
  const node = {
    name: 'node',
    expression: `has(request.userInfo.extra) && "${NODE_CLAIM}" in request.userInfo.extra && size(request.userInfo.extra["${NODE_CLAIM}"]) == 1 ? request.userInfo.extra["${NODE_CLAIM}"][0] : ""`,
  };
  const unchanged = (what: string, expression: string): JsonObject => ({
    expression,
    message: `an agent may only change annotations of its Node, not its ${what}`,
  });
  return [
    ...policy(namespace, `${AGENT_SERVICE_ACCOUNT}-node`, [''], ['nodes', 'nodes/status'], {
      variables: [
        node,
        { name: 'after', expression: mapOf('object', 'annotations') },
        { name: 'before', expression: mapOf('oldObject', 'annotations') },
        { name: 'own', expression: JSON.stringify(AGENT_ANNOTATIONS) },
      ],
      validations: [
        own,
        unchanged('spec', 'object.spec == oldObject.spec'),
        unchanged('status', 'object.status == oldObject.status'),
        unchanged('labels', `(${mapOf('object', 'labels')}) == (${mapOf('oldObject', 'labels')})`),
        ...['finalizers', 'ownerReferences'].map((field) =>
          unchanged(field, `(${listOf('object', field)}) == (${listOf('oldObject', field)})`),
        ),
        {
          expression:
            'variables.after.all(k, k in variables.own || (k in variables.before && variables.before[k] == variables.after[k])) && ' +
            'variables.before.all(k, k in variables.own || k in variables.after)',
          message: 'an agent may not change the annotations of others on its Node',
        },
      ],
    }),
    ...policy(
      namespace,
      `${AGENT_SERVICE_ACCOUNT}-machineconfignode`,
      [API_GROUP],
      ['machineconfignodes', 'machineconfignodes/status'],
      { variables: [node], validations: [own] },
    ),
    ...policy(namespace, `${AGENT_SERVICE_ACCOUNT}-event`, [''], ['events'], {
      variables: [node],
      validations: [
        {
          expression:
            'variables.node != "" && has(object.involvedObject.kind) && object.involvedObject.kind == "Node" && ' +
            'has(object.involvedObject.name) && object.involvedObject.name == variables.node',
          message: 'an agent may only tell events of its own Node',
        },
      ],
    }),
  ];
}

function policy(
  namespace: string,
  name: string,
  apiGroups: readonly string[],
  resources: readonly string[],
  rules: { readonly variables: readonly JsonObject[]; readonly validations: readonly JsonObject[] },
): readonly JsonObject[] {
  return [
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [...apiGroups],
              apiVersions: ['*'],
              resources: [...resources],
              operations: ['CREATE', 'UPDATE'],
            },
          ],
        },
        matchConditions: [
          {
            name: 'is-agent',
            expression: `request.userInfo.username == "system:serviceaccount:${namespace}:${AGENT_SERVICE_ACCOUNT}"`,
          },
        ],
        variables: [...rules.variables],
        validations: [...rules.validations],
      },
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}
