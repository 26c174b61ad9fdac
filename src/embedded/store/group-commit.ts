import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isSyncFailure, storeError } from './failure.ts';
import { StoreError } from './store-error.ts';

/** The memory beside the database that has to follow it. */
export interface Ledger<Mark> {
  /** The state now, for {@link Ledger.restore}. */
  mark(): Mark;
  /** Goes back to a state: the writes since then were undone. */
  restore(mark: Mark): void;
  /** Adds what a commit should carry along; the last thing before it. */
  complete(): void;
  /** The writes are on disk. */
  publish(): void;
  /** The disk was full: frees what it can, in a transaction of its own. */
  relieve(): void;
}

/**
 * While several write at a time, commits are this far apart, in milliseconds: a commit and the events that follow it cost as
 * much as five writes, and nobody who writes with others notices so short a wait.
 */
const GATHER = 4;

/**
 * Lets the writes of many callers share one commit, and so one sync of the disk, which costs more than a hundred writes. The
 * first write of a turn of the event loop begins a transaction; it is committed when the turn has handled all input that was
 * there (`setImmediate`). Where the last commit was shared, and only just now, others are about to write again: then it waits
 * for them a little. A caller who is alone never waits. Each caller's writes are a savepoint, undone alone if the caller fails.
 */
export class GroupCommit<Mark> {
  readonly #database: DatabaseSync;
  readonly #ledger: Ledger<Mark>;
  readonly #file: string;
  readonly #now: () => number;
  readonly #statements: Readonly<Record<'begin' | 'commit' | 'savepoint' | 'release', StatementSync>>;
  #group: Group<Mark> | undefined;
  #body: Body<Mark> | undefined;
  /** Why no write is tried any more. */
  #broken: StoreError | undefined;
  /** The last group did not find room. */
  #full = false;
  /** When the last commit that several shared was done. */
  #shared = -Infinity;

