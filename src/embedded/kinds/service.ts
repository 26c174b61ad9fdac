import {
  dns1035LabelProblems,
  dns1123LabelProblems,
  forbiddenValue,
  invalidValue,
  isTrueAt,
  listAt,
  numberAt,
  objectAt,
  objectsAt,
  requiredValue,
  textAt,
  textsAt,
  valueAt,
} from '../../schema/index.ts';
import type { FieldError, Json, JsonObject } from '../../schema/index.ts';
import { corePart, PROXY_VERBS } from './built-in-kind.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { formatLabels } from './label-selector.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { duplicateStruct, invalidFor, unlessOneOf, unlessPort } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
/** Node ports are given from this one on. */
const FIRST_NODE_PORT = 30_000;
const NODE_PORTS = 2768;

/** core/v1 Service. Its addresses are real in form only: nothing listens there. */
export const service: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  subresources: [corePart('proxy', 'ServiceProxyOptions', PROXY_VERBS)],
  strategy: {
    names: dns1035LabelProblems,
    status: () => ({ loadBalancer: {} }),
    createsOnUpdate: true,
    returnsDeleted: true,
    defaults,
    create: allocate,
    update(object, old) {
      keepAllocated(object, old);
      allocate(object);
    },
    validate,
    validateUpdate: updateErrors,
  },
  table: {
    columns: [
      NAME,
      { name: 'Type', field: 'spec.type' },
      { name: 'Cluster-IP', field: 'spec.clusterIP' },
      { name: 'External-IP', field: 'spec.externalIPs' },
      { name: 'Port(s)', field: 'spec.ports' },
      AGE,
      { name: 'Selector', field: 'spec.selector', wide: true },
    ],
    cells: (object, now) => [
      nameCell(object),
      typeOf(object),
      textsAt(object, 'spec', 'clusterIPs')[0] ?? '<none>',
      externalCell(object),
      objectsAt(object, 'spec', 'ports').map(portCell).join(',') || '<none>',
      ageCell(object, now),
      formatLabels(objectAt(object, 'spec', 'selector')),
    ],
  },
  fields: {
    'spec.clusterIP': (object) => textAt(object, 'spec', 'clusterIP'),
    'spec.type': typeOf,
  },
};

function typeOf(object: JsonObject): string {
  return textAt(object, 'spec', 'type');
}

