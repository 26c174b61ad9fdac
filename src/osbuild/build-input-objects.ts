import { type ControllerConfig, formatField } from '../api/index.ts';
import { compareText } from '../ignition/index.ts';
import type { BuildInputs, BuildMount } from './build-inputs.ts';
import { readAuthorities } from './certificate-authorities.ts';
import { OsBuildError } from './osbuild-error.ts';

/** A Secret, as far as a build mounts it. */
export interface InputSecret {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  /** In base64. */
  readonly data?: Readonly<Record<string, string>> | null;
  /** As it is; only in files, since an API server turns it into `data`. */
  readonly stringData?: Readonly<Record<string, string>> | null;
}

/** A ConfigMap, as far as a build mounts it. */
export interface InputConfigMap {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>> | null;
  /** In base64. */
  readonly binaryData?: Readonly<Record<string, string>> | null;
}

/** An object of Varve's namespace whose keys a build sees as files of a folder. */
export interface BuildInputObject {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** Of the folder in the build. */
  readonly path: string;
}

/** Where the objects are that a build is given. */
export interface BuildInputSources {
  readonly pool: string;
  /** Of Varve's namespace, or of the files that a command was given. */
  readonly secret: (name: string) => InputSecret | undefined;
  readonly configMap: (name: string) => InputConfigMap | undefined;
  readonly controllerConfig: ControllerConfig | undefined;
  /** PEM, besides those of the ControllerConfig. */
  readonly certificateAuthorities: readonly string[];
  /** Proxies of this process, for where the ControllerConfig has none. */
  readonly proxyEnvironment: Readonly<Record<string, string | undefined>>;
}

/** Of all files of an object: as much as an API server takes. */
const MAX_BYTES = 1024 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** A key, as an API server takes it: the name of a file, and not of a folder. */
const KEY = /^(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}$/;

/**
 * The objects that a pool's builds are given if they are there: the entitlement, repositories and keys of the reference system
 * (contract §4.4), those of subscription-manager that its nodes have (contract §4.5), and the same for apt.
 */
export function buildInputObjects(pool: string): readonly BuildInputObject[] {
  return [
    { kind: 'ConfigMap', name: 'etc-apt-sources-list-d', path: '/etc/apt/sources.list.d' },
    { kind: 'ConfigMap', name: 'etc-yum-repos-d', path: '/etc/yum.repos.d' },
    { kind: 'Secret', name: 'etc-apt-auth-conf-d', path: '/etc/apt/auth.conf.d' },
    { kind: 'Secret', name: 'etc-apt-keyrings', path: '/etc/apt/keyrings' },
    { kind: 'Secret', name: `etc-pki-entitlement-${pool}`, path: '/etc/pki/entitlement' },
    { kind: 'Secret', name: 'etc-pki-rpm-gpg', path: '/etc/pki/rpm-gpg' },
    { kind: 'Secret', name: 'rhsm', path: '/run/secrets/rhsm' },
  ];
}

/**
 * What a pool's container builds are given of the cluster's objects, or of those in files: folders of Secrets and ConfigMaps
 * (`buildInputObjects`), the authorities that users trust, and proxies. Those of the ControllerConfig go before the process's.
 *
 * @throws OsBuildError `invalid-secret` or `invalid-trust-bundle` that names the object and the field, and nothing of a secret
 */
export function readBuildInputs(sources: BuildInputSources): BuildInputs {
  const { pool, secret, configMap, controllerConfig, certificateAuthorities } = sources;
  const mounts = buildInputObjects(pool).flatMap(({ kind, name, path }) => {
    const object = kind === 'Secret' ? secret(name) : configMap(name);
    if (object === undefined) return [];
    return [mountOf(kind, path, object)];
  });
  const trusted = readAuthorities(controllerConfig);
  return {
    mounts,
    certificateAuthorities: [...new Set([...certificateAuthorities, ...trusted])],
    proxyEnvironment: proxiesOf(controllerConfig) ?? sources.proxyEnvironment,
  };
}

/** Programs look for either case. */
function proxiesOf(config: ControllerConfig | undefined): Readonly<Record<string, string>> | undefined {
  const { httpProxy = '', httpsProxy = '', noProxy = '' } = config?.spec.proxy ?? {};
  if (httpProxy === '' && httpsProxy === '') return undefined;
  const named = Object.entries({ http_proxy: httpProxy, https_proxy: httpsProxy, no_proxy: noProxy });
  const given = named.filter(([, value]) => value !== '');
  return Object.fromEntries(
    given.flatMap(([name, value]) => [
      [name.toUpperCase(), value],
      [name, value],
    ]),
  );
}

type InputKind = BuildInputObject['kind'];

function mountOf(kind: InputKind, path: string, object: InputSecret & InputConfigMap): BuildMount {
  const refuse = (field: string, reason: string): OsBuildError => refuseObject(kind, object, field, reason);
  const files = new Map<string, Uint8Array>();
  const isEncoded: Readonly<Record<string, boolean>> =
    kind === 'Secret' ? { data: true, stringData: false } : { data: false, binaryData: true };
  let size = 0;
  for (const member of ['data', 'stringData', 'binaryData'] as const) {
    const encoded = isEncoded[member];
    if (encoded === undefined) continue;
    const values = object[member] ?? {};
    if (typeof values !== 'object' || Array.isArray(values)) throw refuse(member, 'must be an object');
    for (const [key, value] of Object.entries<unknown>(values).sort(([a], [b]) => compareText(a, b))) {
      const field = formatField([member, key.slice(0, 253)]);
      if (!KEY.test(key)) {
        throw refuse(field, 'is no name of a file; use letters, digits, dots, hyphens and underscores');
      }
      if (typeof value !== 'string') throw refuse(field, 'must be a string');
      // What people write out goes before what is encoded, as an API server has it.
      if (member === 'binaryData' && files.has(key))
        throw refuse(field, 'is in data, too; remove one of them');
      const text = encoded ? value.replaceAll(/\s/g, '') : value;
      if (encoded && !BASE64.test(text)) throw refuse(field, 'is not base64');
      const bytes = Buffer.from(text, encoded ? 'base64' : 'utf8');
      size += bytes.length;
      if (size > MAX_BYTES) throw refuse(field, `is too much: all keys together may have ${MAX_BYTES} bytes`);
      files.set(key, bytes);
    }
  }
  if (files.size === 0) {
    throw refuse('data', `has no keys: each is a file of ${path}; add some, or delete the ${kind}`);
  }
  return { path, files, source: `${kind} ${object.metadata.name}` };
}

function refuseObject(
  kind: InputKind,
  { metadata }: { readonly metadata: InputSecret['metadata'] },
  field: string,
  reason: string,
): OsBuildError {
  const name = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return new OsBuildError(
    'invalid-secret',
    `cannot give ${kind} ${JSON.stringify(name)} to the container build: ${field}: ${reason}`,
    { field },
  );
}
