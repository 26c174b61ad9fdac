import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatBytes, formatTable } from '../src/cli/output.ts';
import { KubeClient, loadKubeconfig, resourceType } from '../src/kube/index.ts';
import type { KubeObject } from '../src/kube/index.ts';
import { openRegistry, parseReference } from '../src/oci/index.ts';
import { run } from '../test/lab/run.ts';
import { node } from './api/objects.ts';
import { milliseconds, Times } from './api/quantiles.ts';
import { Builds } from './control-plane/builds.ts';
import { machineConfig, poolName, poolObjects } from './control-plane/objects.ts';
import { VarveProcess } from './control-plane/processes.ts';
import { machineFacts } from './report.ts';

const USAGE = `usage: npm run bench:control-plane -- [--changes N] [--bursts N] [--nodes N] [--json FILE]

Measures how long a change takes from kubectl apply to a pushed image, bursts, memory, and writes at rest.
`;

const { values: options } = parseArgs({
  options: {
    changes: { type: 'string', default: '100' },
    bursts: { type: 'string', default: '3' },
    nodes: { type: 'string', default: '5000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const changes = Number(options.changes);
const bursts = Number(options.bursts);
const nodes = Number(options.nodes);
if (options.help || !(changes > 0 && bursts >= 0 && nodes >= 0)) {
  process.stderr.write(USAGE);
  process.exit(options.help ? 0 : 2);
}

/** MachineConfigs: 500 in all, a fifth of them of the role worker, which every pool has. */
const POOLS = 20;
const WORKER_CONFIGS = 100;
const POOL_CONFIGS = 20;
const BURST = 50;
/** How long nothing may be written, in milliseconds. */
const REST = 15_000;

const NODES = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});

const results: Record<string, unknown> = {};
const rows: string[][] = [];
const folder = await mkdtemp(join(tmpdir(), 'varve-bench-control-plane-'));
const stop = new AbortController();
const processes: VarveProcess[] = [];
try {
  say(
    Object.entries(machineFacts())
      .map(([key, value]) => `${key} ${value}`)
      .join(' · '),
  );
  const up = begin(['up', '--data', join(folder, 'data'), '--no-controller']);
  const kubeconfig = await up.printed(/^kubeconfig\s+(.*)$/m);
  const registry = await up.printed(/^registry\s+(.*)$/m);
  const repository = `${registry}/varve/images`;
  // Without an election, so that at rest nothing at all is to be written.
  const controller = begin([
    'controller',
    '--no-leader-elect',
    `--kubeconfig=${kubeconfig}`,
    `--push-repository=${repository}`,
    '--push-secret=registry',
    `--cache=${join(folder, 'cache')}`,
  ]);
  const client = new KubeClient({ access: await loadKubeconfig([kubeconfig]) });
  const builds = new Builds(client, stop.signal);
  const kubectl = async (objects: readonly object[]): Promise<number> => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await run('kubectl', ['apply', '-f', '-'], { input, env: { KUBECONFIG: kubeconfig, HOME: folder } });
    return performance.now();
  };

  await setUp(kubectl, repository);
  await measureChanges(kubectl, builds);
  await measureBursts(kubectl, builds);
  await measureMemory(client, controller);
  await measureRest(client);
  await checkImages(builds);
  await client.close();
  say(`\n${formatTable(rows)}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  stop.abort();
  for (const started of processes.toReversed()) await started.stop();
  await rm(folder, { recursive: true, force: true });
}

function begin(args: readonly string[]): VarveProcess {
  const started = new VarveProcess(args);
  processes.push(started);
  return started;
}

type Kubectl = (objects: readonly object[]) => Promise<number>;

async function setUp(kubectl: Kubectl, repository: string): Promise<void> {
  const pools = Array.from({ length: POOLS }, (_, index) => poolName(index));
  await kubectl([
    ...Array.from({ length: WORKER_CONFIGS }, (_, index) => machineConfig('worker', index, 0)),
    ...pools.flatMap((pool) =>
      Array.from({ length: POOL_CONFIGS }, (_, index) => machineConfig(pool, index, 0)),
    ),
  ]);
  await kubectl(pools.flatMap((pool) => poolObjects(pool, repository)));
  say(`${POOLS} pools, ${WORKER_CONFIGS + POOLS * POOL_CONFIGS} MachineConfigs applied`);
}

/** One MachineConfig of one pool changes; the clock runs from the end of kubectl apply. */
async function measureChanges(kubectl: Kubectl, builds: Builds): Promise<void> {
  const pools = Array.from({ length: POOLS }, (_, index) => poolName(index));
  const begun = performance.now();
  for (const pool of pools) await builds.succeeded(pool, 0);
  report(
    'first images of all pools',
    `${milliseconds(performance.now() - begun)} after kubectl apply of the pools`,
  );
  await pause(3000);
  const times = new Times();
  for (let index = 0; index < changes; index += 1) {
    const pool = poolName(index % POOLS);
    const since = performance.now();
    const applied = await kubectl([machineConfig(pool, index % POOL_CONFIGS, index + 1)]);
    times.add((await builds.succeeded(pool, since)) - applied);
    await pause(50);
  }
  results['change'] = { count: changes, p50: times.at(0.5), p99: times.at(0.99), max: times.at(1) };
  report(
    `kubectl apply of one MachineConfig → Succeeded, image pushed (${changes} changes; asked p50 300 ms, p99 1 s)`,
    `p50 ${milliseconds(times.at(0.5))}, p99 ${milliseconds(times.at(0.99))}, max ${milliseconds(times.at(1))}`,
  );
}

/** Fifty MachineConfigs in one kubectl apply, of which the worker ones concern every pool. */
async function measureBursts(kubectl: Kubectl, builds: Builds): Promise<void> {
  let most = 0;
  const times = new Times();
  for (let burst = 0; burst < bursts; burst += 1) {
    const since = performance.now();
    const own = Array.from({ length: POOL_CONFIGS }, (_, index) =>
      machineConfig(poolName(burst), index, 10_000 + burst),
    );
    const workers = Array.from({ length: BURST - POOL_CONFIGS }, (_, index) =>
      machineConfig('worker', index, 10_000 + burst),
    );
    const applied = await kubectl([...own, ...workers]);
    for (let index = 0; index < POOLS; index += 1) await builds.succeeded(poolName(index), since);
    times.add(performance.now() - applied);
    await pause(2000);
    for (let index = 0; index < POOLS; index += 1)
      most = Math.max(most, builds.madeSince(poolName(index), since));
  }
  results['burst'] = { changes: BURST, pools: POOLS, mostBuildsOfAPool: most, allSucceeded: times.at(0.5) };
  report(
    `${BURST} changes in one kubectl apply, for ${POOLS} pools (asked: at most 2 builds a pool)`,
    `at most ${most} builds a pool; all ${POOLS} images after ${milliseconds(times.at(0.5))}`,
  );
}

async function measureMemory(client: KubeClient, controller: VarveProcess): Promise<void> {
  const before = await controller.memory();
  await Promise.all(
    Array.from({ length: 16 }, async (_, lane) => {
      for (let index = lane; index < nodes; index += 16)
        await client.create(NODES, JSON.parse(node(index)) as KubeObject);
    }),
  );
  await pause(5000);
  const after = await controller.memory();
  results['memory'] = { before, after, nodes };
  report(
    `RSS of varve controller (asked: 200 MB with 5000 nodes)`,
    `${formatBytes(before.now)} before, ${formatBytes(after.now)} with ${nodes} nodes, ${formatBytes(after.peak)} at the most`,
  );
}

/** What is written while nothing happens, by whomever. */
async function measureRest(client: KubeClient): Promise<void> {
  const revision = async (): Promise<number> =>
    Number((await client.list(NODES, { limit: 1 })).resourceVersion);
  const before = await atRest(revision);
  await pause(REST);
  const written = (await revision()) - before;
  if (written > 0) say(`what was written: ${(await changedSince(client, before)).join(', ')}`);
  results['rest'] = { seconds: REST / 1000, written };
  report(`writes in ${REST / 1000} s at rest (asked: none)`, String(written));
}

/** Waits until what the changes left behind is done with: old builds are let go of some time after them. */
async function atRest(revision: () => Promise<number>): Promise<number> {
  let last = await revision();
  for (let since = performance.now(); performance.now() - since < REST;) {
    await pause(500);
    const now = await revision();
    if (now !== last) since = performance.now();
    last = now;
  }
  return last;
}

/** Objects of every kind that were written after a revision. */
async function changedSince(client: KubeClient, revision: number): Promise<readonly string[]> {
  const kinds = await client.list(
    resourceType<KubeObject & Definition>({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      kind: 'CustomResourceDefinition',
      plural: 'customresourcedefinitions',
      namespaced: false,
    }),
  );
  const types = [
    ...['nodes', 'configmaps', 'events', 'secrets', 'namespaces', 'serviceaccounts'].map((plural) =>
      resourceType<KubeObject>({ group: '', version: 'v1', kind: plural, plural, namespaced: true }),
    ),
    ...kinds.items.map(({ spec }) =>
      resourceType<KubeObject>({
        group: spec.group,
        version: 'v1',
        kind: spec.names.kind,
        plural: spec.names.plural,
        namespaced: true,
      }),
    ),
  ];
  const changed: string[] = [];
  for (const type of types) {
    const { items } = await client.list(type);
    for (const { metadata } of items)
      if (Number(metadata.resourceVersion) > revision) changed.push(`${type.plural}/${metadata.name ?? ''}`);
  }
  return changed;
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string; readonly plural: string };
  };
}

/** Every build that succeeded has its image in the registry. */
async function checkImages(builds: Builds): Promise<void> {
  const registry = openRegistry({});
  try {
    const { images } = builds;
    let missing = 0;
    for (const image of new Set(images)) {
      if ((await registry.resolve(parseReference(image))) === undefined) missing += 1;
    }
    results['images'] = { count: new Set(images).size, missing };
    report(
      'images of all builds there are that the registry has',
      `${new Set(images).size - missing} of ${new Set(images).size}`,
    );
  } finally {
    registry.close();
  }
}

function report(what: string, figure: string): void {
  rows.push([what, figure]);
  say(`${what}: ${figure}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
