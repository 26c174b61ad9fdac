import { bad, invalid, merge, post, type BadObjects, type Cause, type Refusal } from './bad-object.ts';

const KIND = 'CustomResourceDefinition.apiextensions.k8s.io';

interface Parts {
  readonly spec?: object;
  readonly version?: object;
  readonly schema?: object;
  readonly name?: string;
}

const STRUCTURE = { type: 'object', properties: { spec: { type: 'object' } } };

function definition({
  spec = {},
  version = {},
  schema = STRUCTURE,
  name = 'widgets.example.com',
}: Parts): ReturnType<typeof post> {
  return post('customresourcedefinitions', {
    metadata: { name },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version },
      ],
      ...spec,
    },
  });
}

const broken = (...causes: Cause[]): Refusal => invalid(KIND, 'widgets.example.com', ...causes);
const property = (schema: object): ReturnType<typeof post> =>
  definition({
    schema: { type: 'object', properties: { spec: { type: 'object', properties: { a: schema } } } },
  });
const A = 'spec.validation.openAPIV3Schema.properties[spec].properties[a]';

/** CustomResourceDefinitions (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
export const badDefinitions: BadObjects = {
  'a name that is not plural and group': bad(
    definition({ name: 'gadgets.example.com' }),
    invalid(KIND, 'gadgets.example.com', [
      'metadata.name',
      'Invalid value: "gadgets.example.com": must be spec.names.plural+"."+spec.group',
    ]),
  ),
  'a scope that there is not': bad(
    definition({ spec: { scope: 'Global' } }),
    broken(['spec.scope', 'Unsupported value: "Global": supported values: "Cluster", "Namespaced"']),
  ),
  'a version without a schema': bad(
    definition({ version: { schema: undefined } }),
    broken(['spec.versions[0].schema.openAPIV3Schema', 'Required value: schemas are required']),
  ),
  'no version that is stored': bad(definition({ version: { storage: false } }), {
    status: 422,
    reason: 'Invalid',
    message: /spec\.versions: Invalid value: .*: must have exactly one version marked as storage version/,
    details: { name: 'widgets.example.com', group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  }),
  'a kind and its list of one name': bad(
    definition({ spec: { names: { plural: 'widgets', kind: 'Widget', listKind: 'Widget' } } }),
    broken(['spec.names.listKind', 'Invalid value: "Widget": kind and listKind may not be the same']),
  ),
  'a group without a dot': bad(
    definition({ name: 'widgets.example', spec: { group: 'example' } }),
    invalid(KIND, 'widgets.example', [
      'spec.group',
      'Invalid value: "example": should be a domain with at least one dot',
    ]),
  ),
  'a root that is no object': bad(
    definition({ schema: { type: 'string' } }),
    broken(['spec.validation.openAPIV3Schema.type', 'Invalid value: "string": must be object at the root']),
  ),
  'a field without a type': bad(
    property({ description: 'what?' }),
    broken([`${A}.type`, 'Required value: must not be empty for specified object fields']),
  ),
  'items without a type': bad(
    property({ type: 'array', items: {} }),
    broken([`${A}.items.type`, 'Required value: must not be empty for specified array items']),
  ),
  'a list without items': bad(
    property({ type: 'array' }),
    broken([`${A}.items`, 'Required value: must be specified']),
  ),
  'a type that there is not': bad(
    property({ type: 'text' }),
    broken([
      `${A}.type`,
      'Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ]),
  ),
  'properties and additionalProperties at once': bad(
    property({
      type: 'object',
      properties: { b: { type: 'string' } },
      additionalProperties: { type: 'string' },
    }),
    broken([
      `${A}.additionalProperties`,
      'Forbidden: additionalProperties and properties are mutual exclusive',
    ]),
  ),
  'a reference': bad(property({ type: 'object', $ref: '#/x' }), {
    status: 422,
    reason: 'Invalid',
    message: /properties\[a\]\.\$ref: Forbidden: \$ref is not supported/,
    details: { name: 'widgets.example.com', group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  }),
  uniqueItems: bad(
    property({ type: 'array', items: { type: 'string' }, uniqueItems: true }),
    broken([
      `${A}.uniqueItems`,
      'Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ]),
  ),
  'a pattern that is none': bad(
    property({ type: 'string', pattern: '(' }),
    broken([
      `${A}.pattern`,
      'Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ]),
  ),
  'a default of another type': bad(property({ type: 'integer', default: 'one' }), {
    status: 422,
    reason: 'Invalid',
    message:
      /properties\[a\]\.default: Invalid value: "string": .*in body must be of type integer: "string"$/,
    details: { name: 'widgets.example.com', group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' },
  }),
  'a map list without keys': bad(
    property({
      type: 'array',
      items: { type: 'object', properties: { k: { type: 'string' } } },
      'x-kubernetes-list-type': 'map',
    }),
    broken([
      `${A}.x-kubernetes-list-map-keys`,
      'Required value: must not be empty if x-kubernetes-list-type is map',
    ]),
  ),
  'a rule without a rule': bad(
    property({ type: 'object', 'x-kubernetes-validations': [{ rule: ' ' }] }),
    broken([`${A}.x-kubernetes-validations[0].rule`, 'Required value: rule is not specified']),
  ),
  'a rule of a field that there is not': bad(
    property({
      type: 'object',
      properties: { b: { type: 'string' } },
      'x-kubernetes-validations': [{ rule: 'self.c == "x"' }],
    }),
    {
      status: 422,
      reason: 'Invalid',
      message:
        /x-kubernetes-validations\[0\]\.rule: Invalid value: .*compilation failed: ERROR: <input>:1:5: undefined field 'c'/s,
      details: {
        name: 'widgets.example.com',
        group: 'apiextensions.k8s.io',
        kind: 'CustomResourceDefinition',
      },
    },
  ),
  'a rule that says no yes or no': bad(
    property({
      type: 'object',
      properties: { b: { type: 'string' } },
      'x-kubernetes-validations': [{ rule: 'self.b' }],
    }),
    {
      status: 422,
      reason: 'Invalid',
      message: /x-kubernetes-validations\[0\]\.rule: Invalid value: .*must evaluate to a bool/s,
      details: {
        name: 'widgets.example.com',
        group: 'apiextensions.k8s.io',
        kind: 'CustomResourceDefinition',
      },
    },
  ),
  'a scope that changes while it is served': bad(
    merge('customresourcedefinitions/machineconfigs.machineconfiguration.openshift.io', {
      spec: { scope: 'Namespaced' },
    }),
    invalid(KIND, 'machineconfigs.machineconfiguration.openshift.io', [
      'spec.scope',
      'Invalid value: "Namespaced": field is immutable',
    ]),
  ),
};
