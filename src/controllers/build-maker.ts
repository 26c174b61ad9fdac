import type { MachineConfig, MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import { renderedFrom } from '../machineconfig/index.ts';
import { formatReference, type Reference } from '../oci/index.ts';
import type { BuildInputs, CustomisationWish, PoolBuildResult } from '../osbuild/index.ts';
import { containerWish, mayNeedContainer, redactedBuilders, refuseEarly } from '../osbuild/index.ts';
import type { BuildTeller } from './build-runner.ts';
import type { ContainerBuilding } from './container-building.ts';
import { catalogueFor } from './extension-config.ts';
import type { PoolArchitectures } from './pool-architectures.ts';
import type { RegistryLease } from './pool-registries.ts';
import type { PoolAccess } from './registry-access.ts';
import { renderedOf, type RenderView } from './render-input.ts';

/** What a build is made of, as it was when somebody decided to make it. */
export interface BuildRecipe {
  readonly view: RenderView;
  readonly pool: MachineConfigPool;
  readonly osConfig: MachineOSConfig;
  readonly rendered: MachineConfig;
  readonly build: MachineOSBuild;
  /** By its digest. */
  readonly base: Reference;
  /** With the tag of the build. */
  readonly push: Reference;
  readonly architectures: PoolArchitectures;
  readonly access: PoolAccess;
  readonly lease: () => RegistryLease;
  readonly containers: ContainerBuilding;
  readonly inputs: BuildInputs;
}

/** The making of one image. */
export function buildMaker(
  recipe: BuildRecipe,
): (teller: BuildTeller, signal: AbortSignal) => Promise<PoolBuildResult> {
  return async (teller, signal) => {
    const { say } = teller;
    const { view, pool, osConfig, base, push, lease } = recipe;
    const { architectures, required = [] } = recipe.architectures;
    say(`base: ${formatReference(base)}`);
    const wishFor = async (architecture: string): Promise<CustomisationWish | undefined> =>
      containerWish(recipe.rendered, osConfig, architecture, catalogueFor(view, recipe.rendered));
    const isDirect = !mayNeedContainer(recipe.rendered, osConfig);
    // What is wrong in the text is said before anything is asked or read.
    if (!isDirect) await refuseEarly(architectures === 'all' ? undefined : architectures, wishFor);
    const rendered = renderedOf(view, pool) ?? renderedFrom(recipe.rendered);
    say(`MachineConfigs: ${rendered.order.join(', ')}`);
    const { registry, release } = lease();
    try {
      const { name } = pool.metadata;
      return await registry.build({
        pool: name,
        rendered,
        base,
        push,
        architectures,
        requiredArchitectures: required,
        signal,
        say,
        ...(isDirect ? {} : { containers: { ...buildersOf(recipe, teller), wishFor } }),
      });
    } finally {
      release();
    }
  };
}

function buildersOf(
  { build, osConfig, pool, access, push, inputs, containers }: BuildRecipe,
  { onBuilder }: BuildTeller,
): Pick<NonNullable<Parameters<RegistryLease['registry']['build']>[0]['containers']>, 'builders' | 'inputs'> {
  const builders = containers.buildersFor({
    build,
    osConfig,
    pool: pool.metadata.name,
    access: access.access,
    push,
    inputs,
    onBuilder,
  });
  return { builders: redactedBuilders(builders, access.access), inputs };
}
