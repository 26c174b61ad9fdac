import { readUnit } from './unit-lines.ts';

/** The `[Install]` section of a unit with all its drop-ins: what enabling it means (host-contract §5.3). */
export interface UnitInstall {
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly upheldBy: readonly string[];
  readonly alias: readonly string[];
  readonly also: readonly string[];
  readonly defaultInstance?: string;
}

const LISTS: ReadonlyMap<string, Exclude<keyof UnitInstall, 'defaultInstance'>> = new Map([
  ['WantedBy', 'wantedBy'],
  ['RequiredBy', 'requiredBy'],
  ['UpheldBy', 'upheldBy'],
  ['Alias', 'alias'],
  ['Also', 'also'],
]);

const DEFAULT_INSTANCE = 'DefaultInstance';

/** What the `[Install]` sections of one unit file or drop-in assign, in order. */
export type InstallSettings = readonly (readonly [name: string, value: string])[];

/**
 * Reads the `[Install]` sections of a unit file or drop-in as systemd would, which never fails: what Ignition's
 * validator refuses is refused before, and files that no unit of a config stands for need not please it.
 */
export function readInstall(text: string): InstallSettings {
  return readUnit(text)
    .filter(({ section, name }) => section === 'Install' && (LISTS.has(name) || name === DEFAULT_INSTANCE))
    .map(({ name, value }) => [name, value]);
}

/**
 * What a unit file and its drop-ins mean together, in the order in which systemd reads them: lists add up, an empty
 * assignment resets one, the last `DefaultInstance` wins.
 */
export function combineInstalls(files: readonly InstallSettings[]): UnitInstall {
  const lists = { wantedBy: [], requiredBy: [], upheldBy: [], alias: [], also: [] } as {
    [K in Exclude<keyof UnitInstall, 'defaultInstance'>]: string[];
  };
  let defaultInstance = '';
  for (const [name, value] of files.flat()) {
    const list = LISTS.get(name);
    if (list !== undefined) {
      const words = wordsOf(value);
      if (words.length === 0) lists[list] = [];
      for (const word of words) lists[list].push(word);
    } else if (name === DEFAULT_INSTANCE) {
      defaultInstance = value;
    }
  }
  return { ...lists, ...(defaultInstance === '' ? {} : { defaultInstance }) };
}

/** Words apart by white space; quotes around a word go. */
function wordsOf(value: string): readonly string[] {
  return value
    .split(/\s+/)
    .map((word) => /^(["'])(.*)\1$/.exec(word)?.[2] ?? word)
    .filter((word) => word !== '');
}
