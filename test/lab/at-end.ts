import type { TestContext } from 'node:test';

const STACKS = new WeakMap<TestContext, AsyncDisposableStack>();

/**
 * Does something when a test is over, whether it has passed or not: what was begun last ends first, so that nobody loses what
 * they still write to; and what fails to end keeps nothing else from it. `t.after` does neither: its hooks run in the order in
 * which they were given, up to the first that fails.
 */
export function atEnd(t: TestContext, end: () => unknown): void {
  let stack = STACKS.get(t);
  if (stack === undefined) {
    const made = new AsyncDisposableStack();
    STACKS.set(t, made);
    t.after(() => made.disposeAsync());
    stack = made;
  }
  stack.defer(async () => void (await end()));
}
