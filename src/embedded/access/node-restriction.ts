import {
  equalJson,
  goQuote,
  isJsonObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
} from '../../schema/index.ts';
import { AGENT_ANNOTATIONS, API_GROUP } from '../../api/index.ts';
import type { AdmittedWrite } from './admitted-write.ts';
import type { ReadObject } from './read-object.ts';
import { nodeLeaseNamespace } from './node-authorizer.ts';
import { isAgent, nodeIdentity } from './node-identity.ts';
import { refuseNodePodWrite } from './node-pod-restriction.ts';
import { forbidden, type StatusError } from '../status/index.ts';

/**
 * Holds nodes and agents to their own objects, whatever roles they have: Kubernetes' NodeRestriction
 * (plugin/pkg/admission/noderestriction), and for MachineConfigNodes what the MCO has a ValidatingAdmissionPolicy for. An agent
 * writes nothing of its Node but its own annotations, as deploy/agent has it for other clusters.
 * @returns undefined for every write of other users
 */
export function refuseNodeWrite(write: AdmittedWrite, read: ReadObject): StatusError | undefined {
  const node = nodeIdentity(write.user);
  if (node === undefined) return undefined;
  const check = restrictions.get(`${write.group}/${write.resource}`);
  if (check === undefined) return undefined;
  const problem =
    node === ''
      ? `could not determine node from user ${goQuote(write.user.username)}`
      : check(node, write, read);
  if (typeof problem !== 'string') return problem;
  return forbidden({ group: write.group, plural: write.resource }, write.name, problem);
}

/** @returns why not, or the whole refusal */
type Restriction = (node: string, write: AdmittedWrite, read: ReadObject) => string | StatusError | undefined;

const restrictions: ReadonlyMap<string, Restriction> = new Map<string, Restriction>([
  ['/nodes', restrictNode],
  [`${API_GROUP}/machineconfignodes`, restrictMachineConfigNode],
  ['coordination.k8s.io/leases', restrictLease],
  ['/pods', refuseNodePodWrite],
  ['/serviceaccounts', restrictToken],
  ['/events', restrictEvent],
]);

function restrictNode(node: string, write: AdmittedWrite): string | undefined {
  const { name, operation, object, old } = write;
  if (name !== node) return `node ${goQuote(node)} is not allowed to modify node ${goQuote(name)}`;
  if (isAgent(write.user)) return restrictAgent(node, write);
  if (operation === 'delete' || object === undefined) return undefined;
  if (operation === 'create') {
    const labels = restrictedLabels(object, undefined);
    const shown = labels.join(', ');
    return labels.length === 0
      ? undefined
      : `node ${goQuote(node)} is not allowed to set the following labels: ${shown}`;
  }
  if (!hasSameTaints(object, old)) {
    return `node ${goQuote(node)} is not allowed to modify taints`;
  }
  const labels = restrictedLabels(object, old);
  return labels.length === 0 ? undefined : `is not allowed to modify labels: ${labels.join(', ')}`;
}

/** Of an agent's Node: all that it may not change has to be as it was. */
function restrictAgent(
  node: string,
  { operation, subresource, object, old }: AdmittedWrite,
): string | undefined {
  const self = `the agent of node ${goQuote(node)}`;
  if (operation !== 'update' || subresource !== '' || object === undefined || old === undefined) {
    return `${self} may only change annotations of its Node`;
  }
  const members = [...new Set([...Object.keys(object), ...Object.keys(old)])].filter(
    (key) => key !== 'metadata',
  );
  const changed = members.filter((key) => !isSame(object[key], old[key]));
  const [after, before] = [object, old].map((each) => objectAt(each, 'metadata') ?? {});
  const own = ['labels', 'finalizers', 'ownerReferences'];
  changed.push(...own.filter((key) => !isSame(after?.[key], before?.[key])).map((key) => `metadata.${key}`));
  if (changed.length > 0) return `${self} may only change annotations of its Node, not ${changed.join(', ')}`;
  const foreign = changedKeys(after?.['annotations'], before?.['annotations']).filter(
    (key) => !AGENT_ANNOTATIONS.includes(key),
  );
  return foreign.length === 0
    ? undefined
    : `${self} may not change the annotations of others: ${foreign.join(', ')}`;
}

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return equalJson(one ?? null, other ?? null);
}

