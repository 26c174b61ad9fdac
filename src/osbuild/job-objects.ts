import type { KubeObject } from '../kube/index.ts';
import { CANONICAL_SECRET_ANNOTATION, ORIGINAL_SECRET_ANNOTATION, REQUEST_ANNOTATION } from './build-keys.ts';
import { JobFile } from './job-folders.ts';
import { formatJobInput } from './job-input.ts';
import { buildObjectMeta, writtenObjectMeta } from './job-object-meta.ts';
import type { JobOrder } from './job-order.ts';
import { requestHash } from './job-request-hash.ts';
import type { SecretDocument } from './pool-registry.ts';

/** A ConfigMap that a Job is given, or writes. */
export interface JobConfigMap extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  /** In base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** A Secret that a Job is given. */
export interface JobSecret extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly type: string;
  /** In base64. */
  readonly data: Readonly<Record<string, string>>;
}

/** What there is of a build before its Job is (contract §4.4). */
export interface JobObjects {
  readonly configMaps: readonly JobConfigMap[];
  readonly secrets: readonly JobSecret[];
  /** Where its pods report to. It stays when the Job goes. */
  readonly digest: JobConfigMap;
  /** Where its pods write what they say. */
  readonly output: JobConfigMap;
}

/** Variables that name proxies. */
const PROXY = /^(?:https?|ftp|all|no)_proxy$/i;
/** No credentials: what a Job is given where bases are pulled as anybody. */
const NOBODY = '{"auths":{}}';

/** The objects that a build's Job is given; {@link jobObject} is the Job. */
export function jobObjects(order: JobOrder): JobObjects {
  const { names, request, access } = order;
  const { assembled, registriesConf, policy } = request;
  const configMap = (name: string, data: Readonly<Record<string, string>>): JobConfigMap => ({
    metadata: buildObjectMeta(order, name),
    data,
  });
  return {
    configMaps: [
      configMap(names.containerfile, {
        [keyOf(JobFile.containerfile)]: assembled.text,
        [keyOf(JobFile.input)]: inputOf(order),
      }),
      {
        metadata: buildObjectMeta(order, names.authorities),
        binaryData: { [keyOf(JobFile.authorities)]: inBase64(access.certificateAuthorities.join('\n')) },
      },
      ...(policy === undefined ? [] : [configMap(names.policy, { 'policy.json': policy })]),
      ...(registriesConf === undefined
        ? []
        : [configMap(names.registries, { 'registries.conf': registriesConf })]),
    ],
    secrets: secretsOf(order),
    digest: { metadata: writtenObjectMeta(order, names.digest) },
    output: { metadata: writtenObjectMeta(order, names.output) },
  };
}

/** The proxies of a build, by the names of their variables. */
export function jobProxies({ request }: JobOrder): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(request.proxyEnvironment).filter(([name]) => PROXY.test(name)));
}

function secretsOf(order: JobOrder): readonly JobSecret[] {
  const { names, access, request } = order;
  const proxies = Object.entries(jobProxies(order));
  return [
    credentials(order, names.pull, access.pull),
    credentials(order, names.push, access.push, { [REQUEST_ANNOTATION]: requestHash(request, access) }),
    ...(proxies.length === 0
      ? []
      : // A proxy's address may have a password in it.
        [opaque(order, names.proxies, new Map(proxies))]),
    ...request.mounts.map(({ path, files }) => opaque(order, names.mount(path), files)),
  ];
}

function credentials(
  order: JobOrder,
  name: string,
  secret: SecretDocument | undefined,
  annotations: Readonly<Record<string, string>> = {},
): JobSecret {
  return {
    metadata: buildObjectMeta(order, name, {
      ...annotations,
      [CANONICAL_SECRET_ANNOTATION]: 'true',
      ...(secret === undefined ? {} : { [ORIGINAL_SECRET_ANNOTATION]: secret.name }),
    }),
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': inBase64(secret?.document ?? NOBODY) },
  };
}

function opaque(
  order: JobOrder,
  name: string,
  contents: ReadonlyMap<string, Uint8Array | string>,
): JobSecret {
  const data = [...contents].map(([key, value]) => [key, inBase64(value)] as const);
  return { metadata: buildObjectMeta(order, name), type: 'Opaque', data: Object.fromEntries(data) };
}

function inputOf(order: JobOrder): string {
  const { request, access } = order;
  const { assembled, mediaFamily, push, images, mounts, registriesConf, policy } = request;
  return formatJobInput({
    files: assembled.files,
    steps: assembled.steps,
    mediaFamily,
    push,
    images,
    insecureRegistries: access.insecureRegistries,
    mounts: mounts.map(({ path, source }) => ({ path, source })),
    hasRegistries: registriesConf !== undefined,
    hasPolicy: policy !== undefined,
    proxies: Object.keys(jobProxies(order)),
    secrets: {
      push: access.push.name,
      ...(access.pull === undefined ? {} : { pull: access.pull.name }),
    },
  });
}

function keyOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

function inBase64(content: Uint8Array | string): string {
  return Buffer.from(content).toString('base64');
}
