import type { AnyObject } from '../api-client.ts';

/** A request that has to be refused, and how. */
export interface BadObject {
  /** What has to be there first; accepted. */
  readonly given: readonly Request[];
  readonly when: Request;
  readonly refusal: Refusal;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly contentType: string;
}

/** A Status that refuses; `details` are compared where they are given. */
export interface Refusal {
  readonly status: number;
  readonly reason: string | undefined;
  readonly message: string | RegExp;
  readonly details?: AnyObject;
  /** [field, message] of each cause, in the order of Kubernetes; that of custom resources' is any. */
  readonly causes?: readonly Cause[];
}

export type Cause = readonly [field: string, message: string];

/** Bad objects by what is wrong with them. */
export type BadObjects = Readonly<Record<string, BadObject>>;

export const NAMESPACE = 'bad';

/** Where the objects of a kind are, and what they call themselves. */
const KINDS: ReadonlyMap<
  string,
  { readonly apiVersion: string; readonly kind: string; readonly global?: true }
> = new Map([
  ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap' }],
  ['events', { apiVersion: 'v1', kind: 'Event' }],
  ['limitranges', { apiVersion: 'v1', kind: 'LimitRange' }],
  ['namespaces', { apiVersion: 'v1', kind: 'Namespace', global: true }],
  ['nodes', { apiVersion: 'v1', kind: 'Node', global: true }],
  ['pods', { apiVersion: 'v1', kind: 'Pod' }],
  ['resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota' }],
  ['secrets', { apiVersion: 'v1', kind: 'Secret' }],
  ['serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount' }],
  ['services', { apiVersion: 'v1', kind: 'Service' }],
  ['daemonsets', { apiVersion: 'apps/v1', kind: 'DaemonSet' }],
  ['deployments', { apiVersion: 'apps/v1', kind: 'Deployment' }],
  ['statefulsets', { apiVersion: 'apps/v1', kind: 'StatefulSet' }],
  ['cronjobs', { apiVersion: 'batch/v1', kind: 'CronJob' }],
  ['jobs', { apiVersion: 'batch/v1', kind: 'Job' }],
  ['leases', { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }],
  ['poddisruptionbudgets', { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }],
  ['priorityclasses', { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', global: true }],
  ['networkpolicies', { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }],
  ...(['Role', 'RoleBinding'] as const).map(
    (kind) => [`${kind.toLowerCase()}s`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind }] as const,
  ),
  ...(['ClusterRole', 'ClusterRoleBinding'] as const).map(
    (kind) =>
      [`${kind.toLowerCase()}s`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind, global: true }] as const,
  ),
  [
    'customresourcedefinitions',
    { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', global: true },
  ],
  ...[
    'MachineConfig',
    'MachineConfigPool',
    'MachineOSConfig',
    'MachineOSBuild',
    'MachineConfigNode',
    'ControllerConfig',
    'KubeletConfig',
    'ContainerRuntimeConfig',
    'PinnedImageSet',
    'OSImageStream',
  ].map(
    (kind) =>
      [
        `${kind.toLowerCase()}s`,
        { apiVersion: 'machineconfiguration.openshift.io/v1', kind, global: true },
      ] as const,
  ),
  [
    'machineconfigurations',
    { apiVersion: 'operator.openshift.io/v1', kind: 'MachineConfiguration', global: true },
  ],
]);

/** The URL of `configmaps`, `configmaps/NAME` or `configmaps/NAME/status`, in the tests' namespace if it has one. */
export function url(resource: string): string {
  const kind = KINDS.get(resource.split(/[/?]/, 1)[0] ?? '');
  if (kind === undefined) return resource;
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  return `${root}${kind.global === true ? '' : `/namespaces/${NAMESPACE}`}/${resource}`;
}

/** The object with the apiVersion and kind of the resource, unless it says them itself. */
function typed(resource: string, object: unknown): unknown {
  const kind = KINDS.get(resource.split(/[/?]/, 1)[0] ?? '');
  if (kind === undefined || typeof object !== 'object' || object === null || Array.isArray(object))
    return object;
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...object };
}

const request =
  (method: string, contentType: string, complete: boolean) =>
  (resource: string, body: unknown): Request => ({
    method,
    path: url(resource),
    body: complete ? typed(resource, body) : body,
    contentType,
  });

/** An object without apiVersion and kind gets those of the resource; a text is sent as it is. */
export const post = request('POST', 'application/json', true);
export const put = request('PUT', 'application/json', true);
export const merge = request('PATCH', 'application/merge-patch+json', false);
export const strategic = request('PATCH', 'application/strategic-merge-patch+json', false);
export const json = request('PATCH', 'application/json-patch+json', false);
export const apply = request('PATCH', 'application/apply-patch+yaml', true);
export const yaml = request('POST', 'application/yaml', false);

export function bad(when: Request, refusal: Refusal, ...given: readonly Request[]): BadObject {
  return { given, when, refusal };
}

/** 422 with these causes. @param kind `ConfigMap`, `Deployment.apps` */
export function invalid(kind: string, name: string, ...causes: readonly Cause[]): Refusal {
  const [short, ...group] = kind.split('.');
  const texts = causes.map(([field, message]) => `${field}: ${message}`);
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return {
    status: 422,
    reason: 'Invalid',
    message: `${kind} ${JSON.stringify(name)} is invalid: ${list}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(group.length === 0 ? {} : { group: group.join('.') }),
      kind: short,
    },
    causes,
  };
}

export function badRequest(message: string | RegExp): Refusal {
  return { status: 400, reason: 'BadRequest', message };
}

/** 400 of an object that cannot be read as its kind. */
export function unreadable(kind: string, why: string, version = 'v1'): Refusal {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

/** 400 of fieldValidation=Strict. */
export function strict(kind: string, ...problems: readonly string[]): Refusal {
  return unreadable(kind, `strict decoding error: ${problems.join(', ')}`);
}

/** 403 of admission. @param resource `pods`, `roles.rbac.authorization.k8s.io` */
export function refused(resource: string, name: string, why: string): Refusal {
  const [kind, ...group] = resource.split('.');
  return {
    status: 403,
    reason: 'Forbidden',
    message: `${resource} ${JSON.stringify(name)} is forbidden: ${why}`,
    details: { name, ...(group.length === 0 ? {} : { group: group.join('.') }), kind },
  };
}

/** Texts of k8s.io/apimachinery/pkg/util/validation. */
export const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
export const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
export const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
export const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
export const PORT_RANGE = 'must be between 1 and 65535, inclusive';
export const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** What is said where a schema's errors keep its rules from being looked at. */
export const RULES_NOT_CHECKED: Cause = [
  '<nil>',
  'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
];
