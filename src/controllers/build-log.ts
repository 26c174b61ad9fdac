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

/**
 * In UTF-8 bytes; a ConfigMap holds a mebibyte at the most. Of a log that is longer its beginning is kept, which says what is built of
 * what, and its end, which says why it failed.
 */
const MOST_BYTES = 768 * 1024;
const HEAD_BYTES = 192 * 1024;
const LONGEST_LINE = 16 * 1024;
/** Milliseconds between two writes of a short log, and for each so many bytes of a long one: each write is of all of it. */
const PERIOD = 1000;
const BYTES_A_PERIOD = 128 * 1024;
const FIELD_MANAGER = 'varve-build-log';

/**
 * The log of one build, in a ConfigMap that goes with the build. Lines are written at most once a second, beside the work: a
 * log that cannot be written holds up nothing.
 */
export class BuildLog {
  readonly #options: BuildLogOptions;
  #head = '';
  #headBytes = 0;
  /** What follows the head, or what was left out after it. */
  #tail: { readonly text: string; readonly bytes: number }[] = [];
  #tailBytes = 0;
  #leftOut = 0;
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
    const gap =
      this.#leftOut === 0 ? '' : `[${this.#leftOut} lines are left out here: the log is too long]\n`;
    return this.#head + gap + this.#tail.map(({ text }) => text).join('');
  }

  #add(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > LONGEST_LINE) return this.#add(`${text.slice(0, 1000)}…\n`);
    if (this.#tail.length === 0 && this.#leftOut === 0 && this.#headBytes + bytes <= HEAD_BYTES) {
      this.#head += text;
      this.#headBytes += bytes;
      return;
    }
    this.#tail.push({ text, bytes });
    this.#tailBytes += bytes;
    const most = MOST_BYTES - HEAD_BYTES;
    if (this.#tailBytes <= most) return;
    // Half of it at once, so that a log that goes on and on is not moved about with each line.
    let gone = 0;
    while (this.#tailBytes > most / 2) {
      this.#tailBytes -= this.#tail[gone]?.bytes ?? 0;
      gone += 1;
    }
    this.#tail = this.#tail.slice(gone);
    this.#leftOut += gone;
  }

  /** Until the next write. */
  get #period(): number {
    return PERIOD * Math.max(1, Math.ceil((this.#headBytes + this.#tailBytes) / BYTES_A_PERIOD));
  }

  #schedule(): void {
    if (this.#isEnded || this.#writing !== undefined) return;
    const { clock } = this.#options.client;
    const period = this.#period;
    const due = clock.now() + period;
    this.#cancelTimer ??= clock.schedule(period, () => {
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
