import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildMount } from './build-inputs.ts';
import type { ContainerBuildRequest } from './container-builder.ts';
import { JobFile, JobFolder } from './job-folders.ts';
import { parseJobInput, type JobInput } from './job-input.ts';
import type { RegistryAccess } from './pool-registry.ts';

/** What the pod of a build has been given, as the controllers had it. */
export interface JobRequest {
  readonly request: Omit<ContainerBuildRequest, 'signal' | 'say'>;
  readonly access: RegistryAccess;
}

/**
 * Reads the folders and variables of the pod of a build: the other side of `jobObjects` and `jobObject`.
 *
 * @throws OsBuildError `no-builder` for what another version of Varve has written
 */
export async function readJobRequest(
  variables: Readonly<Record<string, string | undefined>>,
): Promise<JobRequest> {
  const input = parseJobInput(await readFile(JobFile.input, 'utf8'));
  const { files, steps, mediaFamily, push, images, proxies } = input;
  const registriesConf = await ifThere(JobFolder.registries);
  const policy = await ifThere(JobFolder.policy);
  const proxyEnvironment = Object.fromEntries(proxies.map((name) => [name, variables[name] ?? '']));
  return {
    request: {
      assembled: { text: await readFile(JobFile.containerfile, 'utf8'), files, steps },
      mediaFamily,
      push,
      images,
      mounts: await Promise.all(input.mounts.map(readMount)),
      proxyEnvironment,
      ...(registriesConf === undefined || !input.hasRegistries ? {} : { registriesConf }),
      ...(policy === undefined || !input.hasPolicy ? {} : { policy }),
    },
    access: await readAccess(input, proxyEnvironment),
  };
}

async function readAccess(
  { secrets, insecureRegistries }: JobInput,
  proxyEnvironment: Readonly<Record<string, string>>,
): Promise<RegistryAccess> {
  const { pull, push } = secrets;
  const authorities = await readFile(JobFile.authorities, 'utf8');
  return {
    pull: pull === undefined ? undefined : { name: pull, document: await readFile(JobFile.pull, 'utf8') },
    push: { name: push, document: await readFile(JobFile.push, 'utf8') },
    certificateAuthorities: authorities.trim() === '' ? [] : [authorities],
    insecureRegistries,
    proxyEnvironment,
  };
}

async function readMount({ path, source }: JobInput['mounts'][number], index: number): Promise<BuildMount> {
  const folder = join(JobFolder.mounts, String(index));
  // A kubelet has the files behind links, beside folders of its own whose names begin so.
  const names = (await readdir(folder)).filter((name) => !name.startsWith('..'));
  const files = await Promise.all(
    names.toSorted().map(async (name) => [name, await readFile(join(folder, name))] as const),
  );
  return { path, source, files: new Map(files) };
}

async function ifThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
