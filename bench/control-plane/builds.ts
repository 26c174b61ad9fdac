import { buildStateOf, type MachineOSBuild } from '../../src/api/index.ts';
import { OS_BUILDS } from '../../src/controllers/index.ts';
import { Informer, type KubeClient } from '../../src/kube/index.ts';

/** A build as the benchmark saw it: when it came, and when it had succeeded, by this process's clock. */
interface SeenBuild {
  readonly pool: string;
  readonly created: number;
  succeeded?: number;
  image?: string;
}

/** Follows the builds of all pools. */
export class Builds {
  readonly #seen = new Map<string, SeenBuild>();
  readonly #waiting = new Set<() => void>();

  constructor(client: KubeClient, signal: AbortSignal) {
    const informer = new Informer<MachineOSBuild>(client, { type: OS_BUILDS });
    informer.subscribe((change) => {
      if (change.type === 'deleted') this.#seen.delete(uidOf(change.object));
      else this.#note(change.object);
    });
    void informer.run(signal);
  }

  /** Images of all builds that succeeded and are still there. */
  get images(): readonly string[] {
    return [...this.#seen.values()].flatMap(({ image }) => image ?? []);
  }

  /** Builds of a pool that were made after `since`. */
  madeSince(pool: string, since: number): number {
    return [...this.#seen.values()].filter((build) => build.pool === pool && build.created >= since).length;
  }

  /** When the first build of a pool that was made after `since` had succeeded; the last one of several with `last`. */
  async succeeded(pool: string, since: number): Promise<number> {
    return this.#until(() => {
      const made = [...this.#seen.values()].filter((build) => build.pool === pool && build.created >= since);
      return made.at(-1)?.succeeded;
    }, `a build of ${pool}`);
  }

  async #until<T>(look: () => T | undefined, what: string): Promise<T> {
    const deadline = performance.now() + 120_000;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`cannot measure: ${what} has not succeeded within two minutes`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
  }

  #note(build: MachineOSBuild): void {
    const uid = uidOf(build);
    const now = performance.now();
    const seen = this.#seen.get(uid) ?? { pool: build.spec.machineOSConfig.name, created: now };
    this.#seen.set(uid, seen);
    if (buildStateOf(build) === 'succeeded' && seen.succeeded === undefined) {
      seen.succeeded = now;
      seen.image = build.status?.digestedImagePushSpec ?? '';
    }
    for (const wake of this.#waiting) wake();
  }
}

function uidOf({ metadata }: MachineOSBuild): string {
  return JSON.stringify(metadata['uid']);
}
