import type { Schema } from '../../schema/index.ts';
import definitions from './built-in-definitions.json' with { type: 'json' };
import type { Definition, Definitions } from './definition.ts';

/** What Kubernetes' own kinds look like, as `npm run generate` wrote it; names are those of OpenAPI documents. */
export const builtInDefinitions: Definitions = definitions as unknown as Definitions;

const resolved = new Map<string, Schema>();
let names: ReadonlyMap<string, string> | undefined;

/** The name of a built-in kind's definition: `io.k8s.api.core.v1.Pod`; undefined if it is not built in. */
export function builtInName(group: string, version: string, kind: string): string | undefined {
  names ??= new Map(
    Object.entries(builtInDefinitions).flatMap(([name, definition]) =>
      (definition['x-kubernetes-group-version-kind'] ?? []).map((of) => [
        `${of.group}/${of.version}/${of.kind}`,
        name,
      ]),
    ),
  );
  return names.get(`${group}/${version}/${kind}`);
}

/**
 * The schema of a built-in kind's whole object; `metadata` is the schema of ObjectMeta. References are resolved into
 * shared objects: a schema that contains itself (JSONSchemaProps) is a cycle, and two calls give the same object. Every list
 * tells its list type. What is a struct in Go has its name as title. Besides JSON schema's formats there are `micro-time` and `quantity`; a quantity may also be sent as a
 * number. Throws if no such kind is built in.
 */
export function builtInSchema(group: string, version: string, kind: string): Schema {
  const name = builtInName(group, version, kind);
  if (name === undefined) throw new Error(`no built-in definition of ${kind} in ${group}/${version}`);
  return definedSchema(name);
}

/** The schema of any definition, by its name; see {@link builtInSchema}. */
export function definedSchema(name: string): Schema {
  const known = resolved.get(name);
  if (known !== undefined) return known;
  const definition = builtInDefinitions[name];
  if (definition === undefined) throw new Error(`no built-in definition ${name}`);
  const { properties, ...rest } = definition;
  // Complete but for what its properties hold before any of them is looked at: one of them may be, or copy, this one.
  const filled: Record<string, Schema> = {};
  const schema: Schema = {
    ...(rest as Omit<Schema, 'properties'>),
    ...(properties === undefined ? {} : { title: name.slice(name.lastIndexOf('.') + 1) }),
    ...(properties === undefined ? {} : { properties: filled }),
  };
  resolved.set(name, schema);
  for (const [key, property] of Object.entries(properties ?? {})) filled[key] = resolve(property);
  return schema;
}

function resolve(definition: Definition): Schema {
  const { $ref, description, items, additionalProperties, ...rest } = definition;
  const own = rest as Schema;
  if ($ref !== undefined) {
    const target = definedSchema($ref);
    return Object.keys(own).length === 0 ? target : { ...target, ...own };
  }
  return {
    ...own,
    ...(description === undefined ? {} : { description }),
    ...(items === undefined ? {} : { items: resolve(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: resolve(additionalProperties) }),
  };
}
