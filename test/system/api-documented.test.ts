import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isObject } from '../lab/kubernetes/recorded-values.ts';
import { LabSession } from '../lab/kubernetes/session.ts';
import { until, untilGone } from '../lab/kubernetes/steps.ts';

// What shared/reference/kubernetes-api.md says of a real kube-apiserver and the recording does not show.

let session: LabSession;

before(async () => {
  session = await LabSession.start();
  await session.do('POST', '/api/v1/namespaces', { metadata: { name: 't' } });
  await until('/api/v1/namespaces/t/serviceaccounts/default')(session);
});

after(async () => {
  await session.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const PATCHES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

async function send(
  method: string,
  path: string,
  body?: unknown,
  type: keyof typeof PATCHES = 'merge',
): Promise<Answer> {
  const answer = await session.as('admin').send({
    method,
    path,
    headers: { 'content-type': method === 'PATCH' ? PATCHES[type] : 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const value: unknown = answer.text.startsWith('{') ? JSON.parse(answer.text) : { text: answer.text };
  assert.ok(isObject(value));
  return { status: answer.status, body: value };
}

const metadata = ({ body }: Answer): Record<string, unknown> => body['metadata'] as Record<string, unknown>;

const named = (apiVersion: string, kind: string, name: string, more: object = {}): object => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
});

const template = {
  metadata: { labels: { a: 'b' } },
  spec: { containers: [{ name: 'c', image: 'x' }] },
};
const workload = { selector: { matchLabels: { a: 'b' } }, template };
const jobTemplate = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } };
const core = '/api/v1/namespaces/t';
const rbac = 'rbac.authorization.k8s.io';
const machines = 'machineconfiguration.openshift.io/v1';

interface KindFacts {
  readonly path: string;
  readonly object: (name: string) => object;
  /** Of a PUT where there is nothing. */
  readonly putAbsent: 201 | 404;
  /** Of a PUT without resourceVersion. */
  readonly putUnversioned: 200 | 422;
  /** What DELETE answers with. */
  readonly deleted: 'Status' | 'the object';
  /** After a create, a new label, a new annotation; none where the kind counts nothing. */
  readonly generations: readonly number[];
}

/** §5 and §9. */
const KINDS: Readonly<Record<string, KindFacts>> = {
  ConfigMap: {
    path: `${core}/configmaps`,
    object: (name) => named('v1', 'ConfigMap', name),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [],
  },
  Secret: {
    path: `${core}/secrets`,
    object: (name) => named('v1', 'Secret', name),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [],
  },
  Service: {
    path: `${core}/services`,
    object: (name) => named('v1', 'Service', name, { spec: { ports: [{ port: 80 }] } }),
    putAbsent: 201,
    putUnversioned: 200,
    deleted: 'the object',
    generations: [],
  },
  ServiceAccount: {
    path: `${core}/serviceaccounts`,
    object: (name) => named('v1', 'ServiceAccount', name),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'the object',
    generations: [],
  },
  Event: {
    path: `${core}/events`,
    object: (name) =>
      named('v1', 'Event', name, { involvedObject: { kind: 'Pod', name: 'p', namespace: 't' } }),
    putAbsent: 201,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [],
  },
  Node: {
    path: '/api/v1/nodes',
    object: (name) => named('v1', 'Node', name),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [],
  },
  Lease: {
    path: '/apis/coordination.k8s.io/v1/namespaces/t/leases',
    object: (name) => named('coordination.k8s.io/v1', 'Lease', name, { spec: {} }),
    putAbsent: 201,
    putUnversioned: 422,
    deleted: 'Status',
    generations: [],
  },
  Deployment: {
    path: '/apis/apps/v1/namespaces/t/deployments',
    object: (name) => named('apps/v1', 'Deployment', name, { spec: workload }),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [1, 1, 2],
  },
  DaemonSet: {
    path: '/apis/apps/v1/namespaces/t/daemonsets',
    object: (name) => named('apps/v1', 'DaemonSet', name, { spec: workload }),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [1, 1, 1],
  },
  CronJob: {
    path: '/apis/batch/v1/namespaces/t/cronjobs',
    object: (name) =>
      named('batch/v1', 'CronJob', name, {
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } },
      }),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [1, 1, 1],
  },
  PodDisruptionBudget: {
    path: '/apis/policy/v1/namespaces/t/poddisruptionbudgets',
    object: (name) =>
      named('policy/v1', 'PodDisruptionBudget', name, {
        spec: { minAvailable: 1, selector: { matchLabels: { nobody: 'has' } } },
      }),
    putAbsent: 404,
    putUnversioned: 422,
    deleted: 'Status',
    generations: [1, 1, 1],
  },
  Role: {
    path: `/apis/${rbac}/v1/namespaces/t/roles`,
    object: (name) => named(`${rbac}/v1`, 'Role', name, { rules: [] }),
    putAbsent: 201,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [],
  },
  ClusterRole: {
    path: `/apis/${rbac}/v1/clusterroles`,
    object: (name) => named(`${rbac}/v1`, 'ClusterRole', name, { rules: [] }),
    putAbsent: 201,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [],
  },
  NetworkPolicy: {
    path: '/apis/networking.k8s.io/v1/namespaces/t/networkpolicies',
    object: (name) => named('networking.k8s.io/v1', 'NetworkPolicy', name, { spec: { podSelector: {} } }),
    putAbsent: 404,
    putUnversioned: 200,
    deleted: 'Status',
    generations: [1, 1, 1],
  },
  MachineConfigPool: {
    path: `/apis/${machines}/machineconfigpools`,
    object: (name) => named(machines, 'MachineConfigPool', name, { spec: {} }),
    putAbsent: 404,
    putUnversioned: 422,
    deleted: 'Status',
    generations: [1, 1, 1],
  },
};

