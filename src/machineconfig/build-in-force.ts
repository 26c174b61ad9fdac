import { CURRENT_BUILD_ANNOTATION, buildStateOf, compareNewestFirst } from '../api/index.ts';
import type { MachineConfigPool, MachineOSBuild, MachineOSConfig } from '../api/index.ts';

/**
 * The build that a pool's nodes are to get, or wait for: the one that the MachineOSConfig names, as long as it is of
 * the configuration that the pool wants; else the newest of that configuration (contract §3.2).
 */
export function buildInForce(
  pool: MachineConfigPool,
  osConfig: MachineOSConfig,
  builds: readonly MachineOSBuild[],
): MachineOSBuild | undefined {
  const target = pool.spec.configuration?.name ?? '';
  const candidates = builds
    .filter(
      ({ spec }) =>
        spec.machineOSConfig.name === osConfig.metadata.name && spec.machineConfig.name === target,
    )
    .sort(compareNewestFirst);
  const named = osConfig.metadata.annotations?.[CURRENT_BUILD_ANNOTATION];
  return candidates.find(({ metadata }) => metadata.name === named) ?? candidates[0];
}

/**
 * Whether the nodes of a pool may be told to run an image, and which (contract §3.2):
 * - `not-layered`: the pool has nothing to do with images.
 * - `go`: every node may get this configuration with this image.
 * - `wait`: something is still to come.
 * - `failed`: nothing comes until the build is made anew; nodes stay where they are.
 */
export type LayeredGate =
  | { readonly kind: 'not-layered' }
  | { readonly kind: 'go'; readonly machineConfig: string; readonly image: string }
  | { readonly kind: 'wait'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Decides {@link LayeredGate} from a pool's MachineOSConfig and {@link buildInForce}. */
export function layeredGate(
  osConfig: MachineOSConfig | undefined,
  build: MachineOSBuild | undefined,
): LayeredGate {
  if (osConfig === undefined && build === undefined) return { kind: 'not-layered' };
  if (osConfig === undefined) {
    return wait(`MachineOSBuild ${build?.metadata.name ?? ''} is left of a MachineOSConfig that is gone`);
  }
  if (build === undefined) return wait(`MachineOSConfig ${osConfig.metadata.name} has no MachineOSBuild yet`);
  const { name } = build.metadata;
  const state = buildStateOf(build);
  if (state === 'failed') return { kind: 'failed', message: `MachineOSBuild ${name} failed` };
  if (state !== 'succeeded') {
    return wait(`MachineOSBuild ${name} ${state === 'interrupted' ? 'was interrupted' : 'is not finished'}`);
  }
  const image = osConfig.status?.currentImagePullSpec ?? '';
  if (image === '') return wait(`MachineOSConfig ${osConfig.metadata.name} has no image yet`);
  if (build.status?.digestedImagePushSpec !== image) {
    return wait(
      `MachineOSConfig ${osConfig.metadata.name} does not have the image of MachineOSBuild ${name} yet`,
    );
  }
  return { kind: 'go', machineConfig: build.spec.machineConfig.name, image };
}

function wait(message: string): LayeredGate {
  return { kind: 'wait', message };
}
