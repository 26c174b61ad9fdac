import { type JsonObject, listAt, numberAt, objectsAt, textAt, valueAt } from '../../schema/index.ts';
import { AdmissionError } from './admission-error.ts';
import type { WriteContext } from './kind.ts';
import { ensureObject, setDefaultText } from './members.ts';

const TOKEN_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
const TOLERATED_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
/** How long a pod stays on a node that is lost, in seconds. */
const TOLERATION_SECONDS = 300;
/** An hour, and some seconds by which the server recognizes its own default. */
const TOKEN_SECONDS = 3607;
const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

/**
 * What the admission plug-ins of a usual server make of a new pod: its service account with the token's volume, how long it
 * tolerates lost nodes, its priority. Throws AdmissionError.
 */
export function admitPod(pod: JsonObject, context: WriteContext): void {
  const spec = ensureObject(pod, 'spec');
  const mirrored = textAt(pod, 'metadata', 'annotations', MIRROR_ANNOTATION) !== '';
  if (!mirrored) useServiceAccount(pod, spec, context);
  tolerateLostNodes(spec);
  setPriority(spec, context);
}

function useServiceAccount(pod: JsonObject, spec: JsonObject, context: WriteContext): void {
  setDefaultText(spec, 'serviceAccountName', 'default');
  const name = textAt(spec, 'serviceAccountName');
  spec['serviceAccount'] = name;
  const namespace = textAt(pod, 'metadata', 'namespace');
  const account = context.get('v1', 'ServiceAccount', namespace, name);
  if (account === undefined) {
    throw new AdmissionError(
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
  }
  const automount =
    valueAt(spec, 'automountServiceAccountToken') ?? valueAt(account, 'automountServiceAccountToken') ?? true;
  if (automount !== false) mountToken(spec, context);
  const pullSecrets = objectsAt(account, 'imagePullSecrets');
  if (listAt(spec, 'imagePullSecrets').length === 0 && pullSecrets.length > 0) {
    spec['imagePullSecrets'] = pullSecrets.map((secret) => ({ name: textAt(secret, 'name') }));
  }
}

/** Mounts the token in each container that has nothing in its place. */
function mountToken(spec: JsonObject, context: WriteContext): void {
  const containers = [...objectsAt(spec, 'initContainers'), ...objectsAt(spec, 'containers')].filter(
    (container) =>
      !objectsAt(container, 'volumeMounts').some((mount) => textAt(mount, 'mountPath') === TOKEN_DIRECTORY),
  );
  if (containers.length === 0) return;
  const name = `kube-api-access-${context.randomName(5)}`;
  for (const container of containers) {
    const mount = { name, readOnly: true, mountPath: TOKEN_DIRECTORY };
    container['volumeMounts'] = [...listAt(container, 'volumeMounts'), mount];
  }
  spec['volumes'] = [...listAt(spec, 'volumes'), { name, projected: tokenSources() }];
}

/** As OpenShift has it, with the CA of its services. */
function tokenSources(): JsonObject {
  return {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
      {
        configMap: {
          name: 'openshift-service-ca.crt',
          items: [{ key: 'service-ca.crt', path: 'service-ca.crt' }],
        },
      },
    ],
    defaultMode: 0o644,
  };
}

function tolerateLostNodes(spec: JsonObject): void {
  for (const taint of TOLERATED_TAINTS) {
    const tolerations = objectsAt(spec, 'tolerations');
    const tolerated = tolerations.some(
      (toleration) =>
        [taint, ''].includes(textAt(toleration, 'key')) &&
        ['NoExecute', ''].includes(textAt(toleration, 'effect')),
    );
    if (tolerated) continue;
    const toleration = {
      key: taint,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: TOLERATION_SECONDS,
    };
    spec['tolerations'] = [...tolerations, toleration];
  }
}

function setPriority(spec: JsonObject, context: WriteContext): void {
  const name = textAt(spec, 'priorityClassName');
  const given = numberAt(spec, 'priority');
  let priority = 0;
  let policy = 'PreemptLowerPriority';
  if (name !== '') {
    const found = context.get('scheduling.k8s.io/v1', 'PriorityClass', '', name);
    const value = numberAt(found, 'value') ?? SYSTEM_PRIORITIES.get(name);
    if (value === undefined) throw new AdmissionError(`no PriorityClass with name ${name} was found`);
    priority = value;
    policy = textAt(found, 'preemptionPolicy') || policy;
  }
  if (given !== undefined && given !== priority) {
    throw new AdmissionError(
      `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  spec['priority'] = priority;
  setDefaultText(spec, 'preemptionPolicy', policy);
}
