import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  API_VERSION,
  buildStateOf,
  ROLE_LABEL,
  type MachineConfig,
  type MachineConfigPool,
  type MachineOSBuild,
  type MachineOSConfig,
} from '../../../src/api/index.ts';
import {
  MACHINE_CONFIGS,
  OS_BUILDS,
  OS_CONFIGS,
  POOLS,
  SECRETS,
} from '../../../src/controllers/resources.ts';
import { isKubeError, type KubeObject, type ResourceType } from '../../../src/kube/index.ts';
import type { JsonObject } from '../../../src/schema/index.ts';
import type { Cluster } from './cluster.ts';
import { PATIENCE } from '../until.ts';
import { insist } from './insist.ts';

/** `auth` of the registry in the secrets of pools. */
export const LAB_AUTH = Buffer.from('varve:varve').toString('base64');

export interface LabPoolOptions {
  /** After the cluster's name and a hyphen. */
  readonly suffix: string;
  /** `host:port` of the registry that its image goes to. */
  readonly registry: string;
  readonly base: string;
}

/** What matters of a pool and its image. */
export interface PoolState {
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig | undefined;
  readonly builds: readonly MachineOSBuild[];
}

/** A pool of a test with one MachineConfig, and its image; every call bears that the server is away for a while. */
export class LabPool {
  readonly name: string;
  readonly registry: string;
  readonly #cluster: Cluster;
  readonly #base: string;

  constructor(cluster: Cluster, { suffix, registry, base }: LabPoolOptions) {
    this.#cluster = cluster;
    this.name = `${cluster.name}-${suffix}`;
    this.registry = registry;
    this.#base = base;
  }

