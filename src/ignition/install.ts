import { IgnitionError } from './ignition-error.ts';
import type { UnitOption } from './unit.ts';
import { parseUnit } from './unit.ts';
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

/**
 * Reads the `[Install]` sections of a unit file and of its drop-ins, in the order systemd reads them: lists add up, an
 * empty assignment resets one, the last `DefaultInstance` wins.
 * @throws {@link IgnitionError} `invalid-unit`
 */
export function readInstall(texts: readonly string[]): UnitInstall {
  return installOf(
    texts.flatMap((text) => {
      const parsed = parseUnit(text);
      if (!parsed.ok) throw new IgnitionError('invalid-unit', `cannot read a unit file: ${parsed.message}`);
      return parsed.options;
    }),
  );
}

/** {@link readInstall} for units that an operating system ships: reads what systemd would, and never fails. */
export function readShippedInstall(texts: readonly string[]): UnitInstall {
  return installOf(texts.flatMap(readUnit));
}

function installOf(options: readonly UnitOption[]): UnitInstall {
  const lists = { wantedBy: [], requiredBy: [], upheldBy: [], alias: [], also: [] } as {
    [K in Exclude<keyof UnitInstall, 'defaultInstance'>]: string[];
  };
  let defaultInstance = '';
  for (const { section, name, value } of options) {
    if (section !== 'Install') continue;
    const list = LISTS.get(name);
    if (list !== undefined) {
      const words = wordsOf(value);
      if (words.length === 0) lists[list] = [];
      for (const word of words) lists[list].push(word);
    } else if (name === 'DefaultInstance') {
      defaultInstance = value;
    }
  }
  return { ...lists, ...(defaultInstance === '' ? {} : { defaultInstance }) };
}

/** Words apart by white space; quotes around a word go, a continued line counts as a space. */
function wordsOf(value: string): readonly string[] {
  return value
    .replaceAll(/\\\n/g, ' ')
    .split(/\s+/)
    .map((word) => /^(["'])(.*)\1$/.exec(word)?.[2] ?? word)
    .filter((word) => word !== '');
}
