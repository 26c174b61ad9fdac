import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { HostRunner } from './host-runner.ts';
import type { Deployment } from './host-status.ts';
import { chosenArguments, splitKernelArguments } from './kernel-arguments.ts';

const FOLDER = '/boot/loader/entries';

/** An entry of the boot loader (host-contract §3.1). */
export interface BootEntry {
  /** The highest boots by default. */
  readonly version: number;
  /** The deployment that it boots, as `CHECKSUM.SERIAL`. */
  readonly deployment: string | undefined;
  /** Its folder, on the physical root: `/ostree/deploy/STATEROOT/deploy/CHECKSUM.SERIAL`. */
  readonly folder: string | undefined;
  /** The whole command line. */
  readonly commandLine: readonly string[];
  /** The command line without what boot loader and deployment add. */
  readonly kernelArguments: readonly string[];
}

/** The boot loader's entries for deployments, what boots by default first; a staged deployment has none yet. */
export async function readBootEntries(host: HostRunner): Promise<readonly BootEntry[]> {
  const folder = `${host.root}${FOLDER}`;
  const names = await readdir(folder).catch(() => []);
  const entries: BootEntry[] = [];
  for (const name of names.filter((one) => /^ostree-.*\.conf$/.test(one))) {
    entries.push(await entryOf(host, await readFile(`${folder}/${name}`, 'utf8')));
  }
  return entries.sort((a, b) => b.version - a.version);
}

/** The kernel arguments of a finalized deployment; undefined when the boot loader does not know it. */
export async function kernelArgumentsOf(
  host: HostRunner,
  { checksum, serial }: Deployment,
): Promise<readonly string[] | undefined> {
  const entries = await readBootEntries(host);
  return entries.find((entry) => entry.deployment === `${checksum}.${serial}`)?.kernelArguments;
}

async function entryOf(host: HostRunner, text: string): Promise<BootEntry> {
  const value = (key: string): string =>
    new RegExp(String.raw`^${key}[ \t]+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const options = value('options');
  const link = /(?:^|\s)ostree=(\S+)/.exec(options)?.[1];
  const folder = link === undefined ? undefined : await folderOf(host, link);
  return {
    version: Number.parseInt(value('version'), 10) || 0,
    deployment: folder && basename(folder),
    folder,
    commandLine: splitKernelArguments(options),
    kernelArguments: chosenArguments(options),
  };
}

/** The argument names a symbolic link to the deployment's folder; all links on its way are relative ones. */
async function folderOf(host: HostRunner, link: string): Promise<string | undefined> {
  const target = await readlink(`${host.root}${link}`).catch(() => undefined);
  return target === undefined ? undefined : join(dirname(link), target);
}
