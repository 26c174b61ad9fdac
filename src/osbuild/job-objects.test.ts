import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAt, numberAt, objectAt, objectsAt, textAt, type JsonObject } from '../schema/index.ts';
import type { MachineOSBuild } from '../api/index.ts';
import { parseReference } from '../oci/index.ts';
import { REQUEST_ANNOTATION } from './build-keys.ts';
import type { ContainerBuildRequest } from './container-builder.ts';
import { parseJobInput } from './job-input.ts';
import { jobNames } from './job-names.ts';
import { jobObject } from './job-object.ts';
import { jobObjects } from './job-objects.ts';
import type { JobOrder } from './job-order.ts';
import { DEFAULT_JOB_SETTINGS, type BuildJobSettings } from './job-settings.ts';

const M = 'machineconfiguration.openshift.io';
const NAME = 'worker-699e6be74658adcb3ff2b48f32cd1584';
const PASSWORD = 'hunter2';

const BUILD: MachineOSBuild = {
  apiVersion: `${M}/v1`,
  kind: 'MachineOSBuild',
  metadata: { name: NAME, uid: 'uid-of-the-build' },
  spec: {
    machineConfig: { name: 'rendered-worker-1' },
    machineOSConfig: { name: 'worker' },
    renderedImagePushSpec: `registry.example.com/os/worker:${NAME}`,
  },
};

function order(
  request: Partial<ContainerBuildRequest> = {},
  settings: Partial<BuildJobSettings> = {},
): JobOrder {
  return {
    build: BUILD,
    pool: 'worker',
    architecture: 'amd64',
    namespace: 'ns',
    names: jobNames(NAME, 'amd64'),
    request: {
      assembled: {
        text: 'FROM base AS configs\n',
        files: new Map([['.varve/run-2', 'echo\n']]),
        steps: [
          [
            { line: undefined, text: 'FROM base AS configs' },
            { line: 2, text: 'RUN <<E' },
          ],
        ],
      },
      mediaFamily: 'oci',
      push: parseReference('registry.example.com/os/worker:build-1'),
      images: [parseReference('registry.example.com/base/os:1')],
      mounts: [],
      proxyEnvironment: {},
      signal: new AbortController().signal,
      say: () => undefined,
      ...request,
    },
    access: {
      pull: { name: 'ns/pull', document: '{"auths":{"a":{}}}' },
      push: { name: 'ns/push', document: '{"auths":{"b":{}}}' },
      certificateAuthorities: ['PEM'],
      insecureRegistries: ['plain.example.com'],
      proxyEnvironment: {},
    },
    settings: { ...DEFAULT_JOB_SETTINGS, image: 'registry.example.com/varve/builder:1', ...settings },
  };
}

const ALL: Partial<ContainerBuildRequest> = {
  policy: '{"default":[]}',
  registriesConf: '[[registry]]',
  proxyEnvironment: { HTTPS_PROXY: `http://me:${PASSWORD}@proxy:3128` },
  mounts: [
    {
      path: '/etc/pki/entitlement',
      files: new Map([['key.pem', Buffer.from(PASSWORD)]]),
      source: 'Secret etc-pki-entitlement-worker',
    },
  ],
};

function podSpec(of: JobOrder): JsonObject {
  return objectAt(jobObject(of).spec, 'template', 'spec') ?? {};
}

test('what a Job is given has the names, labels and keys of the contract, and goes with the build', () => {
  const { configMaps, secrets, digest, output } = jobObjects(order(ALL));
  const keys = (object: { readonly data?: object; readonly binaryData?: object }): readonly string[] =>
    Object.keys({ ...object.data, ...object.binaryData });
  assert.deepEqual(
    [...configMaps, ...secrets, digest, output].map((object) => [object.metadata.name, keys(object)].flat()),
    [
      [`containerfile-${NAME}`, 'Containerfile', 'build.json'],
      [`additionaltrustbundle-${NAME}`, 'openshift-config-user-ca-bundle.crt'],
      [`etc-policy-${NAME}`, 'policy.json'],
      [`etc-registries-${NAME}`, 'registries.conf'],
      [`base-${NAME}`, '.dockerconfigjson'],
      [`final-${NAME}`, '.dockerconfigjson'],
      [`proxy-${NAME}`, 'HTTPS_PROXY'],
      [`etc-pki-entitlement-${NAME}`, 'key.pem'],
      [`digest-${NAME}`],
      [`output-${NAME}`],
    ],
  );
  for (const { metadata } of [...configMaps, ...secrets, digest, output, jobObject(order(ALL))]) {
    const { labels = {}, annotations = {}, ownerReferences = [] } = metadata;
    assert.equal(labels[`${M}/on-cluster-layering`], '');
    assert.equal(labels[`${M}/ephemeral-build-object`], '');
    assert.equal(labels[`${M}/rendered-machine-config`], 'rendered-worker-1');
    assert.equal(labels[`${M}/target-machine-config-pool`], 'worker');
    assert.equal(labels[`${M}/machine-os-config`], 'worker');
    assert.equal(labels[`${M}/machine-os-build`], NAME);
    assert.equal(annotations[`${M}/machine-os-config`], 'worker');
    assert.equal(annotations[`${M}/machine-os-build`], NAME);
    assert.equal(annotations[`${M}/has-etc-pki-entitlement`], 'true');
    assert.deepEqual(
      ownerReferences.map(({ uid }) => uid),
      ['uid-of-the-build'],
    );
  }
});

test('nothing that is secret is in a ConfigMap or in the Job', () => {
  const { configMaps, digest, output } = jobObjects(order(ALL));
  const shown = JSON.stringify([configMaps, digest, output, jobObject(order(ALL))]);
  for (const secret of [PASSWORD, Buffer.from(PASSWORD).toString('base64'), '"auths"']) {
    assert.ok(!shown.includes(secret));
  }
});

