import type { MachineOSBuild } from '../api/index.ts';
import { backoffDelay, isKubeError, keyOf, pause, type KubeClient } from '../kube/index.ts';
import type { BuildNews } from '../osbuild/index.ts';
import { buildStatus } from '../osbuild/index.ts';
import type { JsonObject } from '../schema/index.ts';
import { patchSeen } from './patch-seen.ts';
import { OS_BUILDS } from './resources.ts';

export interface BuildStatusWriterOptions {
  readonly client: Pick<KubeClient, 'clock' | 'get' | 'patch'>;
  readonly build: MachineOSBuild;
  /** When it aborts nothing is written any more. */
  readonly signal: AbortSignal;
  /** Told of a write that failed, before it is tried again or given up. */
  readonly report: (error: unknown) => void;
}

/** What became of the writes to a build. */
export type BuildFate =
  /** As it was said. */
  | { readonly kind: 'written'; readonly build: MachineOSBuild }
  /** Somebody else has ended it, and how. */
  | { readonly kind: 'ended'; readonly build: MachineOSBuild }
  /** It is gone, or another one has its name; or nothing may be written any more. */
  | { readonly kind: 'gone' };

const RETRY = { first: 50, factor: 2, longest: 30_000, jitter: 0.5, reset: 0 };

/**
 * Writes how far a build is, one news after the other and beside the work. What the build's state does not allow is not
 * written, however often two processes try: the build stays in the state where the first one put it.
 */
export class BuildStatusWriter {
  readonly #options: BuildStatusWriterOptions;
  #build: MachineOSBuild;
  #isGone = false;
  #chain: Promise<void> = Promise.resolve();

  constructor(options: BuildStatusWriterOptions) {
    this.#options = options;
    this.#build = options.build;
  }

  /** Once, after what was said before; a failure is no reason to stop: what comes later says more. */
  say(news: BuildNews): void {
    this.#chain = this.#chain.then(async () => {
      try {
        await this.#write(news);
      } catch (error) {
        if (!this.#options.signal.aborted) this.#options.report(error);
      }
    });
  }

  /** Says how the build ended, as often as it takes. */
  async end(news: BuildNews): Promise<BuildFate> {
    const { client, signal, report } = this.#options;
    await this.#chain;
    for (let failures = 1; !signal.aborted && !this.#isGone; failures += 1) {
      try {
        if (await this.#write(news)) return { kind: 'written', build: this.#build };
        if (!this.#isGone) return { kind: 'ended', build: this.#build };
      } catch (error) {
        if (signal.aborted) break;
        // Even what is no fault of the network: a role may be granted in the meantime.
        report(error);
        await pause(client.clock, backoffDelay(RETRY, failures, client.clock.random()), signal);
      }
    }
    return { kind: 'gone' };
  }

  /** Whether the news has been written; not, if the build is in that state already, has ended, or is gone. */
  async #write(news: BuildNews): Promise<boolean> {
    const { client, signal } = this.#options;
    while (!this.#isGone && !signal.aborted) {
      const status = buildStatus(this.#build, news, new Date(client.clock.wall()));
      if (status === undefined) return false;
      try {
        const patch = { status } as unknown as JsonObject;
        this.#build = await patchSeen(client, OS_BUILDS, this.#build, patch, {
          signal,
          subresource: 'status',
        });
        return true;
      } catch (error) {
        if (isKubeError(error, 'not-found')) this.#isGone = true;
        else if (isKubeError(error, 'conflict')) await this.#read();
        else throw error;
      }
    }
    return false;
  }

  async #read(): Promise<void> {
    const { client, signal, build } = this.#options;
    try {
      const found = await client.get(OS_BUILDS, keyOf(build), { signal });
      const isSame = found.metadata['uid'] === build.metadata['uid'];
      if (isSame && found.metadata['deletionTimestamp'] === undefined) this.#build = found;
      else this.#isGone = true;
    } catch (error) {
      if (!isKubeError(error, 'not-found')) throw error;
      this.#isGone = true;
    }
  }
}
