import type { ControllerConfig, MachineOSConfig } from '../api/index.ts';
import type { KubeObject } from '../kube/index.ts';
import { OciError, parseReference } from '../oci/index.ts';
import type { RegistryAccess, RegistrySecret, SecretDocument } from '../osbuild/index.ts';
import {
  buildCircumstances,
  buildSecrets,
  OsBuildError,
  pushRepository,
  registryCredentials,
} from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { CONTROLLER_CONFIG } from './os-image-source.ts';
import { clusterKey } from './resources.ts';
import type { ControllerSettings } from './support.ts';
import { trustBundle } from './trust-bundle.ts';

type Secret = RegistrySecret & KubeObject;

/** What the access to a pool's registries is made from. */
export interface AccessSources {
  /** A secret of Varve's namespace. */
  readonly secret: (name: string) => Secret | undefined;
  readonly controllerConfig: ControllerConfig | undefined;
  readonly settings: ControllerSettings;
}

/** Where a cluster has them. */
export function accessSources(
  view: Pick<ClusterView, 'secrets' | 'controllerConfigs'>,
  settings: ControllerSettings,
): AccessSources {
  return {
    settings,
    secret: (name) => view.secrets.cache.get({ namespace: settings.namespace, name }),
    controllerConfig: view.controllerConfigs.cache.get(clusterKey(CONTROLLER_CONFIG)),
  };
}

/** The access to a pool's registries. */
export interface PoolAccess {
  /** The same for the same access, and for no other. */
  readonly key: string;
  readonly access: RegistryAccess;
  /** What of it a build records, to be tried anew when it changes: the versions of secrets and authorities. */
  readonly circumstances: string;
}

/**
 * How the registries of a MachineOSConfig are reached. Where it names no secret to pull with and the cluster has none,
 * bases are pulled as anybody.
 *
 * @param osImageURL of the base, as far as it is known
 * @throws OsBuildError `invalid-secret`, `invalid-trust-bundle` or `invalid-os-config` with the object and field to change
 */
export function poolAccess(
  osConfig: MachineOSConfig,
  sources: AccessSources,
  osImageURL?: string,
): PoolAccess {
  const { settings, secret } = sources;
  const names = buildSecrets(osConfig, settings.clusterPullSecret);
  const push = requireSecret(osConfig, 'spec.renderedImagePushSecret.name', names.push, sources);
  const pull =
    osConfig.spec.baseImagePullSecret === undefined
      ? secret(names.pull)
      : requireSecret(osConfig, 'spec.baseImagePullSecret.name', names.pull, sources);
  const registries = [pushRepository(osConfig).registry, ...registryOf(osImageURL)];
  const bundle = trustBundle(sources.controllerConfig, registries);
  const versions = buildCircumstances({ [names.pull]: pull, [names.push]: push });
  const circumstances = bundle.version === '' ? versions : `${versions} trusted:${bundle.version}`;
  return {
    // Which secret is for what is part of it.
    key: `${pull?.metadata.name ?? ''} ${push.metadata.name} ${circumstances}`,
    access: {
      pull: pull === undefined ? undefined : documentOf(pull),
      push: documentOf(push),
      certificateAuthorities: [...settings.certificateAuthorities, ...bundle.certificates],
      insecureRegistries: settings.insecureRegistries,
      proxyEnvironment: settings.proxyEnvironment,
    },
    circumstances,
  };
}

/** None of a name that cannot be read: whoever resolves it says so. */
function registryOf(image: string | undefined): readonly string[] {
  try {
    return image === undefined ? [] : [parseReference(image).registry];
  } catch (error) {
    if (error instanceof OciError) return [];
    throw error;
  }
}

function requireSecret(
  { metadata }: MachineOSConfig,
  field: string,
  name: string,
  { secret, settings }: AccessSources,
): Secret {
  const found = secret(name);
  if (found !== undefined) return found;
  throw new OsBuildError(
    'invalid-secret',
    `cannot use secret ${JSON.stringify(`${settings.namespace}/${name}`)}, which MachineOSConfig ${JSON.stringify(metadata.name)} names in ${field}: there is none; create it, or name another`,
    { field },
  );
}

function documentOf(secret: Secret): SecretDocument {
  return { name: secret.metadata.name, document: registryCredentials(secret) };
}