test('the input of the command in the pod says what is in no folder', () => {
  const { configMaps } = jobObjects(order(ALL));
  const input = parseJobInput(configMaps[0]?.data?.['build.json'] ?? '');
  assert.deepEqual([...input.files], [['.varve/run-2', 'echo\n']]);
  assert.equal(input.steps[0]?.[0]?.line, undefined);
  assert.equal(input.steps[0]?.[1]?.line, 2);
  assert.equal(input.push.tag, 'build-1');
  assert.deepEqual(input.insecureRegistries, ['plain.example.com']);
  assert.deepEqual(input.proxies, ['HTTPS_PROXY']);
  assert.deepEqual(input.mounts, [
    { path: '/etc/pki/entitlement', source: 'Secret etc-pki-entitlement-worker' },
  ]);
  assert.deepEqual(input.secrets, { pull: 'ns/pull', push: 'ns/push' });
  assert.throws(() => parseJobInput('{}'), { code: 'no-builder' });
  assert.throws(() => parseJobInput('no JSON'), { code: 'no-builder' });
});

test('the Job is one pod at a time on a node of its architecture, with a deadline and resources', () => {
  const { spec, metadata } = jobObject(order({}, { deadline: 600_500 }));
  assert.equal(metadata.name, `build-${NAME}`);
  assert.deepEqual(metadata.ownerReferences, [
    {
      apiVersion: `${M}/v1`,
      kind: 'MachineOSBuild',
      name: NAME,
      uid: 'uid-of-the-build',
      controller: true,
      blockOwnerDeletion: true,
    },
  ]);
  assert.equal(numberAt(spec, 'backoffLimit'), 3);
  assert.equal(numberAt(spec, 'completions'), 1);
  assert.equal(numberAt(spec, 'activeDeadlineSeconds'), 601);
  const pod = podSpec(order());
  assert.equal(textAt(pod, 'restartPolicy'), 'Never');
  assert.equal(textAt(pod, 'serviceAccountName'), 'varve-builder');
  const terms = objectsAt(
    pod,
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  assert.deepEqual(
    objectsAt(terms[0], 'matchExpressions').map(({ key, values }) => [key, values]),
    [
      ['kubernetes.io/os', ['linux']],
      ['kubernetes.io/arch', ['amd64']],
    ],
  );
  const [container] = objectsAt(pod, 'containers');
  assert.deepEqual(listAt(container, 'command'), ['varve', 'build-job']);
  assert.equal(textAt(container, 'resources', 'requests', 'memory'), '1Gi');
  assert.deepEqual(listAt(container, 'securityContext', 'capabilities', 'drop'), ['ALL']);
});

test('an eviction counts for nothing, and what another pod would find too ends the Job', () => {
  assert.deepEqual(objectsAt(jobObject(order()).spec, 'podFailurePolicy', 'rules'), [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    {
      action: 'FailJob',
      onExitCodes: { containerName: 'image-build', operator: 'In', values: [65] },
    },
  ]);
});

test('what is optional is mounted only where it is there', () => {
  const mounted = (of: JobOrder): readonly string[] =>
    objectsAt(podSpec(of), 'containers').flatMap((container) =>
      objectsAt(container, 'volumeMounts').map((mount) =>
        `${textAt(mount, 'name')} ${textAt(mount, 'mountPath')} ${textAt(mount, 'subPath')}`.trim(),
      ),
    );
  const always = [
    'containerfile /tmp/containerfile',
    'additional-trust-bundle /etc/pki/ca-trust/source/anchors',
    'base-image-pull-creds /tmp/base-image-pull-creds',
    'final-image-push-creds /tmp/final-image-push-creds',
    'buildah-cache /home/build/.local/share/containers',
  ];
  assert.deepEqual(mounted(order()), always);
  assert.deepEqual(
    mounted(order(ALL, { cacheClaim: 'packages' })).toSorted(),
    [
      ...always,
      'etc-policy /etc/containers/policy.json policy.json',
      'etc-registries /etc/containers/registries.conf registries.conf',
      'mount-0 /run/varve/mounts/0',
      'package-cache /var/cache/varve worker',
    ].toSorted(),
  );
});

test('another content is another request, another tag to push to or other credentials are not', () => {
  const hash = (of: JobOrder): string | undefined =>
    jobObjects(of).secrets.find(({ metadata }) => metadata.name === `final-${NAME}`)?.metadata.annotations?.[
      REQUEST_ANNOTATION
    ];
  const one = hash(order(ALL));
  assert.match(one ?? '', /^[0-9a-f]{64}$/);
  const same = order({ ...ALL, push: parseReference('registry.example.com/os/worker:build-2') });
  assert.equal(hash(same), one);
  assert.equal(
    hash({ ...same, access: { ...same.access, push: { name: 'ns/push', document: '{"auths":{}}' } } }),
    one,
  );
  const others: readonly Partial<ContainerBuildRequest>[] = [
    { ...ALL, mediaFamily: 'docker' },
    { ...ALL, policy: '{}' },
    { ...ALL, registriesConf: '' },
    { ...ALL, proxyEnvironment: {} },
    { ...ALL, images: [] },
    { ...ALL, mounts: [] },
    { ...ALL, assembled: { text: 'FROM other\n', files: new Map(), steps: [] } },
    {
      ...ALL,
      mounts: [{ path: '/etc/pki/entitlement', files: new Map([['key.pem', Buffer.from('x')]]), source: '' }],
    },
  ];
  const hashes = others.map((other) => hash(order(other)));
  assert.equal(new Set([one, ...hashes]).size, others.length + 1);
});
