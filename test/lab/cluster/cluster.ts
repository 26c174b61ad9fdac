import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startControlPlane } from '../../../src/embedded/index.ts';
import {
  isKubeError,
  KubeClient,
  loadKubeconfig,
  type ClusterAccess,
  type KubeClientOptions,
  type KubeObject,
  type ObjectKey,
  type Patch,
  type ResourceType,
} from '../../../src/kube/index.ts';
import { installDefinitions, removeDefinitions } from './definitions.ts';
import { removeNamespace } from './own-namespace.ts';
import { TEST_LABEL, removeOwnObjects } from './own-objects.ts';
import { NAMESPACES } from './resources.ts';
import { ScopedClient } from './scoped-client.ts';
import { atEnd } from '../at-end.ts';

/** The kubeconfig of the API server that the integration suite runs against; absent: an embedded one. */
const GIVEN: string | undefined = process.env['VARVE_TEST_KUBECONFIG'] || undefined;

export interface ClusterOptions {
  /**
   * Why the server that VARVE_TEST_KUBECONFIG names will not do, such as `kills the API server`: the test says so, and has
   * an embedded one.
   */
  readonly embeddedBecause?: string;
  /** The kubeconfig of another server than VARVE_TEST_KUBECONFIG names. */
  readonly kubeconfig?: string;
}

/**
 * An API server to test Varve against, with Varve's kinds and a namespace of the test's own. What the test makes has a name
 * that begins with {@link name}; all of it, and all that Varve makes of it, is gone when the cluster is closed, and nothing
 * else has been touched: the server may be somebody's.
 */
export class Cluster {
  /** Begins the name of every object of this test that has no namespace; no other test's does. */
  readonly name: string;
  /** Of this test alone. */
  readonly namespace: string;
  readonly isEmbedded: boolean;
  readonly access: ClusterAccess;
  /** The path of a kubeconfig file of an administrator. */
  readonly kubeconfig: string;
  /** As the administrator. */
  readonly kube: KubeClient;
  readonly #clients: KubeClient[] = [];
  /** Objects of another name that this test has made. */
  readonly #others: (readonly [ResourceType, ObjectKey])[] = [];
  readonly #stop: () => Promise<void>;
  /** What works on the cluster's objects. */
  readonly #workers: (() => Promise<void>)[] = [];
  #definitions: readonly string[] = [];

  private constructor(facts: {
    readonly access: ClusterAccess;
    readonly kubeconfig: string;
    readonly isEmbedded: boolean;
    readonly stop: () => Promise<void>;
  }) {
    this.name = `vt-${randomBytes(4).toString('hex')}`;
    this.namespace = this.name;
    this.access = facts.access;
    this.kubeconfig = facts.kubeconfig;
    this.isEmbedded = facts.isEmbedded;
    this.kube = new KubeClient({ access: facts.access, userAgent: 'varve-test/1.0' });
    this.#stop = facts.stop;
  }

  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    const given = options.embeddedBecause === undefined ? (options.kubeconfig ?? GIVEN) : undefined;
    const cluster = await (given === undefined ? Cluster.#embedded() : Cluster.#given(given));
    try {
      cluster.#definitions = await installDefinitions(cluster.kube);
      await cluster.create(NAMESPACES, { metadata: { name: cluster.namespace } });
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  static async #given(kubeconfig: string): Promise<Cluster> {
    const access = await loadKubeconfig([kubeconfig]);
    return new Cluster({ access, kubeconfig, isEmbedded: false, stop: () => Promise.resolve() });
  }

  static async #embedded(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'varve-cluster-'));
    const plane = await startControlPlane({
      directory: folder,
      report: (message) => process.stderr.write(`control plane: ${message}\n`),
    });
    const access = await loadKubeconfig([plane.kubeconfig]);
    const stop = async (): Promise<void> => {
      await plane.close();
      await rm(folder, { recursive: true, force: true });
    };
    return new Cluster({ access, kubeconfig: plane.kubeconfig, isEmbedded: true, stop });
  }