  /** @param now milliseconds of a clock that never goes back */
  constructor(database: DatabaseSync, ledger: Ledger<Mark>, file: string, now: () => number) {
    this.#now = now;
    this.#database = database;
    this.#ledger = ledger;
    this.#file = file;
    this.#statements = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      savepoint: database.prepare('SAVEPOINT body'),
      release: database.prepare('RELEASE body'),
    };
  }

  /** See {@link import('./store.ts').Store.isBroken}. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** See {@link import('./store.ts').Store.transact}. */
  run<T>(body: () => T): Promise<T> {
    if (this.#body !== undefined)
      return Promise.reject(new StoreError('misuse', 'cannot run a transaction inside another one'));
    const state: Body<Mark> = { mark: undefined, failure: undefined };
    this.#body = state;
    let result: T;
    try {
      result = body();
      // A body that goes on after a failed write could leave half of what it meant to do.
      if (state.failure !== undefined) throw state.failure;
      if (state.mark !== undefined) this.#release();
    } catch (error) {
      this.#undo(state);
      return this.settled().then(() => Promise.reject(error));
    } finally {
      this.#body = undefined;
    }
    return this.#group === undefined ? Promise.resolve(result) : this.#group.done.promise.then(() => result);
  }

  /** Runs SQL that writes, which only the body of {@link GroupCommit.run} may; opens the transaction if it is the first. */
  write(action: () => void): void {
    const body = this.#body;
    if (body === undefined) throw new StoreError('misuse', 'cannot write outside of a transaction');
    if (body.failure !== undefined) throw body.failure;
    try {
      if (body.mark === undefined) {
        this.#join();
        body.mark = this.#ledger.mark();
        this.#statements.savepoint.run();
      }
      action();
    } catch (error) {
      body.failure = this.#failure(error);
      throw body.failure;
    }
  }

  /** See {@link import('./store.ts').Store.settled}. */
  settled(): Promise<void> {
    return this.#group === undefined ? Promise.resolve() : this.#group.done.promise;
  }

  /** Commits now. Failures reach those who wait. */
  flush(): void {
    const group = this.#group;
    if (group === undefined) return;
    if (this.#body !== undefined) throw new StoreError('misuse', 'cannot commit inside a transaction');
    try {
      this.#ledger.complete();
      this.#statements.commit.run();
    } catch (error) {
      if (isSyncFailure(error)) this.#break(error);
      this.#rollBack();
      this.#abandon(this.#failure(error));
      return;
    }
    group.cancel();
    this.#group = undefined;
    this.#full = false;
    this.#shared = group.bodies > 1 ? this.#now() : -Infinity;
    group.done.resolve();
    this.#ledger.publish();
  }

  #join(): void {
    if (this.#group !== undefined) {
      this.#group.bodies++;
      return;
    }
    if (this.#full && this.#broken === undefined) this.#relieve();
    if (this.#broken !== undefined) throw this.#broken;
    this.#statements.begin.run();
    const done = Promise.withResolvers<void>();
    // The bodies hear of a failure through promises of their own; when all have failed before, none listens to this one.
    done.promise.catch(() => {});
    this.#group = { start: this.#ledger.mark(), done, cancel: this.#flushSoon(), bodies: 1 };
  }

  /** @returns what takes it back */
  #flushSoon(): () => void {
    const rest = this.#shared + GATHER - this.#now();
    if (rest <= 0) {
      const turn = setImmediate(() => this.flush());
      return () => clearImmediate(turn);
    }
    const timer = setTimeout(() => this.flush(), rest);
    return () => clearTimeout(timer);
  }

  #relieve(): void {
    const start = this.#ledger.mark();
    try {
      this.#statements.begin.run();
      this.#ledger.relieve();
      this.#statements.commit.run();
    } catch (error) {
      if (isSyncFailure(error)) this.#break(error);
      // Otherwise it does not matter why: the write that follows meets the same obstacle, and tells of it.
      this.#rollBack();
      this.#ledger.restore(start);
    }
  }

  #release(): void {
    try {
      this.#statements.release.run();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Takes back what the body wrote; all that the group wrote, where SQLite has done that already or cannot do less. */
  #undo(body: Body<Mark>): void {
    if (this.#group === undefined || body.mark === undefined) return;
    try {
      this.#database.exec('ROLLBACK TO body; RELEASE body');
      this.#ledger.restore(body.mark);
    } catch (error) {
      this.#rollBack();
      this.#abandon(this.#failure(error));
    }
  }

  /** After some errors (disk full, I/O) SQLite has rolled back by itself (https://www.sqlite.org/lang_transaction.html). */
  #failure(error: unknown): StoreError {
    const failure = storeError(error, `cannot write to ${this.#file}`);
    if (failure.code === 'disk-full') this.#full = true;
    if (this.#group !== undefined && !this.#database.isTransaction) this.#abandon(failure);
    return failure;
  }

  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch (error) {
      if (this.#database.isTransaction) this.#break(error);
    }
  }

  #break(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#broken = new StoreError(
      'io',
      `cannot write to ${this.#file}: nothing is written until the next start, since nobody knows what an earlier write ` +
        `has left on disk: ${reason}`,
      error,
    );
  }

  #abandon(failure: StoreError): void {
    const group = this.#group;
    if (group === undefined) return;
    this.#group = undefined;
    group.cancel();
    this.#ledger.restore(group.start);
    group.done.reject(failure);
  }
}

/** The writes that one commit will bring to disk. */
interface Group<Mark> {
  readonly start: Mark;
  readonly done: PromiseWithResolvers<void>;
  /** Takes back that it will be committed by itself. */
  readonly cancel: () => void;
  /** How many callers wrote. */
  bodies: number;
}

/** One caller's part of a group while it runs. */
interface Body<Mark> {
  /** The state before its first write. */
  mark: Mark | undefined;
  /** Why one of its writes failed. */
  failure: StoreError | undefined;
}
