import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dns1035LabelProblems,
  dns1123LabelProblems,
  labelValueProblems,
  qualifiedNameProblems,
  dns1123SubdomainProblems,
} from './names.ts';

test('good names have no problems', () => {
  const table: [(name: string) => string[], string[]][] = [
    [dns1123SubdomainProblems, ['a', 'a.b', '0-a.b1', 'a'.repeat(253)]],
    [dns1123LabelProblems, ['a', '1-a', 'a'.repeat(63)]],
    [dns1035LabelProblems, ['a', 'a-1']],
    [qualifiedNameProblems, ['a', 'A_b.c', 'example.com/A', 'a/b', 'x'.repeat(63)]],
    [labelValueProblems, ['', 'A', 'a_b.c']],
  ];
  for (const [problems, names] of table) {
    for (const name of names) assert.deepEqual(problems(name), [], name);
  }
});

test('bad names are told in the words of Kubernetes', () => {
  assert.deepEqual(dns1123LabelProblems('-'.repeat(64)), [
    'must be no more than 63 characters',
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(dns1035LabelProblems('1a'), [
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(qualifiedNameProblems('/a'), ['prefix part must be non-empty']);
  assert.equal(qualifiedNameProblems('a/').length, 2);
  assert.match(
    qualifiedNameProblems('a/b/c')[0] ?? '',
    /^a qualified name must consist .* with an optional DNS subdomain prefix and '\/' \(e\.g\. 'example\.com\/MyName'\)$/,
  );
  assert.match(qualifiedNameProblems('A.com/b')[0] ?? '', /^prefix part a lowercase RFC 1123 subdomain/);
});

test('a long name that matches nothing is told quickly', () => {
  const name = `${'a-'.repeat(50_000)}!`;
  const begin = performance.now();
  for (const problems of [
    dns1123SubdomainProblems,
    dns1123LabelProblems,
    qualifiedNameProblems,
    labelValueProblems,
  ]) {
    assert.ok(problems(name).length > 0);
  }
  assert.ok(performance.now() - begin < 60_000);
});
