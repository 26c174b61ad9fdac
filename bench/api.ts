import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ApiClient, readKubeconfig, type Connection } from './api/api-client.ts';
import { heartbeat, leaseRenewal, node, pod } from './api/objects.ts';

const USAGE = `usage: npm run bench:api -- [--seconds N] [--watchers N] [--nodes LIST] [--pods-per-node N] [--json FILE]

Measures the embedded API: durable writes with watchers, memory, and latencies by size.
`;

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    watchers: { type: 'string', default: '20' },
    nodes: { type: 'string', default: '100,1000,5000' },
    'pods-per-node': { type: 'string', default: '4' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const watchers = Number(options.watchers);
const sizes = options.nodes.split(',').map(Number);
const podsPerNode = Number(options['pods-per-node']);
if (options.help || !(seconds > 0) || !(watchers > 0) || sizes.some((size) => !(size > 0))) {
  process.stderr.write(USAGE);
  process.exit(options.help ? 0 : 2);
}

/** Requests under way at one time. */
const CONCURRENCY = 32;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

const folder = await mkdtemp(join(tmpdir(), 'varve-bench-api-'));
const server = fork(fileURLToPath(import.meta.resolve('./api/server-process.ts')), [folder], {
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const results: Record<string, unknown> = {};
let nodes = 0;
let pods = 0;
try {
  const [line] = (await once(server.stdout ?? process.stdin, 'data')) as [Buffer];
  const connection = readKubeconfig(line.toString().trim());
  const client = new ApiClient(connection);
  process.stdout.write(`memory after the start: ${await memory()}\n\n`);
  await leases(client);
  for (const size of [...sizes].sort((a, b) => a - b)) await sized(client, connection, size);
  client.close();
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  server.kill('SIGTERM');
  await once(server, 'exit');
  await rm(folder, { recursive: true, force: true });
}

/** Writes with watchers: leases, which are what a cluster writes most. */
async function leases(client: ApiClient): Promise<void> {
  const names = Array.from({ length: 200 }, (_, index) => `lease-${index}`);
  for (const name of names) {
    await client.request(
      'POST',
      LEASES,
      JSON.stringify({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } }),
    );
  }
  await writesWithWatchers('renew a lease (PATCH, 0.6 KB)', client, `${LEASES}?watch=1`, (index) => ({
    path: `${LEASES}/${names[index % names.length] ?? ''}`,
    body: leaseRenewal('bench', performance.timeOrigin + performance.now()),
    type: 'application/merge-patch+json',
  }));
}

interface Write {
  readonly path: string;
  readonly body: string;
  readonly type: string;
}

async function writesWithWatchers(
  title: string,
  client: ApiClient,
  watchPath: string,
  write: (index: number) => Write,
): Promise<void> {
  const watching = fork(fileURLToPath(import.meta.resolve('./api/watcher-process.ts')), [
    connectionFile(),
    watchPath,
    String(watchers),
  ]);
  await once(watching, 'message');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await ask(watching, 'reset');
  let index = 0;
  let written = 0;
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (performance.now() < end) {
        const { path, body, type } = write(index++);
        const began = performance.now();
        const { status } = await client.request('PATCH', path, body, type);
        if (status !== 200) throw new Error(`${path}: status ${status}`);
        latencies.push(performance.now() - began);
        written++;
      }
    }),
  );
  const elapsed = (performance.now() - start) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 500));
  const report = (await ask(watching, 'report')) as { seen: number[]; p50: number; p99: number; max: number };
  watching.kill();
  await once(watching, 'exit');
  const rate = Math.round(written / elapsed);
  const missed = report.seen.filter((count) => count !== written).length;
  process.stdout.write(
    `${title}, ${CONCURRENCY} writers, ${watchers} watchers for ${seconds} s\n` +
      `  durable writes   ${rate}/s   latency ${quantiles(latencies)}\n` +
      `  change seen      p50 ${report.p50.toFixed(1)} ms   p99 ${report.p99.toFixed(1)} ms   max ${report.max.toFixed(1)} ms; ` +
      `${watchers - missed} of ${watchers} watchers saw all ${written}\n  memory           ${await memory()}\n\n`,
  );
  results[title] = { rate, written, missed, ...report, seen: undefined };
}

