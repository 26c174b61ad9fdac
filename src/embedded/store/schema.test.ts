import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { assertKnownVersion, MIGRATIONS, migrate } from './schema.ts';
import { StoreError } from './store-error.ts';

const NEXT = [...MIGRATIONS, 'ALTER TABLE storage ADD COLUMN note TEXT', 'UPDATE progress SET newest = 7'];

function versionOf(database: DatabaseSync): unknown {
  return database.prepare('PRAGMA user_version').get()?.['user_version'];
}

test('migrate() does the steps that are missing, and keeps what is there', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, 0);
  assert.equal(versionOf(database), MIGRATIONS.length);
  database.exec("INSERT INTO storage VALUES (0, 'pods')");
  migrate(database, MIGRATIONS.length, NEXT);
  assert.equal(versionOf(database), NEXT.length);
  assert.deepEqual(
    { ...database.prepare('SELECT * FROM storage').get() },
    { id: 0, name: 'pods', note: null },
  );
  migrate(database, NEXT.length, NEXT);
  assert.equal(database.prepare('SELECT newest FROM progress').get()?.['newest'], 7);
  database.close();
});

test('migrate() does nothing if it cannot do all', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, 0);
  assert.throws(() => migrate(database, MIGRATIONS.length, [...NEXT, 'UPDATE nothing SET x = 1']));
  assert.equal(versionOf(database), MIGRATIONS.length);
  assert.throws(() => database.prepare('SELECT note FROM storage'));
  assert.equal(database.isTransaction, false);
  database.close();
});

test('assertKnownVersion() refuses the database of a newer release', () => {
  assertKnownVersion(MIGRATIONS.length, 'x.db');
  assert.throws(
    () => assertKnownVersion(MIGRATIONS.length + 1, 'x.db'),
    (error) => error instanceof StoreError && error.code === 'newer' && error.message.includes('x.db'),
  );
});
