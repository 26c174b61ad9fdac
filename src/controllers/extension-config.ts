import type { MachineConfig } from '../api/index.ts';
import {
  type ExtensionCatalogue,
  extensionCatalogue,
  OsBuildError,
  parsePackageSets,
} from '../osbuild/index.ts';
import type { ClusterView } from './cluster-view.ts';
import type { ConfigMap } from './resources.ts';

/**
 * The ConfigMap of Varve's namespace by which an installation adds extensions, or says what one of the contract stands for: its keys
 * are their names, its values `rpm:a,b;deb:c`.
 */
export const EXTENSIONS_CONFIG_MAP = 'varve-extensions';

type View = { readonly configMaps: Pick<ClusterView['configMaps'], 'cache'> };

/** The ConfigMap, if there is one. */
export function extensionsConfigMap({ configMaps }: View): ConfigMap | undefined {
  return configMaps.cache.values().find(({ metadata }) => metadata.name === EXTENSIONS_CONFIG_MAP);
}

/** The names that the installation adds, whether or not they are said right: who asks for one is told what is wrong with it. */
export function configuredNames(view: View): readonly string[] {
  return Object.keys(extensionsConfigMap(view)?.data ?? {}).sort();
}

/**
 * What the extensions of a pool stand for.
 *
 * @throws OsBuildError `invalid-extension` with the key of the ConfigMap, for one that the pool asks for
 */
export function catalogueFor(view: View, { spec }: MachineConfig): ExtensionCatalogue {
  const data = extensionsConfigMap(view)?.data ?? {};
  const asked = new Set(spec.extensions ?? []);
  const configured = Object.entries(data).filter(([name]) => asked.has(name));
  return extensionCatalogue(new Map(configured.map(([name, text]) => [name, readSets(name, text)])));
}

function readSets(name: string, text: string): ReturnType<typeof parsePackageSets> {
  try {
    return parsePackageSets(name, text);
  } catch (cause) {
    if (!(cause instanceof OsBuildError)) throw cause;
    const field = `data[${JSON.stringify(name)}]`;
    const message = `${cause.message} (${field} of ConfigMap ${EXTENSIONS_CONFIG_MAP})`;
    throw new OsBuildError('invalid-extension', message, { cause, field });
  }
}
