import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

interface WrittenObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly config?: WrittenConfig };
}

interface WrittenConfig {
  readonly storage?: { readonly files?: readonly Readonly<Record<string, unknown>>[] };
}

/** What `kubectl` reads: `0644` is octal. */
const KUBERNETES = { version: '1.1' } as const;

const ROLE = 'machineconfiguration.openshift.io/role';

/**
 * One MachineConfig for the peer out of a folder of YAML, merged by Ignition itself: the pool's MachineConfigs become
 * `ignition.config.merge` entries in the reference's order (worker's before the pool's own, by name: contract §2.2),
 * each file with the reference's default of `overwrite: true` (§2.3). No line of Varve has a say in it.
 */
export async function peerMachineConfig(folder: string, pool: string): Promise<string> {
  const objects: WrittenObject[] = [];
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.yaml'))) {
    for (const document of parseAllDocuments(await readFile(join(folder, name), 'utf8'), KUBERNETES)) {
      objects.push(document.toJS() as WrittenObject);
    }
  }
  const rank = (object: WrittenObject): string =>
    `${object.metadata.labels?.[ROLE] === 'worker' ? 0 : 1} ${object.metadata.name}`;
  const configs = objects
    .filter(({ kind }) => kind === 'MachineConfig')
    .filter(({ metadata }) => ['worker', pool].includes(metadata.labels?.[ROLE] ?? ''))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .flatMap(({ spec }) => (spec.config === undefined ? [] : [withOverwrite(spec.config)]));
  const merge = configs.map((config) => ({
    source: `data:;base64,${Buffer.from(JSON.stringify(config)).toString('base64')}`,
  }));
  return JSON.stringify({
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: `rendered-${pool}` },
    spec: { config: { ignition: { version: '3.3.0', config: { merge } } } },
  });
}

function withOverwrite(config: WrittenConfig): WrittenConfig {
  if (config.storage?.files === undefined) return config;
  const files = config.storage.files.map((file) =>
    file['contents'] === undefined || file['overwrite'] !== undefined ? file : { ...file, overwrite: true },
  );
  return { ...config, storage: { ...config.storage, files } };
}
