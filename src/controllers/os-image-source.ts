import type { ControllerConfig, MachineConfigPool, OSImageStream } from '../api/index.ts';
import type { RenderInput } from '../machineconfig/index.ts';
import { ControllerError } from './controller-error.ts';

/** Where the images of a pool come from if its MachineConfigs name none (contract §1.6, §1.11). */
export interface OSImageSource {
  readonly images: RenderInput['defaults'];
  /** The stream that they are of; absent: those of the ControllerConfig. */
  readonly stream?: string;
}

/** The objects that say so; each may be missing. */
export interface OSImageObjects {
  readonly controllerConfig: ControllerConfig | undefined;
  readonly osImageStream: OSImageStream | undefined;
  /** The pool `worker`. */
  readonly worker: MachineConfigPool | undefined;
}

/** The one object of each kind. */
export const CONTROLLER_CONFIG = 'machine-config-controller';
export const CLUSTER = 'cluster';

/** Pools that do not take the stream of the workers for their own. */
const BUILT_IN: ReadonlySet<string> = new Set(['master', 'arbiter', 'worker']);

/**
 * The images of the pool's stream, which for a custom pool that names none is that of the workers; else of the cluster's
 * default stream; else, where there are no streams, of the ControllerConfig (contract §2.4).
 *
 * @throws ControllerError
 */
export function osImageSource(pool: MachineConfigPool, objects: OSImageObjects): OSImageSource {
  const { osImageStream } = objects;
  const asking = askingPool(pool, objects.worker);
  const name = asking?.spec.osImageStream?.name ?? osImageStream?.status?.defaultStream;
  if (name === undefined) return fromControllerConfig(pool, objects.controllerConfig);
  const streams = osImageStream?.status?.availableStreams ?? [];
  const stream = streams.find((available) => available.name === name);
  if (stream === undefined) throw unknownStream(pool, asking ?? pool, name, objects);
  const { osImage, osExtensionsImage } = stream;
  return { images: { osImageURL: osImage, baseOSExtensionsContainerImage: osExtensionsImage }, stream: name };
}

/** The pool whose `spec.osImageStream` counts for a pool. */
function askingPool(
  pool: MachineConfigPool,
  worker: MachineConfigPool | undefined,
): MachineConfigPool | undefined {
  if (pool.spec.osImageStream !== undefined) return pool;
  const isCustom = !BUILT_IN.has(pool.metadata.name);
  return isCustom && worker?.spec.osImageStream !== undefined ? worker : undefined;
}

function fromControllerConfig(
  pool: MachineConfigPool,
  controllerConfig: ControllerConfig | undefined,
): OSImageSource {
  const osImageURL = controllerConfig?.spec.baseOSContainerImage ?? '';
  if (osImageURL === '') {
    const reason = controllerConfig === undefined ? 'there is no such object' : 'empty';
    throw new ControllerError(
      'no-base-image',
      `cannot render pool ${JSON.stringify(pool.metadata.name)}: ControllerConfig ${JSON.stringify(CONTROLLER_CONFIG)}: spec.baseOSContainerImage: ${reason}; set it to the image of the operating system, or set spec.osImageURL of a MachineConfig of the pool`,
    );
  }
  const extensions = controllerConfig?.spec.baseOSExtensionsContainerImage ?? '';
  return { images: { osImageURL, baseOSExtensionsContainerImage: extensions } };
}

function unknownStream(
  pool: MachineConfigPool,
  asking: MachineConfigPool,
  name: string,
  { osImageStream }: OSImageObjects,
): ControllerError {
  const names = (osImageStream?.status?.availableStreams ?? []).map((stream) => stream.name);
  const streams = `OSImageStream ${JSON.stringify(CLUSTER)}`;
  const reason =
    osImageStream === undefined
      ? `${streams} does not exist; remove the field or create it`
      : names.length === 0
        ? `${streams} has no status.availableStreams yet; remove the field or wait for them`
        : `${streams} has no such stream in status.availableStreams; choose one of ${names.join(', ')}`;
  return new ControllerError(
    'unknown-stream',
    `cannot render pool ${JSON.stringify(pool.metadata.name)}: MachineConfigPool ${JSON.stringify(asking.metadata.name)}: spec.osImageStream.name: ${JSON.stringify(name)}: ${reason}`,
  );
}