  /** A further client, as the administrator; closed with the cluster. */
  client(options: Partial<KubeClientOptions> = {}): KubeClient {
    const made = new KubeClient({ access: this.access, ...options });
    this.#clients.push(made);
    return made;
  }

  /**
   * A client for Varve's own controllers: it sees no pools, and nothing of pools, but those of this test, so that the
   * controllers leave all others alone.
   */
  scopedClient(options: Partial<KubeClientOptions> = {}): KubeClient {
    const made = new ScopedClient(this.name, { access: this.access, ...options });
    this.#clients.push(made);
    return made;
  }

  /** Creates an object of this test: one without a namespace needs a name that begins with the test's. */
  async create<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<T> {
    const { name = '' } = object.metadata;
    if (!type.namespaced && !name.startsWith(this.name)) {
      throw new Error(`the name of ${type.kind} ${name} has to begin with ${this.name}`);
    }
    return this.kube.create(type, this.#labelled(object));
  }

  /** An object that there is one of in a cluster: creates it, unless somebody else has it. @returns whether it is ours */
  async createUnlessThere<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<boolean> {
    try {
      const made = await this.kube.create(type, this.#labelled(object));
      this.#others.push([type, { namespace: made.metadata.namespace ?? '', name: made.metadata.name ?? '' }]);
      return true;
    } catch (error) {
      if (isKubeError(error, 'already-exists')) return false;
      throw error;
    }
  }

  async get<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T> {
    return this.kube.get(type, this.#key(type, name));
  }

  /** The object, if it is there. */
  async find<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T | undefined> {
    try {
      return await this.get(type, name);
    } catch (error) {
      if (isKubeError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    name: string,
    patch: Extract<Patch, { type: 'merge' }>['patch'],
    subresource?: string,
  ): Promise<T> {
    const options = subresource === undefined ? {} : { subresource };
    return this.kube.patch(type, this.#key(type, name), { type: 'merge', patch }, options);
  }

  async delete(type: ResourceType, name: string): Promise<void> {
    await this.kube.delete(type, this.#key(type, name));
  }

  /** Ends something that works on the cluster's objects, such as controllers, before they are removed. */
  beforeClose(end: () => Promise<void>): void {
    this.#workers.push(end);
  }

  /** Removes the objects without a namespace whose names begin so. */
  async removeOwn(name: string): Promise<void> {
    await removeOwnObjects(this.kube, name, []);
  }

  /** Removes all that is of this test, and what of Varve's kinds it had to install. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    // One that fails to end is no reason to leave the others: the test's process would live on with them.
    for (const end of this.#workers.splice(0)) await end().catch((error: unknown) => failures.push(error));
    try {
      // What an embedded server holds goes with it.
      if (!this.isEmbedded) await this.#tidyUp();
    } finally {
      for (const client of [...this.#clients, this.kube]) await client.close();
      await this.#stop();
    }
    if (failures.length > 0) throw failures[0];
  }

  async #tidyUp(): Promise<void> {
    await removeOwnObjects(this.kube, this.name, this.#others);
    await removeNamespace(this.kube, this.namespace);
    await removeDefinitions(this.kube, this.#definitions);
  }

  #labelled<T extends KubeObject>(object: T): T {
    const labels = { ...object.metadata.labels, [TEST_LABEL]: this.name };
    return { ...object, metadata: { ...object.metadata, labels } };
  }

  #key(type: ResourceType, name: string): ObjectKey {
    return { namespace: type.namespaced ? this.namespace : '', name };
  }
}

/** Opens a cluster for one test; it is closed with it. */
export async function openCluster(t: TestContext, options: ClusterOptions = {}): Promise<Cluster> {
  const { embeddedBecause } = options;
  if (GIVEN !== undefined && embeddedBecause !== undefined) {
    t.diagnostic(`not against VARVE_TEST_KUBECONFIG, but an embedded control plane: ${embeddedBecause}`);
  }
  const cluster = await Cluster.open(options);
  atEnd(t, () => cluster.close());
  return cluster;
}
