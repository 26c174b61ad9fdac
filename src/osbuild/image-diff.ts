import type { ConfigurationLayer, LayerPath } from './pool-image.ts';
import { PROVENANCE_PATH } from './provenance-map.ts';

/** One path that differs between the configuration of two images. */
export interface PathDifference {
  readonly change: 'added' | 'removed' | 'changed';
  readonly path: string;
  /** What of a changed path differs: `type`, `content`, `mode`, `owner`, `target`. */
  readonly aspects: readonly string[];
  /** The MachineConfigs that set it: in the new image, or where it is gone, in the old one. */
  readonly machineConfigs: readonly string[];
}

/** What differs between the configuration of two images. */
export interface ConfigurationDifference {
  readonly renderedConfig: { readonly from: string; readonly to: string };
  readonly base: { readonly from: string; readonly to: string };
  readonly kernelArguments: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly paths: readonly PathDifference[];
}

/** Compares the configuration of two images, path by path. Directories that only carry a path down do not count. */
export function diffConfigurations(
  from: ConfigurationLayer,
  to: ConfigurationLayer,
): ConfigurationDifference {
  const paths: PathDifference[] = [];
  const owned = (layer: ConfigurationLayer): Map<string, readonly string[]> =>
    new Map(
      layer.provenance.items.flatMap(({ paths: carriers, target, machineConfigs }) =>
        [...carriers.map(({ path }) => path), ...(target === undefined ? [] : [target])].map(
          (path) => [path, machineConfigs] as const,
        ),
      ),
    );
  const oldOwners = owned(from);
  const newOwners = owned(to);
  for (const path of [...new Set([...from.paths.keys(), ...to.paths.keys()])].sort()) {
    if (path === PROVENANCE_PATH) continue;
    const old = from.paths.get(path);
    const now = to.paths.get(path);
    const machineConfigs = newOwners.get(path) ?? oldOwners.get(path) ?? [];
    if (old === undefined || now === undefined) {
      const there = old ?? now;
      if (there?.type === 'directory' && machineConfigs.length === 0) continue;
      paths.push({ change: old === undefined ? 'added' : 'removed', path, aspects: [], machineConfigs });
    } else {
      const aspects = differingAspects(old, now);
      if (aspects.length > 0) paths.push({ change: 'changed', path, aspects, machineConfigs });
    }
  }
  const oldArguments = from.provenance.kernelArguments;
  const newArguments = to.provenance.kernelArguments;
  return {
    renderedConfig: { from: from.provenance.renderedConfig, to: to.provenance.renderedConfig },
    base: { from: from.provenance.base, to: to.provenance.base },
    kernelArguments: {
      added: newArguments.filter((argument) => !oldArguments.includes(argument)),
      removed: oldArguments.filter((argument) => !newArguments.includes(argument)),
    },
    paths,
  };
}

function differingAspects(old: LayerPath, now: LayerPath): readonly string[] {
  const aspects: string[] = [];
  if (old.type !== now.type) aspects.push('type');
  if (old.sha256 !== now.sha256) aspects.push('content');
  if (old.mode !== now.mode) aspects.push('mode');
  if (old.uid !== now.uid || old.gid !== now.gid) aspects.push('owner');
  if (old.target !== now.target) aspects.push('target');
  return aspects;
}
