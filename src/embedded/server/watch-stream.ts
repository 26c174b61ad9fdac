import type { Writable } from 'node:stream';
import type { Pulled, Watch } from '../rest/index.ts';

/** What a stream of watch events needs of the world. */
export interface WatchClock {
  /** Calls back once after so many milliseconds; the function that it returns cancels. */
  after(milliseconds: number, callback: () => void): () => void;
  /** A number in [0, 1). */
  random(): number;
}

/** How often a client that allows bookmarks gets one, in milliseconds (kubernetes-api §12). */
const BOOKMARK_INTERVAL = 60_000;

/** A last bookmark comes so long before the end, in milliseconds. */
const BOOKMARK_LEAD = 2000;

/** A client that takes nothing for so long, in milliseconds, is gone. */
const STALL_LIMIT = 300_000;

/** How many characters of events are read for a client at a time. */
const MIN_PORTION = 64 * 1024;
const MAX_PORTION = 512 * 1024;

/** Without `timeoutSeconds` a watch lasts between this and twice this, in milliseconds. */
const DEFAULT_DURATION = 1_800_000;

/**
 * Sends a watch's events to one client for as long as both want. Only as much is read from the watch as the client takes:
 * what it leaves waits in the store.
 */
export class WatchStream {
  readonly #watch: Watch;
  readonly #output: Writable;
  readonly #clock: WatchClock;
  readonly #report: (message: string) => void;
  readonly #cancels: (() => void)[] = [];
  #cancelStall: (() => void) | undefined;
  #cancelRepeat: (() => void) | undefined;
  /** What a client that never takes anything costs; who takes what is sent gets more at a time. */
  #portion = MIN_PORTION;
  #isBlocked = false;
  #isPaused = false;
  /** There may be something to read. */
  #isBehind = true;
  #isDone = false;
  readonly done: Promise<void>;
  #resolve: () => void = () => {};

  /** @param report is told of defects, which end the stream: the client begins again */
  constructor(watch: Watch, output: Writable, clock: WatchClock, report: (message: string) => void) {
    this.#watch = watch;
    this.#report = report;
    this.#output = output;
    this.#clock = clock;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    output.on('drain', () => this.#drained());
    output.on('close', () => this.end());
    output.on('error', () => this.end());
    this.#schedule();
  }

  get storage(): string {
    return this.#watch.storage;
  }

  /** The name of all objects that it sends, if it asks for one. */
  get name(): string | undefined {
    return this.#watch.name;
  }

  /**
   * Something has changed that it may have to send: has to be called for each commit that changes anything of its storage and
   * name, and need not be for any other.
   *
   * @param before the durable revision before that
   */
  changed(before: number): void {
    if (!this.#isBehind) this.#watch.skip(before);
    this.#isBehind = true;
    this.pump();
  }

  /** Sends what there is to send. */
  pump(): void {
    if (this.#isBlocked || this.#isDone || this.#isPaused) return;
    let pulled: Pulled;
    try {
      pulled = this.#isBehind ? this.#watch.pull(this.#portion) : this.#watch.skip();
    } catch (error) {
      // Thrown on, it would end the process, or keep others from their events.
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#report(`a watch of ${this.storage} met a defect: ${why}`);
      this.#output.destroy();
      this.end();
      return;
    }
    const { lines, hasMore, isEnded } = pulled;
    this.#isBehind = hasMore;
    if (lines.length > 0) this.#write(lines);
    if (isEnded) this.end();
    else if (hasMore && !this.#isBlocked) this.#pumpSoon();
  }

  /** Ends the stream, as the server does when it stops. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#cancelStall?.();
    this.#cancelRepeat?.();
    for (const cancel of this.#cancels) cancel();
    if (!this.#output.destroyed) this.#output.end();
    this.#resolve();
  }

  /** Other clients come first: a watch that reads a long history must not keep them waiting. */
  #pumpSoon(): void {
    this.#isPaused = true;
    setImmediate(() => {
      this.#isPaused = false;
      this.pump();
    });
  }

  #write(lines: string | Uint8Array): void {
    if (this.#output.write(lines)) return;
    this.#isBlocked = true;
    this.#cancelStall = this.#clock.after(STALL_LIMIT, () => this.#output.destroy());
  }

  #drained(): void {
    this.#portion = Math.min(MAX_PORTION, this.#portion * 2);
    this.#cancelStall?.();
    this.#cancelStall = undefined;
    this.#isBlocked = false;
    this.pump();
  }

  #schedule(): void {
    const asked = this.#watch.timeoutSeconds;
    const duration =
      asked === undefined || asked <= 0
        ? DEFAULT_DURATION * (1 + this.#clock.random())
        : Math.min(asked, 86_400) * 1000;
    this.#cancels.push(this.#clock.after(duration, () => this.end()));
    if (!this.#watch.allowsBookmarks) return;
    if (duration > BOOKMARK_LEAD) {
      this.#cancels.push(this.#clock.after(duration - BOOKMARK_LEAD, () => this.#bookmark()));
    }
    this.#repeatBookmark();
  }

  #repeatBookmark(): void {
    this.#cancelRepeat = this.#clock.after(BOOKMARK_INTERVAL, () => {
      this.#bookmark();
      this.#repeatBookmark();
    });
  }

  #bookmark(): void {
    // Nothing may have happened here for long: where the client may go on later should not be forgotten by then.
    this.pump();
    if (this.#isBlocked || this.#isDone) return;
    const line = this.#watch.bookmark();
    if (line !== '') this.#write(line);
  }
}
