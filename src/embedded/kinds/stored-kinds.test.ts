import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, objectAt, textAt } from '../../schema/index.ts';
import { ensureObject } from './members.ts';
import { KINDS, changeErrors, create, createErrors, kindNamed, update, worldOf } from './test-kinds.ts';

const SECRET = kindNamed('Secret');
const NODE = kindNamed('Node');
const SERVICE = kindNamed('Service');
const CONFIG_MAP = kindNamed('ConfigMap');

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

test('secrets of known types need their keys', () => {
  const table: [string, JsonObject, string[]][] = [
    ['kubernetes.io/tls', {}, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
    ['kubernetes.io/basic-auth', {}, ['data[username]: Required value', 'data[password]: Required value']],
    ['kubernetes.io/basic-auth', { password: '' }, []],
    ['kubernetes.io/ssh-auth', {}, ['data[ssh-privatekey]: Required value']],
    ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }, []],
    [
      'kubernetes.io/dockerconfigjson',
      { '.dockerconfigjson': base64('hunter2') },
      [
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'h\' looking for beginning of value',
      ],
    ],
    [
      'kubernetes.io/service-account-token',
      {},
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    ['anything/else', {}, []],
  ];
  for (const [type, data, errors] of table)
    assert.deepEqual(createErrors(SECRET, { type, data }), errors, type);
});

test('stringData becomes data, and wins, whatever its keys are', () => {
  const body = JSON.parse(
    '{"data":{"a":"eA==","b":"eA=="},"stringData":{"a":"y","__proto__":"z"}}',
  ) as JsonObject;
  const { data, stringData } = create(SECRET, body);
  assert.equal(JSON.stringify(data), '{"a":"eQ==","b":"eA==","__proto__":"eg=="}');
  assert.equal(stringData, undefined);
});

test('data may have a MiB', () => {
  const data = { a: base64('x'.repeat(1024 * 1024)) };
  assert.deepEqual(createErrors(SECRET, { data }), []);
  assert.deepEqual(createErrors(SECRET, { data: { ...data, b: base64('x') } }), [
    'data: Too long: may not be more than 1048576 bytes',
  ]);
  assert.deepEqual(
    createErrors(CONFIG_MAP, { data: { a: 'x'.repeat(1024 * 1024) }, binaryData: { b: 'eA==' } }),
    ['[]: Too long: may not be more than 1048576 bytes'],
  );
});

test('an immutable ConfigMap is', () => {
  const object = { immutable: true, data: { a: '1' } };
  assert.deepEqual(
    changeErrors(CONFIG_MAP, object, (next) => (ensureObject(next, 'metadata')['labels'] = { a: 'b' })),
    [],
  );
  assert.deepEqual(
    changeErrors(CONFIG_MAP, object, (next) => delete next['immutable']),
    ['immutable: Forbidden: field is immutable when `immutable` is set'],
  );
  assert.deepEqual(
    changeErrors(CONFIG_MAP, object, (next) => (next['binaryData'] = { b: '' })),
    ['binaryData: Forbidden: field is immutable when `immutable` is set'],
  );
});

test('a node keeps its status through its main endpoint, and all but its status through the other', () => {
  const old = create(NODE, { status: { capacity: { cpu: '1' } } });
  assert.deepEqual(objectAt(old, 'status')?.['allocatable'], { cpu: '1' });
  const next = update(NODE, old, (node) => (node['status'] = {}));
  assert.deepEqual(next['status'], old['status']);
  const status = structuredClone(old);
  status['spec'] = { unschedulable: true };
  ensureObject(status, 'metadata')['labels'] = { a: 'b' };
  NODE.strategy.prepareForStatusUpdate(status, old, worldOf());
  assert.deepEqual([status['spec'], objectAt(status, 'metadata')?.['labels']], [old['spec'], { a: 'b' }]);
});

