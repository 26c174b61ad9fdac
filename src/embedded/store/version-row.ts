import { crc32 } from 'node:zlib';
import { parseObjectKey } from './object-name.ts';
import type { ObjectRecord, StoredObject } from './store.ts';

/** The columns of table `version`, in the order of {@link VersionRow}. */
export const VERSION_COLUMNS =
  'v.revision, v.storage, v.key, v.previous, v.deleted, v.written, v.size, v.checksum, v.selectable, v.text';

/** One row of table `version`. */
export type VersionRow = [
  revision: number,
  storage: number,
  key: string,
  /** The version that this one replaced or removed. */
  previous: number | null,
  /** 1 for a removal: the row then has the last state. */
  deleted: number,
  /** Milliseconds since 1970. */
  written: number,
  /** Of the text, in UTF-16 units. */
  size: number,
  checksum: number,
  /** JSON of the labels and the fields. */
  selectable: string,
  text: string,
];

/** What is known of a version before its row is made. */
export interface VersionFacts {
  readonly revision: number;
  readonly storage: { readonly id: number; readonly name: string };
  readonly key: string;
  readonly previous: number | null;
  readonly deleted: boolean;
  readonly written: number;
}

/** The row of a version. */
export function toRow(facts: VersionFacts, record: ObjectRecord): VersionRow {
  const { revision, storage, key, previous, written } = facts;
  const deleted = facts.deleted ? 1 : 0;
  const { text } = record;
  const selectable = JSON.stringify([record.labels, record.fields]);
  const row: VersionRow = [
    revision,
    storage.id,
    key,
    previous,
    deleted,
    written,
    text.length,
    0,
    selectable,
    text,
  ];
  row[CHECKSUM] = checksumOf(row, storage.name);
  return row;
}

/**
 * False if a bit of the row is not what was written.
 * @param storage the name of the storage that the row's number stands for
 */
export function isIntact(row: VersionRow, storage: string): boolean {
  return row[CHECKSUM] === checksumOf(row, storage);
}

/** The object that an intact row holds. */
export function fromRow(row: VersionRow, storage: string): StoredObject {
  const { namespace, name } = parseObjectKey(row[2]);
  const [labels, fields] = JSON.parse(row[8]) as [Record<string, string>, Record<string, string>];
  return { storage, namespace, name, revision: row[0], text: row[9], labels, fields };
}

const CHECKSUM = 7;

function checksumOf(row: VersionRow, name: string): number {
  const [revision, storage, key, previous, deleted, written, size, , selectable, text] = row;
  return crc32(
    text,
    crc32(
      `${revision} ${storage} ${name} ${previous ?? '-'} ${deleted} ${written} ${size} ${key}\n${selectable}`,
    ),
  );
}
