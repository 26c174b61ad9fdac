import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { isKubeError, resourceType, type KubeClient } from '../../../src/kube/index.ts';
import { until } from '../until.ts';
import { CHECKOUT } from '../varve.ts';
import { DEFINITIONS, type StoredDefinition } from './resources.ts';

/**
 * Installs the kinds of deploy/crds that the server does not have, and waits until it serves them all. Those that are there
 * stay as they are.
 *
 * @returns the names of those installed
 */
export async function installDefinitions(kube: KubeClient): Promise<readonly string[]> {
  const folder = join(CHECKOUT, 'deploy/crds');
  const installed: string[] = [];
  for (const file of await readdir(folder)) {
    const definition = load(await readFile(join(folder, file), 'utf8')) as StoredDefinition;
    const { name = '' } = definition.metadata;
    // One that an earlier test removes is there until its objects are gone.
    await until(`${name} is there for good, or not at all`, () => isSettled(kube, name));
    if ((await find(kube, name)) !== undefined) continue;
    await kube.create(DEFINITIONS, definition);
    installed.push(name);
    await until(`${name} is served`, () => isServed(kube, definition));
  }
  return installed;
}

/** Removes definitions and waits until they are gone. */
export async function removeDefinitions(kube: KubeClient, names: readonly string[]): Promise<void> {
  for (const name of names) await kube.delete(DEFINITIONS, { namespace: '', name });
  for (const name of names) {
    await until(`${name} is gone`, async () => (await find(kube, name)) === undefined);
  }
}

async function isSettled(kube: KubeClient, name: string): Promise<boolean> {
  return (await find(kube, name))?.metadata.deletionTimestamp === undefined;
}

/** A real server answers its first list of a new kind with 429 or 404, for longer than it says that it is established. */
async function isServed(kube: KubeClient, { spec, metadata }: StoredDefinition): Promise<boolean> {
  const stored = await find(kube, metadata.name ?? '');
  const isEstablished = stored?.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  const { group, names, scope, versions } = spec;
  const version = versions[0]?.name ?? '';
  const type = resourceType({ ...names, group, version, namespaced: (scope as string) === 'Namespaced' });
  try {
    await kube.list(type, { limit: 1 });
    return isEstablished === true;
  } catch (error) {
    if (isKubeError(error)) return false;
    throw error;
  }
}

async function find(kube: KubeClient, name: string): Promise<StoredDefinition | undefined> {
  try {
    return await kube.get(DEFINITIONS, { namespace: '', name });
  } catch (error) {
    if (isKubeError(error, 'not-found')) return undefined;
    throw error;
  }
}
