import type { JsonObject } from '../../schema/index.ts';
import { componentSchemas, customDefinitions, type Dialect, writeInside } from './component-schemas.ts';
import type { Definition } from './definition.ts';
import type { DocumentedKind } from './documented-kind.ts';
import { type Parameter, PRETTY } from './operation-parameters.ts';
import { type Operation, type PathOperations, pathsOf } from './operations.ts';

const PREFIX = '#/components/schemas/';

/**
 * The OpenAPI 3 document of one group and version: its kinds' schemas and all that they refer to, and their paths.
 * `serverVersion` is the version of Kubernetes that the server speaks for, for example `v1.36.2`.
 */
export function openApiV3(kinds: readonly DocumentedKind[], serverVersion: string): JsonObject {
  const paths = kinds.flatMap(pathsOf);
  const custom = Object.assign(
    {},
    ...kinds.filter((kind) => kind.custom).map(customDefinitions),
  ) as ReturnType<typeof customDefinitions>;
  const named = paths.flatMap((each) => Object.values(each.operations).flatMap(componentsOf));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: serverVersion },
    paths: Object.fromEntries(
      paths.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map((each) => [each.path, writePath(each)]),
    ),
    components: {
      schemas: componentSchemas(named, custom, V3),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
    security: [{ BearerToken: [] }],
  };
}

/** The components that an operation reads or answers with. */
export function componentsOf(operation: Operation): string[] {
  return [operation.request, operation.response].filter((name) => name !== undefined);
}

function writePath({ parameters, operations }: PathOperations): JsonObject {
  return {
    ...Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, writeOperation(operation)]),
    ),
    parameters: [...parameters, PRETTY].map(writeParameter),
  };
}

function writeOperation(operation: Operation): JsonObject {
  const answer =
    operation.response === undefined
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { 'application/json': { schema: { $ref: PREFIX + operation.response } } };
  return {
    description: operation.description,
    operationId: operation.id,
    ...(operation.parameters.length === 0 ? {} : { parameters: operation.parameters.map(writeParameter) }),
    ...(operation.request === undefined
      ? {}
      : {
          requestBody: {
            content: Object.fromEntries(
              operation.requestTypes.map((type) => [
                type,
                { schema: { $ref: `${PREFIX}${operation.request}` } },
              ]),
            ),
          },
        }),
    responses: {
      ...Object.fromEntries(
        operation.statuses.map((status) => [String(status), { description: 'OK', content: answer }]),
      ),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': { ...operation.of },
  };
}

function writeParameter({ name, in: place, type, description }: Parameter): JsonObject {
  return {
    name,
    in: place,
    description,
    ...(place === 'path' ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  };
}

const V3: Dialect = { write: writeSchema };

function writeSchema(definition: Definition, inner: (definition: Definition) => JsonObject): JsonObject {
  const { $ref, properties, items, additionalProperties, format, ...rest } = definition;
  const own = rest as unknown as JsonObject;
  if ($ref !== undefined) {
    const reference = { $ref: PREFIX + $ref };
    // Version 3.0 ignores what stands beside a reference.
    return Object.keys(own).length === 0 ? reference : { ...own, allOf: [reference] };
  }
  if (format === 'int-or-string') {
    const { 'x-kubernetes-int-or-string': _, ...described } = own;
    return { ...described, format, oneOf: [{ type: 'integer' }, { type: 'string' }] };
  }
  if (format === 'quantity' && rest.type === 'string') {
    const { type: _, ...described } = own;
    return { ...described, oneOf: [{ type: 'string' }, { type: 'number' }] };
  }
  return {
    ...own,
    ...(format === undefined ? {} : { format: format === 'micro-time' ? 'date-time' : format }),
    ...writeInside(
      {
        ...(properties && { properties }),
        ...(items && { items }),
        ...(additionalProperties === undefined ? {} : { additionalProperties }),
      },
      inner,
    ),
  };
}
