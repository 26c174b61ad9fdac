import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ModelImage } from '../src/agent/test-host.ts';
import { API_VERSION, ROLE_LABEL } from '../src/api/index.ts';
import { formatBytes, formatTable } from '../src/cli/output.ts';
import { MACHINE_CONFIGS, NODES, OS_CONFIGS, POOLS, SECRETS } from '../src/controllers/resources.ts';
import {
  clusterObjects,
  clusterSettings,
  pushMiniatureBase,
  startControlPlane,
  startRegistry,
} from '../src/embedded/index.ts';
import { KubeClient, loadKubeconfig, type KubeObject, type ResourceType } from '../src/kube/index.ts';
import type { JsonObject } from '../src/schema/index.ts';
import { openRegistry, parseReference } from '../src/oci/index.ts';
import { milliseconds, type Times } from './api/quantiles.ts';
import { machineFacts } from './report.ts';
import { IN_VAIN } from './rollout/counted-client.ts';
import { NodeWatch } from './rollout/node-watch.ts';
import { BenchProcess, type Usage } from './rollout/processes.ts';

const USAGE = `usage: npm run bench:rollout -- [--nodes LIST] [--unavailable PERCENT] [--boot SECONDS] [--rest SECONDS] [--json FILE]

Rolls one change out to many nodes: the real agents on hosts that are models in memory, the real controllers, the embedded API.
`;