describe('A kind is written as Kubernetes writes it', () => {
  for (const [kind, facts] of Object.entries(KINDS)) {
    test(`${kind}: PUT, generation and DELETE`, async () => {
      const { path, object } = facts;
      assert.equal((await send('PUT', `${path}/absent`, object('absent'))).status, facts.putAbsent);
      const created = await send('POST', path, object('x'));
      assert.equal(created.status, 201);
      assert.equal((await send('PUT', `${path}/x`, object('x'))).status, facts.putUnversioned);
      const labelled = await send('PATCH', `${path}/x`, { metadata: { labels: { l: 'm' } } });
      const annotated = await send('PATCH', `${path}/x`, { metadata: { annotations: { l: 'm' } } });
      const generations = [created, labelled, annotated].map((answer) => metadata(answer)['generation']);
      assert.deepEqual(
        generations.filter((generation) => generation !== undefined),
        facts.generations,
      );
      const tried = await send('DELETE', `${path}/x?dryRun=All`);
      const deleted = await send('DELETE', `${path}/x`);
      for (const { body } of [tried, deleted]) {
        assert.equal(body['kind'], facts.deleted === 'Status' ? 'Status' : kind);
      }
      assert.equal((await send('GET', `${path}/x`)).status, 404);
    });
  }
});

