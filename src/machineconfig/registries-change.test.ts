import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSafeRegistriesChange } from './registries-change.ts';
import { readRegistriesFile } from './registries-file.ts';

const R = '[[registry]]\nlocation = "r.example"\n';
const M = '[[registry.mirror]]\nlocation = "m.example"\n';
const N = '[[registry.mirror]]\nlocation = "n.example"\n';
const DIGESTS = 'pull-from-mirror = "digest-only"\n';
const BY_DIGEST = 'mirror-by-digest-only = true\n';

/** Contract §5.11, registries.conf safety: before, after, whether nothing has to be drained for it. */
const ROWS: Readonly<Record<string, readonly [before: string, after: string, isSafe: boolean]>> = {
  'nothing but a comment': [R, `# why\n${R}`, true],
  'one more place for unqualified names, at the end': [
    'unqualified-search-registries = ["a"]',
    'unqualified-search-registries = ["a", "b"]',
    true,
  ],
  'one more place for unqualified names, at the front': [
    'unqualified-search-registries = ["a"]',
    'unqualified-search-registries = ["b", "a"]',
    false,
  ],
  'another order of unqualified names': [
    'unqualified-search-registries = ["a", "b"]',
    'unqualified-search-registries = ["b", "a"]',
    false,
  ],
  'a place less for unqualified names': [
    'unqualified-search-registries = ["a", "b"]',
    'unqualified-search-registries = ["a"]',
    false,
  ],
  'a registry is gone': [R, '', false],
  'another prefix for the same location': [R, `${R}prefix = "p.example"\n`, false],
  'a prefix that says what it was anyway': [R, `${R}prefix = "r.example"\n`, true],
  'another location of a prefix': [
    '[[registry]]\nprefix = "p"\nlocation = "a"\n',
    '[[registry]]\nprefix = "p"\nlocation = "b"\n',
    false,
  ],
  'a registry is blocked': [R, `${R}blocked = true\n`, false],
  'a registry need not be secure any more': [R, `${R}insecure = true\n`, false],
  'a mirror is gone': [R + M + N, R + M, false],
  'a new mirror for digests': [R, R + M + DIGESTS, true],
  'a new mirror of a registry that is asked for digests only': [R + BY_DIGEST, R + BY_DIGEST + M, true],
  'a new mirror for tags as well': [R, R + M, false],
  'a mirror that is not secure any more': [R + M, `${R}${M}insecure = true\n`, false],
  'a mirror for digests that is not secure any more': [
    R + M + DIGESTS,
    `${R}${M}${DIGESTS}insecure = true\n`,
    true,
  ],
  'a mirror for digests alone that was one for all': [R + M, R + M + DIGESTS, true],
  'a mirror for all that was one for digests': [R + M + DIGESTS, R + M, false],
  'mirrors that are asked for tags again': [R + BY_DIGEST + M, R + M, false],
  'a new registry with a mirror for digests': ['', R + M + DIGESTS, true],
  'a new registry with a mirror for tags': ['', R + M, false],
  'a new registry with mirrors for digests, said once': ['', R + BY_DIGEST + M + N, true],
  'a new registry without mirrors': ['', R, false],
  'a new registry without mirrors, for digests only': ['', R + BY_DIGEST, true],
  'another way with short names': ['short-name-mode = "enforcing"', 'short-name-mode = "permissive"', false],
  'a file that is no TOML': [R, `${R}location`, false],
  'a table that nobody knows': [R, `${R}[aliases]\nx = "y"\n`, false],
  'a member that nobody knows': [R, `${R}magic = true\n`, false],
  'a list over several lines': [
    'unqualified-search-registries = ["a"]',
    'unqualified-search-registries = [\n  "a", # first\n  "b",\n]\n',
    true,
  ],
};

for (const [name, [before, after, isSafe]] of Object.entries(ROWS)) {
  test(`isSafeRegistriesChange(): ${name}`, () => {
    assert.equal(isSafeRegistriesChange(before, after), isSafe);
  });
}

test('isSafeRegistriesChange() is so for every file that is understood and does not change', () => {
  const files = Object.values(ROWS).flatMap(([before, after]) => [before, after]);
  for (const file of files) {
    assert.equal(isSafeRegistriesChange(file, file), readRegistriesFile(file) !== undefined, file);
  }
});

test('readRegistriesFile() never throws', () => {
  const part = fc.constantFrom(R, M, DIGESTS, BY_DIGEST, '\n', '"', '[', ']', '=', ',', 'x', '#', '\\');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (text) => {
        readRegistriesFile(text);
      },
    ),
  );
});