const { values: options } = parseArgs({
  options: {
    nodes: { type: 'string', default: '100,1000,5000' },
    unavailable: { type: 'string', default: '10%' },
    boot: { type: 'string', default: '20' },
    rest: { type: 'string', default: '30' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const sizes = options.nodes.split(',').map(Number);
const [rest, boot] = [Number(options.rest), Number(options.boot)];
if (options.help || !sizes.every((size) => size > 0) || !(rest >= 0) || !(boot >= 0)) {
  process.stderr.write(USAGE);
  process.exit(options.help ? 0 : 2);
}

const NAMESPACE = 'openshift-machine-config-operator';
const POOL = 'bench';
/** As bin/varve starts `varve controller`. */
const CONTROLLER_FLAGS = ['--v8-pool-size=1', '--max-semi-space-size=4', '--heap-growing-percent=40'];
const HEAD = [
  'nodes',
  'rolled out in',
  'controller CPU',
  'requests a node: controller, agent, both (asked ≤ 12)',
  'Done → next told p50, p99 (asked 1 s)',
  'controller RSS (asked 256 MB at 5 000)',
  'requests in rest',
];

const results: unknown[] = [];
const rows: string[][] = [];
say(
  Object.entries(machineFacts())
    .map(([key, value]) => `${key} ${value}`)
    .join(' · '),
);
for (const size of sizes) await measure(size);
say(`\n${formatTable([HEAD, ...rows])}`);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);

async function measure(size: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-bench-rollout-'));
  const stack = new AsyncDisposableStack();
  try {
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const registry = await startRegistry({ directory: join(folder, 'registry') });
    stack.defer(() => registry.close());
    const images = openRegistry({});
    const digest = await pushMiniatureBase(images, parseReference(`${registry.address}/base/os:1`));
    images.close();
    const base = `${registry.address}/base/os@${digest}`;
    const plane = await startControlPlane({
      directory: join(folder, 'data'),
      furnish: (authority) => {
        const facts = { registry: registry.address, base, authority };
        return Promise.resolve({ objects: clusterObjects(facts), settings: clusterSettings(facts) });
      },
    });
    stack.defer(() => plane.close());
    await readFile(plane.kubeconfig);
    const client = new KubeClient({ access: await loadKubeconfig([plane.kubeconfig]) });
    stack.defer(() => client.close());
    const names = Array.from({ length: size }, (_, index) => `node-${String(index).padStart(5, '0')}`);
    await makePool(client, registry.address, base);
    const controllers = await BenchProcess.start(
      './controllers-process.ts',
      [plane.kubeconfig, NAMESPACE],
      CONTROLLER_FLAGS,
    );
    stack.defer(() => controllers.stop());
    // Nodes were installed with the pool's first image, and join: what is measured is the way to the second.
    const first = await built(client, '');
    await makeNodes(client, names);
    const watch = new NodeWatch(client, names.length);
    stack.defer(() => watch.close());
    const agents = await BenchProcess.start('./agents-process.ts', [
      plane.kubeconfig,
      first.image,
      first.config,
      ...names,
    ]);
    stack.defer(() => agents.stop());
    await watch.rolledOut(first.image);
    say(`${size} nodes: joined`);
    const before = await atRest(controllers, agents);
    await agents.ask({ boot: boot * 1000 });
    const old = await currentImage(client);
    const since = performance.now();
    await configure(client, 'second');
    const { image, config } = await built(client, old);
    await agents.ask({ image: modelImage(image, config) });
    await watch.rolledOut(image);
    const took = performance.now() - since;
    // What was begun for it ends.
    await pause(3000);
    const [after, ofAgents] = [await controllers.ask(), await agents.ask()];
    await pause(rest * 1000);
    const [resting, restingAgents] = [await controllers.ask(), await agents.ask()];
    tell(size, {
      took,
      before,
      after,
      ofAgents,
      resting,
      restingAgents,
      reactions: watch.reactions(image, placesOf(size)),
    });
  } finally {
    await stack.disposeAsync();
  }
}

/** Until what the nodes' joining has led to has been asked for: what is counted from then on is the rollout's. */
async function atRest(controllers: BenchProcess, agents: BenchProcess): Promise<Usage> {
  for (;;) {
    await pause(3000);
    const [controller, agent] = [await controllers.ask(), await agents.ask()];
    if (asked(controller).length + asked(agent).length === 0) return controller;
  }
}

/** What a process has asked for, without what renews the lease. */
function asked({ requests }: Usage): readonly (readonly [what: string, count: number])[] {
  return Object.entries(requests).filter(([what]) => !what.endsWith(' leases'));
}

/** Nodes that may be out of service at once (contract §3.3). */
function placesOf(size: number): number {
  const { unavailable } = options;
  const places = unavailable.endsWith('%')
    ? Math.floor((Number(unavailable.slice(0, -1)) * size) / 100)
    : Number(unavailable);
  return Math.max(1, places);
}

interface Figures {
  readonly took: number;
  readonly before: Usage;
  readonly after: Usage;
  readonly ofAgents: Usage;
  readonly resting: Usage;
  readonly restingAgents: Usage;
  readonly reactions: Times;
}

function tell(
  size: number,
  { took, before, after, ofAgents, resting, restingAgents, reactions }: Figures,
): void {
  // The lease is renewed whatever the nodes do.
  const sum = (usage: Usage): number =>
    asked(usage)
      .filter(([what]) => !what.endsWith(IN_VAIN))
      .reduce((total, [, count]) => total + count, 0);
  const each = (count: number): string => (count / size).toFixed(1);
  const [own, theirs] = [sum(after), sum(ofAgents)];
  const cpu = after.cpu - before.cpu;
  const quiet = [...asked(resting), ...asked(restingAgents)];
  results.push({
    size,
    took,
    cpu,
    controller: after.requests,
    agents: ofAgents.requests,
    p50: reactions.at(0.5),
    p99: reactions.at(0.99),
    rss: after.rss,
    peak: after.peak,
    rest: quiet,
  });
  rows.push([
    String(size),
    `${(took / 1000).toFixed(1)} s`,
    `${(cpu / 1000).toFixed(1)} s, ${milliseconds(cpu / size)} a node`,
    `${each(own)} + ${each(theirs)} = ${each(own + theirs)}`,
    `${milliseconds(reactions.at(0.5))}, ${milliseconds(reactions.at(0.99))}`,
    `${formatBytes(after.rss)}, ${formatBytes(after.peak)} at the most`,
    quiet.length === 0 ? 'none but the lease' : quiet.map(([what, count]) => `${what} ${count}`).join(', '),
  ]);
  const split = (usage: Usage): string =>
    Object.entries(usage.requests)
      .sort(([, left], [, right]) => right - left)
      .map(([what, count]) => `${what} ${each(count)}`)
      .join(', ');
  say(`${size} nodes\n  controller: ${split(after)}\n  agents: ${split(ofAgents)}`);
}

/** The image of the pool that is not this one, and the name of its configuration. */
async function built(
  client: KubeClient,
  old: string,
): Promise<{ readonly image: string; readonly config: string }> {
  for (;;) {
    const image = await currentImage(client);
    const pool = await client.get(POOLS, { namespace: '', name: POOL });
    if (image !== '' && image !== old) return { image, config: pool.spec.configuration?.name ?? '' };
    await pause(10);
  }
}

/** What hosts are to know of an image. */
function modelImage(image: string, config: string): ModelImage {
  const digest = image.slice(image.indexOf('sha256:'));
  return { digest, image, config, base: undefined, kernelArguments: [], behaviour: 'boots' };
}

async function currentImage(client: KubeClient): Promise<string> {
  const { status } = await client.get(OS_CONFIGS, { namespace: '', name: POOL });
  return status?.currentImagePullSpec ?? '';
}

async function makeNodes(client: KubeClient, names: readonly string[]): Promise<void> {
  const rest = [...names];
  const lane = async (): Promise<void> => {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      await client.create(NODES, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'varve.dev/pool': POOL } },
      });
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
      await client.patch(
        NODES,
        { namespace: '', name },
        { type: 'merge', patch: { status: { conditions } } },
        { subresource: 'status' },
      );
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

async function makePool(client: KubeClient, registry: string, base: string): Promise<void> {
  const auths = { [registry]: { auth: Buffer.from('varve:varve').toString('base64') } };
  const make = (type: ResourceType, object: object): Promise<KubeObject> =>
    client.create(type, object as KubeObject);
  await make(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: POOL, namespace: NAMESPACE },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  });
  await make(MACHINE_CONFIGS, machineConfig('base', { osImageURL: base }));
  await make(MACHINE_CONFIGS, machineConfig('site', fileOf('first')));
  await make(POOLS, {
    apiVersion: API_VERSION,
    kind: 'MachineConfigPool',
    metadata: { name: POOL },
    spec: {
      maxUnavailable: options.unavailable,
      machineConfigSelector: { matchLabels: { [ROLE_LABEL]: POOL } },
      nodeSelector: { matchLabels: { 'varve.dev/pool': POOL } },
    },
  });
  await make(OS_CONFIGS, {
    apiVersion: API_VERSION,
    kind: 'MachineOSConfig',
    metadata: { name: POOL },
    spec: {
      machineConfigPool: { name: POOL },
      imageBuilder: { imageBuilderType: 'Job' },
      baseImagePullSecret: { name: POOL },
      renderedImagePushSecret: { name: POOL },
      renderedImagePushSpec: `${registry}/${POOL}/os:latest`,
    },
  });
}

async function configure(client: KubeClient, text: string): Promise<void> {
  const { spec } = machineConfig('site', fileOf(text)) as { readonly spec: JsonObject };
  await client.patch(
    MACHINE_CONFIGS,
    { namespace: '', name: `${POOL}-site` },
    { type: 'merge', patch: { spec } },
  );
}

function fileOf(text: string): object {
  const files = [{ path: '/etc/motd', contents: { source: `data:,${text}` } }];
  return { config: { ignition: { version: '3.2.0' }, storage: { files } } };
}

function machineConfig(suffix: string, spec: object): object {
  return {
    apiVersion: API_VERSION,
    kind: 'MachineConfig',
    metadata: { name: `${POOL}-${suffix}`, labels: { [ROLE_LABEL]: POOL } },
    spec,
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
