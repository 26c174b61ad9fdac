import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { baseLayout } from '../test/lab/base.ts';
import { BuildahPeer } from '../test/lab/buildah.ts';
import { type Laboratory, openLaboratory } from '../test/lab/laboratory.ts';
import { run } from '../test/lab/run.ts';
import { renderedSite, SITE_POOL, writeSiteConfig } from '../test/lab/site-config.ts';
import { imageFromLayout, imageFromRegistry } from '../test/lab/stored-image.ts';
import { containerContenders } from './container-contenders.ts';
import { type Contender, runVarve } from './contender.ts';
import { type Measurement, Stopwatch } from './measure.ts';
import { enterPrivateNetwork, PortCounter } from './private-network.ts';
import { machineFacts, type Report, type Row, type Sample, toJson, toText } from './report.ts';

const USAGE = `usage: npm run bench:build -- [--rounds N] [--base large|small] [--json FILE]
       npm run bench:build -- --containers [--rounds N] [--json FILE]

Needs root on Debian and the packages of the system tests (npm test installs them), iptables, iproute2 and time.
`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    base: { type: 'string', default: 'large' },
    json: { type: 'string' },
    containers: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
if (options.help || !(rounds >= 1) || (options.base !== 'large' && options.base !== 'small')) {
  process.stderr.write(USAGE);
  process.exit(options.help ? 0 : 2);
}
// Container builds take a base whose package manager works without a network.
const size = options.containers ? 'packages' : options.base;

// Making a base downloads packages, so it comes before the network goes away.
await baseLayout(size);
await enterPrivateNetwork();
const lab = await openLaboratory(size);
try {
  const report = await measureAll(lab, rounds);
  process.stdout.write(`\n${toText(report)}`);
  if (options.json !== undefined) await writeFile(options.json, toJson(report));
} finally {
  await lab.close();
}