  /**
   * Makes the pool and all that it needs.
   *
   * @param annotations of its MachineOSConfig
   * @param containerfile of it, for all architectures
   */
  async create(
    text = 'first',
    annotations: Readonly<Record<string, string>> = {},
    containerfile?: string,
  ): Promise<void> {
    const { name } = this;
    const auths = { [this.registry]: { auth: LAB_AUTH } };
    await this.#make(SECRETS, {
      metadata: { name, namespace: this.#cluster.namespace },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    });
    await this.#make(MACHINE_CONFIGS, this.#machineConfig('base', { osImageURL: this.#base }));
    await this.configure(text);
    await this.#make(POOLS, {
      apiVersion: API_VERSION,
      kind: 'MachineConfigPool',
      metadata: { name },
      spec: {
        machineConfigSelector: { matchLabels: { [ROLE_LABEL]: name } },
        nodeSelector: { matchLabels: { 'varve.dev/pool': name } },
      },
    });
    await this.optIn(annotations, containerfile);
  }

  /** Makes the pool's MachineOSConfig, unless it is there. */
  async optIn(annotations: Readonly<Record<string, string>> = {}, containerfile?: string): Promise<void> {
    const { name } = this;
    await this.#make(OS_CONFIGS, {
      apiVersion: API_VERSION,
      kind: 'MachineOSConfig',
      metadata: { name, annotations },
      spec: {
        machineConfigPool: { name },
        imageBuilder: { imageBuilderType: 'Job' },
        baseImagePullSecret: { name },
        renderedImagePushSecret: { name },
        renderedImagePushSpec: `${this.registry}/${name}/os:latest`,
        ...(containerfile === undefined
          ? {}
          : { containerFile: [{ containerfileArch: 'NoArch', content: containerfile }] }),
      },
    });
  }

  /** Lets /etc/motd of the pool's nodes say this. */
  async configure(text: string): Promise<void> {
    const files = [{ path: '/etc/motd', contents: { source: `data:,${text}` } }];
    const wanted = this.#machineConfig('site', {
      config: { ignition: { version: '3.2.0' }, storage: { files } },
    });
    if (!(await this.#make(MACHINE_CONFIGS, wanted))) await this.patch(MACHINE_CONFIGS, 'site', wanted);
  }

  /** Lets /etc/issue of the pool's nodes say this, by a MachineConfig of its own. */
  async add(text: string): Promise<void> {
    const files = [{ path: '/etc/issue', contents: { source: `data:,${text}` } }];
    const spec = { config: { ignition: { version: '3.2.0' }, storage: { files } } };
    await this.#make(MACHINE_CONFIGS, this.#machineConfig('added', spec));
  }

  /** Takes the MachineConfig away that {@link add} has made. */
  takeAway(): Promise<void> {
    return this.#remove(MACHINE_CONFIGS, `${this.name}-added`);
  }

  /** Takes the MachineConfig away that {@link configure} has made. */
  unconfigure(): Promise<void> {
    return this.#remove(MACHINE_CONFIGS, `${this.name}-site`);
  }

  /** Takes the MachineOSConfig away. */
  optOut(): Promise<void> {
    return this.#remove(OS_CONFIGS, this.name);
  }

  /** Removes the pool and all there is of it. */
  async remove(): Promise<void> {
    await this.#cluster.removeOwn(this.name);
  }

  /** @param suffix of the object's name; empty for those that are called as the pool is */
  async patch(type: ResourceType, suffix: string, patch: KubeObject | JsonObject): Promise<void> {
    const name = suffix === '' ? this.name : `${this.name}-${suffix}`;
    await insist(() => this.#cluster.patch(type, name, patch as JsonObject));
  }

  async state(): Promise<PoolState> {
    return insist(async () => {
      const pool = await this.#cluster.get(POOLS, this.name);
      const osConfig = await this.#cluster.find(OS_CONFIGS, this.name);
      const { items } = await this.#cluster.kube.list(OS_BUILDS);
      return {
        pool,
        osConfig,
        builds: items.filter(({ spec }) => spec.machineOSConfig.name === this.name),
      };
    });
  }

  /** The rendered MachineConfig of this name. */
  rendered(name: string): Promise<MachineConfig> {
    return insist(() => this.#cluster.get(MACHINE_CONFIGS, name));
  }

  /**
   * Waits until the image in force is that of the pool's configuration, which says this, and nothing is wrong.
   *
   * @throws AssertionError that says what is missing
   */
  async settled(text: string): Promise<PoolState> {
    const end = performance.now() + PATIENCE * 1000;
    for (;;) {
      const state = await this.state();
      const missing = await this.#missing(text, state);
      if (missing === undefined) return state;
      assert.ok(performance.now() < end, `after ${PATIENCE} s: ${this.name}: ${missing}`);
      await sleep(20);
    }
  }

  async #missing(text: string, { pool, osConfig, builds }: PoolState): Promise<string | undefined> {
    const target = pool.spec.configuration?.name ?? '';
    if (target === '') return 'it is not rendered';
    const rendered = await this.#cluster.find(MACHINE_CONFIGS, target);
    if (!JSON.stringify(rendered?.spec ?? {}).includes(`"data:,${text}"`))
      return `${target} does not say ${text}`;
    const degraded = (pool.status?.conditions ?? []).find(
      ({ type, status }) => (type ?? '').endsWith('Degraded') && status === 'True',
    );
    if (degraded !== undefined) return `${degraded.type ?? ''}: ${degraded.message ?? ''}`;
    const image = osConfig?.status?.currentImagePullSpec ?? '';
    const build = builds.find(({ metadata }) => metadata.name === osConfig?.status?.machineOSBuild?.name);
    if (build === undefined || buildStateOf(build) !== 'succeeded')
      return `no build of ${target} is in force`;
    if (build.spec.machineConfig.name !== target)
      return `the build in force is of ${build.spec.machineConfig.name}`;
    if (build.status?.digestedImagePushSpec !== image)
      return `${image} is not that of ${build.metadata.name}`;
    const updated = (pool.status?.conditions ?? []).find(({ type }) => type === 'Updated');
    // It has no nodes that would have to be.
    const isUpdated =
      updated?.status === 'True' && updated.message?.includes(`${target} / Image ${image}`) === true;
    return isUpdated ? undefined : `Updated: ${updated?.status ?? ''}: ${updated?.message ?? ''}`;
  }

  #machineConfig(suffix: string, spec: MachineConfig['spec']): MachineConfig {
    const metadata = { name: `${this.name}-${suffix}`, labels: { [ROLE_LABEL]: this.name } };
    return { apiVersion: API_VERSION, kind: 'MachineConfig', metadata, spec };
  }

  async #remove(type: ResourceType, name: string): Promise<void> {
    await insist(async () => {
      try {
        await this.#cluster.delete(type, name);
      } catch (error) {
        if (!isKubeError(error, 'not-found')) throw error;
      }
    });
  }

  /** @returns whether it was not there already */
  async #make<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<boolean> {
    return insist(async () => {
      try {
        await this.#cluster.create(type, object);
        return true;
      } catch (error) {
        if (isKubeError(error, 'already-exists')) return false;
        throw error;
      }
    });
  }
}
