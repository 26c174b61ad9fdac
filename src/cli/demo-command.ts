import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { API_VERSION, ROLE_LABEL } from '../api/index.ts';
import { clusterKey, MACHINE_CONFIGS, POOLS } from '../controllers/index.ts';
import {
  isKubeError,
  KubeClient,
  loadKubeconfig,
  type KubeObject,
  type ResourceType,
} from '../kube/index.ts';
import { CliError } from './cli-error.ts';
import { clusterPicture, type ClusterPicture } from './cluster-picture.ts';
import { DemoControlPlane } from './demo-control-plane.ts';
import type { Environment } from './environment.ts';
import { readInputFiles } from './input-files.ts';
import { interruptible } from './interruption.ts';
import { formatBytes, formatMilliseconds, formatTable } from './output.ts';
import { readRolloutObjects } from './rollout-objects.ts';
import { readYamlDocuments } from './yaml-document.ts';

export interface DemoFlags {
  readonly base?: string | undefined;
}

const NODES = 3;
const POOL = 'worker';
/** The file that the demo changes, by a MachineConfig of its own. */
const CHANGED = '/etc/motd';
const CHANGE = '60-demo-motd';
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** No step takes so long, in milliseconds, on however busy a machine; what does is broken. */
const PATIENCE = 300_000;
const POLL = 250;

/** One step of the demo, for the summary. */
interface Step {
  readonly what: string;
  readonly milliseconds: number;
  readonly builds: number;
  readonly pushed: number;
  readonly image: string;
}

/**
 * `varve demo`: the main job on this machine alone. A control plane with three nodes; the examples are applied and rolled out,
 * one file is changed, and the change is taken back by deleting it. Everything it made is removed at the end.
 */
export async function demoCommand(flags: DemoFlags, environment: Environment): Promise<void> {
  await interruptible(async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-demo-'));
    let plane: DemoControlPlane | undefined;
    try {
      announce(`varve up --nodes ${NODES}`);
      const began = performance.now();
      plane = DemoControlPlane.start({ directory, nodes: NODES, base: flags.base, environment, say });
      await plane.ready(signal);
      const up = performance.now() - began;
      const access = await loadKubeconfig([plane.kubeconfig], undefined);
      const client = new KubeClient({ access, userAgent: 'varve-demo' });
      try {
        await new Demo(client, join(directory, 'registry'), plane, signal).run(up);
      } finally {
        await client.close();
      }
    } finally {
      await plane?.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

class Demo {
  readonly #client: KubeClient;
  /** Where the registry keeps its blobs. */
  readonly #registry: string;
  readonly #plane: DemoControlPlane;
  readonly #signal: AbortSignal;
  readonly #steps: Step[] = [];

  constructor(client: KubeClient, registry: string, plane: DemoControlPlane, signal: AbortSignal) {
    this.#client = client;
    this.#registry = registry;
    this.#plane = plane;
    this.#signal = signal;
  }

  async run(up: number): Promise<void> {
    await this.#until(({ nodes }) => nodes.length === NODES, `${NODES} nodes in pool ${POOL}`);
    await this.#step('kubectl apply -f examples/', 'the examples, on all nodes', () => this.#applyExamples());
    await this.#step(`kubectl apply -f ${CHANGE}.yaml`, `one file changed, ${CHANGED}`, () =>
      this.#apply(MACHINE_CONFIGS, changeOf('This node runs one image.\n')),
    );
    await this.#step(`kubectl delete machineconfig ${CHANGE}`, 'rolled back by deletion', () =>
      this.#client.delete(MACHINE_CONFIGS, clusterKey(CHANGE), { signal: this.#signal }),
    );
    const [first, , last] = this.#steps;
    say(`\n${formatTable(summary(up, this.#steps))}`);
    if (first === undefined || first.image !== last?.image || last.builds > 0)
      throw new CliError(
        'cluster',
        'the rollback did not end at the first image, or something was built for it',
      );
    say(`All ${NODES} nodes are back on the first image, ${first.image}: nothing was built for that.\n`);
  }

  /** Does something, and waits until every node runs what it led to. */
  async #step(command: string, what: string, work: () => Promise<unknown>): Promise<void> {
    announce(command);
    const before = await this.#look();
    const [builds, bytes] = [await this.#builds(), await sizeOf(this.#registry)];
    const configuration = before.pools.find(({ name }) => name === POOL)?.configuration.desired;
    const began = performance.now();
    await work();
    const after = await this.#until(
      (picture) => hasArrived(picture, configuration ?? undefined),
      `all nodes of pool ${POOL} on its image`,
    );
    this.#steps.push({
      what,
      milliseconds: performance.now() - began,
      builds: (await this.#builds()) - builds,
      pushed: (await sizeOf(this.#registry)) - bytes,
      image: poolIn(after)?.image ?? '',
    });
  }

  async #applyExamples(): Promise<void> {
    const files = await readInputFiles([EXAMPLES]);
    for (const { value } of files.flatMap(({ name, text }) => readYamlDocuments(name, text))) {
      const object = value as KubeObject;
      await this.#apply(object.kind === 'MachineConfigPool' ? POOLS : MACHINE_CONFIGS, object);
    }
  }

  async #apply(type: ResourceType, object: KubeObject): Promise<void> {
    const patch = { type: 'apply', object, fieldManager: 'varve-demo', force: true } as const;
    await this.#client.patch(type, clusterKey(object.metadata.name ?? ''), patch, { signal: this.#signal });
  }

  async #builds(): Promise<number> {
    const { osBuilds } = await readRolloutObjects(this.#client, this.#signal);
    return osBuilds.length;
  }

  async #look(): Promise<ClusterPicture> {
    return clusterPicture(await readRolloutObjects(this.#client, this.#signal), Date.now());
  }

  async #until(holds: (picture: ClusterPicture) => boolean, what: string): Promise<ClusterPicture> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      this.#plane.assertRunning();
      const picture = await this.#look().catch((error: unknown) => {
        if (isKubeError(error) && error.retryable) return undefined;
        throw error;
      });
      if (picture !== undefined && holds(picture)) return picture;
      if (performance.now() > end) {
        const { message = 'is not there' } = (picture === undefined ? undefined : poolIn(picture)) ?? {};
        throw new CliError(
          'cluster',
          `waited ${PATIENCE / 1000} s in vain for ${what}: pool ${POOL} ${message}`,
        );
      }
      await pause(POLL, undefined, { signal: this.#signal });
    }
  }
}

