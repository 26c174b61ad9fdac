import type { ClusterPicture } from './cluster-picture.ts';
import { changeLines, pictureLines, type ScreenSize } from './picture-text.ts';

/** What of a terminal is drawn on. */
export interface Screen {
  readonly isTTY: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** How often ages move on, in milliseconds. */
const TICK = 1000;

/**
 * Shows a picture and keeps it current: on a terminal in place, below what was printed before, elsewhere as a line for everything
 * that comes about. It changes no mode of the terminal, so that there is nothing to restore however the process ends.
 */
export class LivePicture {
  readonly #screen: Screen;
  #picture: ClusterPicture | undefined;
  /** The lines that are drawn, above the cursor. */
  #drawn: readonly string[] = [];
  readonly #redraw = (): void => this.#draw();
  readonly #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    if (!screen.isTTY) return;
    screen.on('resize', this.#redraw);
    this.#timer = setInterval(this.#redraw, TICK);
    this.#timer.unref();
  }

  show(picture: ClusterPicture): void {
    const before = this.#picture;
    this.#picture = picture;
    if (this.#isClosed) return;
    if (this.#screen.isTTY) this.#draw();
    else for (const line of changeLines(before, picture)) this.#screen.write(`${clock()} ${line}\n`);
  }

  /** Says a line of somebody else's, which stays above the picture: written past it, the next drawing would take it away. */
  say(line: string): void {
    if (this.#picture === undefined || this.#isClosed || !this.#screen.isTTY) this.#screen.write(`${line}\n`);
    else this.#draw(`${line}\n`);
  }

  /** The picture stays as it is. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#screen.off('resize', this.#redraw);
  }

  #draw(above = ''): void {
    const picture = this.#picture;
    if (picture === undefined || this.#isClosed) return;
    const size: ScreenSize = { columns: this.#screen.columns || 80, rows: this.#screen.rows || 24 };
    const lines = pictureLines(picture, size, Date.now());
    // In one write: no half of it is ever seen.
    const text = lines.map((line) => `${line}\n`).join('');
    const erased = this.#erased();
    this.#drawn = lines;
    this.#screen.write(`${erased}${above}${text}`);
  }

  /** Goes back to where the picture begins and clears all from there on. A window that is narrower by now has broken its lines. */
  #erased(): string {
    const { rows = 24, columns = 80 } = this.#screen;
    const height = this.#drawn.reduce((sum, { length }) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    const up = Math.min(height, Math.max(0, rows - 1));
    this.#drawn = [];
    return up === 0 ? '' : `\r\u001b[${up}A\u001b[J`;
  }
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}
