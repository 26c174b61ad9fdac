import type { MachineConfig, MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import { renderedFrom } from '../machineconfig/index.ts';
import { formatReference, type Reference } from '../oci/index.ts';
import type { Architectures, PoolBuildResult } from '../osbuild/index.ts';
import { refuseContainerBuild } from '../osbuild/index.ts';
import type { RegistryLease } from './pool-registries.ts';
import { renderedOf, type RenderView } from './render-input.ts';

/** What a build is made of, as it was when somebody decided to make it. */
export interface BuildRecipe {
  readonly view: RenderView;
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig;
  readonly rendered: MachineConfig;
  /** By its digest. */
  readonly base: Reference;
  /** With the tag of the build. */
  readonly push: Reference;
  readonly architectures: Architectures;
  readonly lease: () => RegistryLease;
}

/** The making of one image. */
export function buildMaker(
  recipe: BuildRecipe,
): (say: (line: string) => void, signal: AbortSignal) => Promise<PoolBuildResult> {
  return async (say, signal) => {
    const { view, pool, osConfig, base, push, architectures, lease } = recipe;
    say(`base: ${formatReference(base)}`);
    refuseContainerBuild(recipe.rendered, osConfig);
    const rendered = renderedOf(view, pool) ?? renderedFrom(recipe.rendered);
    say(`MachineConfigs: ${rendered.order.join(', ')}`);
    const { registry, release } = lease();
    try {
      const { name } = pool.metadata;
      return await registry.build({ pool: name, rendered, base, push, architectures, signal, say });
    } finally {
      release();
    }
  };
}
