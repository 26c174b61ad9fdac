import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediately } from 'node:timers/promises';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { StoreError, openStore, type Change, type Store } from '../store/index.ts';
import { ControllerRunner, type Controller } from './controller.ts';

let directory: string;
let store: Store;
let runner: ControllerRunner | undefined;
let reports: string[];

/** A controller of pods that notes what happens to it. */
class Noting implements Controller {
  readonly name = 'noting';
  readonly calls: string[] = [];
  fails: Error | undefined;
  pause: number | undefined;

  wants(storage: string): boolean {
    return storage === 'pods';
  }

  begin(): void {
    this.calls.push('begin');
  }

  observe({ type, object }: Change): void {
    this.calls.push(`${type} ${object.name}`);
  }

  work(): number | undefined {
    this.calls.push('work');
    if (this.fails !== undefined) throw this.fails;
    return this.pause;
  }

  /** What was called since the last time. */
  take(): string[] {
    return this.calls.splice(0);
  }
}

function start(controller: Controller): void {
  runner = new ControllerRunner(controller, store, (message) => reports.push(message));
}

async function put(name: string, storage = 'pods'): Promise<void> {
  await store.transact(() =>
    store.put({ storage, namespace: '', name }, () => ({ text: '{}', labels: {}, fields: {} })),
  );
}

/** Lets all run that can run now. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await immediately();
}

describe('the controller', () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    directory = mkdtempSync(join(tmpdir(), 'controllers-'));
    store = openStore({ directory, history: { revisions: 5 } });
    reports = [];
  });

  afterEach(async () => {
    mock.timers.reset();
    await runner?.stop();
    runner = undefined;
    store.close();
    rmSync(directory, { recursive: true });
  });

  describe('ControllerRunner', () => {
    test('has it look at everything first, and then at what changes, together', async () => {
      await put('before');
      const controller = new Noting();
      start(controller);
      await quiet();
      assert.deepEqual(controller.take(), ['begin', 'work']);
      await Promise.all([put('a'), put('b'), put('n', 'nodes')]);
      await quiet();
      assert.deepEqual(controller.take(), ['added a', 'added b', 'work']);
      const last = put('m', 'nodes');
      // After writes that shared a commit the store waits a little for more of them.
      mock.timers.tick(10);
      await last;
      await quiet();
      assert.deepEqual(controller.take(), []);
    });

    test('calls it again when it asks for that', async () => {
      const controller = new Noting();
      controller.pause = 5000;
      start(controller);
      await quiet();
      controller.take();
      mock.timers.tick(4999);
      await quiet();
      assert.deepEqual(controller.take(), []);
      mock.timers.tick(1);
      await quiet();
      assert.deepEqual(controller.take(), ['work']);
    });

    test('one that fails rests, longer each time, whatever changes; then it begins anew', async () => {
      const controller = new Noting();
      controller.fails = new Error('a defect');
      start(controller);
      await quiet();
      assert.deepEqual(controller.take(), ['begin', 'work']);
      assert.match(reports[0] ?? '', /^controller noting failed \(attempt 1\): Error: a defect\n {4}at /);
      await put('a');
      await quiet();
      assert.deepEqual(controller.take(), []);
      mock.timers.tick(1000);
      await quiet();
      assert.deepEqual(controller.take(), ['begin', 'work']);
      mock.timers.tick(1999);
      await quiet();
      assert.deepEqual(controller.take(), []);
      controller.fails = undefined;
      mock.timers.tick(1);
      await quiet();
      assert.deepEqual(controller.take(), ['begin', 'work']);
      await put('b');
      await quiet();
      assert.deepEqual(controller.take(), ['added b', 'work']);
    });

    test('one that fails for ever costs little, and is told of less and less', async () => {
      const controller = new Noting();
      controller.fails = new Error('a defect');
      start(controller);
      for (let minute = 0; minute < 60; minute++) {
        await quiet();
        mock.timers.tick(60_000);
      }
      assert.ok(controller.calls.length <= 140, `${controller.calls.length} calls`);
      assert.ok(reports.length <= 7, `${reports.length} reports`);
    });

    test('the defect of one that fails at its beginning is told too', async () => {
      const controller = new Noting();
      controller.begin = () => {
        throw new Error('no beginning');
      };
      start(controller);
      await quiet();
      assert.match(reports[0] ?? '', /no beginning/);
    });

    test('one that comes too late looks at everything again, and that is no failure', async () => {
      const controller = new Noting();
      start(controller);
      await quiet();
      controller.take();
      const changes = store.changes.bind(store);
      let isLate = true;
      store.changes = (...call) => {
        if (!isLate) return changes(...call);
        isLate = false;
        throw new StoreError('compacted', 'forgotten');
      };
      await put('a');
      await quiet();
      assert.deepEqual(controller.take(), ['begin', 'work']);
      assert.deepEqual(reports, []);
      await put('b');
      await quiet();
      assert.deepEqual(controller.take(), ['added b', 'work']);
    });

    test('one whose kind does not change misses nothing while others fill the memory', async () => {
      const controller = new Noting();
      start(controller);
      await quiet();
      controller.take();
      for (let index = 0; index < 50; index++) await put(`n${index}`, 'nodes');
      await put('a');
      await quiet();
      assert.deepEqual(
        controller.take().filter((call) => call !== 'begin'),
        ['added a', 'work'],
      );
    });

    test('a closed store ends it quietly', async () => {
      const controller = new Noting();
      start(controller);
      store.close();
      await quiet();
      assert.deepEqual(reports, []);
    });

    test('stopped, it does nothing more', async () => {
      const controller = new Noting();
      controller.pause = 1000;
      start(controller);
      await quiet();
      await runner?.stop();
      controller.take();
      await put('a');
      mock.timers.tick(10_000);
      await quiet();
      assert.deepEqual(controller.take(), []);
    });
  });
});
