import type { Amount, ProgressEvent } from './progress.ts';

const UNITS: Readonly<Record<string, number>> = {
  byte: 1,
  bytes: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

const AMOUNT = String.raw`\((\d+(?:[.,]\d+)?)[\s ](\w+)\)`;

/** `ostree chunk layers needed: 65 (2.0 GB)`, and with `stored: N ` before `needed` in older releases. */
const NEEDED = new RegExp(
  String.raw`^(?:ostree chunk|custom) layers (?:stored: (\d+) )?needed: (\d+) ${AMOUNT}`,
);

/** `[3/65] Fetching ostree chunk sha256:… (12 MB)...`; without the counter in older releases. */
const FETCHING = /^(?:\[(\d+)\/(\d+)\] )?(?:Fetching|Fetched) (?:ostree chunk|layer) /;

/**
 * Reads what rpm-ostree prints while it rebases. It is text for people, without a promise: lines that are not known
 * are left out, and nothing is decided by them.
 */
export class RpmOstreeProgress {
  #needed = 0;
  #cached = 0;
  #total = 0;
  #fetched = 0;

  read(line: string): ProgressEvent | undefined {
    const text = line.trim();
    const needed = NEEDED.exec(text);
    if (needed !== null) {
      const [, stored = '0', count = '0', size = '0', unit = ''] = needed;
      this.#cached += Number(stored);
      this.#needed += Number(count);
      this.#total += Number(size.replace(',', '.')) * (UNITS[unit] ?? 0);
      return this.#pulling(text);
    }
    const fetching = FETCHING.exec(text);
    if (fetching !== null) {
      if (fetching[1] !== undefined) this.#fetched = Number(fetching[1]);
      else if (text.startsWith('Fetched')) this.#fetched++;
      return this.#pulling(text);
    }
    if (/^(Pulling manifest|Importing): /.test(text)) return event('pulling', text);
    if (/^(Checking out|Applying|Relabeling|Generating|Writing|Copying)\b/.test(text))
      return event('importing', text);
    if (text.startsWith('Staging deployment')) return event('staging', text);
    return undefined;
  }

  #pulling(message: string): ProgressEvent {
    const known = this.#needed > 0;
    const steps: Amount = {
      done: this.#fetched,
      cached: this.#cached,
      total: known ? this.#needed : undefined,
    };
    const bytes: Amount = { done: 0, cached: 0, total: Math.round(this.#total) };
    // How many bytes have come is not told; only once all layers are there is it known.
    const all = known && this.#fetched >= this.#needed;
    return {
      phase: 'pulling',
      message,
      bytes: known ? { ...bytes, done: all ? (bytes.total ?? 0) : 0 } : undefined,
      steps,
    };
  }
}

function event(phase: string, message: string): ProgressEvent {
  return { phase, message, bytes: undefined, steps: undefined };
}
