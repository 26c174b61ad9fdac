import type { KubeClient } from '../kube/index.ts';
import { formatOutput, MOST_OUTPUT, outputKey } from '../osbuild/index.ts';
import { CONFIG_MAPS } from './resources.ts';

export interface JobOutputWriterOptions {
  readonly client: Pick<KubeClient, 'clock' | 'patch'>;
  readonly namespace: string;
  /** The ConfigMap that it goes to, which is there. */
  readonly name: string;
  /** Whose it is. */
  readonly pod: string;
  /** Told once of lines that cannot be written. */
  readonly report: (error: unknown) => void;
}

/** Milliseconds between two writes, and what is added for each KiB that is written: all that there is, each time. */
const PERIOD = 1000;
const PER_KIBIBYTE = 15;

/** Writes what a pod says where the controllers follow it, beside the work: what cannot be written holds up nothing. */
export class JobOutputWriter {
  readonly #options: JobOutputWriterOptions;
  readonly #key: string;
  #lines: { readonly text: string; readonly bytes: number }[] = [];
  #bytes = 0;
  #gone = 0;
  #isDirty = false;
  #isEnded = false;
  #isReported = false;
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: JobOutputWriterOptions) {
    this.#options = options;
    this.#key = outputKey(options.pod, new Date(options.client.clock.wall()));
  }

  readonly say = (line: string): void => {
    if (this.#isEnded) return;
    for (const part of line.split('\n')) this.#add(part.slice(0, MOST_OUTPUT / 8));
    this.#isDirty = true;
    this.#schedule();
  };

  /** Writes what is left; resolves when that is done, or cannot be. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#cancel?.();
    await this.#writing;
    if (this.#isDirty) await this.#write();
  }

  #add(text: string): void {
    const bytes = Buffer.byteLength(text) + 1;
    this.#lines.push({ text, bytes });
    this.#bytes += bytes;
    if (this.#bytes <= MOST_OUTPUT) return;
    // Half of it at once, so that a log that goes on and on is not moved about with each line.
    let count = 0;
    while (this.#bytes > MOST_OUTPUT / 2 && count < this.#lines.length - 1) {
      this.#bytes -= this.#lines[count]?.bytes ?? 0;
      count += 1;
    }
    this.#lines = this.#lines.slice(count);
    this.#gone += count;
  }

  #schedule(): void {
    if (this.#isEnded || this.#writing !== undefined) return;
    const { clock } = this.#options.client;
    this.#cancel ??= clock.schedule(PERIOD + (this.#bytes / 1024) * PER_KIBIBYTE, () => {
      this.#cancel = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#isDirty) this.#schedule();
      });
    });
  }

  async #write(): Promise<void> {
    const { client, namespace, name, report } = this.#options;
    this.#isDirty = false;
    const text = formatOutput(
      this.#gone,
      this.#lines.map((line) => line.text),
    );
    try {
      await client.patch(
        CONFIG_MAPS,
        { namespace, name },
        { type: 'merge', patch: { data: { [this.#key]: text } } },
        { timeout: 10_000 },
      );
    } catch (error) {
      this.#isDirty = true;
      if (!this.#isReported) report(error);
      this.#isReported = true;
    }
  }
}
