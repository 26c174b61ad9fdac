import {
  forbiddenValue,
  invalidValue,
  isTrueAt,
  labelValueProblems,
  listAt,
  objectAt,
  objectsAt,
  qualifiedNameProblems,
  requiredValue,
  sameJson,
  textAt,
  unsupportedValue,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import { corePart, PART_VERBS, PROXY_VERBS } from './built-in-kind.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { conditionTimeDefaults } from './conditions.ts';
import { compareText } from '../../ignition/index.ts';
import { ensureObject, setDefault, setOrRemove } from './members.ts';
import { duplicateStruct, invalidFor } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';
import type { Cell, ColumnRules } from './table.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const ROLE_PREFIX = 'node-role.kubernetes.io/';
const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const NODE_INFO = [
  'machineID',
  'systemUUID',
  'bootID',
  'kernelVersion',
  'osImage',
  'containerRuntimeVersion',
  'kubeletVersion',
  'kubeProxyVersion',
  'operatingSystem',
  'architecture',
];

const ADDRESSES =
  "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).";

const COLUMNS: readonly ColumnRules[] = [
  NAME,
  { name: 'Status', description: 'The status of the node' },
  { name: 'Roles', description: 'The roles of the node' },
  AGE,
  { name: 'Version', description: 'Kubelet Version reported by the node.' },
  { name: 'Internal-IP', wide: true, description: ADDRESSES },
  { name: 'External-IP', wide: true, description: ADDRESSES },
  {
    name: 'OS-Image',
    wide: true,
    description: 'OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).',
  },
  {
    name: 'Kernel-Version',
    wide: true,
    description: "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
  },
  {
    name: 'Container-Runtime',
    wide: true,
    description:
      'ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).',
  },
];

/** core/v1 Node. A kubelet creates its Node with a status, and changes its labels through it. */
export const node: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  subresources: [corePart('proxy', 'NodeProxyOptions', PROXY_VERBS), corePart('status', 'Node', PART_VERBS)],
  strategy: {
    defaults(object) {
      ensureObject(object, 'spec');
      statusDefaults(ensureObject(object, 'status'));
    },
    create(object) {
      // Admission (TaintNodesByCondition): nothing is scheduled before the node-lifecycle controller saw the node ready.
      const spec = ensureObject(object, 'spec');
      const taints = listAt(spec, 'taints');
      const tainted = objectsAt(taints).some(
        (taint) => textAt(taint, 'key') === NOT_READY && textAt(taint, 'effect') === 'NoSchedule',
      );
      if (!tainted) spec['taints'] = [...taints, { key: NOT_READY, effect: 'NoSchedule' }];
    },
    update: (object, old) => setOrRemove(object, 'status', valueAt(old, 'status')),
    validate: (object) => [...taintErrors(object), ...addressErrors(object)],
    validateUpdate: updateErrors,
    validateStatusUpdate: addressErrors,
  },
  table: { columns: COLUMNS, cells },
  fields: { 'spec.unschedulable': (object) => String(isTrueAt(object, 'spec', 'unschedulable')) },
};

function statusDefaults(status: JsonObject): void {
  const capacity = objectAt(status, 'capacity');
  if (capacity !== undefined && objectAt(status, 'allocatable') === undefined) {
    status['allocatable'] = { ...capacity };
  }
  conditionTimeDefaults(status, 'lastHeartbeatTime', 'lastTransitionTime');
  const endpoint = ensureObject(ensureObject(status, 'daemonEndpoints'), 'kubeletEndpoint');
  setDefault(endpoint, 'Port', 0);
  const info = ensureObject(status, 'nodeInfo');
  for (const member of NODE_INFO) setDefault(info, member, '');
}

function taintErrors(object: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, taint] of objectsAt(object, 'spec', 'taints').entries()) {
    const field = `spec.taints[${index}]`;
    const key = textAt(taint, 'key');
    const effect = textAt(taint, 'effect');
    const value = textAt(taint, 'value');
    errors.push(...invalidFor(`${field}.key`, key, qualifiedNameProblems(key)));
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.push(invalidValue(`${field}.value`, value, problems.join(';')));
    if (effect === '') errors.push(requiredValue(`${field}.effect`));
    else if (!TAINT_EFFECTS.includes(effect)) {
      errors.push(unsupportedValue(`${field}.effect`, effect, TAINT_EFFECTS));
    }
    const both = `${effect} ${key}`;
    if (seen.has(both)) {
      // Printed by the server's own type, which has no JSON names.
      const duplicate = duplicateStruct(field, { Key: key, Value: value, Effect: effect, TimeAdded: null });
      const message = `${duplicate.message}: taints must be unique by key and effect pair`;
      errors.push({ ...duplicate, message });
    }
    seen.add(both);
  }
  return errors;
}

function addressErrors(object: JsonObject): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, address] of objectsAt(object, 'status', 'addresses').entries()) {
    const value = { Type: textAt(address, 'type'), Address: textAt(address, 'address') };
    const both = `${value.Type} ${value.Address}`;
    if (seen.has(both)) errors.push(duplicateStruct(`status.addresses[${index}]`, value));
    seen.add(both);
  }
  return errors;
}

function updateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const oldCidrs = listAt(old, 'spec', 'podCIDRs');
  if (oldCidrs.length > 0 && !sameJson(listAt(object, 'spec', 'podCIDRs'), oldCidrs)) {
    errors.push(
      forbiddenValue('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
    );
  }
  const oldProvider = textAt(old, 'spec', 'providerID');
  if (oldProvider !== '' && textAt(object, 'spec', 'providerID') !== oldProvider) {
    errors.push(
      forbiddenValue('spec.providerID', 'node updates may not change providerID except from "" to valid'),
    );
  }
  return errors;
}

function cells(object: JsonObject, now: number): Cell[] {
  const info = objectAt(object, 'status', 'nodeInfo');
  const shown = (member: string): string => textAt(info, member) || '<unknown>';
  const architecture = textAt(info, 'architecture');
  return [
    nameCell(object),
    statusCell(object),
    rolesCell(object),
    ageCell(object, now),
    textAt(info, 'kubeletVersion'),
    addressCell(object, 'InternalIP'),
    addressCell(object, 'ExternalIP'),
    shown('osImage'),
    architecture === '' ? shown('kernelVersion') : `${shown('kernelVersion')} (${architecture})`,
    shown('containerRuntimeVersion'),
  ];
}

function statusCell(object: JsonObject): string {
  const ready = objectsAt(object, 'status', 'conditions').findLast(
    (condition) => textAt(condition, 'type') === 'Ready',
  );
  const words = [ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady'];
  if (isTrueAt(object, 'spec', 'unschedulable')) words.push('SchedulingDisabled');
  return words.join(',');
}

function rolesCell(object: JsonObject): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(objectAt(object, 'metadata', 'labels') ?? {})) {
    if (key.startsWith(ROLE_PREFIX)) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === 'kubernetes.io/role' && typeof value === 'string') roles.add(value);
  }
  roles.delete('');
  return roles.size === 0 ? '<none>' : [...roles].sort(compareText).join(',');
}

function addressCell(object: JsonObject, type: string): string {
  const address = objectsAt(object, 'status', 'addresses').find((item) => textAt(item, 'type') === type);
  return address === undefined ? '<none>' : textAt(address, 'address');
}
