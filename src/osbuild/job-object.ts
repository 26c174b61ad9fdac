import type { KubeObject } from '../kube/index.ts';
import type { JsonObject } from '../schema/index.ts';
import { formatReference } from '../oci/index.ts';
import { JobFile, JobFolder } from './job-folders.ts';
import { buildAnnotations, buildLabels, buildObjectMeta, buildOwner } from './job-object-meta.ts';
import { jobProxies } from './job-objects.ts';
import type { JobOrder } from './job-order.ts';
import { JobExit } from './job-report.ts';

/** A Job of batch/v1, as far as Varve looks at it. */
export interface BuildJob extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly spec?: JsonObject;
  readonly status?: {
    readonly active?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** The contract's name of what builds. */
export const BUILD_CONTAINER = 'image-build';
/** As often as in the contract: four pods at the most, besides those that were evicted. */
const BACKOFF_LIMIT = 3;
/** In seconds; buildah is told to end, and killed after five. */
const GRACE = 10;

/**
 * What buildah needs for native overlay mounts and isolation by chroot, tried one by one: SYS_ADMIN to mount and to have mounts of its
 * own, MKNOD for what marks a path as deleted in a layer; all the others are those that it gives the commands of a Containerfile, which
 * it could not without them.
 */
const CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_ADMIN',
  'SYS_CHROOT',
];

/** The Job of a build (contract §4.5): one container, which runs `varve build-job`. */
export function jobObject(order: JobOrder): BuildJob {
  const { settings, names } = order;
  const owner = { ...buildOwner(order), controller: true, blockOwnerDeletion: true };
  return {
    metadata: { ...buildObjectMeta(order, names.job), ownerReferences: [owner] },
    spec: {
      backoffLimit: BACKOFF_LIMIT,
      completions: 1,
      parallelism: 1,
      activeDeadlineSeconds: Math.ceil(settings.deadline / 1000),
      // Never two at once, which a volume for one node alone would keep waiting for each other.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          // Evicted, preempted, drained: not the build's fault, and it costs none of its attempts.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          // Another pod would find the same.
          {
            action: 'FailJob',
            onExitCodes: {
              containerName: BUILD_CONTAINER,
              operator: 'In',
              values: [JobExit.permanent],
            },
          },
        ],
      },
      template: {
        metadata: {
          labels: { ...buildLabels(order) },
          annotations: {
            ...buildAnnotations(order),
            // An autoscaler that moves pods together would have the build begin again.
            'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
          },
        },
        spec: podSpec(order),
      },
    },
  };
}

function podSpec(order: JobOrder): JsonObject {
  const { settings } = order;
  const { pullSecrets } = settings;
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE,
    serviceAccountName: settings.serviceAccount,
    enableServiceLinks: false,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    affinity: { nodeAffinity: nodeAffinity(order) },
    containers: [container(order)],
    volumes: volumes(order).map(({ volume }) => volume),
  };
}

/** Nothing is emulated. */
function nodeAffinity({ architecture }: JobOrder): JsonObject {
  const matchExpressions = [
    { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
    { key: 'kubernetes.io/arch', operator: 'In', values: [architecture] },
  ];
  return {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
  };
}

function container(order: JobOrder): JsonObject {
  const { requests, limits } = order.settings.resources;
  return {
    name: BUILD_CONTAINER,
    image: order.settings.image,
    command: ['varve', 'build-job'],
    env: [...variables(order)],
    resources: {
      ...(Object.keys(requests).length === 0 ? {} : { requests: { ...requests } }),
      ...(Object.keys(limits).length === 0 ? {} : { limits: { ...limits } }),
    },
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      privileged: false,
      capabilities: { drop: ['ALL'], add: [...CAPABILITIES] },
      // It lets whoever has SYS_ADMIN mount. AppArmor's and SELinux's policies for containers do not, whatever they have.
      seccompProfile: { type: 'RuntimeDefault' },
      appArmorProfile: { type: 'Unconfined' },
      seLinuxOptions: { type: 'spc_t' },
    },
    terminationMessagePath: JobFile.termination,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: volumes(order).map(({ mount }) => mount),
  };
}

function variables(order: JobOrder): readonly JsonObject[] {
  const { names, request, settings } = order;
  const plain: Readonly<Record<string, string>> = {
    HOME: '/home/build',
    TAG: formatReference(request.push),
    BASE_IMAGE_PULL_CREDS: JobFile.pull,
    FINAL_IMAGE_PUSH_CREDS: JobFile.push,
    BUILDAH_ISOLATION: 'chroot',
    DIGEST_CONFIGMAP_NAME: names.digest,
    OUTPUT_CONFIGMAP_NAME: names.output,
    ...(settings.cacheClaim === undefined ? {} : { PACKAGE_CACHE: JobFolder.cache }),
  };
  const fromSecret = Object.keys(jobProxies(order)).map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: names.proxies, key: name } },
  }));
  return [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    ...fromSecret,
  ];
}

/** A volume, and where the container has it. */
interface Mounted {
  readonly volume: JsonObject;
  readonly mount: JsonObject;
}

/** For whom it is meant alone. */
const PRIVATE = 0o400;

function volumes(order: JobOrder): readonly Mounted[] {
  const { names, request, settings } = order;
  const { policy, registriesConf, mounts } = request;
  const { cacheClaim } = settings;
  const configMap = (name: string): JsonObject => ({ configMap: { name } });
  const secret = (secretName: string): JsonObject => ({ secret: { secretName, defaultMode: PRIVATE } });
  const credentials = (secretName: string): JsonObject => {
    const items = [{ key: '.dockerconfigjson', path: 'config.json' }];
    return { secret: { secretName, defaultMode: PRIVATE, items } };
  };
  return [
    folder('containerfile', configMap(names.containerfile), JobFolder.containerfile),
    folder('additional-trust-bundle', configMap(names.authorities), JobFolder.authorities),
    ...(policy === undefined ? [] : [file('etc-policy', configMap(names.policy), JobFolder.policy)]),
    ...(registriesConf === undefined
      ? []
      : [file('etc-registries', configMap(names.registries), JobFolder.registries)]),
    folder('base-image-pull-creds', credentials(names.pull), JobFolder.pull),
    folder('final-image-push-creds', credentials(names.push), JobFolder.push),
    writable('buildah-cache', { emptyDir: {} }, JobFolder.storage),
    ...mounts.map(({ path }, index) =>
      folder(`mount-${index}`, secret(names.mount(path)), `${JobFolder.mounts}/${index}`),
    ),
    ...(cacheClaim === undefined ? [] : [packageCache(order, cacheClaim)]),
  ];
}

/** Of the volume the pod sees nothing but the pool's own (`openPackageCaches`). */
function packageCache({ pool }: JobOrder, claimName: string): Mounted {
  const { volume, mount } = writable(
    'package-cache',
    { persistentVolumeClaim: { claimName } },
    JobFolder.cache,
  );
  return { volume, mount: { ...mount, subPath: pool } };
}

function folder(name: string, source: JsonObject, mountPath: string): Mounted {
  return { volume: { name, ...source }, mount: { name, mountPath, readOnly: true } };
}

function file(name: string, source: JsonObject, mountPath: string): Mounted {
  const subPath = mountPath.slice(mountPath.lastIndexOf('/') + 1);
  return { volume: { name, ...source }, mount: { name, mountPath, subPath, readOnly: true } };
}

function writable(name: string, source: JsonObject, mountPath: string): Mounted {
  return { volume: { name, ...source }, mount: { name, mountPath } };
}