describe('An eviction is answered as Kubernetes answers it', () => {
  const pods = `${core}/pods`;
  const budget = '/apis/policy/v1/namespaces/t/poddisruptionbudgets/guard';
  const evict = (pod: string, name = pod, query = ''): Promise<Answer> =>
    send('POST', `${pods}/${pod}/eviction${query}`, named('policy/v1', 'Eviction', name));
  const settled = (generation: number): Promise<void> =>
    until(budget, ({ status }) => isObject(status) && status['observedGeneration'] === generation)(session);

  before(async () => {
    await session.do('POST', '/api/v1/nodes', named('v1', 'Node', 'n'));
    for (const name of ['one', 'two', 'nowhere']) {
      const nodeName = name === 'nowhere' ? {} : { nodeName: 'n' };
      await session.do('POST', pods, {
        metadata: { name, labels: { app: 'guarded' } },
        spec: { containers: [{ name: 'c', image: 'x' }], ...nodeName },
      });
      if (name === 'nowhere') continue;
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      await session.do('PATCH', `${pods}/${name}/status`, { status }, PATCHES.strategic);
    }
    await session.do('POST', budget.replace('/guard', ''), {
      metadata: { name: 'guard' },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } },
    });
    await settled(1);
  });

  test('blocked: 429 with the budget and its counts, and nothing happens', async () => {
    const { status, body } = await evict('one');
    assert.equal(status, 429);
    assert.equal(body['reason'], 'TooManyRequests');
    assert.equal(body['message'], "Cannot evict pod as it would violate the pod's disruption budget.");
    const message = 'The disruption budget guard needs 2 healthy pods and has 2 currently';
    assert.deepEqual(body['details'], { causes: [{ reason: 'DisruptionBudget', message }] });
    assert.equal(metadata(await send('GET', `${pods}/one`))['deletionTimestamp'], undefined);
  });

  test('another name than in the path: 400; an absent pod: 404; a GET: 405', async () => {
    assert.equal((await evict('one', 'two')).status, 400);
    assert.equal((await evict('absent')).status, 404);
    assert.equal((await send('GET', `${pods}/one/eviction`)).status, 405);
  });

  test('a pod without a node goes at once, whatever the budget', async () => {
    assert.equal((await evict('nowhere')).status, 201);
    assert.equal((await send('GET', `${pods}/nowhere`)).status, 404);
  });

  test('allowed: the budget falls at once, the pod ends after its grace period', async () => {
    await session.do('PATCH', budget, { spec: { minAvailable: 1 } }, PATCHES.merge);
    await settled(2);
    assert.equal((await evict('one', 'one', '?dryRun=All')).status, 201);
    assert.equal(metadata(await send('GET', `${pods}/one`))['deletionTimestamp'], undefined);
    const { status, body } = await evict('one');
    assert.deepEqual([status, body['status']], [201, 'Success']);
    const left = (await send('GET', budget)).body['status'] as { disruptionsAllowed: number };
    assert.equal(left.disruptionsAllowed, 0);
    const pod = metadata(await send('GET', `${pods}/one`));
    assert.deepEqual([pod['deletionGracePeriodSeconds'], pod['generation']], [30, 2]);
    assert.equal((await evict('one')).status, 201, 'a pod that is going already');
    assert.equal((await evict('two')).status, 429);
  });

  test('two budgets: 500', async () => {
    await session.do('POST', budget.replace('/guard', ''), {
      metadata: { name: 'second' },
      spec: { maxUnavailable: '50%', selector: { matchLabels: { app: 'guarded' } } },
    });
    const { status, body } = await evict('two');
    assert.deepEqual([status, body['reason']], [500, 'InternalError']);
  });
});

