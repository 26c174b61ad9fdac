import { merge, translate } from '../ignition/index.ts';
import { RENDERED_VERSION } from './ignition-check.ts';
import type { Config, File } from '../ignition/index.ts';

/**
 * The Ignition configs of a pool as one, at spec 3.5.0: Ignition's own merge rules, later ones over earlier ones
 * (contract §2.3). Whoever sets the contents of a file sets all of them: compression and hash of the file that is
 * overridden are not inherited, as they would be by Ignition's rules alone (host-contract §8.4).
 * Files with contents overwrite by default.
 *
 * @param configs in merge order; none gives an empty config
 */
export function mergeConfigs(configs: readonly Config[]): Config {
  let merged: Config | undefined;
  for (const config of configs) {
    const child = translate(config, RENDERED_VERSION);
    merged = merged === undefined ? child : merge(dropReplacedContents(merged, child), child);
  }
  if (merged === undefined) return { ignition: { version: RENDERED_VERSION } };
  return mapFiles(merged, normaliseFile);
}

function dropReplacedContents(parent: Config, child: Config): Config {
  const replaced = new Set<string>();
  for (const { path, contents } of child.storage?.files ?? []) {
    if (contents?.source !== undefined) replaced.add(path);
  }
  const affected = (parent.storage?.files ?? []).some(
    ({ path, contents }) => contents !== undefined && replaced.has(path),
  );
  if (!affected) return parent;
  return mapFiles(parent, (file) => {
    if (!replaced.has(file.path)) return file;
    const { contents: _, ...rest } = file;
    return rest;
  });
}

function normaliseFile(file: File): File {
  const { contents, ...rest } = file;
  if (contents === undefined) return file;
  const { compression, ...resource } = contents;
  // Ignition refuses `overwrite` for a file without contents, so such a file keeps what the host has.
  const overwrite = rest.overwrite === undefined && resource.source !== undefined ? { overwrite: true } : {};
  // An empty compression only says that the file is not compressed.
  const kept = compression === undefined || compression === '' ? resource : contents;
  return { ...rest, ...overwrite, ...(Object.keys(kept).length === 0 ? {} : { contents: kept }) };
}

function mapFiles(config: Config, map: (file: File) => File): Config {
  const files = config.storage?.files;
  return files === undefined ? config : { ...config, storage: { ...config.storage, files: files.map(map) } };
}
