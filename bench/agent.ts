import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { formatBytes, formatTable } from '../src/cli/output.ts';
import { openLaboratory } from '../test/lab/laboratory.ts';
import { until } from '../test/lab/until.ts';
import { type LogLine, pidIn, readLog, usageOf } from './agent/agent-process.ts';
import { BenchNode } from './agent/bench-node.ts';
import { ByteCounter } from './agent/byte-counter.ts';
import { VarveProcess } from './control-plane/processes.ts';
import { machineFacts } from './report.ts';

const USAGE = `usage: npm run bench:agent -- [--minutes N] [--changes N] [--json FILE]

Measures varve agent on a node of systemd-nspawn: memory, computing and API writes at rest, what a change of one file of
1 KB costs to download, and how long it takes until the node runs it. Root on Debian, as for the system tests.
`;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    changes: { type: 'string', default: '5' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const minutes = Number(options.minutes);
const changes = Number(options.changes);
if (options.help || !(minutes > 0 && changes > 0)) {
  process.stderr.write(USAGE);
  process.exit(options.help ? 0 : 2);
}

const ROLE = 'machineconfiguration.openshift.io/role';
const POOL = {
  apiVersion: 'machineconfiguration.openshift.io/v1',
  kind: 'MachineConfigPool',
  metadata: { name: 'layered' },
  spec: {
    machineConfigSelector: { matchLabels: { [ROLE]: 'layered' } },
    nodeSelector: { matchLabels: { 'node-role.kubernetes.io/layered': '' } },
  },
};

/** A file of 1 KiB that no compression makes much smaller. */
function machineConfig(number: number): object {
  const text = Array.from({ length: 1024 }, (_, index) =>
    String.fromCharCode(33 + ((index * index * 7919 + number * 104_729 + index * 31) % 90)),
  ).join('');
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: '50-bench', labels: { [ROLE]: 'layered' } },
    spec: {
      config: {
        ignition: { version: '3.4.0' },
        storage: {
          files: [{ path: '/etc/varve-bench', contents: { source: `data:,${encodeURIComponent(text)}` } }],
        },
      },
    },
  };
}

const rows: string[][] = [['', 'asked', 'measured']];
const results: Record<string, unknown> = { machine: machineFacts(), minutes, changes };
const folder = await mkdtemp(join(tmpdir(), 'varve-bench-agent-'));
const lab = await openLaboratory('bootable');
const counter = await ByteCounter.start(lab.registry.host);
let up: VarveProcess | undefined;
let node: BenchNode | undefined;
try {
  say(
    Object.entries(machineFacts())
      .map(([key, value]) => `${key} ${value}`)
      .join(' · '),
  );
  const images: string[] = [];
  for (let number = 0; number <= changes; number += 1) {
    const config = join(folder, `config-${number}`);
    await mkdir(config);
    await writeFile(join(config, 'pool.yaml'), stringify(POOL));
    await writeFile(join(config, 'config.yaml'), stringify(machineConfig(number)));
    images.push((await lab.build([config], 'pools/layered')).replace(lab.registry.host, counter.host));
  }
  say(`${images.length} images are built; the node is installed`);
  const data = join(folder, 'data');
  const base = `${counter.host}/base/os@${lab.baseDigest}`;
  const nodes = ['--nodes', '1', '--node-engine', 'nspawn', '--base', base];
  up = new VarveProcess(['up', '--data', data, '--no-controller', ...nodes]);
  const kubeconfig = await up.printed(/^kubeconfig\s+(.*)$/m);
  node = await BenchNode.open('node-1', kubeconfig);
  const known = node;
  await until('the node is ready', () => known.isReady(), 300);
  const logFile = join(data, 'nodes/node-1/log');
  await until(
    'its agent has looked at the host',
    async () => (await readLog(logFile)).some(({ text }) => text.startsWith('rest')),
    60,
  );
  await node.move(images[0] ?? '', 'rendered-0');
  say('the node runs its first image');

  const walls: number[] = [];
  const machines: number[] = [];
  const bytes: number[] = [];
  for (const [index, image] of images.slice(1).entries()) {
    counter.received = 0;
    const before = (await readLog(logFile)).length;
    walls.push(await node.move(image, `rendered-${index + 1}`));
    bytes.push(counter.received);
    machines.push(downtime((await readLog(logFile)).slice(before)));
    say(`change ${index + 1}: ${seconds(walls.at(-1) ?? 0)}, ${formatBytes(counter.received)}`);
  }
  const wall = median(walls);
  const machine = median(machines);
  row('download of a change of 1 KB', '<= 65.5 kB', formatBytes(median(bytes)));
  row(
    'change until the node says that it runs it',
    '<= 8 s',
    `${seconds(wall)} [${seconds(Math.min(...walls))}..${seconds(Math.max(...walls))}]`,
  );
  row('  of which the machine shuts down and boots', '', seconds(machine));
  row('  of which the agent, its tools and the registry', '', seconds(wall - machine));
  Object.assign(results, { walls, machines, bytes });

  const pid = pidIn(await readLog(logFile));
  const began = await usageOf(pid);
  say(`${minutes} minutes at rest`);
  const writes = await node.writesWithin(minutes * 60_000);
  const ended = await usageOf(pid);
  row('memory at rest', '<= 70 MiB', `${(ended.memory / 2 ** 20).toFixed(1)} MiB`);
  row('API writes at rest', '0', `${writes}`);
  row('computing at rest, a minute', '', `${((ended.cpu - began.cpu) / minutes).toFixed(0)} ms`);
  Object.assign(results, { memory: ended.memory, writes, cpu: ended.cpu - began.cpu });
  process.stdout.write(`\n${formatTable(rows)}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  await node?.close();
  await up?.stop();
  counter.close();
  await lab.close();
  // Deployments are immutable to whoever does not know of them.
  await removeDeployments(folder);
}

/** From the agent's word that it reboots the host until the next agent's first, in milliseconds. */
function downtime(log: readonly LogLine[]): number {
  const left = log.find(({ text }) => text.startsWith('reboot:'))?.at ?? 0;
  const back = log.find(({ at, text }) => at > left && text.startsWith('varve agent ('))?.at ?? left;
  return back - left;
}

async function removeDeployments(path: string): Promise<void> {
  const { run } = await import('../test/lab/run.ts');
  await run('chattr', ['-R', '-f', '-i', path], { accept: [0, 1] });
  await rm(path, { recursive: true, force: true });
}

function row(...cells: readonly [string, string, string]): void {
  rows.push([...cells]);
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
