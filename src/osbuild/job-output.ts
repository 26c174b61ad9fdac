/** What the pods of a Job say, as a ConfigMap has it: under a key for each, which begins with the time at which it began. */
export type JobOutput = Readonly<Record<string, string>>;

/** In UTF-8 bytes, of one pod: a ConfigMap holds a mebibyte, and a Job has a few pods. */
export const MOST_OUTPUT = 160 * 1024;

/** The key of a pod's lines; that of a later pod is a later one. */
export function outputKey(pod: string, began: Date): string {
  return `${began.toISOString().replaceAll(/[-:.]/g, '')}.${pod}`;
}

/** The value of it: how many lines are no longer kept, then those that are. */
export function formatOutput(gone: number, lines: readonly string[]): string {
  return [String(gone), ...lines].join('\n');
}

/** Finds what is new in the output of a Job, each time that it is seen. */
export class OutputReader {
  /** How many lines have been read, by key. */
  readonly #read = new Map<string, number>();

  /** The lines that nobody has been given yet, in order. */
  next(output: JobOutput): readonly string[] {
    return Object.keys(output)
      .toSorted()
      .flatMap((key) => this.#nextOf(key, output[key] ?? ''));
  }

  #nextOf(key: string, text: string): readonly string[] {
    const [first = '', ...lines] = text.split('\n');
    const gone = Number.parseInt(first, 10);
    if (!Number.isSafeInteger(gone) || gone < 0) return [];
    const read = this.#read.get(key) ?? 0;
    this.#read.set(key, Math.max(read, gone + lines.length));
    const missing = gone - read;
    const fresh = lines.slice(Math.max(0, -missing));
    return missing > 0 ? [`[${missing} lines are not kept]`, ...fresh] : fresh;
  }
}
