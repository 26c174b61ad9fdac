import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/cli/output.ts';
import { ApiClient, readKubeconfig } from '../test/lab/faults/api-client.ts';
import { closedLoop, paced, type Call, type LoadResult } from './api/load.ts';
import { heartbeat, lease, leaseRenewal, node, nodeName, pod } from './api/objects.ts';
import { bindToCores, placement, ServerProcess, WatcherProcess } from './api/processes.ts';
import { milliseconds, Times } from './api/quantiles.ts';
import { machineFacts } from './report.ts';

const USAGE = `usage: npm run bench:api -- [--seconds N] [--rate N] [--watchers N] [--nodes LIST] [--bound] [--json FILE] [--profile DIR]

Measures the embedded API: durable writes with watchers, latencies by number of objects, memory.
`;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '2000' },
    watchers: { type: 'string', default: '20' },
    nodes: { type: 'string', default: '100,1000,5000' },
    bound: { type: 'boolean', default: false },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const rate = Number(options.rate);
const watchers = Number(options.watchers);
const sizes = options.nodes.split(',').map(Number);
const isUsable = seconds > 0 && rate > 0 && watchers > 0 && sizes.every((size) => size > 0);
if (options.help || !isUsable) {
  process.stderr.write(USAGE);
  process.exit(options.help ? 0 : 2);
}

/** Requests under way at one time where as many as possible are made. */
const WRITERS = 32;
/** For so long, in seconds, each load runs before it is measured: a server runs for months, and its code is compiled by then. */
const WARM_UP = 2;
const PODS_PER_NODE = 4;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const NODES = '/api/v1/nodes';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

const WRITES_HEAD = [
  'PATCH',
  'load',
  'durable writes',
  'answered p50, p99',
  'seen by watchers p50, p99, max',
  'within 50 ms',
  'saw all',
  'server CPU',
  'RSS',
];

const AGENTS_HEAD = [
  'watches of one node each',
  'begun in',
  `status of one of them (4 KB), ${WRITERS} writers`,
  'answered p50, p99',
  'server CPU',
  'RSS',
];

/** What a kube-apiserver answers in with 1,000 nodes on such a machine: kubernetes-api.md, last section. */
const REAL: Readonly<Record<string, string>> = {
  'GET one node': '1.0 ms',
  'list nodes': '44–46 ms',
  'list nodes as a Table': '29–30 ms',
  'list the metadata of nodes': '15–16 ms',
  'PATCH status of a node': '2.5–2.6 ms',
  'PATCH sent, event received': '4.2–4.3 ms',
  'create nodes and pods': '691–888/s',
  memory: '941–949 MB, and etcd 147–150 MB',
};