function defaults(object: JsonObject): void {
  const spec = ensureObject(object, 'spec');
  setDefaultText(spec, 'sessionAffinity', 'None');
  setDefaultText(spec, 'type', 'ClusterIP');
  const type = textAt(spec, 'type');
  if (textAt(spec, 'sessionAffinity') === 'ClientIP') {
    setDefault(
      ensureObject(ensureObject(spec, 'sessionAffinityConfig'), 'clientIP'),
      'timeoutSeconds',
      10_800,
    );
  }
  for (const port of objectsAt(spec, 'ports')) {
    setDefaultText(port, 'protocol', 'TCP');
    const target = valueAt(port, 'targetPort');
    if ((target === undefined || target === 0 || target === '') && numberAt(port, 'port') !== undefined) {
      port['targetPort'] = numberAt(port, 'port') ?? 0;
    }
  }
  if (type === 'NodePort' || type === 'LoadBalancer')
    setDefaultText(spec, 'externalTrafficPolicy', 'Cluster');
  if (type !== 'ExternalName') setDefaultText(spec, 'internalTrafficPolicy', 'Cluster');
  if (type === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
  ensureObject(ensureObject(object, 'status'), 'loadBalancer');
}

/** Gives a service its addresses. They follow from its uid: services are too many to try all, and too few to collide. */
function allocate(object: JsonObject): void {
  const spec = ensureObject(object, 'spec');
  const type = typeOf(object);
  if (type === 'ExternalName') return;
  const seed = Number.parseInt(textAt(object, 'metadata', 'uid').replaceAll('-', '').slice(0, 8), 16) || 0;
  if (textAt(spec, 'clusterIP') === '') {
    const [first] = textsAt(spec, 'clusterIPs');
    spec['clusterIP'] = first ?? `10.96.${(seed >>> 8) % 256}.${1 + (seed % 254)}`;
  }
  if (listAt(spec, 'clusterIPs').length === 0) spec['clusterIPs'] = [textAt(spec, 'clusterIP')];
  if (listAt(spec, 'ipFamilies').length === 0) {
    spec['ipFamilies'] = [textAt(spec, 'clusterIP').includes(':') ? 'IPv6' : 'IPv4'];
  }
  setDefaultText(spec, 'ipFamilyPolicy', 'SingleStack');
  if (type !== 'NodePort' && (type !== 'LoadBalancer' || !isTrueAt(spec, 'allocateLoadBalancerNodePorts')))
    return;
  for (const [index, port] of objectsAt(spec, 'ports').entries()) {
    if ((numberAt(port, 'nodePort') ?? 0) === 0) {
      port['nodePort'] = FIRST_NODE_PORT + ((seed + index) % NODE_PORTS);
    }
  }
}

/** An update that leaves out what was given keeps it. */
function keepAllocated(object: JsonObject, old: JsonObject): void {
  const spec = ensureObject(object, 'spec');
  if (typeOf(object) === 'ExternalName' || typeOf(old) === 'ExternalName') return;
  const oldAddress = textAt(old, 'spec', 'clusterIP');
  if (textAt(spec, 'clusterIP') === '' && oldAddress !== '') {
    spec['clusterIP'] = oldAddress;
    if (listAt(spec, 'clusterIPs').length === 0) spec['clusterIPs'] = [...listAt(old, 'spec', 'clusterIPs')];
  }
  if (!usesNodePorts(object) || !usesNodePorts(old)) return;
  const known = new Map(
    objectsAt(old, 'spec', 'ports').map((port) => [portKey(port), numberAt(port, 'nodePort')]),
  );
  for (const port of objectsAt(spec, 'ports')) {
    const nodePort = known.get(portKey(port));
    if ((numberAt(port, 'nodePort') ?? 0) === 0 && nodePort !== undefined) port['nodePort'] = nodePort;
  }
}

function usesNodePorts(object: JsonObject): boolean {
  return typeOf(object) === 'NodePort' || typeOf(object) === 'LoadBalancer';
}

function portKey(port: JsonObject): string {
  return `${textAt(port, 'protocol')} ${numberAt(port, 'port') ?? 0}`;
}

function validate(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const type = typeOf(object);
  const ports = objectsAt(spec, 'ports');
  const errors: FieldError[] = [];
  const headless = textAt(spec, 'clusterIP') === 'None';
  if (ports.length === 0 && !headless && type !== 'ExternalName') errors.push(requiredValue('spec.ports'));
  if (type === 'ExternalName' && textAt(spec, 'externalName') === '') {
    errors.push(requiredValue('spec.externalName'));
  }
  if (type === 'LoadBalancer' && headless) {
    errors.push(
      invalidValue('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services"),
    );
  }
  if (type === 'NodePort' && headless) {
    errors.push(invalidValue('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services"));
  }
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    errors.push(...portErrors(port, `spec.ports[${index}]`, ports.length > 1, names));
  }
  errors.push(
    ...unlessOneOf('spec.sessionAffinity', textAt(spec, 'sessionAffinity'), ['ClientIP', 'None']),
    ...unlessOneOf('spec.type', type, TYPES),
    ...duplicatePorts(ports),
  );
  return errors;
}

function portErrors(port: JsonObject, field: string, named: boolean, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(port, 'name');
  if (name === '') {
    if (named) errors.push(requiredValue(`${field}.name`));
  } else {
    errors.push(...invalidFor(`${field}.name`, name, dns1123LabelProblems(name)));
    if (names.has(name)) {
      errors.push(duplicateStruct(`${field}.name`, name));
    }
    names.add(name);
  }
  errors.push(
    ...unlessPort(`${field}.port`, numberAt(port, 'port') ?? 0),
    ...unlessOneOf(`${field}.protocol`, textAt(port, 'protocol'), PROTOCOLS),
  );
  const target: Json | undefined = valueAt(port, 'targetPort');
  if (typeof target === 'number') errors.push(...unlessPort(`${field}.targetPort`, target));
  return errors;
}

function duplicatePorts(ports: readonly JsonObject[]): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const key = portKey(port);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    // Printed by the server's own type, which has no JSON names.
    const value = {
      Name: '',
      Protocol: textAt(port, 'protocol'),
      AppProtocol: null,
      Port: numberAt(port, 'port') ?? 0,
      TargetPort: 0,
      NodePort: 0,
    };
    return [duplicateStruct(`spec.ports[${index}]`, value)];
  });
}

function updateErrors(object: JsonObject, old: JsonObject): FieldError[] {
  if (typeOf(object) === 'ExternalName' || typeOf(old) === 'ExternalName') return [];
  const before = textsAt(old, 'spec', 'clusterIPs');
  const after = textsAt(object, 'spec', 'clusterIPs');
  const [oldFirst] = before;
  const [first] = after;
  if (oldFirst !== undefined && first !== oldFirst) {
    return [invalidValue('spec.clusterIPs[0]', first ?? '', 'may not change once set')];
  }
  return before.length > 1 && after.length === 0
    ? [forbiddenValue('spec.clusterIPs', 'may not be removed')]
    : [];
}

function portCell(port: JsonObject): string {
  const number = numberAt(port, 'port') ?? 0;
  const nodePort = numberAt(port, 'nodePort') ?? 0;
  const protocol = textAt(port, 'protocol');
  return nodePort > 0 ? `${number}:${nodePort}/${protocol}` : `${number}/${protocol}`;
}

function externalCell(object: JsonObject): string {
  const externalIps = textsAt(object, 'spec', 'externalIPs');
  switch (typeOf(object)) {
    case 'LoadBalancer': {
      const ingress = objectsAt(object, 'status', 'loadBalancer', 'ingress')
        .map((entry) => textAt(entry, 'ip') || textAt(entry, 'hostname'))
        .filter((address) => address !== '');
      return [...new Set(ingress)].sort().concat(externalIps).join(',') || '<pending>';
    }
    case 'ExternalName':
      return textAt(object, 'spec', 'externalName');
    default:
      return externalIps.join(',') || '<none>';
  }
}
