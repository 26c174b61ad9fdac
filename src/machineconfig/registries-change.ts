import { isDeepStrictEqual } from 'node:util';
import { readRegistriesFile, type RegistriesFile, type RegistryEntry } from './registries-file.ts';

/**
 * Whether images that run keep being found where they were, so that a change of registries.conf needs no drain (contract §5.11,
 * registries.conf safety). What cannot be understood does.
 */
export function isSafeRegistriesChange(before: string, after: string): boolean {
  const [old, now] = [readRegistriesFile(before), readRegistriesFile(after)];
  if (old === undefined || now === undefined) return false;
  return (
    isDeepStrictEqual(old.others, now.others) &&
    // Only what is asked last may be new.
    isDeepStrictEqual(old.unqualifiedSearch, now.unqualifiedSearch.slice(0, old.unqualifiedSearch.length)) &&
    hasDistinctPrefixes(old) &&
    hasDistinctPrefixes(now) &&
    old.registries.every((registry) => isSafelyKept(registry, entryOf(now, registry.prefix))) &&
    now.registries.every((registry) => entryOf(old, registry.prefix) !== undefined || isSafelyNew(registry))
  );
}

function isSafelyKept(old: RegistryEntry, now: RegistryEntry | undefined): boolean {
  if (now === undefined) return false;
  if (old.location !== now.location || old.blocked !== now.blocked || old.insecure !== now.insecure)
    return false;
  // Mirrors that were asked by digest only would be asked for tags as well.
  if (old.mirrorByDigestOnly && !now.mirrorByDigestOnly) return false;
  const isThere = old.mirrors.every(({ location }) => now.mirrors.some((one) => one.location === location));
  return (
    isThere &&
    now.mirrors.every((mirror) => {
      const former = old.mirrors.find(({ location }) => location === mirror.location);
      if (isDeepStrictEqual(former, mirror)) return true;
      if (mirror.pullFrom === 'digest-only') return true;
      return former === undefined && now.mirrorByDigestOnly;
    })
  );
}

function isSafelyNew({ mirrors, mirrorByDigestOnly }: RegistryEntry): boolean {
  if (mirrors.length === 0) return mirrorByDigestOnly;
  return mirrorByDigestOnly || mirrors.every(({ pullFrom }) => pullFrom === 'digest-only');
}

function hasDistinctPrefixes({ registries }: RegistriesFile): boolean {
  return new Set(registries.map(({ prefix }) => prefix)).size === registries.length;
}

function entryOf({ registries }: RegistriesFile, prefix: string): RegistryEntry | undefined {
  return registries.find((registry) => registry.prefix === prefix);
}
