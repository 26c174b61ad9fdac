import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import { StoreError, type StoreErrorCode } from './store-error.ts';

/**
 * A scratch directory for all; `stopped` is of a store that ended well, `killed` of one that did not, and `resumed` of one that
 * was killed after it had begun where `stopped` ends.
 */
let scratch: string;
let stopped: string;
let killed: string;
let resumed: string;

const OBJECTS = 60;
const KEYS = Array.from({ length: OBJECTS }, (_, i) => ({
  storage: 'pods',
  namespace: 'ns',
  name: `pod-${i}`,
}));

function textOf(i: number, round: number): string {
  return `${i}.${round} `.repeat(i * 20);
}

async function write(store: Store, round: number): Promise<void> {
  for (const [i, key] of KEYS.entries())
    await store.transact(() =>
      store.put(key, () => ({ text: textOf(i, round), labels: { round: `${round}` }, fields: {} })),
    );
}

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'store-damage-'));
  stopped = join(scratch, 'stopped');
  killed = join(scratch, 'killed');
  resumed = join(scratch, 'resumed');
  let store = openStore({ directory: stopped });
  await write(store, 1);
  // By another process: this one would lose SQLite's locks when it closed the files.
  execFileSync('cp', ['-r', stopped, killed]);
  store.close();
  const begun = join(scratch, 'begun');
  cpSync(stopped, begun, { recursive: true });
  store = openStore({ directory: begun });
  await store.transact(() => store.put(KEYS[0]!, () => ({ text: textOf(0, 2), labels: {}, fields: {} })));
  execFileSync('cp', ['-r', begun, resumed]);
  store.close();
});

after(() => rmSync(scratch, { recursive: true }));

/** Runs a trial on a copy. */
function onCopy<T>(of: string, trial: (directory: string, file: string) => T): T {
  const directory = join(scratch, 'copy');
  cpSync(of, directory, { recursive: true });
  try {
    return trial(directory, join(directory, 'objects.db'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** All files but those of the lock, with their contents. */
function contents(directory: string): Map<string, string> {
  const names = readdirSync(directory).filter((name) => !/\.(lock|pid)$/.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), 'latin1')]));
}

/** Expects the store to be refused, twice, with nothing changed. @returns the message */
function refusal(directory: string, code: StoreErrorCode): string {
  const original = contents(directory);
  let message = '';
  for (let attempt = 0; attempt < 2; attempt++) {
    assert.throws(
      () => openStore({ directory }).close(),
      (error) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.code, code, error.message);
        message = error.message;
        return true;
      },
    );
    assert.deepEqual(contents(directory), original);
  }
  assert.ok(message.includes(directory), message);
  return message.replaceAll(directory, 'DIR');
}

function flip(path: string, position: number, bit = 0): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 1 << bit;
  writeFileSync(path, bytes);
}

function assertWhole(directory: string): void {
  const store = openStore({ directory });
  try {
    assert.equal(store.count('pods'), OBJECTS);
    for (const [i, key] of KEYS.entries()) assert.equal(store.get(key)?.text, textOf(i, 1));
  } finally {
    store.close();
  }
}

const advice =
  '; nothing was changed: restore the directory from a backup, or move it away to begin with an empty one';

