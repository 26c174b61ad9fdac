// Makes dist/cli/main.cjs, what bin/varve runs: the command line as CommonJS bundles, one of commands that run for a
// moment, with V8's code cache beside it, one of commands that last, which hold more and load in their own time, and one of
// the agent alone, which is on every node and has to be small.
//
// One file loads in a third of the time that the sources take, and it is CommonJS because an ES import of a part of Node
// loads all that this part could offer (undici, with node:http). V8 compiles a function when it is first called, which is a
// fifth of what a build takes; the cache holds the functions that a build calls, compiled. Node's own compile cache
// keeps only what runs while a file loads.
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { pushMiniatureBase, startRegistry } from '../src/embedded/index.ts';
import { openRegistry, parseReference } from '../src/oci/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = join(root, 'dist/cli');

/** Bundles of earlier sources are kept this long, in milliseconds: a process that starts now may still name one. */
const KEPT = 60_000;

/**
 * Parts of Node that a build from a registry on this machine never calls, some of which take milliseconds to load. They
 * load when they are first used.
 */
const LAZY = ['child_process', 'fs/promises', 'https', 'os', 'process', 'stream/promises', 'tls'];

/** Commands that run until they are stopped, by their bundle: what they alone need is in no other. bin/varve has V8's flags for them. */
const LASTING = { lasting: ['up', 'controller', 'build-job'], agent: ['agent'] };

type Kind = 'brief' | keyof typeof LASTING;

/** Commands that are no part of an agent. */
const NOT_AN_AGENT = [
  'agent-local',
  'agent-status',
  'build',
  'demo',
  'history',
  'ignition',
  'image',
  'logs',
  'pause',
  'render',
  'resume',
  'rollback',
  'status',
  'watch',
  'why',
];

/** Subcommands of those that last which take a moment. */
const MOMENTS = ['agent local', 'agent status'];

/** Parts of prom-client that nothing here uses: to load the default metrics has Node write a report, for which 6 MB are mapped. */
const UNUSED = /\/prom-client\/lib\/(?:defaultMetrics|pushgateway|cluster)\.js$/;

/** Has them be empty. */
const withoutUnused = {
  name: 'without-unused',
  load: (id: string) => (UNUSED.test(id) ? 'module.exports = undefined;' : undefined),
};

/** The tools of simulated machines, whose launchers name this file: src/embedded/nodes/simulated/launchers.ts. */
const TOOLS = 'simulated-tools.cjs';

const lasting = await bundle('lasting');
const names = {
  brief: await bundle('brief'),
  // Machines start with what lasts, and so do the tools that they have.
  lasting: { ...lasting, sources: [...new Set([...lasting.sources, ...(await bundleTools())])] },
  agent: await bundle('agent'),
};
await replaceFile('main.cjs', await loader());
await warmUp();
await removeOld();

interface Bundle {
  readonly file: string;
  /** What it was made of, relative to the project's root. */
  readonly sources: readonly string[];
}

/** The bundle's name has its content's hash in it: V8 takes the cache of another source of the same length for its own. */
async function bundle(kind: Kind): Promise<Bundle> {
  const external = [...foreignTo(kind)].map((command) => new RegExp(`/${command}-command\\.ts$`));
  const build = await rolldown({
    input: join(root, 'src/cli/main.ts'),
    platform: 'node',
    logLevel: 'warn',
    external,
    plugins: [withoutUnused],
  });
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false });
  await build.close();
  const [chunk] = output;
  const code = toAscii(kind === 'brief' ? loadLazily(chunk.code) : chunk.code);
  const file = `varve-${hash('sha256', code, 'hex').slice(0, 16)}.cjs`;
  await mkdir(directory, { recursive: true });
  await replaceFile(file, code);
  const sources = chunk.moduleIds.filter((id) => id.startsWith(root)).map((id) => id.slice(root.length));
  return { file, sources };
}

