import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import { openRegistry, parseReference } from '../oci/index.ts';
import type { BuildFlags, BuildReport } from './build-command.ts';
import { build } from './build-command.ts';
import type { Environment } from './environment.ts';
import { explainCommand } from './image-command.ts';
import { interruptible } from './interruption.ts';
import { formatMilliseconds } from './output.ts';
import type { RegistryFlags } from './registry-flags.ts';

export interface DemoFlags extends RegistryFlags {
  readonly base?: string | undefined;
  readonly directory?: string | undefined;
  readonly pool: string;
}

/** What the demo asks `image explain` about; a file of the examples. */
const EXPLAINED = '/etc/test-file';

/**
 * `varve demo`: the main job on this machine alone. Starts a registry on loopback, makes a miniature bootable base there
 * (unless a real one is named), builds the examples onto it as `varve build` would, then builds them again to show
 * that nothing is left to do. Everything it made is removed at the end.
 */
export async function demoCommand(flags: DemoFlags, environment: Environment): Promise<void> {
  await interruptible(async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-demo-'));
    try {
      const registry = await startRegistry({ directory: join(directory, 'registry') });
      try {
        await show(flags, environment, { directory, address: registry.address, signal });
      } finally {
        await registry.close();
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** Where a demo runs, and what ends it early. */
interface Stage {
  readonly directory: string;
  readonly address: string;
  readonly signal: AbortSignal;
}

async function show(
  flags: DemoFlags,
  environment: Environment,
  { directory, address, signal }: Stage,
): Promise<void> {
  const base = flags.base ?? (await makeBase(address));
  const common: BuildFlags = {
    pool: flags.pool,
    filename: [flags.directory ?? fileURLToPath(new URL('../../examples', import.meta.url))],
    base,
    push: `${address}/pools/${flags.pool}:latest`,
    compression: 'gzip',
    cache: join(directory, 'cache'),
    dryRun: false,
    quiet: false,
    output: 'text',
    authfile: flags.authfile,
    insecureRegistry: flags.insecureRegistry,
    ca: flags.ca,
  };
  announce(`varve build --pool ${flags.pool} -f examples/ --base ${base} --push ${common.push ?? ''}`);
  const first = await build(common, environment, signal);
  process.stdout.write(`${first.image}\n`);

  announce('the same command again: the base is known and nothing has changed');
  const again = await build({ ...common, quiet: true }, environment, signal);
  process.stdout.write(`${again.image}\n`);

  if (flags.directory === undefined) {
    announce(`varve image explain ${first.tag} ${EXPLAINED}`);
    await explainCommand(first.tag, [EXPLAINED], { ...flags, output: 'text' }, environment);
  }
  process.stdout.write(`\n${summary(first, again)}\n`);
}

async function makeBase(address: string): Promise<string> {
  const base = `${address}/base/miniature:1`;
  const client = openRegistry({});
  try {
    const digest = await pushMiniatureBase(client, parseReference(base));
    process.stdout.write(`registry at ${address}, with a miniature bootable base ${base}\n  ${digest}\n`);
  } finally {
    client.close();
  }
  return base;
}

function announce(command: string): void {
  process.stdout.write(`\n$ ${command}\n`);
}

function summary(first: BuildReport, again: BuildReport): string {
  const total = (report: BuildReport): string =>
    formatMilliseconds(report.steps.find(({ step }) => step === 'total')?.milliseconds ?? 0);
  return `first build on the base: ${total(first)}; again: ${total(again)}, ${again.upToDate ? 'same digest, nothing pushed' : 'another digest'}`;
}
