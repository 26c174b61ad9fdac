import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customResourceDefinitions } from './index.ts';
import { referenceManifests } from './reference-manifests.ts';

/** What differs on purpose; docs/differences.md lists the first. */
const WIDENED = [
  // A digest in a nested repository can be stored.
  ['/([a-zA-Z0-9-_]{0,61}/)?[a-zA-Z0-9-_.]*?$', '/([a-zA-Z0-9-_]{0,61}/)*[a-zA-Z0-9-_.]*?$'],
] as const;

test('each definition has the structure of its reference manifest, member for member', async (t) => {
  const references = referenceManifests(t);
  if (references.size === 0) return;
  const names = customResourceDefinitions.map(({ metadata }) => metadata.name);
  assert.deepEqual(names.toSorted(), [...references.keys()].sort());
  for (const definition of customResourceDefinitions) {
    const reference = references.get(definition.metadata.name);
    await t.test(definition.spec.names.kind, () => {
      const { annotations: _, ...metadata } = reference!.metadata as Record<string, unknown>;
      assert.deepEqual(
        normalised(definition),
        widened(normalised({ ...reference, metadata })),
        'annotations are for the tools of another release and left out',
      );
    });
  }
});

/** Leaves out prose and what has no meaning: the order of required members, and how an expression is written. */
function normalised(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => normalised(item));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    if (isNames) return [[key, normalised(member)]];
    if (key === 'description') return [];
    // The API server knows no format of that name: it warns and checks nothing.
    if (key === 'format' && member === 'ip') return [];
    if (key === 'required') return [[key, (member as string[]).toSorted()]];
    if (key === 'rule') return [[key, normalisedRule(member as string)]];
    return [[key, normalised(member, key === 'properties')]];
  });
  return Object.fromEntries(members);
}

/** Without blanks between words, and without parentheses around a single comparison. */
function normalisedRule(rule: string): string {
  return rule
    .replaceAll(/('[^']*'|"[^"]*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '')
    .replaceAll(/\((self\.\w+=='\w+')\)/g, '$1');
}

function widened(value: unknown): unknown {
  let text = JSON.stringify(value);
  for (const [narrow, wide] of WIDENED) text = text.replaceAll(narrow, wide);
  return JSON.parse(text);
}
