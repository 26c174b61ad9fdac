import type { JsonObject } from '../../../src/schema/index.ts';

/**
 * An object that the API accepts and only a controller can judge. In all texts, of objects and of what is said, `POOL`
 * stands for the row's own pool, `REGISTRY` for the lab's registry and `NAMESPACE` for Varve's.
 */
export interface BadConfiguration {
  /** What is there before, besides a sound pool or in place of a part of it. */
  readonly given?: readonly Change[];
  /** Further images that can be built on. */
  readonly bases?: readonly string[];
  readonly bad: readonly Change[];
  /** What a person does about it; must be enough. Default: the site's MachineConfig becomes another sound one. */
  readonly mend?: readonly Change[];
  /** The condition of the pool that becomes True. */
  readonly condition: 'RenderDegraded' | 'ImageBuildDegraded';
  /** The reason of the build's condition `Failed`, where there is a build that fails. */
  readonly reason?: string;
  /**
   * The whole message of the condition after the words that begin each of them (contract §3.7); digests are written
   * `sha256:…`, and the hashes of rendered configurations `rendered-POOL-…`.
   */
  readonly says: string | RegExp;
}

export type BadConfigurations = Readonly<Record<string, BadConfiguration>>;

export type ChangedKind = 'ConfigMap' | 'MachineConfig' | 'MachineConfigPool' | 'MachineOSConfig' | 'Secret';

/** Creates an object or gives it these members in place of what it had there; or removes it. */
export interface Change {
  readonly kind: ChangedKind;
  readonly name: string;
  readonly members?: JsonObject;
  readonly remove?: true;
}

const ROLE = 'machineconfiguration.openshift.io/role';

export function set(kind: ChangedKind, name: string, members: JsonObject): Change {
  return { kind, name, members };
}

export function remove(kind: ChangedKind, name: string): Change {
  return { kind, name, remove: true };
}

export function poolSpec(members: JsonObject): Change {
  return set('MachineConfigPool', 'POOL', { spec: members });
}

/** A MachineConfig of the pool. */
export function machineConfig(name: string, spec: JsonObject): Change {
  return set('MachineConfig', name, { metadata: { labels: { [ROLE]: 'POOL' } }, spec });
}

/** The one that rows are about. */
export function site(spec: JsonObject): Change {
  return machineConfig('POOL-site', spec);
}

/** The site's MachineConfig with an Ignition config. */
export function ignition(config: JsonObject, version: unknown = '3.2.0'): Change {
  return site({ config: { ignition: { version }, ...config } as JsonObject });
}

export function files(...entries: readonly JsonObject[]): Change {
  return ignition({ storage: { files: [...entries] } });
}

export function file(path: string, text: string, more: JsonObject = {}): JsonObject {
  return { path, contents: { source: `data:,${text}` }, ...more };
}

/** The base image of the pool. */
export function base(osImageURL: string): Change {
  return machineConfig('POOL-base', { osImageURL });
}

/** A secret for the lab's registry as it should be. */
export function soundSecret(name: string): Change {
  return secret(name, 'kubernetes.io/dockerconfigjson', {
    '.dockerconfigjson': { auths: { REGISTRY: { auth: 'dmFydmU6dmFydmU=' } } },
  });
}

/** @param data what is no text is written as JSON */
export function secret(name: string, type: string, data: JsonObject): Change {
  const stringData = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  return set('Secret', name, { type, stringData });
}

/** Where a pool's images go, and with which secrets. */
export function osConfig(members: JsonObject = {}): Change {
  return set('MachineOSConfig', 'POOL', {
    spec: {
      machineConfigPool: { name: 'POOL' },
      imageBuilder: { imageBuilderType: 'Job' },
      baseImagePullSecret: { name: 'POOL-pull' },
      renderedImagePushSecret: { name: 'POOL-push' },
      renderedImagePushSpec: 'REGISTRY/POOL/os:latest',
      ...members,
    },
  });
}

/** A pool that is as it should be, and all that it needs. */
export const SOUND: readonly Change[] = [
  soundSecret('POOL-pull'),
  soundSecret('POOL-push'),
  base('REGISTRY/base/os:1'),
  files(file('/etc/motd', 'first')),
  set('MachineConfigPool', 'POOL', {
    spec: {
      machineConfigSelector: { matchLabels: { [ROLE]: 'POOL' } },
      nodeSelector: { matchLabels: { 'varve.dev/pool': 'POOL' } },
    },
  }),
  osConfig(),
];

/** What mends a row whose fault is in the site's MachineConfig. */
export const MEND: readonly Change[] = [files(file('/etc/motd', 'mended'))];
