import type { ControllerConfig, MachineOSConfig } from '../api/index.ts';
import type { KubeObject } from '../kube/index.ts';
import type { RegistryAccess, RegistrySecret, SecretDocument } from '../osbuild/index.ts';
import { buildCircumstances, buildSecrets, OsBuildError, registryCredentials } from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import { CONTROLLER_CONFIG } from './os-image-source.ts';
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
    controllerConfig: view.controllerConfigs.cache.get({ namespace: '', name: CONTROLLER_CONFIG }),
  };
}

/** The access to a pool's registries, with a key that is the same for the same access. */
export interface PoolAccess {
  readonly key: string;
  readonly access: RegistryAccess;
}

/**
 * How the registries of a MachineOSConfig are reached. Where it names no secret to pull with and the cluster has none,
 * bases are pulled as anybody.
 *
 * @throws OsBuildError `invalid-secret` or `invalid-trust-bundle` with the object and field to change
 */
export function poolAccess(osConfig: MachineOSConfig, sources: AccessSources): PoolAccess {
  const { settings, secret } = sources;
  const names = buildSecrets(osConfig, settings.clusterPullSecret);
  const push = requireSecret(osConfig, 'spec.renderedImagePushSecret.name', names.push, sources);
  const pull =
    osConfig.spec.baseImagePullSecret === undefined
      ? secret(names.pull)
      : requireSecret(osConfig, 'spec.baseImagePullSecret.name', names.pull, sources);
  const bundle = trustBundle(sources.controllerConfig);
  return {
    // Which of the two is for what is part of it.
    key: `${pull?.metadata.name ?? ''} ${push.metadata.name} ${accessCircumstances(osConfig, sources)}`,
    access: {
      pull: pull === undefined ? undefined : documentOf(pull),
      push: documentOf(push),
      certificateAuthorities: [...settings.certificateAuthorities, ...bundle.certificates],
      insecureRegistries: settings.insecureRegistries,
      proxyEnvironment: settings.proxyEnvironment,
    },
  };
}

/** One text that differs when what a build depends on besides its inputs does: its secrets, and whom it trusts. */
export function accessCircumstances(osConfig: MachineOSConfig, sources: AccessSources): string {
  const { pull, push } = buildSecrets(osConfig, sources.settings.clusterPullSecret);
  const secrets = buildCircumstances({
    [pull]: sources.secret(pull),
    [push]: sources.secret(push),
  });
  const trusted = bundleVersion(sources.controllerConfig);
  return trusted === '' ? secrets : `${secrets} trusted:${trusted}`;
}

function bundleVersion(controllerConfig: ControllerConfig | undefined): string {
  try {
    return trustBundle(controllerConfig).version;
  } catch (error) {
    if (error instanceof OsBuildError) return 'unusable';
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
