import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliError } from './cli-error.ts';
import { readYamlDocuments } from './yaml-document.ts';

function valueOf(text: string): unknown {
  const [document] = readYamlDocuments('a.yaml', text);
  return document?.value;
}

function refusal(text: string): string {
  try {
    readYamlDocuments('a.yaml', text);
  } catch (error) {
    assert.ok(error instanceof CliError);
    return error.message;
  }
  assert.fail(`${text} was read`);
}

test('readYamlDocuments() reads scalars as kubectl does', () => {
  const table: Readonly<Record<string, unknown>> = {
    '0644': 420,
    '-010': -8,
    '0o644': 420,
    '0x1f': 31,
    '089': 89,
    '12': 12,
    '1.5': 1.5,
    yes: true,
    On: true,
    OFF: false,
    no: false,
    true: true,
    '"yes"': 'yes',
    "'0644'": '0644',
    '~': null,
    null: null,
    '2026-01-01': '2026-01-01',
    '1_000': '1_000',
    '3.2.0': '3.2.0',
  };
  for (const [text, expected] of Object.entries(table))
    assert.deepEqual(valueOf(`a: ${text}\n`), { a: expected }, text);
});

test('readYamlDocuments() resolves anchors and merge keys, the nearer value winning', () => {
  const text =
    'base: &base { mode: 0644, overwrite: true }\nfile:\n  <<: *base\n  mode: 0600\nagain: *base\n';
  assert.deepEqual(valueOf(text), {
    base: { mode: 420, overwrite: true },
    file: { mode: 384, overwrite: true },
    again: { mode: 420, overwrite: true },
  });
});

test('readYamlDocuments() passes over empty documents and keeps the others apart', () => {
  const documents = readYamlDocuments('a.yaml', '---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n');
  assert.deepEqual(
    documents.map((document) => [document.value, document.position([])]),
    [
      [{ a: 1 }, { line: 4, column: 1 }],
      [{ b: 2 }, { line: 7, column: 1 }],
    ],
  );
});

test('readYamlDocuments() of JSON is the same as JSON.parse()', () => {
  const text = '{"a": [1, "b\\u00e9", {"c": null, "d": "\\ud83d\\ude00"}], "e": -1.5e3}';
  assert.deepEqual(valueOf(text), JSON.parse(text));
});

test('YamlDocument.position() finds keys, items, and the nearest parent of what is not there', () => {
  const text = [
    'spec:',
    '  config: {storage: {files: [{path: /a}, {path: /b}]}}',
    '  "kernelArguments":',
    '    - quiet',
    '    - nosmt',
    '',
  ].join('\n');
  const [document] = readYamlDocuments('a.yaml', text);
  assert.ok(document);
  const table: readonly (readonly [readonly (string | number)[], number, number])[] = [
    [[], 1, 1],
    [['spec'], 1, 1],
    [['spec', 'config', 'storage', 'files', 1, 'path'], 2, 43],
    [['spec', 'config', 'storage', 'files', 1], 2, 42],
    [['spec', 'config', 'storage', 'files', 7], 2, 22],
    [['spec', 'kernelArguments', 1], 5, 7],
    [['spec', 'kernelArguments'], 3, 3],
    [['spec', 'fips'], 1, 1],
    [['metadata', 'name'], 1, 1],
  ];
  for (const [path, line, column] of table)
    assert.deepEqual(document.position(path), { line, column }, path.join('.'));
});

test('YamlDocument.position() goes no further than an alias', () => {
  const [document] = readYamlDocuments('a.yaml', 'a: &a\n  b: 1\nc: *a\n');
  assert.deepEqual(document?.position(['c', 'b']), { line: 3, column: 1 });
});

test('readYamlDocuments() bounds aliases and nesting', () => {
  const aliases = (count: number): string =>
    `a: &a 1\nb: [${Array.from({ length: count }, () => '*a').join()}]\n`;
  assert.ok(valueOf(aliases(100)));
  assert.match(refusal(aliases(101)), /^cannot read a\.yaml:2:\d+: aliases exceeded/u);
  assert.match(refusal('['.repeat(5000)), /^cannot read a\.yaml:1:\d+: nesting exceeded/u);
});

test('readYamlDocuments() keeps keys that JavaScript objects give a meaning', () => {
  const value = valueOf('__proto__: { polluted: true }\nconstructor: 1\n') as Record<string, unknown>;
  assert.deepEqual(Object.keys(value).sort(), ['__proto__', 'constructor']);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test('readYamlDocuments() refuses tags of other languages', () => {
  assert.match(refusal('a: !!js/function "x"\n'), /^cannot read a\.yaml:1:4: /u);
});
