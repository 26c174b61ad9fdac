import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, objectAt, objectsAt } from '../../schema/index.ts';
import { AdmissionError } from './admission-error.ts';
import { ensureObject } from './members.ts';
import { changeErrors, create, createErrors, kindNamed, update, worldOf } from './test-kinds.ts';

const POD = kindNamed('Pod');
const CONTAINER = { name: 'c', image: 'x:1' };

function podOf(spec: JsonObject, container: JsonObject = {}): JsonObject {
  return { spec: { containers: [{ ...CONTAINER, ...container }], ...spec } };
}

test('a moving tag is always pulled', () => {
  for (const [image, policy] of [
    ['x', 'Always'],
    ['x:latest', 'Always'],
    ['host:5000/x', 'Always'],
    ['host:5000/x:1', 'IfNotPresent'],
    ['x@sha256:0', 'IfNotPresent'],
  ]) {
    const pod = create(POD, podOf({}, { image: image ?? '' }));
    assert.equal(objectsAt(pod, 'spec', 'containers')[0]?.['imagePullPolicy'], policy, image);
  }
});

test('probes, ports, volumes and requests have their defaults', () => {
  const pod = create(
    POD,
    podOf(
      {
        volumes: [
          { name: 'a' },
          { name: 'b', secret: { secretName: 's' } },
          { name: 'h', hostPath: { path: '/' } },
        ],
        hostNetwork: true,
      },
      {
        ports: [{ containerPort: 80 }],
        readinessProbe: { httpGet: { port: 80 } },
        resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
      },
    ),
  );
  const [container] = objectsAt(pod, 'spec', 'containers');
  assert.deepEqual(container?.['ports'], [{ containerPort: 80, protocol: 'TCP', hostPort: 80 }]);
  assert.deepEqual(container?.['readinessProbe'], {
    httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(objectAt(container, 'resources', 'requests'), { cpu: '500m', memory: '1Gi' });
  assert.deepEqual(objectsAt(pod, 'spec', 'volumes').slice(0, 3), [
    { name: 'a', emptyDir: {} },
    { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
    { name: 'h', hostPath: { path: '/', type: '' } },
  ]);
  assert.equal(objectAt(pod, 'status')?.['qosClass'], 'Burstable');
});

test('the class of a pod follows from its resources', () => {
  const qos = (resources: JsonObject): unknown =>
    objectAt(create(POD, podOf({}, { resources })), 'status')?.['qosClass'];
  assert.equal(qos({}), 'BestEffort');
  assert.equal(qos({ requests: { 'example.com/gpu': '1' } }), 'BestEffort');
  assert.equal(qos({ limits: { cpu: '1', memory: '1Gi' } }), 'Guaranteed');
  assert.equal(qos({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } }), 'Guaranteed');
  assert.equal(qos({ limits: { cpu: '1' } }), 'Burstable');
});

test('admission mounts a token where none is, if the account wants it', () => {
  const mounts = (world: Record<string, JsonObject>, spec: JsonObject = {}): number =>
    objectsAt(objectsAt(create(POD, podOf(spec), worldOf(world)), 'spec', 'containers')[0], 'volumeMounts')
      .length;
  assert.equal(mounts({ 'ServiceAccount/default': {} }), 1);
  assert.equal(mounts({ 'ServiceAccount/default': { automountServiceAccountToken: false } }), 0);
  assert.equal(
    mounts(
      { 'ServiceAccount/default': { automountServiceAccountToken: false } },
      { automountServiceAccountToken: true },
    ),
    1,
  );
  const pulling = create(
    POD,
    podOf({ serviceAccountName: 'p' }),
    worldOf({ 'ServiceAccount/p': { imagePullSecrets: [{ name: 's' }] } }),
  );
  assert.deepEqual(objectAt(pulling, 'spec')?.['imagePullSecrets'], [{ name: 's' }]);
  assert.equal(objectAt(pulling, 'spec')?.['serviceAccount'], 'p');
});

test('admission reads the priority class', () => {
  const world = worldOf({
    'ServiceAccount/default': {},
    'PriorityClass/high': { value: 7, preemptionPolicy: 'Never' },
  });
  const spec = objectAt(create(POD, podOf({ priorityClassName: 'high' }), world), 'spec');
  assert.deepEqual([spec?.['priority'], spec?.['preemptionPolicy']], [7, 'Never']);
  assert.equal(
    objectAt(create(POD, podOf({ priorityClassName: 'system-node-critical' }), world), 'spec')?.['priority'],
    2_000_001_000,
  );
  assert.throws(
    () => create(POD, podOf({ priorityClassName: 'low' }), world),
    new AdmissionError('no PriorityClass with name low was found'),
  );
});

test('a pod that tolerates a lost node is left as it is', () => {
  const tolerations = [{ operator: 'Exists' }];
  assert.deepEqual(objectAt(create(POD, podOf({ tolerations })), 'spec')?.['tolerations'], tolerations);
});

test('bad pods are told what is wrong', () => {
  const table: [JsonObject, string[]][] = [
    [{ spec: {} }, ['spec.containers: Required value']],
    [podOf({}, { image: '' }), ['spec.containers[0].image: Required value']],
    [
      podOf({}, { image: ' x' }),
      ['spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace'],
    ],
    [
      podOf({ restartPolicy: 'Sometimes' }),
      [
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      ],
    ],
    [
      podOf({}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      podOf({}, { imagePullPolicy: 'X' }),
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      podOf({}, { ports: [{ containerPort: 70000 }] }),
      [
        'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      podOf({}, { resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
      [
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
    ],
    [
      podOf({}, { livenessProbe: {} }),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      podOf({}, { env: [{ name: 'A=B', value: '1' }] }),
      [
        'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    [podOf({ volumes: [{ name: 'v', secret: {} }] }), ['spec.volumes[0].secret.secretName: Required value']],
    [
      podOf({ tolerations: [{ key: '', operator: 'Equal' }] }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
  ];
  for (const [pod, errors] of table) assert.deepEqual(createErrors(POD, pod), errors);
  assert.deepEqual(createErrors(POD, { spec: { containers: [CONTAINER, { ...CONTAINER }] } }), [
    'spec.containers[1].name: Duplicate value: "c"',
  ]);
});

test('only images, deadlines and tolerations of a pod can change', () => {
  const change = (edit: (spec: JsonObject) => void): string[] =>
    changeErrors(POD, podOf({ nodeName: 'n' }), (next) => edit(ensureObject(next, 'spec')));
  const image =
    (value: string) =>
    (spec: JsonObject): void => {
      for (const container of objectsAt(spec, 'containers')) container['image'] = value;
    };
  assert.deepEqual(change(image('x:2')), []);
  assert.deepEqual(change(image('')), ['spec.containers[0].image: Required value']);
  assert.deepEqual(
    change((spec) => (spec['activeDeadlineSeconds'] = 5)),
    [],
  );
  assert.match(
    change((spec) => (spec['nodeName'] = 'm'))[0] ?? '',
    /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`/,
  );
  assert.match(
    change((spec) => (spec['tolerations'] = []))[0] ?? '',
    /^spec\.tolerations: Forbidden: existing toleration/,
  );
  assert.deepEqual(
    change((spec) => (spec['containers'] = [])),
    ['spec.containers: Forbidden: pod updates may not add or remove containers'],
  );
});

test('the generation of a pod counts changes of its spec', () => {
  const pod = create(POD, podOf({}));
  assert.equal(objectAt(pod, 'metadata')?.['generation'], 1);
  const same = update(POD, pod, (next) => (ensureObject(next, 'metadata')['labels'] = { a: 'b' }));
  assert.equal(objectAt(same, 'metadata')?.['generation'], 1);
  const other = update(POD, pod, (next) => (ensureObject(next, 'spec')['activeDeadlineSeconds'] = 9));
  assert.equal(objectAt(other, 'metadata')?.['generation'], 2);
});

test('a pod ends at once unless it runs on a node', () => {
  const seconds = (spec: JsonObject, phase: string, requested?: number): number =>
    POD.strategy.gracePeriodSeconds(
      { spec: { terminationGracePeriodSeconds: 30, ...spec }, status: { phase } },
      requested,
    );
  assert.equal(seconds({}, 'Pending'), 0);
  assert.equal(seconds({ nodeName: 'n' }, 'Running'), 30);
  assert.equal(seconds({ nodeName: 'n' }, 'Running', 5), 5);
  assert.equal(seconds({ nodeName: 'n' }, 'Running', 0), 0);
  assert.equal(seconds({ nodeName: 'n' }, 'Running', -3), 1);
  assert.equal(seconds({ nodeName: 'n' }, 'Succeeded', 5), 0);
});

test('the status of a pod keeps its class, and its containers stay ended', () => {
  const old = create(POD, podOf({ restartPolicy: 'Never' }));
  const ended = { name: 'c', state: { terminated: { exitCode: 0 } } };
  old['status'] = { phase: 'Succeeded', qosClass: 'BestEffort', containerStatuses: [ended] };
  const next: JsonObject = {
    ...structuredClone(old),
    spec: {},
    status: { phase: 'Running', containerStatuses: [{ name: 'c', state: { running: {} } }] },
  };
  POD.strategy.applyDefaults(next);
  POD.strategy.prepareForStatusUpdate(next, old, worldOf());
  assert.deepEqual(next['spec'], old['spec']);
  assert.equal(objectAt(next, 'status')?.['qosClass'], 'BestEffort');
  assert.deepEqual(
    POD.strategy.validateStatusUpdate(next, old).map(({ field }) => field),
    ['status.containerStatuses[0].state'],
  );
});
