import { goQuote } from '../../schema/index.ts';
import { API_GROUP } from '../../api/index.ts';
import { isAgent, nodeIdentity } from './node-identity.ts';
import { type PolicyRule, resourceRule, ruleAllows } from './policy-rule.ts';
import { type Decision, requestedName, type RequestAttributes } from './request-attributes.ts';

export const nodeLeaseNamespace = 'kube-node-lease';

/** The name of the node that a pod is on; empty if it is on none, undefined if there is no such pod. */
export type NodeOfPod = (namespace: string, name: string) => string | undefined;

/**
 * What a node may do without any role, as Kubernetes' node authorizer has it (plugin/pkg/auth/authorizer/node): its own
 * Node and Lease and the pods on it; and besides its own MachineConfigNode and the configuration that the contract's daemons
 * follow. An agent has to do with its Node and its MachineConfigNode alone. Secrets are given to nobody here: a pull secret has
 * to be granted by a role.
 *
 * Writes are only sorted roughly, because their objects are not known yet: {@link refuseNodeWrite} does the rest.
 * @returns undefined where the user is no node
 */
export function decideForNode(attributes: RequestAttributes, nodeOfPod: NodeOfPod): Decision | undefined {
  const node = nodeIdentity(attributes.user);
  if (node === undefined) return undefined;
  if (node === '') return denied(`unknown node for user ${goQuote(attributes.user.username)}`);
  if (isAgent(attributes.user)) return decideForAgent(attributes, node);
  if (attributes.isResource) {
    switch (`${attributes.group}/${attributes.resource}`) {
      case '/nodes':
        return decideOwnObject(attributes, node, 'Node', ['create', 'update', 'patch']);
      case `${API_GROUP}/machineconfignodes`:
        return decideOwnObject(attributes, node, 'MachineConfigNode', ['update', 'patch']);
      case '/pods':
        return decidePod(attributes, node, nodeOfPod);
      case 'coordination.k8s.io/leases':
        return decideLease(attributes, node);
      case '/secrets':
      case '/configmaps':
        return denied(`no relationship found between node '${node}' and this object`);
      default:
    }
  }
  return nodeRules.some((rule) => ruleAllows(rule, attributes)) ? allowed : denied('');
}

const allowed: Decision = { allowed: true, reason: '' };

function denied(reason: string): Decision {
  return { allowed: false, reason };
}

/** What an agent needs: to follow its Node and to annotate it, to read one object more and to write its status, and to tell of it. */
function decideForAgent(attributes: RequestAttributes, node: string): Decision {
  const { subresource, verb } = attributes;
  if (!attributes.isResource) return denied('');
  switch (`${attributes.group}/${attributes.resource}`) {
    case '/nodes':
      if (subresource !== '') return denied('');
      return decideOwnObject(attributes, node, 'Node', ['update', 'patch']);
    case `${API_GROUP}/machineconfignodes`:
      if (subresource === '' && verb !== 'get') return denied('');
      return decideOwnObject(attributes, node, 'MachineConfigNode', []);
    case '/events':
      // Admission sees what it is about.
      return verb === 'create' && subresource === '' ? allowed : denied('');
    default:
      return denied('');
  }
}

function decideOwnObject(
  attributes: RequestAttributes,
  node: string,
  kind: 'Node' | 'MachineConfigNode',
  writes: readonly string[],
): Decision {
  const { verb, subresource } = attributes;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : denied('');
  if (subresource !== '') return denied('');
  if (writes.includes(verb)) return allowed;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return denied('');
  const name = requestedName(attributes);
  if (name === node) return allowed;
  const all = kind === 'Node' ? 'all nodes' : 'all machineconfignodes';
  return denied(`node '${node}' cannot read ${name === '' ? all : `'${name}'`}, only its own ${kind} object`);
}

function decidePod(attributes: RequestAttributes, node: string, nodeOfPod: NodeOfPod): Decision {
  const { verb, subresource, namespace } = attributes;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : denied('');
  if (subresource === 'eviction')
    return verb === 'create' ? decideEviction(attributes, node, nodeOfPod) : denied('');
  if (subresource !== '') return denied(verb === 'get' ? 'cannot get subresource' : '');
  if (verb === 'create' || verb === 'delete') return allowed;
  if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return denied('');
  const isOfNode = attributes.fieldRequirements?.some(
    ({ field, value }) => field === 'spec.nodeName' && value === node,
  );
  if (verb !== 'get' && isOfNode === true) return allowed;
  const name = requestedName(attributes);
  if (name === '') return denied('can only list/watch pods with spec.nodeName field selector');
  return nodeOfPod(namespace, name) === node
    ? allowed
    : denied(`no relationship found between node '${node}' and this object`);
}

/** Kubernetes leaves this to admission, too; but the pod is known already, and an eviction cannot be taken back. */
function decideEviction(
  { namespace, name }: RequestAttributes,
  node: string,
  nodeOfPod: NodeOfPod,
): Decision {
  const where = nodeOfPod(namespace, name);
  return where === undefined || where === node
    ? allowed
    : denied(`node ${node} can only evict pods with spec.nodeName set to itself`);
}

function decideLease(attributes: RequestAttributes, node: string): Decision {
  const { verb, namespace, name } = attributes;
  if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb)) {
    return denied('can only get, create, update, patch, or delete a node lease');
  }
  if (namespace !== nodeLeaseNamespace) {
    return denied(`can only access leases in the ${goQuote(nodeLeaseNamespace)} system namespace`);
  }
  return verb === 'create' || name === node
    ? allowed
    : denied('can only access node lease with the same name as the requesting node');
}

const read = ['get', 'list', 'watch'];

/** What does not depend on the node's name. */
const nodeRules: readonly PolicyRule[] = [
  resourceRule(['create'], ['authentication.k8s.io'], ['tokenreviews']),
  resourceRule(['create'], ['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews']),
  resourceRule(read, [''], ['services']),
  resourceRule(['create', 'patch', 'update'], ['', 'events.k8s.io'], ['events']),
  resourceRule(
    read,
    [API_GROUP],
    ['controllerconfigs', 'machineconfigpools', 'machineconfigs', 'machineosbuilds', 'pinnedimagesets'],
  ),
];
