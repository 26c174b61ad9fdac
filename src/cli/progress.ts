import type { WriteStream } from 'node:tty';

/** How often the line is drawn at most, in milliseconds. */
const INTERVAL = 100;

/**
 * One line on a terminal that is drawn over and over; silent where the stream is no terminal. `clear` must be called
 * before anything else is written there.
 */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream & Partial<WriteStream>;
  readonly #enabled: boolean;
  #drawn = 0;
  #visible = false;

  constructor(stream: NodeJS.WriteStream, enabled: boolean) {
    this.#stream = stream;
    this.#enabled = enabled && stream.isTTY;
  }

  update(text: () => string): void {
    if (!this.#enabled) return;
    const now = performance.now();
    if (now - this.#drawn < INTERVAL) return;
    this.#drawn = now;
    this.#visible = true;
    const width = (this.#stream.columns || 80) - 1;
    this.#stream.write(`\r\u001b[K${text().slice(0, width)}`);
  }

  clear(): void {
    if (!this.#visible) return;
    this.#visible = false;
    this.#drawn = 0;
    this.#stream.write('\r\u001b[K');
  }
}
