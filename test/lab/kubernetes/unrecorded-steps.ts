import {
  create,
  createOwned,
  evict,
  merge,
  nextSecond,
  remove,
  strategic,
  until,
  untilGone,
  versionIs,
  type Step,
} from './steps.ts';

/**
 * The recording holds two thirds of what happened while it was made. What the answers show of the rest (objects that no
 * recorded request created, changes in an object's managedFields and generation, gaps between resourceVersions) is here.
 */
export interface UnrecordedSteps {
  /** Before a recorded request. */
  readonly before: Readonly<Record<string, readonly Step[]>>;
  /** While a recorded watch was open. */
  readonly during: Readonly<Record<string, readonly Step[]>>;
}

const ns = '/api/v1/namespaces/lab-api';
const ns2 = '/api/v1/namespaces/lab-api2';
const configMaps = `${ns}/configmaps`;
const gadgets = '/apis/lab.example.com/v1/namespaces/lab-api/gadgets';
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const jobs = (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`;
const pdb = '/apis/policy/v1/namespaces/lab-api/poddisruptionbudgets/pdb';
const byControllers = 'fieldManager=kube-controller-manager';

const configMap = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
});

/** What the OpenShift build of the recorded controller manager puts into every namespace. */
const openShiftServiceCa = (collection: string): Step =>
  create(`${collection}/configmaps?${byControllers}`, {
    ...configMap('openshift-service-ca.crt', {
      annotations: { 'service.beta.openshift.io/inject-cabundle': 'true' },
    }),
    data: { 'service-ca.crt': '' },
  });

const labelled = (index: number): Record<string, unknown> =>
  configMap(`l${index}`, {
    labels: { grp: 'l', idx: String(index), even: index % 2 === 0 ? 'y' : 'n' },
  });

/** A life of w1: it enters, changes within, leaves and enters again the selection `w=y`, and ends. */
const lifeOfW1: readonly Step[] = [
  create(configMaps, { ...configMap('w1', { labels: { w: 'y' } }), data: { a: '1' } }),
  merge(`${configMaps}/w1`, { data: { a: '2' } }),
  merge(`${configMaps}/w1`, { metadata: { labels: { w: 'n' } } }),
  merge(`${configMaps}/w1`, { metadata: { labels: { w: 'y' } } }),
  remove(`${configMaps}/w1`),
];

const ownerAnd = (index: number): readonly Step[] => [
  create(configMaps, configMap(`own${index}`)),
  createOwned(configMaps, `own${index}`, configMap(`dep${index}`)),
];

const emptyJob = (name: string): Record<string, unknown> => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } },
});

const deployment = (name: string): Record<string, unknown> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  },
});

const established = (name: string): Step =>
  until(`${crds}/${name}`, (definition) => {
    const status = definition['status'] as { conditions?: { type: string; status: string }[] } | undefined;
    return (
      status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') ??
      false
    );
  });

/** Jobs are objects here, without a controller: what the recorded one did, the laboratory does. */
const jobPod: Step = async (session) => {
  const job = await session.read(`${jobs('lab-api')}/j1`);
  const { uid } = job!['metadata'] as { readonly uid: string };
  const ownLabels = (prefix: string): Record<string, string> => ({
    [`${prefix}controller-uid`]: uid,
    [`${prefix}job-name`]: 'j1',
  });
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j1', uid };
  await session.do('POST', `${ns}/pods?${byControllers}`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'j1-d688d',
      generateName: 'j1-',
      labels: { ...ownLabels('batch.kubernetes.io/'), ...ownLabels('') },
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] },
  });
};

const finished = (type: string): Record<string, unknown> => ({
  type,
  status: 'True',
  lastProbeTime: '2026-11-20T16:39:00Z',
  lastTransitionTime: '2026-11-20T16:39:00Z',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
});

/** Of api.jsonl. */
export const apiSteps: UnrecordedSteps = {
  before: {
    'neg-yaml-get': [
      until(`${ns}/serviceaccounts/default`),
      until(`${configMaps}/kube-root-ca.crt`),
      openShiftServiceCa(ns),
    ],
    deletecollection: ['dc0', 'dc1', 'dc2'].map((name) =>
      create(configMaps, configMap(name, { labels: { dc: 'y' } })),
    ),
    'node-get': [
      until('/api/v1/nodes/probe-n1', ({ metadata }) =>
        JSON.stringify(metadata).includes('node.alpha.kubernetes.io/ttl'),
      ),
    ],
    'node-main-status-ignored': [
      strategic('/api/v1/nodes/probe-n1/status', {
        status: { conditions: [{ type: 'Ready', status: 'False' }] },
      }),
      strategic('/api/v1/nodes/probe-n1', { metadata: { labels: { $patch: 'replace', only: 'one' } } }),
      strategic('/api/v1/nodes/probe-n1', { spec: { taints: null } }),
    ],
    'crd-get': [established('gadgets.lab.example.com')],
    'cr-create': [established('plains.lab.example.com'), until(gadgets)],
    'status-invalid': [
      create(gadgets, {
        apiVersion: 'lab.example.com/v1',
        kind: 'Gadget',
        metadata: { name: 'gg' },
        spec: { size: 1 },
      }),
      merge(`${gadgets}/gg`, { spec: { size: 2 } }),
      merge(`${gadgets}/gg`, { metadata: { labels: { x: 'y' } } }),
      merge(`${gadgets}/gg`, { metadata: { annotations: { x: 'y' } } }),
      merge(`${gadgets}/gg`, { metadata: { finalizers: ['lab.example.com/f'] } }),
      merge(`${gadgets}/gg/status`, { status: { replicas: 3 } }),
    ],
    'fin-add-while-deleting': [remove(`${gadgets}/gg`)],
    'plain-status-404': [
      create('/apis/lab.example.com/v1/plains', {
        apiVersion: 'lab.example.com/v1',
        kind: 'Plain',
        metadata: { name: 'p1' },
        spec: {},
      }),
    ],
    'scale-get': [create('/apis/apps/v1/namespaces/lab-api/deployments', deployment('d1'))],
    'list-chunk1': [0, 1, 2, 3, 4, 5, 6].map((index) => create(configMaps, labelled(index))),
    'list-chunk-consistent': [create(configMaps, configMap('aaa-new'))],
    'pdb-status': [until(pdb, ({ status }) => (status as PdbStatus).expectedPods === 3)],
    'pdb-status2': [until(pdb, ({ status }) => (status as PdbStatus).observedGeneration === 2)],
    'pdb-disrupted': [
      nextSecond,
      evict(`${ns}/pods/e1`),
      until(pdb, ({ status }) => (status as PdbStatus).currentHealthy === 1),
    ],
    'gc-background': ownerAnd(1),
    'gc-foreground': [untilGone(`${configMaps}/dep1`), ...ownerAnd(2)],
    'gc-orphan': [untilGone(`${configMaps}/own2`), untilGone(`${configMaps}/dep2`), ...ownerAnd(3)],
    'gc-orphan-dep': [untilGone(`${configMaps}/own3`)],
    'gc-default': [createOwned(configMaps, 'own4', configMap('dep4'))],
    'gc-absent-owner': [untilGone(`${configMaps}/dep4`)],
    'ownerref-two-controllers': [untilGone(`${configMaps}/dep5`)],
    'query-timeout': [0, 1, 2, 3, 4, 5].map((index) => create(configMaps, configMap(`more${index}`))),
    'job-create': [untilGone('/apis/lab.example.com/v1/plains')],
    'job-pod-succeed': [jobPod],
    'job-complete': [
      merge(`${jobs('lab-api')}/j1/status?${byControllers}`, {
        status: {
          conditions: [finished('SuccessCriteriaMet'), finished('Complete')],
          startTime: '2026-11-20T16:38:59Z',
          completionTime: '2026-11-20T16:39:00Z',
          succeeded: 1,
          terminating: 0,
          uncountedTerminatedPods: {},
          ready: 0,
        },
      }),
    ],
    // Ours ends a namespace at once where nothing holds it.
    'ns-delete': [create(configMaps, configMap('held', { finalizers: ['lab.example.com/f'] }))],
    'w2-bookmark-75s': [
      merge(`${configMaps}/held`, { metadata: { finalizers: [] } }),
      create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'lab-api2' },
      }),
      until(`${ns2}/serviceaccounts/default`),
      until(`${ns2}/configmaps/kube-root-ca.crt`),
      openShiftServiceCa(ns2),
      ...[0, 1, 2, 3].map((index) => create(`${ns2}/configmaps`, configMap(`a${index}`))),
      versionIs('639', `${ns2}/configmaps`),
    ],
    'deletecollection-secrets': [0, 1, 2].map((index) =>
      create('/api/v1/namespaces/default/secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: `noise${index}`, labels: { noise: 'y' } },
      }),
    ),
    'del-node': [create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'dn' } })],
    'del-secret': [create(`${ns2}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ds' } })],
    'del-sa': [
      create(`${ns2}/serviceaccounts`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'dsa' },
      }),
    ],
    'del-svc': [
      create(`${ns2}/services`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'dsv' },
        spec: { ports: [{ port: 80 }] },
      }),
    ],
    'del-deploy': [create('/apis/apps/v1/namespaces/lab-api2/deployments', deployment('dd'))],
    'del-job': [
      create(jobs('lab-api2'), emptyJob('dj')),
      merge(`${jobs('lab-api2')}/dj/status?${byControllers}`, {
        status: {
          startTime: '2026-11-20T16:42:57Z',
          active: 1,
          terminating: 0,
          uncountedTerminatedPods: {},
          ready: 0,
        },
      }),
    ],
    'del-lease': [
      create('/apis/coordination.k8s.io/v1/namespaces/lab-api2/leases', {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'dl' },
        spec: {},
      }),
    ],
    'del-role': [
      create('/apis/rbac.authorization.k8s.io/v1/namespaces/lab-api2/roles', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'dr' },
        rules: [],
      }),
    ],
    'del-finalizer': [create(`${ns2}/configmaps`, configMap('df', { finalizers: ['lab.example.com/f'] }))],
    'del-body-noCT': [create(`${ns2}/configmaps`, configMap('dbj'))],
  },
  during: {
    'watch-rv': lifeOfW1,
    'watch-label': lifeOfW1,
    'watch-name': lifeOfW1,
    'watch-table': [merge(`${configMaps}/l1`, { data: { z: '1' } })],
    'watch-cr': [merge(`${gadgets}/g1/status`, { status: { replicas: 1 } })],
  },
};

interface PdbStatus {
  readonly expectedPods: number;
  readonly observedGeneration: number;
  readonly currentHealthy: number;
}

/** Of crds.jsonl. */
export const crdSteps: UnrecordedSteps = { before: {}, during: {} };