describe('A strategic merge patch of a node', () => {
  const node = '/api/v1/nodes/patched';

  test('merges conditions by type, newcomers first, and replaces taints', async () => {
    await session.do('POST', '/api/v1/nodes', {
      metadata: { name: 'patched' },
      spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const types = ({ body }: Answer): string[] =>
      (body['status'] as { conditions: { type: string }[] }).conditions.map(({ type }) => type);
    const added = { status: { conditions: [{ type: 'New', status: 'True' }] } };
    assert.deepEqual(types(await send('PATCH', `${node}/status`, added, 'strategic')), ['New', 'Ready']);
    const removed = { status: { conditions: [{ type: 'New', $patch: 'delete' }] } };
    assert.deepEqual(types(await send('PATCH', `${node}/status`, removed, 'strategic')), ['Ready']);
    const taints = [{ key: 'b', effect: 'NoSchedule' }];
    const tainted = await send('PATCH', node, { spec: { taints } }, 'strategic');
    assert.deepEqual(tainted.body['spec'], { taints });
  });
});

describe('A custom kind comes and goes', () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const definition = (plural: string): object =>
    named('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.lab.dev`, {
      spec: {
        group: 'lab.dev',
        scope: 'Namespaced',
        names: { plural, kind: 'Thing' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    });
  const things = '/apis/lab.dev/v1/namespaces/t/things';
  const thing = (name: string): object => named('lab.dev/v1', 'Thing', name);

  test('a second definition of a served kind is not served until the first is gone', async () => {
    assert.equal((await send('POST', definitions, definition('things'))).status, 201);
    await until(things)(session);
    assert.equal((await send('POST', definitions, definition('twins'))).status, 201);
    const isRefused = ({ status }: Record<string, unknown>): boolean =>
      JSON.stringify(status).includes('"NotAccepted"');
    await until(`${definitions}/twins.lab.dev`, isRefused)(session);
    assert.equal((await send('GET', things.replace('things', 'twins'))).status, 404);
  });

  test('an object must say its kind and version', async () => {
    const kindless = await send('POST', things, { metadata: { name: 'x' } });
    assert.equal(kindless.status, 400);
    assert.match(String(kindless.body['message']), /Object 'Kind' is missing in/);
    const versionless = await send('POST', things, { kind: 'Thing', metadata: { name: 'x' } });
    assert.equal(
      versionless.body['message'],
      'the API version in the data () does not match the expected API version (lab.dev/v1)',
    );
  });

  test('its objects go with the definition, which waits for their finalizers', async () => {
    await session.do('POST', things, thing('free'));
    await session.do('POST', things, thing('held'));
    const held = { metadata: { finalizers: ['lab.dev/f'] } };
    await session.do('PATCH', `${things}/held`, held, PATCHES.merge);
    const deleted = await send('DELETE', `${definitions}/things.lab.dev`);
    assert.deepEqual(metadata(deleted)['finalizers'], ['customresourcecleanup.apiextensions.k8s.io']);
    await untilGone(`${things}/free`)(session);
    assert.equal((await send('POST', things, thing('late'))).status, 405);
    await session.do('PATCH', `${things}/held`, { metadata: { finalizers: null } }, PATCHES.merge);
    await untilGone(`${definitions}/things.lab.dev`)(session);
    assert.equal((await send('GET', things)).body['text'], '404 page not found\n');
    await until(things.replace('things', 'twins'))(session);
  });
});

describe('Dependants', () => {
  const maps = `${core}/configmaps`;

  test('Foreground: the owner waits for those that block it', async () => {
    const owner = await send('POST', maps, named('v1', 'ConfigMap', 'owner'));
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata(owner)['uid'] };
    await session.do('POST', maps, {
      metadata: {
        name: 'dependant',
        finalizers: ['lab.dev/f'],
        ownerReferences: [{ ...reference, blockOwnerDeletion: true }],
      },
    });
    const deleted = await send('DELETE', `${maps}/owner`, { propagationPolicy: 'Foreground' });
    assert.deepEqual(metadata(deleted)['finalizers'], ['foregroundDeletion']);
    await until(`${maps}/dependant`, (map) => JSON.stringify(map).includes('deletionTimestamp'))(session);
    assert.equal((await send('GET', `${maps}/owner`)).status, 200);
    const release = { metadata: { finalizers: null } };
    await session.do('PATCH', `${maps}/dependant`, release, PATCHES.merge);
    await untilGone(`${maps}/owner`)(session);
  });

  test('of a Job stay by default, without their owner', async () => {
    const jobs = '/apis/batch/v1/namespaces/t/jobs';
    const job = await send('POST', jobs, named('batch/v1', 'Job', 'j', { spec: { template: jobTemplate } }));
    const reference = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: metadata(job)['uid'] };
    await session.do('POST', maps, { metadata: { name: 'result', ownerReferences: [reference] } });
    const deleted = await send('DELETE', `${jobs}/j`);
    assert.deepEqual(metadata(deleted)['finalizers'], ['orphan']);
    await untilGone(`${jobs}/j`)(session);
    const { body, status } = await send('GET', `${maps}/result`);
    assert.equal(status, 200);
    assert.equal((body['metadata'] as Record<string, unknown>)['ownerReferences'], undefined);
  });
});
