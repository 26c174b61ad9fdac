import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { GroupCommit } from './group-commit.ts';
import { StoreError } from './store-error.ts';

/** The database and the memory beside it, which must always tell the same. */
let database: DatabaseSync;
let memory: string[];
let commits: GroupCommit<number>;
/** What happens at the next commit, once. */
let sabotage: (() => void) | undefined;
/** What happens when room is made. */
let relief: () => void;
let published: string[][];
let relieved: number;

function words(): unknown[] {
  return database
    .prepare('SELECT word FROM words ORDER BY rowid')
    .all()
    .map((row) => row['word']);
}

function write(word: string): void {
  commits.write(() => void database.prepare('INSERT INTO words VALUES (?)').run(word));
  memory.push(word);
}

/** An error as SQLite's binding throws it. */
function sqliteError(code: number): Error {
  return Object.assign(new Error('disk trouble'), { code: 'ERR_SQLITE_ERROR', errcode: code });
}

async function codes(outcomes: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(outcomes);
  return settled.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as StoreError).code,
  );
}

/** What was due in this turn of the event loop is done. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('writes that are committed together', () => {
  beforeEach(() => {
    database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE words (word TEXT UNIQUE)');
    memory = [];
    published = [];
    relieved = 0;
    sabotage = undefined;
    relief = () => {};
    const ledger = {
      mark: () => memory.length,
      restore: (mark: number) => void (memory.length = mark),
      complete: () => {
        const now = sabotage;
        sabotage = undefined;
        now?.();
      },
      publish: () => void published.push([...memory]),
      relieve: () => {
        relieved++;
        relief();
      },
    };
    commits = new GroupCommit(database, ledger, 'words.db', () => 0);
  });

  afterEach(() => {
    assert.deepEqual(words(), memory);
    assert.equal(database.isTransaction, false);
    database.close();
  });

  describe('when there is time', () => {
    test('the commit after one that several shared waits for those who write again', async ({ mock }) => {
      mock.timers.enable({ apis: ['setTimeout'] });
      await Promise.all([commits.run(() => write('a')), commits.run(() => write('b'))]);
      const first = commits.run(() => write('c'));
      await turn();
      const second = commits.run(() => write('d'));
      await turn();
      assert.deepEqual(published, [['a', 'b']]);
      mock.timers.tick(10);
      await Promise.all([first, second]);
      assert.deepEqual(published.at(-1), ['a', 'b', 'c', 'd']);
    });

    test('a caller who is alone does not wait', async ({ mock }) => {
      mock.timers.enable({ apis: ['setTimeout'] });
      await Promise.all([commits.run(() => write('a')), commits.run(() => write('b'))]);
      const last = commits.run(() => write('c'));
      mock.timers.tick(10);
      await last;
      await commits.run(() => write('d'));
      await commits.run(() => write('e'));
      assert.equal(published.length, 4);
    });

    test('a flush does not wait, and nothing is left to be committed', async ({ mock }) => {
      mock.timers.enable({ apis: ['setTimeout'] });
      await Promise.all([commits.run(() => write('a')), commits.run(() => write('b'))]);
      const last = commits.run(() => write('c'));
      commits.flush();
      await last;
      mock.timers.tick(10);
      assert.deepEqual(published, [
        ['a', 'b'],
        ['a', 'b', 'c'],
      ]);
    });
  });

  describe('when a commit fails', () => {
    test('all that share it fail with its error, and nothing of them stays', async () => {
      await commits.run(() => write('before'));
      sabotage = () => {
        throw sqliteError(13);
      };
      const outcomes = [
        commits.run(() => write('a')),
        commits.run(() => write('b')),
        commits.run(() => 'only read'),
        commits.settled(),
      ];
      const thrown = commits.run(() => {
        throw new RangeError('because of what it read');
      });
      assert.deepEqual(
        await codes([...outcomes, thrown]),
        Array.from({ length: 5 }, () => 'disk-full'),
      );
      assert.deepEqual(words(), ['before']);
      assert.equal(relieved, 0);
      await commits.run(() => write('after'));
      assert.equal(relieved, 1);
      await commits.run(() => write('and after that'));
      assert.equal(relieved, 1);
      assert.deepEqual(published.at(-1), ['before', 'after', 'and after that']);
    });

    test('and no room can be made either, nothing of the attempt stays', async () => {
      await commits.run(() => write('before'));
      sabotage = () => {
        throw sqliteError(13);
      };
      assert.deepEqual(await codes([commits.run(() => write('a'))]), ['disk-full']);
      relief = () => {
        database.exec("INSERT INTO words VALUES ('room')");
        memory.push('room');
        throw sqliteError(13);
      };
      await commits.run(() => write('after'));
      assert.equal(relieved, 1);
      assert.deepEqual(words(), ['before', 'after']);
    });

    test('and nobody knows whether room was made, no other is tried', async () => {
      sabotage = () => {
        throw sqliteError(13);
      };
      assert.deepEqual(await codes([commits.run(() => write('a'))]), ['disk-full']);
      relief = () => {
        throw sqliteError(1034);
      };
      for (let attempt = 0; attempt < 2; attempt++)
        assert.deepEqual(await codes([commits.run(() => write('b'))]), ['io']);
      assert.equal(relieved, 1);
    });

    test('because SQLite refuses it, the same', async () => {
      const outcome = commits.run(() => write('a'));
      database.setAuthorizer((_action, argument) => (argument === 'COMMIT' ? 1 : 0));
      assert.deepEqual(await codes([outcome]), ['io']);
      database.setAuthorizer(null);
    });

    test('because nobody knows whether it is on disk, no other is tried', async () => {
      await commits.run(() => write('before'));
      sabotage = () => {
        throw sqliteError(1034);
      };
      assert.ok(!commits.isBroken);
      assert.deepEqual(await codes([commits.run(() => write('a'))]), ['io']);
      assert.ok(commits.isBroken);
      assert.deepEqual(await codes([commits.run(() => write('b')), commits.run(() => words().length)]), [
        'io',
        1,
      ]);
    });
  });

  describe('when a body fails', () => {
    test('it is undone alone', async () => {
      const outcomes = [
        commits.run(() => write('a')),
        commits.run(() => {
          write('b');
          throw new StoreError('misuse', 'as an example');
        }),
        commits.run(() => write('c')),
      ];
      assert.deepEqual(await codes(outcomes), [undefined, 'misuse', undefined]);
      assert.deepEqual(words(), ['a', 'c']);
    });

    test('in SQL, it is undone even if it goes on', async () => {
      await commits.run(() => write('a'));
      const outcome = commits.run(() => {
        write('b');
        assert.throws(() => write('a'));
        assert.throws(() => write('c'));
      });
      assert.deepEqual(await codes([outcome]), ['io']);
    });

    test('and SQLite has undone the whole transaction, all that share it fail', async () => {
      const outcomes = [
        commits.run(() => write('a')),
        commits.run(() => {
          write('b');
          commits.write(() => {
            database.exec('ROLLBACK');
            throw sqliteError(13);
          });
        }),
        commits.run(() => write('c')),
      ];
      assert.deepEqual(await codes(outcomes), ['disk-full', 'disk-full', undefined]);
      assert.deepEqual(words(), ['c']);
    });
  });

  test('flush() commits at once, and not inside a body', async () => {
    let settled = false;
    const outcome = commits.run(() => write('a')).then(() => (settled = true));
    commits.flush();
    assert.equal(database.isTransaction, false);
    assert.deepEqual(published, [['a']]);
    await outcome;
    assert.ok(settled);
    const inside = commits.run(() => {
      write('b');
      commits.flush();
    });
    assert.deepEqual(await codes([inside]), ['misuse']);
  });
});
