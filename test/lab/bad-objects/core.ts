import {
  bad,
  invalid,
  merge,
  NOT_NEGATIVE,
  PORT_RANGE,
  post,
  refused,
  unreadable,
  type BadObjects,
  type Cause,
} from './bad-object.ts';

const KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const secret = (type: string, data: object = {}): ReturnType<typeof post> =>
  post('secrets', { metadata: { name: 'x' }, type, data });
const badSecret = (...causes: Cause[]): ReturnType<typeof invalid> => invalid('Secret', 'x', ...causes);
const badMap = (...causes: Cause[]): ReturnType<typeof invalid> => invalid('ConfigMap', 'x', ...causes);
const service = (spec: object): ReturnType<typeof post> =>
  post('services', { metadata: { name: 'x' }, spec });
const badService = (...causes: Cause[]): ReturnType<typeof invalid> => invalid('Service', 'x', ...causes);
const taints = (...list: object[]): ReturnType<typeof post> =>
  post('nodes', { metadata: { name: 'x' }, spec: { taints: list } });

/** ConfigMaps, Secrets, Services, Nodes and what else core/v1 has beside pods (k8s.io/kubernetes/pkg/apis/core/validation). */
export const badCoreObjects: BadObjects = {
  'a ConfigMap key with a slash': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { 'a/b': '1' } }),
    badMap(['data[a/b]', `Invalid value: "a/b": ${KEY}`]),
  ),
  'a ConfigMap key of two dots': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { '..': '1' } }),
    badMap(['data[..]', `Invalid value: "..": must not be '..'`]),
  ),
  'a ConfigMap key that begins with two dots': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { '..a': '1' } }),
    badMap(['data[..a]', `Invalid value: "..a": must not start with '..'`]),
  ),
  'a ConfigMap key that is text and bytes': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { a: '1' }, binaryData: { a: 'MQ==' } }),
    badMap(['data[a]', 'Invalid value: "a": duplicate of key present in binaryData']),
  ),
  'a ConfigMap of more than 1 MiB': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { a: 'b'.repeat(1_048_577) } }),
    badMap(['[]', 'Too long: may not be more than 1048576 bytes']),
  ),
  'a change of an immutable ConfigMap': bad(
    merge('configmaps/fixed', { data: { a: '2' } }),
    invalid('ConfigMap', 'fixed', ['data', 'Forbidden: field is immutable when `immutable` is set']),
    post('configmaps', { metadata: { name: 'fixed' }, data: { a: '1' }, immutable: true }),
  ),
  'an immutable ConfigMap made mutable': bad(
    merge('configmaps/fixed', { immutable: false }),
    invalid('ConfigMap', 'fixed', ['immutable', 'Forbidden: field is immutable when `immutable` is set']),
  ),
  'a Secret of more than 1 MiB': bad(
    secret('Opaque', { a: Buffer.alloc(1_048_577).toString('base64') }),
    badSecret(['data', 'Too long: may not be more than 1048576 bytes']),
  ),
  'a docker config without its key': bad(
    secret('kubernetes.io/dockerconfigjson'),
    badSecret(['data[.dockerconfigjson]', 'Required value']),
  ),
  'a docker config that is no JSON': bad(
    secret('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': Buffer.from('{').toString('base64') }),
    badSecret([
      'data[.dockerconfigjson]',
      'Invalid value: "<secret contents redacted>": unexpected end of JSON input',
    ]),
  ),
  'an old docker config without its key': bad(
    secret('kubernetes.io/dockercfg'),
    badSecret(['data[.dockercfg]', 'Required value']),
  ),
  'basic authentication without a name or a password': bad(
    secret('kubernetes.io/basic-auth'),
    badSecret(['data[username]', 'Required value'], ['data[password]', 'Required value']),
  ),
  'SSH authentication without a key': bad(
    secret('kubernetes.io/ssh-auth'),
    badSecret(['data[ssh-privatekey]', 'Required value']),
  ),
  'a TLS Secret without certificate and key': bad(
    secret('kubernetes.io/tls'),
    badSecret(['data[tls.crt]', 'Required value'], ['data[tls.key]', 'Required value']),
  ),
  'a token Secret that names no service account': bad(
    secret('kubernetes.io/service-account-token'),
    badSecret(['metadata.annotations[kubernetes.io/service-account.name]', 'Required value']),
  ),
  'another type of a Secret': bad(
    merge('secrets/typed', { type: 'x/y' }),
    invalid('Secret', 'typed', ['type', 'Invalid value: "x/y": field is immutable']),
    post('secrets', { metadata: { name: 'typed' } }),
  ),
  'a Service without ports': bad(
    service({ selector: { a: 'b' } }),
    badService(['spec.ports', 'Required value']),
  ),
  'a Service port beyond 65535': bad(
    service({ ports: [{ port: 70_000, targetPort: 80 }] }),
    badService(['spec.ports[0].port', `Invalid value: 70000: ${PORT_RANGE}`]),
  ),
  'a Service of HTTP': bad(
    service({ ports: [{ port: 80, protocol: 'HTTP' }] }),
    badService([
      'spec.ports[0].protocol',
      'Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
    ]),
  ),
  'two Service ports without names': bad(
    service({ ports: [{ port: 80 }, { port: 81 }] }),
    badService(['spec.ports[0].name', 'Required value'], ['spec.ports[1].name', 'Required value']),
  ),
  'two Service ports of one name': bad(
    service({
      ports: [
        { name: 'a', port: 80 },
        { name: 'a', port: 81 },
      ],
    }),
    badService(['spec.ports[1].name', 'Duplicate value: "a"']),
  ),
  'a type of Service that there is not': bad(
    service({ type: 'Bogus', ports: [{ port: 80 }] }),
    badService([
      'spec.type',
      'Unsupported value: "Bogus": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ]),
  ),
  'a Service affinity that there is not': bad(
    service({ sessionAffinity: 'Foo', ports: [{ port: 80 }] }),
    badService(['spec.sessionAffinity', 'Unsupported value: "Foo": supported values: "ClientIP", "None"']),
  ),
  'a taint with an effect that there is not': bad(
    taints({ key: 'k', effect: 'Bogus' }),
    invalid('Node', 'x', [
      'spec.taints[0].effect',
      'Unsupported value: "Bogus": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ]),
  ),
  'a taint without an effect': bad(
    taints({ key: 'k' }),
    invalid('Node', 'x', ['spec.taints[0].effect', 'Required value']),
  ),
  'another machine behind a Node': bad(
    merge('nodes/machine', { spec: { providerID: 'b' } }),
    invalid('Node', 'machine', [
      'spec.providerID',
      'Forbidden: node updates may not change providerID except from "" to valid',
    ]),
    post('nodes', { metadata: { name: 'machine' }, spec: { providerID: 'a' } }),
  ),
  'an Event about another namespace': bad(
    post('events', {
      metadata: { name: 'x' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'other' },
    }),
    invalid('Event', 'x', [
      'involvedObject.namespace',
      'Invalid value: "other": does not match event.namespace',
    ]),
  ),
  'a negative quota': bad(
    post('resourcequotas', { metadata: { name: 'x' }, spec: { hard: { pods: '-1' } } }),
    invalid('ResourceQuota', 'x', ['spec.hard[pods]', `Invalid value: "-1": ${NOT_NEGATIVE}`]),
  ),
  'a Lease of negative length': bad(
    post('leases', { metadata: { name: 'x' }, spec: { leaseDurationSeconds: -1 } }),
    invalid('Lease.coordination.k8s.io', 'x', [
      'spec.leaseDurationSeconds',
      'Invalid value: -1: must be greater than 0',
    ]),
  ),
  'a Lease of negative transitions': bad(
    post('leases', { metadata: { name: 'x' }, spec: { leaseTransitions: -1 } }),
    invalid('Lease.coordination.k8s.io', 'x', [
      'spec.leaseTransitions',
      `Invalid value: -1: ${NOT_NEGATIVE}`,
    ]),
  ),
  'a Lease with a time without microseconds': bad(
    post('leases', { metadata: { name: 'x' }, spec: { renewTime: '2026-01-01T00:00:00Z' } }),
    unreadable(
      'Lease',
      'parsing time "2026-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    ),
  ),
  'an update of a Lease that does not say of which': bad(
    {
      ...post('leases', { metadata: { name: 'lead' }, spec: {} }),
      method: 'PUT',
      path: '/apis/coordination.k8s.io/v1/namespaces/bad/leases/lead',
    },
    {
      status: 422,
      reason: 'Invalid',
      message:
        'leases.coordination.k8s.io "lead" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    },
    post('leases', { metadata: { name: 'lead' } }),
  ),
  'a priority that is the system’s': bad(
    post('priorityclasses', { metadata: { name: 'x' }, value: 1_000_000_001 }),
    invalid('PriorityClass.scheduling.k8s.io', 'x', [
      'value',
      'Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]),
  ),
  'another priority in the same class': bad(
    merge('priorityclasses/low', { value: 2 }),
    invalid('PriorityClass.scheduling.k8s.io', 'low', [
      'value',
      'Forbidden: may not be changed in an update.',
    ]),
    post('priorityclasses', { metadata: { name: 'low' }, value: 1 }),
  ),
  'a pod of a service account that is not there': bad(
    post('pods', {
      metadata: { name: 'x' },
      spec: { serviceAccountName: 'absent', containers: [{ name: 'c', image: 'i' }] },
    }),
    refused('pods', 'x', 'error looking up service account bad/absent: serviceaccount "absent" not found'),
  ),
};