function poolIn({ pools }: ClusterPicture): ClusterPicture['pools'][number] | undefined {
  return pools.find(({ name }) => name === POOL);
}

/** Whether all nodes run the image of another configuration than the one before. */
function hasArrived(picture: ClusterPicture, before: string | undefined): boolean {
  const pool = poolIn(picture);
  if (pool?.state !== 'updated' || pool.image === null || pool.configuration.desired === before) return false;
  const nodes = picture.nodes.filter((node) => node.pool === POOL);
  return (
    nodes.length === NODES && nodes.every((node) => node.progress === 'updated' && node.image === pool.image)
  );
}

function changeOf(text: string): KubeObject {
  const files = [
    { path: CHANGED, overwrite: true, contents: { source: `data:,${encodeURIComponent(text)}` } },
  ];
  const object = {
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata: { name: CHANGE, labels: { [ROLE_LABEL]: POOL } },
    spec: { config: { ignition: { version: '3.4.0' }, storage: { files } } },
  };
  return object;
}

function summary(up: number, steps: readonly Step[]): string[][] {
  return [
    ['', 'TOOK', 'BUILDS', 'ADDED TO THE REGISTRY', 'IMAGE'],
    [`a control plane with ${NODES} nodes`, formatMilliseconds(up), '', '', ''],
    ...steps.map(({ what, milliseconds, builds, pushed, image }) => [
      what,
      formatMilliseconds(milliseconds),
      String(builds),
      formatBytes(Math.max(0, pushed)),
      /@(sha256:[0-9a-f]{12})/u.exec(image)?.[1] ?? '',
    ]),
  ];
}

/** Bytes of all files below a directory; of what goes meanwhile, none. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function announce(command: string): void {
  say(`\n$ ${command}\n`);
}

function say(text: string): void {
  process.stdout.write(text);
}