/** Every contender once per round, in turn, so that a noisy neighbour is noise for all alike; each build is another change. */
async function measureAll(lab: Laboratory, rounds: number): Promise<Report> {
  const counter = await PortCounter.open(lab.registry.port);
  const stopwatch = new Stopwatch(lab.folder);
  const cold = await BuildahPeer.open(lab.folder, (...call) => stopwatch.run(...call));
  const warm = await BuildahPeer.open(lab.folder, (...call) => stopwatch.run(...call));
  const worker = fork(fileURLToPath(import.meta.resolve('./in-process-worker.ts')), [
    lab.base,
    `${lab.registry.host}/os/varve-running:1`,
  ]);
  const contenders = options.containers
    ? await containerContenders(lab, stopwatch, { cold, warm })
    : [
        buildah('buildah-cold', 'buildah, empty storage', cold, lab, stopwatch),
        buildah('buildah-warm', 'buildah, warm storage', warm, lab, stopwatch),
        varveProcess(lab, stopwatch),
        varveRunning(worker),
        varveNewMachine(lab, stopwatch),
        varveNewBase(lab, stopwatch),
      ];
  try {
    let change = 0;
    const samples = new Map<string, Sample[]>(contenders.map(({ key }) => [key, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const { key, prepare, build } of contenders) {
        change += 1;
        await prepare?.(change);
        // What earlier builds left to be written is written before the clock starts.
        await run('sync', []);
        const before = await counter.read();
        const cost = await build(change);
        const after = await counter.read();
        const sample = {
          ...cost,
          toRegistry: after.toRegistry - before.toRegistry,
          fromRegistry: after.fromRegistry - before.fromRegistry,
        };
        const named = round === 0 ? 'warm-up' : `round ${round}`;
        process.stderr.write(`${named}: ${key} ${(cost.wallMs / 1000).toFixed(3)} s\n`);
        // The first round fills the caches that the warm rows are about.
        if (round > 0) samples.get(key)?.push(sample);
      }
    }
    const rows = contenders.map(({ key, title }): Row => ({ key, title, samples: samples.get(key) ?? [] }));
    return { machine: machineFacts(), ...(await sizes(lab)), rows };
  } finally {
    worker.disconnect();
    await cold.close();
    await warm.close();
  }
}

function buildah(
  key: 'buildah-cold' | 'buildah-warm',
  title: string,
  peer: BuildahPeer,
  lab: Laboratory,
  stopwatch: Stopwatch,
): Contender {
  return {
    key,
    title,
    async prepare() {
      if (key === 'buildah-cold') await peer.empty();
    },
    async build(change) {
      await peer.buildAndPush({
        base: lab.base,
        push: `${lab.registry.host}/os/${key}:1`,
        pool: SITE_POOL,
        name: `rendered-${SITE_POOL}-${change}`,
        machineConfig: renderedSite(change),
      });
      return stopwatch.take();
    },
  };
}

function varveProcess(lab: Laboratory, stopwatch: Stopwatch): Contender {
  const folder = join(lab.folder, 'site');
  return {
    key: 'varve',
    title: 'varve build, new process',
    prepare: (change) => writeSiteConfig(folder, change),
    async build() {
      const push = `${lab.registry.host}/os/varve:1`;
      await runVarve(lab, stopwatch, { folder, push, cache: 'cache' });
      return stopwatch.take();
    },
  };
}

function varveRunning(worker: ChildProcess): Contender {
  return {
    key: 'varve-running',
    title: 'varve, running process',
    async build(change) {
      const answer = Promise.race([
        once(worker, 'message'),
        once(worker, 'exit').then(() =>
          Promise.reject(new Error('cannot measure: the running process ended')),
        ),
      ]);
      worker.send(change);
      const [measurement] = (await answer) as [Measurement];
      return measurement;
    },
  };
}

/** A machine that has never built, as a CI job's is, where some other machine has built on that base before. */
function varveNewMachine(lab: Laboratory, stopwatch: Stopwatch): Contender {
  const folder = join(lab.folder, 'site-new-machine');
  return {
    key: 'varve-new-machine',
    title: 'varve build, new machine, known base',
    prepare: (change) => writeSiteConfig(folder, change),
    async build(change) {
      const push = `${lab.registry.host}/os/varve-new-machine:1`;
      await runVarve(lab, stopwatch, { folder, push, cache: `cache-${change}` });
      return stopwatch.take();
    },
  };
}

/** A base that nobody has seen: no local cache, and a registry namespace in which no index of it lies. */
function varveNewBase(lab: Laboratory, stopwatch: Stopwatch): Contender {
  const folder = join(lab.folder, 'site-new-base');
  return {
    key: 'varve-new-base',
    title: 'varve build, new base',
    prepare: (change) => writeSiteConfig(folder, change),
    async build(change) {
      const push = `${lab.registry.host}/new-base-${change}/layered:1`;
      const { stdout } = await runVarve(lab, stopwatch, { folder, push, cache: `cache-${change}` }, [
        '--output',
        'json',
      ]);
      const { base } = JSON.parse(stdout) as { readonly base: { readonly indexed: boolean } };
      if (!base.indexed) throw new Error('cannot measure a new base: varve build knew it already');
      return stopwatch.take();
    },
  };
}

async function sizes(lab: Laboratory): Promise<Pick<Report, 'base' | 'newContentBytes'>> {
  const base = await imageFromLayout(lab.layout);
  const built = await imageFromRegistry(
    `${lab.registry.host}/os/${options.containers ? 'varve-containers' : 'varve'}:1`,
  );
  const total = (layers: readonly { readonly size: number }[]): number =>
    layers.reduce((sum, layer) => sum + layer.size, 0);
  return {
    base: {
      layers: base.manifest.layers.length,
      compressedBytes: total(base.manifest.layers),
      manifestBytes: base.manifestSize,
      configBytes: base.manifest.config.size,
    },
    newContentBytes: total(built.manifest.layers.slice(base.manifest.layers.length)),
  };
}
