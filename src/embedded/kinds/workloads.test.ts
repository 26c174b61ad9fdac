import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, objectAt } from '../../schema/index.ts';
import { ensureObject } from './members.ts';
import { changeErrors, create, createErrors, kindNamed, update } from './test-kinds.ts';

const DEPLOYMENT = kindNamed('Deployment');
const JOB = kindNamed('Job');
const TEMPLATE = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };

function workload(spec: JsonObject = {}): JsonObject {
  return { spec: { selector: { matchLabels: { app: 'd' } }, template: TEMPLATE, ...spec } };
}

test('a deployment has the defaults of a real one', () => {
  const made = create(DEPLOYMENT, workload());
  const { template: _, selector: __, ...spec } = objectAt(made, 'spec') ?? {};
  assert.deepEqual(spec, {
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  assert.deepEqual(made['status'], {});
  assert.deepEqual(objectAt(made, 'spec', 'template')?.['metadata'], { labels: { app: 'd' } });
});

test('no replicas are replicas', () => {
  const made = create(DEPLOYMENT, workload({ replicas: 0 }));
  assert.equal(objectAt(made, 'spec')?.['replicas'], 0);
});

test('bad workloads are told what is wrong', () => {
  const table: [string, JsonObject, string[]][] = [
    [
      'Deployment',
      { spec: { template: TEMPLATE } },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"d"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'Deployment',
      workload({ selector: {} }),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'Deployment',
      workload({ template: { ...TEMPLATE, spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } }),
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'Deployment',
      workload({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'Deployment',
      workload({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'Deployment',
      workload({ progressDeadlineSeconds: 5, minReadySeconds: 5 }),
      ['spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds'],
    ],
    [
      'DaemonSet',
      workload({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0 when maxSurge is 0'],
    ],
    [
      'StatefulSet',
      workload({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'ReplicaSet',
      workload({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'Job',
      { spec: { template: TEMPLATE } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'CronJob',
      {
        spec: {
          schedule: '* * *',
          jobTemplate: { spec: { template: { spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } } },
        },
      },
      ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    ],
  ];
  for (const [kind, object, errors] of table)
    assert.deepEqual(createErrors(kindNamed(kind), object), errors, kind);
});

test('selectors stay', () => {
  for (const kind of ['Deployment', 'DaemonSet', 'ReplicaSet']) {
    const errors = changeErrors(kindNamed(kind), workload(), (next) => {
      const spec = ensureObject(next, 'spec');
      spec['selector'] = { matchLabels: { app: 'e' } };
      ensureObject(ensureObject(spec, 'template'), 'metadata')['labels'] = { app: 'e' };
    });
    assert.deepEqual(
      errors,
      ['spec.selector: Invalid value: {"matchLabels":{"app":"e"}}: field is immutable'],
      kind,
    );
  }
});

test('a deployment counts its spec and annotations, not its labels and status', () => {
  const old = create(DEPLOYMENT, workload());
  const generation = (change: (next: JsonObject) => void): unknown =>
    objectAt(update(DEPLOYMENT, old, change), 'metadata')?.['generation'];
  assert.equal(
    generation(() => {}),
    1,
  );
  assert.equal(
    generation((next) => (ensureObject(next, 'spec')['replicas'] = 3)),
    2,
  );
  assert.equal(
    generation((next) => (ensureObject(next, 'metadata')['annotations'] = { a: 'b' })),
    2,
  );
  assert.equal(
    generation((next) => (ensureObject(next, 'metadata')['labels'] = { a: 'b' })),
    1,
  );
  assert.equal(
    generation((next) => (next['status'] = { replicas: 3 })),
    1,
  );
});

test('a job keeps a selector that it was given', () => {
  const labels = { app: 'mine' };
  const made = create(JOB, {
    spec: {
      manualSelector: true,
      selector: { matchLabels: labels },
      template: { ...TEMPLATE, metadata: { labels } },
    },
  });
  assert.deepEqual(objectAt(made, 'spec')?.['selector'], { matchLabels: labels });
});

test('a job says how far it is', () => {
  const cells = (job: JsonObject): unknown[] =>
    JOB.table.cells(job, Date.parse('2026-01-01T01:00:00Z')).slice(1, 4);
  assert.deepEqual(
    cells({ spec: { completions: 3 }, status: { succeeded: 1, startTime: '2026-01-01T00:59:00Z' } }),
    ['Running', '1/3', '60s'],
  );
  assert.deepEqual(cells({ spec: { parallelism: 2 }, status: {} }), ['Running', '0/1 of 2', '']);
  assert.deepEqual(
    cells({
      spec: { completions: 1 },
      status: {
        succeeded: 1,
        conditions: [{ type: 'Complete', status: 'True' }],
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:07Z',
      },
    }),
    ['Complete', '1/1', '7s'],
  );
});
