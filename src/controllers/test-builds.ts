// A server of builds that is not there, for the tests of what writes their status.
import type { MachineOSBuild } from '../api/index.ts';
import { buildStateOf } from '../api/index.ts';
import { FakeClock, KubeError, type KubeClient } from '../kube/index.ts';

/** Keeps builds by name as an API server does: a patch of another version than the last is a conflict. */
export class FakeBuilds {
  readonly clock: FakeClock = new FakeClock();
  /** States that were written, in their order. */
  readonly states: string[] = [];
  readonly reported: unknown[] = [];
  /** Every write fails so. */
  failure: Error | undefined;
  /** Told of patches of objects that are no builds. */
  onOther: (patch: unknown) => void = () => {};
  /** So many writes are done, and fail all the same. */
  losesAnswers = 0;
  readonly #builds = new Map<string, MachineOSBuild>();
  #version = 1;

  constructor(...builds: readonly MachineOSBuild[]) {
    for (const build of builds) this.#builds.set(build.metadata.name, build);
  }

  /** The only one there is. */
  get build(): MachineOSBuild | undefined {
    return [...this.#builds.values()].at(0);
  }

  find(name: string): MachineOSBuild | undefined {
    return this.#builds.get(name);
  }

  /** Somebody else changes all there are. */
  change(how: (build: MachineOSBuild) => MachineOSBuild | undefined): void {
    for (const [name, build] of this.#builds) {
      const changed = how(build);
      if (changed === undefined) this.#builds.delete(name);
      else this.#store(changed);
    }
  }

  get client(): Pick<KubeClient, 'clock' | 'get' | 'patch'> {
    const get = async (...[, { name }]: Parameters<KubeClient['get']>): Promise<never> => {
      await Promise.resolve();
      return this.#require(name) as never;
    };
    const patch = async (...[type, { name }, change]: Parameters<KubeClient['patch']>): Promise<never> => {
      await Promise.resolve();
      if (this.failure !== undefined) throw this.failure;
      if (type.kind !== 'MachineOSBuild') {
        this.onOther(change);
        return {} as never;
      }
      const build = this.#require(name);
      const { metadata, status } = (change as { patch: MachineOSBuild }).patch;
      const { uid, resourceVersion } = build.metadata;
      if (metadata['uid'] !== uid || metadata['resourceVersion'] !== resourceVersion)
        throw new KubeError('conflict', 'no');
      const annotations = { ...build.metadata.annotations, ...metadata.annotations };
      const stored = this.#store({
        ...build,
        metadata: { ...build.metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
        ...(status === undefined ? {} : { status }),
      });
      this.states.push(buildStateOf(stored));
      if (this.losesAnswers > 0) {
        this.losesAnswers -= 1;
        throw new KubeError('unavailable', 'the connection was closed');
      }
      return stored as never;
    };
    return { clock: this.clock, get: get, patch: patch };
  }

  #require(name: string): MachineOSBuild {
    const build = this.#builds.get(name);
    if (build === undefined) throw new KubeError('not-found', 'no');
    return build;
  }

  #store(build: MachineOSBuild): MachineOSBuild {
    this.#version += 1;
    const metadata = { ...build.metadata, resourceVersion: String(this.#version) };
    const stored = { ...build, metadata };
    this.#builds.set(build.metadata.name, stored);
    return stored;
  }
}
