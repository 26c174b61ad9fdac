import type { MachineOSBuild } from '../api/index.ts';
import type { KubeClient } from '../kube/index.ts';
import { BUILD_LOG_KEY, BUILD_LOG_LABEL, BUILD_LOG_WHOLE_KEY, buildLogName } from './build-log-object.ts';
import { CONFIG_MAPS } from './resources.ts';

export interface BuildLogOptions {
  readonly client: Pick<KubeClient, 'clock' | 'patch'>;
  readonly namespace: string;
  readonly build: MachineOSBuild;
  /** Told once of a log that cannot be written. */
  readonly report: (error: unknown) => void;
}

/** In UTF-8 bytes; a ConfigMap holds a mebibyte at the most, and everybody who reads it gets all of it. */
const MOST_BYTES = 250 * 1024;
/** Milliseconds between two writes. */
const PERIOD = 1000;
const FIELD_MANAGER = 'varve-build-log';

/**
 * The log of one build, in a ConfigMap that goes with the build. Lines are written at most once a second, beside the work: a
 * log that cannot be written holds up nothing.
 */
export class BuildLog {
  readonly #options: BuildLogOptions;
  #lines: { readonly text: string; readonly bytes: number }[] = [];
  #bytes = 0;
  #isCut = false;
  #isDirty = false;
  #isEnded = false;
  #isReported = false;
  #writing: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: BuildLogOptions) {
    this.#options = options;
  }

  /** A line for people; more than one where it holds line ends. */
  readonly say = (line: string): void => {
    if (this.#isEnded) return;
    const { clock } = this.#options.client;
    const time = new Date(clock.wall()).toISOString();
    for (const part of line.split('\n')) this.#add(`${time} ${part}\n`);
    this.#isDirty = true;
    this.#schedule();
  };

  /** Writes what is left; resolves when that is done, or cannot be. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Writes nothing any more: another process goes on with this build, and begins its log anew. */
  discard(): void {
    this.#isEnded = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  async #end(): Promise<void> {
    this.discard();
    await this.#writing;
    if (this.#isDirty) await this.#write();
  }

  get #text(): string {
    const cut = this.#isCut ? '[earlier lines are not kept]\n' : '';
    return cut + this.#lines.map(({ text }) => text).join('');
  }

  #add(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > MOST_BYTES) return this.#add(`${text.slice(0, 1000)}…\n`);
    this.#lines.push({ text, bytes });
    this.#bytes += bytes;
    if (this.#bytes <= MOST_BYTES) return;
    // Half of it at once, so that a log that goes on and on is not moved about with each line.
    this.#isCut = true;
    let gone = 0;
    while (this.#bytes > MOST_BYTES / 2 && gone < this.#lines.length - 1) {
      this.#bytes -= this.#lines[gone]?.bytes ?? 0;
      gone += 1;
    }
    this.#lines = this.#lines.slice(gone);
  }

  #schedule(): void {
    if (this.#isEnded || this.#writing !== undefined) return;
    const { clock } = this.#options.client;
    const due = clock.now() + PERIOD;
    this.#cancelTimer ??= clock.schedule(PERIOD, () => {
      this.#cancelTimer = undefined;
      // A process that has slept may not lead any more, and is about to find out: the log is another one's by then.
      if (clock.now() - due > PERIOD) return this.#schedule();
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        // What came meanwhile, or could not be written, goes with the next.
        if (this.#isDirty) this.#schedule();
      });
    });
  }

  async #write(): Promise<void> {
    const { client, namespace, build, report } = this.#options;
    this.#isDirty = false;
    const { name, uid } = build.metadata;
    const owner = { apiVersion: build.apiVersion, kind: build.kind, name, uid };
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: buildLogName(name),
        namespace,
        labels: { [BUILD_LOG_LABEL]: '' },
        ownerReferences: [owner],
      },
      data: { [BUILD_LOG_KEY]: this.#text, ...(this.#isEnded ? { [BUILD_LOG_WHOLE_KEY]: 'true' } : {}) },
    };
    try {
      // Applied: the log of an earlier build of this name gives way, its owner included.
      await client.patch(
        CONFIG_MAPS,
        { namespace, name: object.metadata.name },
        { type: 'apply', object, fieldManager: FIELD_MANAGER, force: true },
        { timeout: 10_000 },
      );
    } catch (error) {
      this.#isDirty = true;
      if (!this.#isReported) report(error);
      this.#isReported = true;
    }
  }
}