/** Latencies with so many nodes, and pods on them. */
async function sized(client: ApiClient, connection: Connection, size: number): Promise<void> {
  await fill(client, size);
  const rows: [string, () => Promise<unknown>][] = [
    ['GET one node', () => client.request('GET', `/api/v1/nodes/node-00007`)],
    ['list nodes', () => client.request('GET', '/api/v1/nodes')],
    ['list nodes, 500 a page', () => client.request('GET', '/api/v1/nodes?limit=500')],
    [
      'list nodes as a Table',
      () =>
        client.request(
          'GET',
          '/api/v1/nodes',
          undefined,
          undefined,
          'application/json;as=Table;v=v1;g=meta.k8s.io',
        ),
    ],
    [
      'list the pods of a node',
      () => client.request('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-00007'),
    ],
    [
      'PATCH a node',
      () =>
        client.request(
          'PATCH',
          '/api/v1/nodes/node-00007/status',
          heartbeat(Date.now()),
          'application/strategic-merge-patch+json',
        ),
    ],
    ['watch nodes: first event', () => firstEvent(connection)],
  ];
  process.stdout.write(`${size} nodes, ${size * podsPerNode} pods: memory ${await memory()}\n`);
  for (const [title, run] of rows) {
    const latencies: number[] = [];
    for (let round = 0; round < (title.startsWith('list nodes') ? 9 : 100); round++) {
      const began = performance.now();
      await run();
      latencies.push(performance.now() - began);
    }
    process.stdout.write(`  ${title.padEnd(28)} ${quantiles(latencies)}\n`);
    results[`${size} ${title}`] = latencies.sort((a, b) => a - b)[latencies.length >> 1];
  }
  process.stdout.write('\n');
  await writesWithWatchers(
    `heartbeat of a node (PATCH status, 4 KB) with ${size} nodes`,
    client,
    '/api/v1/nodes?watch=1&resourceVersion=' + (await currentVersion(client)),
    (index) => ({
      path: `/api/v1/nodes/node-${String(index % size).padStart(5, '0')}/status`,
      body: heartbeat(performance.timeOrigin + performance.now()),
      type: 'application/strategic-merge-patch+json',
    }),
  );
  results[`${size} memory`] = await memory();
}

async function fill(client: ApiClient, size: number): Promise<void> {
  const began = performance.now();
  await eachOf(size - nodes, (index) => client.request('POST', '/api/v1/nodes', node(nodes + index)));
  await eachOf(size * podsPerNode - pods, (index) =>
    client.request('POST', '/api/v1/namespaces/default/pods', pod(pods + index, size)),
  );
  process.stdout.write(
    `created ${size - nodes} nodes and ${size * podsPerNode - pods} pods in ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
  );
  nodes = size;
  pods = size * podsPerNode;
}

async function eachOf(
  count: number,
  run: (index: number) => Promise<{ readonly status: number; readonly body: Buffer }>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next < count) {
        const { status, body } = await run(next++);
        if (status !== 201) throw new Error(`status ${status}: ${body.toString().slice(0, 300)}`);
      }
    }),
  );
}

async function firstEvent(connection: Connection): Promise<void> {
  const client = new ApiClient(connection);
  await new Promise<void>((resolve) => client.watch('/api/v1/nodes?watch=1', () => resolve()));
  client.close();
}

async function currentVersion(client: ApiClient): Promise<string> {
  const { body } = await client.request('GET', '/api/v1/nodes?limit=1');
  return (JSON.parse(body.toString()) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

function connectionFile(): string {
  return join(folder, 'kubeconfig');
}

async function ask(process: ChildProcess, message: string): Promise<unknown> {
  const answered = once(process, 'message');
  process.send(message);
  const [answer] = (await answered) as [unknown];
  return answer;
}

async function memory(): Promise<string> {
  const { rss } = (await ask(server, 'memory')) as { rss: number };
  return `${Math.round(rss / 1e6)} MB RSS`;
}

function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`;
}
