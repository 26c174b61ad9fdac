import { readdir, readFile } from 'node:fs/promises';
import type { HostRunner } from './host-runner.ts';
import type { Deployment } from './host-status.ts';
import { parseKargsFile } from './kargs-file.ts';
import { compareKernelArguments, isMachineArgument, type KernelArgumentChange } from './kernel-arguments.ts';

/** Where an image has its kernel arguments. */
export const KARGS_FOLDER = '/usr/lib/bootc/kargs.d';

/** The kernel arguments that an image brings; undefined when it has no folder for them. */
export type ImageArguments = readonly string[] | undefined;

/** The arguments of the files of the folder, in the order of their names (host-contract §4.1). */
export function imageArgumentsOf(
  files: ReadonlyMap<string, string>,
  architecture: string,
): readonly string[] {
  const names = [...files.keys()].filter((name) => name.endsWith('.toml')).sort();
  return names.flatMap((name) => parseKargsFile(files.get(name) ?? '', architecture, name));
}

/**
 * Reads the kernel arguments of a deployment's image from its tree.
 *
 * @throws {HostError} `unreadable` for a file that bootc would refuse
 */
export async function readImageArguments(
  host: HostRunner,
  { checksum, serial, stateroot }: Deployment,
): Promise<ImageArguments> {
  const tree = `/sysroot/ostree/deploy/${stateroot ?? ''}/deploy/${checksum ?? ''}.${serial ?? ''}`;
  const folder = `${host.root}${tree}${KARGS_FOLDER}`;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const files = new Map<string, string>();
  for (const entry of entries) {
    if (entry.isFile()) files.set(entry.name, await readFile(`${folder}/${entry.name}`, 'utf8'));
  }
  return imageArgumentsOf(files, process.arch);
}

/**
 * What bootc does by itself and the other tools do not: the arguments that the image to come brings are wanted, those
 * that only the booted one brought no longer are (host-contract §4.4). Beyond bootc, one that both bring and the line
 * lacks is wanted too: on a host that another tool drove before, it was never added. An image without the folder
 * takes nothing away (§4.2).
 */
export function withImageArguments(
  change: KernelArgumentChange | undefined,
  booted: ImageArguments,
  next: ImageArguments,
): KernelArgumentChange {
  const dropped = next === undefined ? [] : compareKernelArguments(booted ?? [], next).missing;
  return {
    append: [...(next ?? []), ...(change?.append ?? [])],
    // What an image once brought may by now be what the machine needs.
    remove: [...dropped.filter((argument) => !isMachineArgument(argument)), ...(change?.remove ?? [])],
  };
}
