import { isDeepStrictEqual } from 'node:util';
import type { MachineOSBuild } from '../api/index.ts';
import { BUILDER_ANNOTATION, WARNINGS_ANNOTATION } from '../api/index.ts';
import { backoffDelay, isKubeError, keyOf, pause, type KubeClient } from '../kube/index.ts';
import type { BuildNews } from '../osbuild/index.ts';
import { buildStatus } from '../osbuild/index.ts';
import type { ChosenBuilder } from './container-building.ts';
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

/** Annotations of an object have 256 KiB in all, and a path up to 4. */
const MOST_WARNINGS = 20;

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
    this.#then(() => this.#write(news));
  }

  /** Says which builder it has, as {@link say} does. */
  choose(chosen: ChosenBuilder): void {
    this.#then(() => this.#choose(chosen));
  }

  /** Says what people may not expect of the image, as {@link say} does; nothing if there is nothing. */
  warn(warnings: readonly string[]): void {
    if (warnings.length === 0) return;
    const shown = warnings.slice(0, MOST_WARNINGS);
    const more = warnings.length - shown.length;
    const text = [...shown, ...(more === 0 ? [] : [`and ${more} more, which are in the log`])].join('\n');
    this.#then(() =>
      this.#patch(undefined, ({ metadata }) =>
        metadata.annotations?.[WARNINGS_ANNOTATION] === text
          ? undefined
          : { metadata: { annotations: { [WARNINGS_ANNOTATION]: text } } },
      ),
    );
  }

  #then(write: () => Promise<unknown>): void {
    this.#chain = this.#chain.then(async () => {
      try {
        await write();
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
  #write(news: BuildNews): Promise<boolean> {
    const { clock } = this.#options.client;
    return this.#patch('status', (build) => {
      const status = buildStatus(build, news, new Date(clock.wall()));
      return status === undefined ? undefined : { status };
    });
  }

  async #choose({ description, job }: ChosenBuilder): Promise<void> {
    await this.#patch(undefined, ({ metadata }) =>
      metadata.annotations?.[BUILDER_ANNOTATION] === description
        ? undefined
        : { metadata: { annotations: { [BUILDER_ANNOTATION]: description } } },
    );
    if (job === undefined) return;
    const builder = { imageBuilderType: 'Job', job: { group: 'batch', resource: 'jobs', ...job } };
    await this.#patch('status', ({ status }) =>
      isDeepStrictEqual(status?.builder, builder) ? undefined : { status: { builder } },
    );
  }

  /** Whether what is to change has been written; undefined: nothing is. */
  async #patch(
    subresource: 'status' | undefined,
    changes: (build: MachineOSBuild) => Parameters<typeof patchSeen>[3] | undefined,
  ): Promise<boolean> {
    const { client, signal } = this.#options;
    while (!this.#isGone && !signal.aborted) {
      const patch = changes(this.#build);
      if (patch === undefined) return false;
      try {
        this.#build = await patchSeen(client, OS_BUILDS, this.#build, patch, {
          signal,
          ...(subresource === undefined ? {} : { subresource }),
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
