import type { Json, JsonObject, Schema } from '../../schema/index.ts';
import { builtInDefinitions } from './built-in-definitions.ts';
import { componentName, LIST_META, listComponentName, OBJECT_META } from './component-names.ts';
import type { Definition, Definitions } from './definition.ts';
import type { DocumentedKind } from './documented-kind.ts';

/** How one version of OpenAPI writes a schema. */
export interface Dialect {
  /** Writes one schema; `inner` writes those inside of it. */
  write(definition: Definition, inner: (definition: Definition) => JsonObject): JsonObject;
}

/** A custom kind's schema and its list's, as definitions. */
export function customDefinitions(kind: DocumentedKind): Definitions {
  const name = componentName(kind, true) ?? '';
  const listName = listComponentName(kind) ?? '';
  const { group, version } = kind;
  const listKind = kind.listKind ?? `${kind.kind}List`;
  const { description, properties, ...rest } = (kind.schema ?? { type: 'object' }) as Schema & Definition;
  const type: Definition = { type: 'string' };
  return {
    [name]: {
      ...(description === undefined ? {} : { description }),
      ...rest,
      properties: {
        ...properties,
        apiVersion: { ...type, description: "The version of the object's schema: group and version." },
        kind: { ...type, description: 'The kind of the object, in CamelCase.' },
        metadata: { $ref: OBJECT_META, description: 'Name, namespace, labels, annotations and the like.' },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: kind.kind }],
    },
    [listName]: {
      description: `${listKind} is a list of ${kind.kind}`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { ...type, description: "The version of the list's schema: group and version." },
        items: { type: 'array', items: { $ref: name }, description: `List of ${kind.plural}.` },
        kind: { ...type, description: 'The kind of the list, in CamelCase.' },
        metadata: { $ref: LIST_META, description: 'What is said of the list as a whole.' },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    },
  };
}

/** The named definitions and all that they refer to, written for a document, sorted by name. */
export function componentSchemas(names: Iterable<string>, custom: Definitions, dialect: Dialect): JsonObject {
  const written = new Map<string, JsonObject>();
  const pending = [...names];
  const inner = (definition: Definition): JsonObject => {
    if (definition.$ref !== undefined) pending.push(definition.$ref);
    return dialect.write(definition, inner);
  };
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (written.has(name)) continue;
    const definition = custom[name] ?? builtInDefinitions[name];
    if (definition === undefined) continue;
    written.set(name, {});
    written.set(name, inner(definition));
  }
  return Object.fromEntries([...written].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Applies `inner` to the schemas inside of a definition's properties, items and additionalProperties. */
export function writeInside(
  definition: {
    readonly [Member in 'properties' | 'items' | 'additionalProperties']?: Definition[Member] | undefined;
  },
  inner: (definition: Definition) => JsonObject,
): JsonObject {
  const { properties, items, additionalProperties } = definition;
  const written: JsonObject = {};
  if (properties !== undefined) {
    written['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, inner(property)]),
    );
  }
  if (items !== undefined) written['items'] = inner(items);
  if (additionalProperties !== undefined) {
    written['additionalProperties'] =
      typeof additionalProperties === 'boolean'
        ? (additionalProperties as Json)
        : inner(additionalProperties);
  }
  return written;
}