test('a node is cordoned, tainted and has roles', () => {
  const cells = NODE.table.cells(
    {
      metadata: {
        name: 'n',
        labels: {
          'node-role.kubernetes.io/worker': '',
          'node-role.kubernetes.io/infra': '',
          'kubernetes.io/role': 'old',
        },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      },
    },
    0,
  );
  assert.deepEqual(cells.slice(0, 6), [
    'n',
    'NotReady,SchedulingDisabled',
    'infra,old,worker',
    '<unknown>',
    '',
    '10.0.0.1',
  ]);
  assert.deepEqual(NODE.fieldsOf({}), { 'spec.unschedulable': 'false' });
  const taint = { key: 'a', effect: 'NoSchedule' };
  assert.deepEqual(createErrors(NODE, { spec: { taints: [taint, taint, { key: 'b', effect: 'X' }] } }), [
    'spec.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
    'spec.taints[2].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ]);
});

test('a service has addresses, and keeps them', () => {
  const made = create(SERVICE, { spec: { type: 'NodePort', ports: [{ port: 80 }] } });
  const spec = objectAt(made, 'spec');
  const address = textAt(spec, 'clusterIP');
  assert.match(address, /^10\.96\.\d+\.\d+$/);
  assert.deepEqual(spec?.['clusterIPs'], [address]);
  const next = update(
    SERVICE,
    made,
    (service) => (service['spec'] = { type: 'NodePort', ports: [{ port: 80 }] }),
  );
  assert.deepEqual(next['spec'], made['spec']);
  assert.deepEqual(
    changeErrors(SERVICE, { spec: { ports: [{ port: 80 }], clusterIP: '10.96.0.9' } }, (service) => {
      ensureObject(service, 'spec')['clusterIP'] = '10.96.0.8';
      ensureObject(service, 'spec')['clusterIPs'] = ['10.96.0.8'];
    }),
    ['spec.clusterIPs[0]: Invalid value: "10.96.0.8": may not change once set'],
  );
  assert.deepEqual(createErrors(SERVICE, { spec: {} }), ['spec.ports: Required value']);
  assert.deepEqual(createErrors(SERVICE, { spec: { clusterIP: 'None' } }), []);
  assert.deepEqual(createErrors(SERVICE, { spec: { ports: [{ port: 80 }, { name: 'a', port: 81 }] } }), [
    'spec.ports[0].name: Required value',
  ]);
});

test('roles and bindings are told what is wrong', () => {
  const table: [string, JsonObject, string[]][] = [
    [
      'Role',
      { rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      'Role',
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
      ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
    ],
    ['ClusterRole', { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] }, []],
    [
      'ClusterRole',
      { rules: [{ verbs: ['get'] }] },
      [
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
    ],
    [
      'RoleBinding',
      { roleRef: { kind: 'X', name: '' } },
      [
        'roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
      ],
    ],
    [
      'ClusterRoleBinding',
      { roleRef: { kind: 'ClusterRole', name: 'a:b' }, subjects: [{ kind: 'ServiceAccount', name: 's' }] },
      ['subjects[0].namespace: Required value'],
    ],
    [
      'RoleBinding',
      { roleRef: { kind: 'Role', name: 'a' }, subjects: [{ kind: 'Robot', name: 's' }] },
      ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    ],
  ];
  for (const [kind, object, errors] of table)
    assert.deepEqual(createErrors(kindNamed(kind), object), errors, kind);
});

test('a budget has one limit, of at most everything', () => {
  const kind = kindNamed('PodDisruptionBudget');
  const errors = (spec: JsonObject): string[] => createErrors(kind, { spec });
  assert.deepEqual(errors({ minAvailable: '50%' }), []);
  assert.deepEqual(errors({ minAvailable: '101%' }), [
    'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
  ]);
  assert.deepEqual(errors({ maxUnavailable: -1 }), [
    'spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
  ]);
  assert.match(
    errors({ minAvailable: 1, maxUnavailable: 1 })[0] ?? '',
    /minAvailable and maxUnavailable cannot be both set$/,
  );
  assert.match(errors({ minAvailable: 'x' })[0] ?? '', /a valid percent string must be a numeric string/);
});

test('writing an object of any kind again changes nothing', () => {
  const bodies: Record<string, JsonObject> = {
    Pod: {
      spec: { containers: [{ name: 'c', image: 'x' }], volumes: [{ name: 'h', hostPath: { path: '/' } }] },
    },
    Service: { spec: { ports: [{ port: 80 }] } },
    CustomResourceDefinition: {
      spec: { names: { kind: 'A', plural: 'as' }, versions: [{ name: 'v1', storage: true }] },
    },
  };
  for (const kind of KINDS) {
    const once = create(kind, bodies[kind.kind] ?? {});
    const again = update(kind, once, () => {});
    assert.deepEqual(again, once, kind.kind);
  }
});

test('nothing that is sent makes a kind fail', () => {
  const members = [
    'metadata',
    'spec',
    'status',
    'data',
    'rules',
    'subjects',
    'roleRef',
    'involvedObject',
    'subsets',
    'names',
    'template',
    'containers',
    'versions',
  ];
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 1 }),
      tie('object'),
      fc.array(tie('object'), { maxLength: 2 }),
    ),
    object: fc.dictionary(
      fc.oneof(fc.constantFrom(...members), fc.constantFrom('__proto__', 'constructor', 'toString')),
      tie('value'),
      { maxKeys: 4 },
    ),
  }));
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), tree.object, tree.object, (kind, body, other) => {
      const object = structuredClone(body) as JsonObject;
      const old = structuredClone(other) as JsonObject;
      const { strategy } = kind;
      strategy.applyDefaults(object);
      strategy.applyDefaults(old);
      try {
        strategy.prepareForCreate(structuredClone(object), worldOf({ 'ServiceAccount/default': {} }));
      } catch (error) {
        assert.equal((error as Error).name, 'AdmissionError');
      }
      strategy.prepareForUpdate(object, old, worldOf());
      strategy.validate(object);
      strategy.validateUpdate(object, old);
      strategy.prepareForStatusUpdate(object, old, worldOf());
      strategy.validateStatusUpdate(object, old);
      kind.table.cells(object, 0);
      kind.fieldsOf(object);
    }),
    { numRuns: 500 },
  );
});