/** Commands that another bundle runs. */
function* foreignTo(kind: Kind): Generator<string> {
  for (const [other, commands] of Object.entries(LASTING)) {
    if (other !== kind) yield* commands;
  }
  if (kind === 'agent') yield* NOT_AN_AGENT;
}

/** Makes the program of the simulated machines' tools; answers what it was made of. */
async function bundleTools(): Promise<readonly string[]> {
  const input = join(root, 'src/embedded/nodes/simulated/tool-main.ts');
  const build = await rolldown({ input, platform: 'node', logLevel: 'warn' });
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false });
  await build.close();
  const [chunk] = output;
  await replaceFile(TOOLS, chunk.code);
  return chunk.moduleIds.filter((id) => id.startsWith(root)).map((id) => id.slice(root.length));
}

/** The loader with the names of both bundles, and of all that they were made of. */
async function loader(): Promise<string> {
  const text = await readFile(join(root, 'bin/loader.cjs'), 'utf8');
  return text.replace(
    /^const BUNDLES = .*$/mu,
    `const BUNDLES = ${JSON.stringify({ ...names, commands: LASTING, moments: MOMENTS })};`,
  );
}

/** Writes a file of the bundle's directory that other processes see whole or not at all. */
async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = join(directory, `${file}.${process.pid}`);
  await writeFile(temporary, text);
  await rename(temporary, join(directory, file));
}

/** Puts a proxy that loads on first use in the place of each lazy part. */
function loadLazily(code: string): string {
  const lazy =
    'var __lazy = (part) => new Proxy({}, { get: (_, key) => (key === "default" ? require(part) : require(part)[key]) });\n';
  return LAZY.reduce((text, part) => {
    const required = new RegExp(
      `let (\\w+) = require\\("node:${part}"\\);\\n(?:\\1 = __toESM\\(\\1(?:, 1)?\\);\\n)?`,
      'u',
    );
    return text.replace(required, (_, variable: string) => `let ${variable} = __lazy("node:${part}");\n`);
  }, lazy + code);
}

/** V8 keeps a source of one-byte characters in half the space, and reads it without decoding it. */
function toAscii(code: string): string {
  return code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The compiled functions of a build like most: its base is known, its repository has the base's layers, and something has
 * changed. Without a cache everything works, slower.
 */
async function warmUp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-bundle-'));
  const registry = await startRegistry({ directory: join(folder, 'registry') });
  const client = openRegistry();
  const base = `${registry.address}/base/miniature:1`;
  const build = async (files: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
    const args = [
      'build',
      '--quiet',
      '--pool',
      'layered',
      '--base',
      base,
      '--push',
      `${registry.address}/pools/layered:1`,
    ];
    const from = files.flatMap((file) => ['--filename', join(root, 'examples', file)]);
    await promisify(execFile)(
      process.execPath,
      [join(directory, 'main.cjs'), ...args, ...from, '--cache', join(folder, 'cache')],
      // As after a bundling by the loader, so that a source from the future does not have it begin another one.
      { env: { ...process.env, VARVE_BUNDLED: 'now', ...env }, timeout: 60_000 },
    );
  };
  try {
    await pushMiniatureBase(client, parseReference(base));
    await build(['pool-layered.yaml', 'file.yaml'], {});
    await build(['.'], { VARVE_WRITE_CODE_CACHE: '1' });
  } catch {
    process.stderr.write('bin/bundle.ts: no code cache could be made; varve starts more slowly\n');
  } finally {
    client.close();
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeOld(): Promise<void> {
  for (const file of await readdir(directory)) {
    const path = join(directory, file);
    if (
      file === 'main.cjs' ||
      file === TOOLS ||
      Object.values(names).some((bundle) => file.startsWith(bundle.file))
    )
      continue;
    if (Date.now() - (await stat(path)).mtimeMs > KEPT) await rm(path, { force: true });
  }
}
