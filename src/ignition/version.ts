/**
 * A spec version this room parses. `3.7.0-experimental` parses as the real tool does, but is not in {@link VERSIONS}:
 * its rules may change with any release (host-contract §8.1).
 */
export type Version =
  | '3.0.0'
  | '3.1.0'
  | '3.2.0'
  | '3.3.0'
  | '3.4.0'
  | '3.5.0'
  | '3.6.0'
  | '3.7.0-experimental';

/** The accepted stable versions, oldest first. */
export const VERSIONS: readonly Version[] = ['3.0.0', '3.1.0', '3.2.0', '3.3.0', '3.4.0', '3.5.0', '3.6.0'];

const ALL: readonly Version[] = [...VERSIONS, '3.7.0-experimental'];

/** The minor number of the newest spec the tables describe. */
export const NEWEST_MINOR = 7;

/** The minor number of a spec version; undefined for text that names none of ours. */
export function minorOf(version: string): number | undefined {
  const minor = ALL.findIndex((known) => known === version);
  return minor === -1 ? undefined : minor;
}

/** What a version string means to the version probe (host-contract §8.2). */
export type VersionProbe =
  | { readonly kind: 'known'; readonly version: Version; readonly minor: number }
  | { readonly kind: 'unparsable' }
  | { readonly kind: 'unsupported' };

const INT64_MAX = 2n ** 63n - 1n;

/**
 * Reads a version string as the semantic-version parser of the real tool does: leading zeros and an empty
 * prerelease pass, build metadata parses but equals no supported version.
 */
export function probeVersion(text: string): VersionProbe {
  const [beforeMetadata, metadata] = cut(text, '+');
  const [numbers, preRelease] = cut(beforeMetadata, '-');
  const parts = numbers.split('.');
  const wellFormed =
    parts.length === 3 &&
    parts.every((part) => /^\d+$/.test(part) && BigInt(part) <= INT64_MAX) &&
    [metadata, preRelease].every((part) => /^[0-9A-Za-z.-]*$/.test(part));
  if (!wellFormed) return { kind: 'unparsable' };
  const canonical = parts.map(Number).join('.') + (preRelease === '' ? '' : `-${preRelease}`);
  const minor = ALL.findIndex((known) => known === canonical);
  const version = ALL[minor];
  return metadata === '' && version !== undefined
    ? { kind: 'known', version, minor }
    : { kind: 'unsupported' };
}

function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