const results: Record<string, unknown> = {};
let nodes = 0;
let pods = 0;
let creation = '';
const folder = await mkdtemp(join(tmpdir(), 'varve-bench-api-'));
if (options.bound) bindToCores();
const server = await ServerProcess.start(folder, options.profile);
const connection = readKubeconfig(server.kubeconfig);
const clients = Array.from({ length: 4 }, () => new ApiClient(connection));
try {
  say(
    Object.entries(machineFacts())
      .map(([key, value]) => `${key} ${value}`)
      .join(' · '),
  );
  say(`${placement()}; memory after the start ${await memory()}\n`);
  const writes = [...(await leases())];
  const columns: Map<string, string>[] = [];
  for (const size of sizes.toSorted((a, b) => a - b)) {
    await fill(size);
    columns.push(await latencies(size));
    writes.push(...(await heartbeats(size)));
  }
  say(`\n${formatTable([WRITES_HEAD, ...writes])}`);
  say(latencyTable(columns));
  say(formatTable([AGENTS_HEAD, ...(await agents(nodes))]));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  for (const client of clients) client.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Renewals of leases: what a cluster writes most. */
async function leases(): Promise<string[][]> {
  const names = Array.from({ length: 200 }, (_, index) => `lease-${index}`);
  await closedLoop(clients, { writers: WRITERS, until: (index) => index >= names.length }, (index) => ({
    method: 'POST',
    path: LEASES,
    body: lease(names[index] ?? ''),
  }));
  const renewal = (index: number): Call => ({
    method: 'PATCH',
    path: `${LEASES}/${names[index % names.length] ?? ''}`,
    body: leaseRenewal('bench', performance.timeOrigin + performance.now()),
    type: 'application/merge-patch+json',
  });
  return writesWithWatchers('renew a lease (0.8 KB)', LEASES, renewal);
}

/** Heartbeats of nodes. */
async function heartbeats(size: number): Promise<string[][]> {
  return writesWithWatchers(`status of one of ${size} nodes (4 KB)`, NODES, (index) => beatOf(index % size));
}

function beatOf(index: number): Call {
  return {
    method: 'PATCH',
    path: `${NODES}/${nodeName(index)}/status`,
    body: heartbeat(performance.timeOrigin + performance.now()),
    type: 'application/strategic-merge-patch+json',
  };
}

function asManyAsPossible(length: number, call: (index: number) => Call): Promise<LoadResult> {
  const end = performance.now() + length * 1000;
  return closedLoop(clients, { writers: WRITERS, until: () => performance.now() > end }, call);
}

/** Agents, each of which watches its own node and nothing else. */
async function agents(size: number): Promise<string[][]> {
  const connections = Array.from({ length: 20 }, () => new ApiClient(connection));
  const rows: string[][] = [];
  for (const count of [0, size]) {
    const idle = await server.usage();
    const began = performance.now();
    await Promise.all(Array.from({ length: count }, (_, index) => ownNode(connections, index)));
    const ready = performance.now() - began;
    const before = await server.usage();
    const { done, perSecond, latency } = await asManyAsPossible(seconds, (index) => beatOf(index % size));
    const after = await server.usage();
    const cpu = (after.cpu - before.cpu) / done;
    results[`${count} watches of one node each`] = { ready, began: before.cpu - idle.cpu, perSecond, cpu };
    rows.push([
      String(count),
      count === 0
        ? ''
        : `${(ready / 1000).toFixed(1)} s, CPU ${((before.cpu - idle.cpu) / 1000).toFixed(1)} s`,
      `${Math.round(perSecond)}/s`,
      `${milliseconds(latency.at(0.5))}, ${milliseconds(latency.at(0.99))}`,
      `${(cpu * 1000).toFixed(0)} µs/write`,
      megabytes(after.rss),
    ]);
  }
  for (const each of connections) each.close();
  return rows;
}

/** Resolves when the agent has its node. */
function ownNode(connections: readonly ApiClient[], index: number): Promise<void> {
  const client = connections[index % connections.length];
  const path = `${NODES}?watch=1&fieldSelector=metadata.name%3D${nodeName(index)}`;
  return new Promise((resolve) => {
    client?.watch(path, () => resolve());
  });
}

async function writesWithWatchers(
  title: string,
  path: string,
  call: (index: number) => Call,
): Promise<string[][]> {
  const loads: [string, (seconds: number) => Promise<LoadResult>][] = [
    [`${rate}/s`, (length) => paced(clients, { perSecond: rate, seconds: length }, call)],
    [`${WRITERS} writers`, (length) => asManyAsPossible(length, call)],
  ];
  const rows: string[][] = [];
  for (const [load, run] of loads) {
    const watching = await WatcherProcess.start(server.kubeconfig, path, watchers);
    await run(WARM_UP);
    await pause(500);
    await watching.begin();
    const before = await server.usage();
    const result = await run(seconds);
    await pause(500);
    const { seen, ...sight } = await watching.report();
    const after = await server.usage();
    await watching.stop();
    const complete = seen.filter((count) => count === result.done).length;
    const { latency, perSecond } = result;
    results[`${title}, ${load}`] = {
      perSecond,
      latency: [latency.at(0.5), latency.at(0.99)],
      ...sight,
      complete,
      after,
    };
    rows.push([
      title,
      load,
      `${Math.round(perSecond)}/s`,
      `${milliseconds(latency.at(0.5))}, ${milliseconds(latency.at(0.99))}`,
      `${milliseconds(sight.p50)}, ${milliseconds(sight.p99)}, ${milliseconds(sight.max)}`,
      `${(sight.inTime * 100).toFixed(2)} %`,
      `${complete} of ${watchers}`,
      `${(((after.cpu - before.cpu) / result.done) * 1000).toFixed(0)} µs/write`,
      megabytes(after.rss),
    ]);
    say(rows.at(-1)?.join('  ') ?? '');
  }
  return rows;
}

function latencyTable(columns: readonly Map<string, string>[]): string {
  const [first] = columns;
  if (first === undefined) return '';
  return formatTable(
    [...first.keys()].map((row) =>
      [row].concat(
        columns.map((column) => column.get(row) ?? ''),
        row === '' ? 'kube-apiserver, 1000 nodes' : (REAL[row] ?? ''),
      ),
    ),
  );
}

/** Creates what is missing of so many nodes, and of the pods on them. */
async function fill(size: number): Promise<void> {
  const made = await closedLoop(
    clients,
    { writers: WRITERS, until: (index) => index >= size - nodes },
    (index) => ({ method: 'POST', path: NODES, body: node(nodes + index) }),
  );
  const total = size * PODS_PER_NODE;
  const placed = await closedLoop(
    clients,
    { writers: WRITERS, until: (index) => index >= total - pods },
    (index) => ({
      method: 'POST',
      path: '/api/v1/namespaces/default/pods',
      body: pod(pods + index, size),
    }),
  );
  nodes = size;
  pods = total;
  creation = `${Math.round((made.done + placed.done) / (made.done / made.perSecond + placed.done / placed.perSecond))}/s`;
}

async function latencies(size: number): Promise<Map<string, string>> {
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  const middle = nodeName(size >> 1);
  const list = (path: string, accept?: string) => () =>
    client.request('GET', path, undefined, undefined, accept);
  const rows: [string, number, () => Promise<unknown>][] = [
    ['GET one node', 200, list(`${NODES}/${middle}`)],
    ['list nodes', 11, list(NODES)],
    ['list nodes, a page of 500', 21, list(`${NODES}?limit=500`)],
    ['list nodes as a Table', 11, list(NODES, TABLE)],
    ['list the metadata of nodes', 11, list(NODES, METADATA)],
    ['list the pods of a node', 21, list(`/api/v1/pods?fieldSelector=spec.nodeName%3D${middle}`)],
    ['PATCH status of a node', 200, () => beat(client, middle)],
    ['watch, until the first event', 51, firstEvent],
  ];
  const column = new Map([
    ['', `${size} nodes, ${size * PODS_PER_NODE} pods`],
    ['create nodes and pods', creation],
    ['memory', await memory()],
  ]);
  for (const [title, rounds, run] of rows) {
    const times = new Times();
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      await run();
      times.add(performance.now() - began);
    }
    column.set(title, milliseconds(times.at(0.5)));
    results[`${title}, ${size} nodes`] = { p50: times.at(0.5), p99: times.at(0.99) };
  }
  for (const count of [1, 100]) {
    const watching = await WatcherProcess.start(server.kubeconfig, NODES, count);
    for (let round = 0; round < 50; round++) await beat(client, middle);
    await pause(200);
    const { p50 } = await watching.report();
    await watching.stop();
    column.set(`PATCH sent, event received${count === 1 ? '' : ` by ${count} watchers`}`, milliseconds(p50));
  }
  return column;
}

async function beat(client: ApiClient, name: string): Promise<void> {
  const body = heartbeat(performance.timeOrigin + performance.now());
  await client.request('PATCH', `${NODES}/${name}/status`, body, 'application/strategic-merge-patch+json');
}

async function firstEvent(): Promise<void> {
  const client = new ApiClient(connection);
  await new Promise<void>((resolve) => {
    client.watch(`${NODES}?watch=1`, () => resolve());
  });
  client.close();
}

async function memory(): Promise<string> {
  return megabytes((await server.usage()).rss);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
