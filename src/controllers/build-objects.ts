import type { MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import {
  CURRENT_BUILD_ANNOTATION,
  PRE_BUILT_IMAGE_KEY,
  REBUILD_ANNOTATION,
  REVISION_ANNOTATION,
} from '../api/index.ts';
import {
  isKubeError,
  keyOf,
  referenceTo,
  type EventRecorder,
  type EventType,
  type KubeClient,
  type KubeObject,
  type ResourceType,
} from '../kube/index.ts';
import type { BuildStep } from '../osbuild/index.ts';
import {
  buildStatus,
  formatReplacement,
  isSeed,
  nextRevision,
  osConfigStatus,
  REPLACES_ANNOTATION,
  SEEDED,
} from '../osbuild/index.ts';
import type { JsonObject } from '../schema/index.ts';
import { patchSeen } from './patch-seen.ts';
import { OS_BUILDS, OS_CONFIGS } from './resources.ts';

export interface BuildObjectsOptions {
  readonly client: Pick<KubeClient, 'clock' | 'create' | 'delete' | 'patch'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly osConfig: MachineOSConfig;
  readonly builds: readonly MachineOSBuild[];
  readonly signal: AbortSignal;
}

const NOTES: Readonly<Record<Extract<BuildStep, { kind: 'forget' }>['annotation'], string>> = {
  rebuild: REBUILD_ANNOTATION,
  replacement: REPLACES_ANNOTATION,
  'pre-built-image': PRE_BUILT_IMAGE_KEY,
};

/**
 * A MachineOSConfig and its builds as one reconciliation knows them: as the cache had them, and with what it has written
 * since, so that it can go on without waiting for the cache. Every write is over the version that was seen.
 */
export class BuildObjects {
  readonly #options: BuildObjectsOptions;
  #osConfig: MachineOSConfig;
  #builds: MachineOSBuild[];

  constructor(options: BuildObjectsOptions) {
    this.#options = options;
    this.#osConfig = options.osConfig;
    this.#builds = [...options.builds];
  }

  get osConfig(): MachineOSConfig {
    return this.#osConfig;
  }

  get builds(): readonly MachineOSBuild[] {
    return this.#builds;
  }

  find(name: string): MachineOSBuild | undefined {
    return this.#builds.find(({ metadata }) => metadata.name === name);
  }

  /** Gives the build its number. Undefined if there is one of this name that the cache does not know. */
  async create(build: MachineOSBuild): Promise<MachineOSBuild | undefined> {
    const { client, signal } = this.#options;
    try {
      const revision = String(nextRevision(this.#builds));
      const annotations = { ...build.metadata.annotations, [REVISION_ANNOTATION]: revision };
      const numbered = { ...build, metadata: { ...build.metadata, annotations } };
      const created = await client.create(OS_BUILDS, numbered, { signal });
      this.#builds.push(created);
      return created;
    } catch (error) {
      if (isKubeError(error, 'already-exists')) return undefined;
      throw error;
    }
  }

  /** Says of a build that another one takes its place. */
  async interrupt(build: MachineOSBuild, message: string): Promise<void> {
    const { client, signal } = this.#options;
    const now = new Date(client.clock.wall());
    const status = buildStatus(build, { state: 'interrupted', reason: 'Superseded', message }, now);
    if (status === undefined) return;
    try {
      const patch = { status } as unknown as JsonObject;
      const written = await patchSeen(client, OS_BUILDS, build, patch, { signal, subresource: 'status' });
      this.#builds = this.#builds.map((one) => (one === build ? written : one));
      this.#record(OS_BUILDS, build, 'Normal', 'BuildInterrupted', message);
    } catch (error) {
      if (!isKubeError(error, 'not-found')) throw error;
      this.#forget(build);
    }
  }

  /** Says of a build that its image had been built before. */
  async seed(name: string, image: string): Promise<void> {
    const { client, signal } = this.#options;
    const build = this.find(name);
    if (build === undefined) return;
    const now = new Date(client.clock.wall());
    const status = buildStatus(build, { state: 'succeeded', image, isSeeded: true }, now);
    if (status === undefined) return;
    const patch = { status } as unknown as JsonObject;
    const written = await patchSeen(client, OS_BUILDS, build, patch, { signal, subresource: 'status' });
    this.#builds = this.#builds.map((one) => (one === build ? written : one));
    this.#record(OS_BUILDS, build, 'Normal', SEEDED, `Image ${image} had been built before`);
  }

  /** Deletes a build, if it is still the one that was seen. */
  async remove(name: string, uid: string): Promise<void> {
    const { client, signal } = this.#options;
    const build = this.find(name);
    if (build === undefined) return;
    try {
      // In the background: nothing that goes with it is worth waiting for.
      await client.delete(OS_BUILDS, keyOf(build), {
        signal,
        preconditions: { uid },
        propagationPolicy: 'Background',
      });
      this.#record(OS_BUILDS, build, 'Normal', 'BuildDeleted', 'A build of the same name takes its place');
    } catch (error) {
      if (!isKubeError(error, 'not-found', 'conflict')) throw error;
    }
    this.#forget(build);
  }

  /** Names a build as the current one. */
  async nameCurrent(build: string): Promise<void> {
    if (this.#osConfig.metadata.annotations?.[CURRENT_BUILD_ANNOTATION] === build) return;
    await this.#annotate({ [CURRENT_BUILD_ANNOTATION]: build });
  }

  /** The image that nodes may run from now on. */
  async use(build: string, image: string): Promise<void> {
    const { client, signal } = this.#options;
    const found = this.find(build);
    const isSeeded = found !== undefined && isSeed(found);
    const now = new Date(client.clock.wall());
    const status = osConfigStatus(this.#osConfig, { build, image, isSeeded, now });
    if (status !== undefined) {
      const patch = { status } as unknown as JsonObject;
      const options = { signal, subresource: 'status' };
      this.#osConfig = await patchSeen(client, OS_CONFIGS, this.#osConfig, patch, options);
    }
    await this.nameCurrent(build);
  }

  /** Remembers that a build is being replaced. */
  async replace({ replacement }: Extract<BuildStep, { kind: 'replace' }>): Promise<void> {
    if (this.#osConfig.metadata.annotations?.[REBUILD_ANNOTATION] !== undefined) {
      const message = `MachineOSBuild ${replacement.name} is made again`;
      this.#record(OS_CONFIGS, this.#osConfig, 'Normal', 'RebuildRequested', message);
    }
    await this.#annotate({
      [REPLACES_ANNOTATION]: formatReplacement(replacement),
      [REBUILD_ANNOTATION]: null,
    });
  }

  async forgetNote(step: Extract<BuildStep, { kind: 'forget' }>): Promise<void> {
    await this.#annotate({ [NOTES[step.annotation]]: null });
    if (step.annotation === 'pre-built-image' && step.problem !== undefined)
      this.complain('PreBuiltImageIgnored', step.problem);
  }

  /** A problem of the MachineOSConfig, or of what it names. */
  complain(reason: string, message: string): void {
    this.#record(OS_CONFIGS, this.#osConfig, 'Warning', reason, message);
  }

  async #annotate(annotations: Readonly<Record<string, string | null>>): Promise<void> {
    const { client, signal } = this.#options;
    const patch = { metadata: { annotations } };
    this.#osConfig = await patchSeen(client, OS_CONFIGS, this.#osConfig, patch, { signal });
  }

  #forget(build: MachineOSBuild): void {
    this.#builds = this.#builds.filter((one) => one !== build);
  }

  #record<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    event: EventType,
    reason: string,
    message: string,
  ): void {
    this.#options.events.record({ object: referenceTo(type, object), type: event, reason, message });
  }
}