function changedKeys(one: Json | undefined, other: Json | undefined): readonly string[] {
  const [after, before] = [one, other].map((map) => new Map(Object.entries(isJsonObject(map) ? map : {})));
  const keys = new Set([...(after?.keys() ?? []), ...(before?.keys() ?? [])]);
  return [...keys].filter((key) => after?.get(key) !== before?.get(key)).toSorted();
}

function restrictMachineConfigNode(node: string, write: AdmittedWrite): string | undefined {
  const { name, operation, subresource } = write;
  if (name !== node)
    return `node ${goQuote(node)} is not allowed to modify machineconfignode ${goQuote(name)}`;
  const isReport = operation === 'update' && subresource === 'status';
  if (!isAgent(write.user) || isReport) return undefined;
  return `the agent of node ${goQuote(node)} may only write the status of its machineconfignode`;
}

/** An agent tells of its own Node; kubelets tell of pods, too. */
function restrictEvent(node: string, { user, object }: AdmittedWrite): string | undefined {
  if (!isAgent(user)) return undefined;
  const about = objectAt(object, 'involvedObject');
  if (textAt(about, 'kind') === 'Node' && textAt(about, 'name') === node) return undefined;
  return `the agent of node ${goQuote(node)} may only tell events of its Node`;
}

function restrictLease(node: string, { namespace, name }: AdmittedWrite): string | undefined {
  if (namespace !== nodeLeaseNamespace) {
    return `can only access leases in the ${goQuote(nodeLeaseNamespace)} system namespace`;
  }
  return name === node ? undefined : 'can only access node lease with the same name as the requesting node';
}

/** A token that a node asks for is bound to a pod that runs there. */
function restrictToken(node: string, write: AdmittedWrite, read: ReadObject): string | undefined {
  if (write.operation !== 'create' || write.subresource !== 'token') return undefined;
  const bound = objectAt(write.object, 'spec', 'boundObjectRef');
  const name = textAt(bound, 'name');
  if (textAt(bound, 'apiVersion') !== 'v1' || textAt(bound, 'kind') !== 'Pod' || name === '') {
    return 'node requested token not bound to a pod';
  }
  const uid = textAt(bound, 'uid');
  if (uid === '') return 'node requested token with a pod binding without a uid';
  const pod = read('v1', 'Pod', write.namespace, name);
  if (textAt(pod, 'metadata', 'uid') !== uid) {
    return (
      `the UID in the bound object reference (${uid}) does not match the UID in record.` +
      ' The object might have been deleted and then recreated'
    );
  }
  return textAt(pod, 'spec', 'nodeName') === node
    ? undefined
    : 'node requested token bound to a pod scheduled on a different node';
}

/** Labels that differ and are none of a node's business: with them it could draw workloads to itself. */
function restrictedLabels(object: JsonObject, old: JsonObject | undefined): string[] {
  const before = new Map(Object.entries(objectAt(old, 'metadata', 'labels') ?? {}));
  const after = new Map(Object.entries(objectAt(object, 'metadata', 'labels') ?? {}));
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key) && isRestricted(key)).sort();
}

function isRestricted(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash === -1 ? '' : key.slice(0, slash);
  const isIn = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (isIn('node-restriction.kubernetes.io')) return true;
  if (!isIn('kubernetes.io') && !isIn('k8s.io')) return false;
  return !kubeletLabels.has(key) && !isIn('kubelet.kubernetes.io') && !isIn('node.kubernetes.io');
}

/** k8s.io/kubelet/pkg/apis: what a kubelet may set on its Node. */
const kubeletLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

/** Whether no taint is added, removed or changed; one without a value is one with an empty value. */
function hasSameTaints(one: JsonObject, other: JsonObject | undefined): boolean {
  const [before, after] = [other, one].map((node) =>
    listAt(node, 'spec', 'taints').map((taint) =>
      JSON.stringify(['key', 'value', 'effect', 'timeAdded'].map((member) => textAt(taint, member))),
    ),
  );
  return before?.join('\n') === after?.join('\n');
}
