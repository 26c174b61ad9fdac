import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Json, type JsonObject, objectAt } from '../../schema/index.ts';
import { customKinds } from './custom-kind.ts';
import { ensureObject } from './members.ts';
import { changeErrors, create, createErrors, kindNamed, update } from './test-kinds.ts';

const DEFINITION = kindNamed('CustomResourceDefinition');
const SCHEMA = {
  openAPIV3Schema: {
    type: 'object',
    properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 9 } } } },
  },
};

function definition(version: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return {
    metadata: { name: 'as.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'as', kind: 'A' },
      versions: [{ name: 'v1', served: true, storage: true, schema: SCHEMA, ...version }],
      ...spec,
    },
  };
}

function kindOf(version: JsonObject): ReturnType<typeof customKinds>[number] {
  const [kind] = customKinds(create(DEFINITION, definition(version)));
  assert.ok(kind);
  return kind;
}

test('a definition has its names filled in, and remembers what it stored', () => {
  const made = create(DEFINITION, definition());
  assert.deepEqual(objectAt(made, 'spec', 'names'), {
    plural: 'as',
    kind: 'A',
    singular: 'a',
    listKind: 'AList',
  });
  assert.deepEqual(objectAt(made, 'spec', 'conversion'), { strategy: 'None' });
  assert.deepEqual(made['status'], {
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: ['v1'],
  });
  const next = update(DEFINITION, made, (object) => {
    const versions = [
      { name: 'v1', served: true, storage: false, schema: SCHEMA },
      { name: 'v2', served: true, storage: true, schema: SCHEMA },
    ];
    ensureObject(object, 'spec')['versions'] = versions;
  });
  assert.deepEqual(objectAt(next, 'status')?.['storedVersions'], ['v1', 'v2']);
  assert.equal(objectAt(next, 'metadata')?.['generation'], 2);
});

test('bad definitions are told what is wrong', () => {
  const table: [JsonObject, string[]][] = [
    [
      definition({}, { scope: 'Both' }),
      ['spec.scope: Unsupported value: "Both": supported values: "Cluster", "Namespaced"'],
    ],
    [
      definition({}, { group: 'local' }),
      [
        'metadata.name: Invalid value: "as.example.com": must be spec.names.plural+"."+spec.group',
        'spec.group: Invalid value: "local": should be a domain with at least one dot',
      ],
    ],
    [
      definition({ schema: {} }),
      ['spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required'],
    ],
    [
      definition({ subresources: { scale: { specReplicasPath: 'x', statusReplicasPath: '.spec.a' } } }),
      [
        'spec.subresources.scale.specReplicasPath: Invalid value: "x": must be a simple json path starting with .',
        'spec.subresources.scale.statusReplicasPath: Invalid value: ".spec.a": should be a json path under .status',
      ],
    ],
    [
      definition({ additionalPrinterColumns: [{ name: '', type: 'x', jsonPath: 'y' }] }),
      [
        'spec.additionalPrinterColumns[0].name: Required value',
        'spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "y": must be a simple json path starting with .',
      ],
    ],
    [
      definition({ selectableFields: [{ jsonPath: '.metadata.name' }] }),
      [
        'spec.selectableFields[0].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
      ],
    ],
    [
      definition({}, { conversion: { strategy: 'Webhook' } }),
      ['spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None"'],
    ],
  ];
  for (const [object, errors] of table) assert.deepEqual(createErrors(DEFINITION, object), errors);
  const [unstored] = createErrors(DEFINITION, definition({ storage: false }));
  assert.match(
    unstored ?? '',
    /^spec\.versions: Invalid value: .*: must have exactly one version marked as storage version$/,
  );
});

test('the group and the plural of a definition stay, and all of its names once it is established', () => {
  const rename = (object: JsonObject): void => {
    const spec = ensureObject(object, 'spec');
    spec['scope'] = 'Namespaced';
    spec['group'] = 'example.org';
  };
  assert.deepEqual(changeErrors(DEFINITION, definition(), rename), [
    'metadata.name: Invalid value: "as.example.com": must be spec.names.plural+"."+spec.group',
    'spec.group: Invalid value: "example.org": field is immutable',
  ]);
  const old = create(DEFINITION, definition());
  ensureObject(old, 'status')['conditions'] = [{ type: 'Established', status: 'True' }];
  const next = update(DEFINITION, old, (object) => (ensureObject(object, 'spec')['scope'] = 'Namespaced'));
  assert.deepEqual(
    DEFINITION.strategy.validateUpdate(next, old).map(({ field }) => field),
    ['spec.scope'],
  );
});

