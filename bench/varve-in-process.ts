import { decodeMachineConfig, decodeObject, type MachineConfigPool } from '../src/api/index.ts';
import { machineArchitecture } from '../src/cli/environment.ts';
import { render } from '../src/machineconfig/index.ts';
import { openRegistry, parseReference } from '../src/oci/index.ts';
import { memoryCache, PoolBuilder } from '../src/osbuild/index.ts';

/**
 * The one place where the benchmark touches Varve's code: how a process that already runs, as a controller does,
 * builds and pushes an image when objects have changed. Follow src/osbuild when its interface changes.
 */
export interface InProcessBuilder {
  /** Objects as a watch delivers them, decoded from JSON; answers the pushed digest. */
  build(objects: { readonly pool: unknown; readonly machineConfigs: readonly unknown[] }): Promise<string>;
  close(): void;
}

export function openInProcessBuilder(base: string, push: string): InProcessBuilder {
  const registry = openRegistry({});
  const builder = new PoolBuilder(
    { registry, cache: memoryCache() },
    { architectures: [machineArchitecture()] },
  );
  const from = parseReference(base);
  const to = parseReference(push);
  return {
    async build({ pool, machineConfigs }) {
      const asked = builder.ask(from, to);
      const rendered = render({
        pool: decodePool(pool),
        machineConfigs: machineConfigs.map(decodeMachineConfig),
        defaults: { osImageURL: base, baseOSExtensionsContainerImage: '' },
      });
      const { pushed } = await builder.finish(asked, { pool: 'layered', rendered, compression: 'gzip' });
      return pushed.digest;
    },
    close: () => registry.close(),
  };
}

function decodePool(value: unknown): MachineConfigPool {
  const object = decodeObject(value);
  if (object.kind !== 'MachineConfigPool') throw new Error('cannot build: the pool is no MachineConfigPool');
  return object;
}