describe('a damaged database is refused and left as it is:', () => {
  const cases: Record<string, [spoil: (file: string) => void, message: RegExp | string]> = {
    'its format is none': [
      (file) => flip(file, 18),
      `cannot open DIR/objects.db: its header names a format that there is not${advice}`,
    ],
    'it is garbage': [
      (file) => writeFileSync(file, 'garbage'.repeat(1_000)),
      `cannot open DIR/objects.db: it is not a database${advice}`,
    ],
    'it is empty': [
      (file) => truncateSync(file, 0),
      `cannot open DIR/objects.db: it is too short for a database${advice}`,
    ],
    'it ends in the header': [
      (file) => truncateSync(file, 99),
      `cannot open DIR/objects.db: it is too short for a database${advice}`,
    ],
    'it lacks its second half': [
      (file) => truncateSync(file, 4_096 * 20),
      `cannot open DIR/objects.db: database disk image is malformed${advice}`,
    ],
    'it lacks its last page': [
      (file) => truncateSync(file, readFileSync(file).length - 4_096),
      `cannot open DIR/objects.db: database disk image is malformed${advice}`,
    ],
    'its name is wrong': [
      (file) => flip(file, 3),
      `cannot open DIR/objects.db: it is not a database${advice}`,
    ],
    'its page size is wrong': [(file) => flip(file, 16), /file is not a database|malformed/],
    'a page is zero': [
      (file) => {
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.fill(0, 4_096 * 12, 4_096 * 13));
      },
      /cannot open/,
    ],
    'a bit of a text is another one': [
      (file) => flip(file, readFileSync(file).indexOf('59.1 59.1 59.1') + 1),
      new RegExp(`revision 61 does not match its checksum${advice}`),
    ],
    'a bit of a label is another one': [
      (file) => flip(file, readFileSync(file).lastIndexOf('"round":"1"') + 2),
      /does not match its checksum/,
    ],
    'the name of a storage is another one': [
      (file) => {
        const bytes = readFileSync(file);
        for (let at = bytes.indexOf('pods'); at >= 0; at = bytes.indexOf('pods', at + 1))
          bytes[at] = 'q'.charCodeAt(0);
        writeFileSync(file, bytes);
      },
      /does not match its checksum/,
    ],
    'an object is not listed': [
      (file) => sql(file, "DELETE FROM current WHERE key = 'ns/pod-7'"),
      /an object is missing in the list of objects/,
    ],
    'an object is listed under the name of another': [
      (file) => sql(file, "UPDATE current SET key = 'ns/pod-x' WHERE key = 'ns/pod-7'"),
      /an object is not what the list of objects says/,
    ],
    'an object is gone': [
      (file) => sql(file, 'DELETE FROM version WHERE revision = 9'),
      /an object is not what the list of objects says/,
    ],
    'nothing says what is compacted': [
      (file) => sql(file, 'DELETE FROM progress'),
      /does not say what is compacted/,
    ],
    'the kinds have no names': [(file) => sql(file, 'DELETE FROM storage'), /does not match its checksum/],
  };
  for (const [name, [spoil, message]] of Object.entries(cases))
    test(name, () =>
      onCopy(stopped, (directory, file) => {
        spoil(file);
        const found = refusal(directory, 'corrupt');
        if (typeof message === 'string') assert.equal(found, message);
        else assert.match(found, message);
      }),
    );

  test('wherever a bit is another one, unless nothing depends on it', () => {
    const size = readFileSync(join(stopped, 'objects.db')).length;
    fc.assert(
      fc.property(fc.oneof(fc.nat(4_095), fc.nat(size - 1)), fc.nat(7), (position, bit) =>
        onCopy(stopped, (directory, file) => {
          flip(file, position, bit);
          const original = contents(directory);
          try {
            assertWhole(directory);
          } catch (error) {
            if (!(error instanceof StoreError)) throw error;
            assert.ok(['corrupt', 'foreign', 'newer'].includes(error.code), `${error.code} ${error.message}`);
            assert.deepEqual(contents(directory), original);
          }
        }),
      ),
      { numRuns: 200 },
    );
  });

  test('another program’s', () =>
    onCopy(stopped, (directory, file) => {
      rmSync(file);
      sql(file, 'CREATE TABLE recipes (name TEXT)');
      assert.equal(
        refusal(directory, 'foreign'),
        'cannot open DIR/objects.db: it is the database of another program; nothing was changed',
      );
    }));

  test('that of a newer release', () =>
    onCopy(stopped, (directory, file) => {
      sql(file, 'PRAGMA user_version = 7');
      assert.equal(
        refusal(directory, 'newer'),
        'cannot open DIR/objects.db: it has version 7 of the schema, and this release knows only up to 1; ' +
          'use the release that wrote it, or a newer one',
      );
    }));
});

describe('after a process was killed,', () => {
  const log = (file: string): string => `${file}-wal`;
  const frame = 24 + 4_096;

  test('what only the log has is there', () =>
    onCopy(killed, (directory, file) => {
      assert.ok(readFileSync(log(file)).length > 100_000);
      assertWhole(directory);
    }));

  test('a database that is damaged is refused, and neither it nor its log is changed', () =>
    onCopy(resumed, (directory, file) => {
      flip(file, readFileSync(file).indexOf('59.1 59.1 59.1'));
      assert.match(refusal(directory, 'corrupt'), /revision 61 does not match its checksum/);
    }));

  test('a missing log is noticed', () =>
    onCopy(killed, (directory, file) => {
      rmSync(log(file));
      assert.match(refusal(directory, 'corrupt'), /its log DIR\/objects\.db-wal, .* is gone/);
    }));

  test('an empty log is noticed', () =>
    onCopy(killed, (directory, file) => {
      truncateSync(log(file), 0);
      refusal(directory, 'corrupt');
    }));

  test('a missing database is noticed', () =>
    onCopy(killed, (directory, file) => {
      rmSync(file);
      assert.match(refusal(directory, 'corrupt'), /it is missing, but its log is or was there/);
      assert.equal(existsSync(file), false);
    }));

  test('a log that is damaged before its last commit is noticed, wherever', () => {
    const size = readFileSync(log(join(killed, 'objects.db'))).length;
    fc.assert(
      fc.property(fc.nat(size - 12 * frame), fc.nat(7), (position, bit) =>
        onCopy(killed, (directory, file) => {
          flip(log(file), position, bit);
          const found = refusal(directory, 'corrupt');
          assert.match(found, /its log DIR\/objects\.db-wal is damaged before its last commit/);
        }),
      ),
      { numRuns: 100 },
    );
  });

  test('a log that ends anywhere gives all writes up to there', () => {
    const size = readFileSync(log(join(killed, 'objects.db'))).length;
    fc.assert(
      fc.property(fc.nat(size - 1), (length) =>
        onCopy(killed, (directory, file) => {
          truncateSync(log(file), length);
          // Not even what was there when it was noted that there is a log.
          if (length < 32) return void refusal(directory, 'corrupt');
          const store = openStore({ directory });
          const written = store.revision - 1;
          for (const [i, key] of KEYS.entries())
            assert.equal(store.get(key)?.text, i < written ? textOf(i, 1) : undefined);
          assert.equal(store.changes('pods', 1, Infinity).length, written);
          store.close();
        }),
      ),
      { numRuns: 60, examples: [[0], [31], [32]] },
    );
  });

  test('a write that did not come to its end is forgotten', () =>
    onCopy(killed, (directory, file) => {
      // The last commit has a few frames: without its last one it is no commit.
      truncateSync(log(file), readFileSync(log(file)).length - frame);
      const store = openStore({ directory });
      assert.equal(store.count('pods'), OBJECTS - 1);
      assert.equal(store.revision, OBJECTS);
      store.close();
    }));
});

/** Changes a database behind the store's back. */
function sql(file: string, statement: string): void {
  const database = new DatabaseSync(file);
  database.exec(statement);
  database.close();
}