test('only served versions are kinds, and they share what is stored', () => {
  const object = definition(
    {},
    {
      versions: [
        { name: 'v1', served: true, storage: true, schema: SCHEMA },
        { name: 'v2', served: true, schema: SCHEMA },
        { name: 'v3', served: false, schema: SCHEMA },
      ],
    },
  );
  const kinds = customKinds(object);
  assert.deepEqual(
    kinds.map(({ version, storage }) => [version, storage]),
    [
      ['v1', 'example.com/as'],
      ['v2', 'example.com/as'],
    ],
  );
});

test('the schema of a custom kind has the metadata of every object, and what the definition says of it', () => {
  const metadata = kindOf({}).schema.properties?.['metadata'];
  assert.equal(metadata?.properties?.['name']?.maxLength, 9);
  assert.equal(metadata?.properties?.['finalizers']?.type, 'array');
});

test('without the subresource, the status is a field like any other', () => {
  const kind = kindOf({});
  const made = create(kind, { status: { a: 1 } });
  assert.deepEqual(made['status'], { a: 1 });
  const next = update(kind, made, (object) => (object['status'] = { a: 2 }));
  assert.deepEqual([next['status'], objectAt(next, 'metadata')?.['generation']], [{ a: 2 }, 2]);
  assert.deepEqual(kind.subresources, []);
});

test('columns show what their type allows', () => {
  const column = (type: string, jsonPath: string): JsonObject => ({ name: type, type, jsonPath });
  const kind = kindOf({
    additionalPrinterColumns: ['string', 'integer', 'number', 'boolean', 'date'].map((type) =>
      column(type, '.x'),
    ),
  });
  const cells = (x: Json): unknown[] => kind.table.cells({ metadata: { name: 'n' }, x }, 5000).slice(1);
  assert.deepEqual(cells('t'), ['t', null, null, null, '<invalid>']);
  assert.deepEqual(cells(3.7), ['3.7', 3, 3.7, null, null]);
  assert.deepEqual(cells(true), ['true', null, null, true, null]);
  assert.deepEqual(cells('1970-01-01T00:00:00Z'), ['1970-01-01T00:00:00Z', null, null, null, '5s']);
  assert.deepEqual(cells([1, 'a', { b: null }]), ['[1 a map[b:<nil>]]', null, null, null, null]);
  assert.deepEqual(kind.table.cells({ metadata: { name: 'n' } }, 0), ['n', null, null, null, null, null]);
});

test('without columns there are a name and an age', () => {
  const kind = kindOf({});
  assert.deepEqual(
    kind.table.columns.map(({ name, type }) => [name, type]),
    [
      ['Name', 'string'],
      ['Age', 'date'],
    ],
  );
  const object = { metadata: { name: 'n', creationTimestamp: '1970-01-01T00:00:00Z' } };
  assert.deepEqual(kind.table.cells(object, 1000), ['n', '1s']);
});

test('what a selector compares is text', () => {
  const kind = kindOf({ selectableFields: [{ jsonPath: '.spec.a' }, { jsonPath: '.b' }] });
  assert.deepEqual(kind.fieldsOf({ spec: { a: 3 }, b: {} }), { 'spec.a': '3', b: '' });
  assert.deepEqual(kind.fieldsOf({ spec: { a: true } }), { 'spec.a': 'true', b: '' });
});

test('the numbers that a Scale shows are counts', () => {
  const kind = kindOf({
    subresources: {
      scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n', labelSelectorPath: '.status.s' },
    },
  });
  assert.deepEqual(kind.scale, {
    specReplicas: ['spec', 'n'],
    statusReplicas: ['status', 'n'],
    selector: ['status', 's'],
  });
  const fields = (object: JsonObject): string[] =>
    kind.strategy.validate(object).map(({ message }) => message);
  assert.deepEqual(fields({ spec: { n: 1 } }), []);
  assert.deepEqual(fields({ spec: { n: -1 } }), ['Invalid value: -1: should be a non-negative integer']);
  assert.deepEqual(fields({ spec: { n: 2 ** 31 } }), [
    `Invalid value: ${2 ** 31}: should be less than or equal to 2147483647`,
  ]);
  assert.deepEqual(fields({ status: { s: 1 } }), [
    'Invalid value: "": .status.s accessor error: 1 is of the type int64, expected string',
  ]);
});
