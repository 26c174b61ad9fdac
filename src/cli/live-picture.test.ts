import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClusterPicture } from './cluster-picture.ts';
import { LivePicture, type Screen } from './live-picture.ts';

/** A terminal that knows the sequences that the picture uses, and no others. */
class FakeTerminal {
  readonly isTTY = true;
  columns = 60;
  rows = 20;
  lines: string[] = [''];
  readonly #resized = new Set<() => void>();

  write(text: string): boolean {
    // oxlint-disable-next-line no-control-regex -- the sequences are what is tested
    for (const [part, up] of text.matchAll(/\u001b\[(\d+)A|\u001b\[J|\r|\n|[^\u001b\r\n]+/gu)) {
      if (up !== undefined) this.#row = Math.max(0, this.#row - Number(up));
      else if (part === '\u001b[J') this.lines.length = this.#row + 1;
      else if (part === '\n') {
        this.#row += 1;
        this.lines[this.#row] ??= '';
      } else if (part !== '\r') this.lines[this.#row] = part;
    }
    return true;
  }

  #row = 0;

  on(_event: string, listener: () => void): void {
    this.#resized.add(listener);
  }

  off(_event: string, listener: () => void): void {
    this.#resized.delete(listener);
  }

  resize(columns: number): void {
    this.columns = columns;
    // As terminals do that break what is too long by now.
    const broken = this.lines.map((line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? ['']);
    this.#row = broken.slice(0, this.#row).flat().length;
    this.lines = broken.flat();
    for (const listener of this.#resized) listener();
  }

  get listeners(): number {
    return this.#resized.size;
  }
}

function picture(message: string, nodes = 1): ClusterPicture {
  return {
    pools: [
      {
        name: 'worker',
        state: 'updating',
        message,
        paused: false,
        rolledBackTo: null,
        configuration: { desired: 'c', current: null },
        imageMode: true,
        build: null,
        image: null,
        nodes: { total: nodes, updated: 0, ready: nodes, unavailable: 0, degraded: 0 },
        rollout: { progress: 'updating', reason: 'Draining' },
      },
    ],
    builds: [],
    nodes: Array.from({ length: nodes }, (_, index) => ({
      name: `n${index}`,
      pool: 'worker',
      progress: 'updating' as const,
      reason: 'Draining' as const,
      message: `Node n${index} is being drained`,
      configuration: null,
      image: null,
      agent: { state: null, reason: null },
      drain: null,
    })),
  };
}

describe('LivePicture', () => {
  test('is drawn in place on a terminal, below what was there, and fits it after a resize', () => {
    const terminal = new FakeTerminal();
    terminal.write('an introduction\n');
    const live = new LivePicture(terminal);
    live.show(picture('first', 5));
    const tall = terminal.lines.length;
    live.show(picture('second'));
    assert.equal(terminal.lines[0], 'an introduction');
    assert.equal(terminal.lines.filter((line) => line.startsWith('POOL')).length, 1);
    assert.ok(terminal.lines.includes('    second'));
    assert.ok(!terminal.lines.includes('    first'));
    assert.ok(terminal.lines.length < tall);
    live.show(picture('a sentence that is longer than the window is by now'));
    terminal.resize(20);
    assert.equal(terminal.lines.filter((line) => line.startsWith('POOL')).length, 1);
    assert.equal(terminal.lines[0], 'an introduction');
    assert.ok(terminal.lines.slice(1).every((line) => line.length <= 20));
    live.close();
    assert.equal(terminal.listeners, 0);
  });

  test('leaves above it, and draws nothing twice for, what somebody else has to say', () => {
    const terminal = new FakeTerminal();
    const live = new LivePicture(terminal);
    live.say('before there is a picture');
    live.show(picture('first', 5));
    live.say('warning: the controller has ended');
    live.show(picture('second', 5));
    assert.deepEqual(terminal.lines.slice(0, 3), [
      'before there is a picture',
      'warning: the controller has ended',
      'POOL    STATE     NODES  IMAGE',
    ]);
    assert.equal(terminal.lines.filter((line) => line.startsWith('POOL')).length, 1);
    live.close();
    live.say('after it');
    assert.deepEqual(terminal.lines.slice(-2), ['after it', '']);
  });

  test('is a line for what is news where there is no terminal, and no control sequence', () => {
    let said = '';
    const file: Screen = {
      isTTY: false,
      write: (text) => (said += text),
      on: assert.fail,
      off: () => undefined,
    };
    const live = new LivePicture(file);
    live.show(picture('first'));
    live.show(picture('first'));
    live.say('warning: the controller has ended');
    live.show(picture('first', 2));
    live.close();
    assert.ok(!said.includes('\u001b'));
    const lines = said.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /u, '')),
      [
        'pool worker updating: first',
        'node n0 draining: is being drained',
        'warning: the controller has ended',
        'node n1 draining: is being drained',
      ],
    );
    assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d /u);
  });
});
