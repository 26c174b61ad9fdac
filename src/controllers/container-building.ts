import type { MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import type { Informer } from '../kube/index.ts';
import type { Reference } from '../oci/index.ts';
import type { BuildInputs, ContainerBuilders, RegistryAccess } from '../osbuild/index.ts';

/** Which builder makes the container build of a MachineOSBuild. */
export interface ChosenBuilder {
  /** For people: which one, and why that one. */
  readonly description: string;
  /** The Job that it is, for the build's status (contract §4.7). */
  readonly job?: { readonly namespace: string; readonly name: string };
}

/** A MachineOSBuild that needs a container build. */
export interface ContainerBuildOrder {
  readonly build: MachineOSBuild;
  readonly osConfig: MachineOSConfig;
  readonly pool: string;
  /** The credentials of the pool, and how its registries are reached. */
  readonly access: RegistryAccess;
  /** Where its image goes, with the tag of the build. */
  readonly push: Reference;
  /** The same that the build's key is made of. */
  readonly inputs: BuildInputs;
  /** To be told as soon as it is certain, before anything runs; again if it changes. */
  readonly onBuilder: (chosen: ChosenBuilder) => void;
}

/** Where the controllers have container builds made. */
export interface ContainerBuilding {
  /** A build that failed is tried anew when this is another one. */
  readonly kind: 'none' | 'process' | 'job';
  /** The builders for one build; whether there is one for an architecture they say when they are asked for it. */
  buildersFor(order: ContainerBuildOrder): ContainerBuilders;
  /** Removes what is left of builds that came to their end without a failure, as soon as they have, until the signal aborts. */
  clearAway?(builds: Informer<MachineOSBuild>, signal: AbortSignal): Promise<void>;
}

/**
 * Why the work on a build ends before the build does: the reason of its signal.
 *
 * - `unwanted`: nobody wants the image any more, or the build is gone: what runs for it ends, and leaves nothing behind.
 * - `left`: this process does not go on with it: what lasts without it may run on, for the next one to adopt.
 */
export class BuildStop extends Error {
  override readonly name = 'BuildStop';
  readonly kind: 'unwanted' | 'left';

  constructor(kind: 'unwanted' | 'left') {
    super(
      kind === 'unwanted' ? 'nobody wants the image any more' : 'this process does not go on with the build',
    );
    this.kind = kind;
  }
}

/** Whether what runs for a build may run on when its signal has aborted. */
export function mayRunOn(signal: AbortSignal): boolean {
  return signal.reason instanceof BuildStop && signal.reason.kind === 'left';
}
