import type { JsonObject } from '../../schema/index.ts';
import { writeInside } from './component-schemas.ts';
import type { Definition } from './definition.ts';
import type { DocumentedKind } from './documented-kind.ts';
import { BEARER_TOKEN, describeKinds, type DocumentDialect } from './openapi-parts.ts';
import type { Parameter } from './operation-parameters.ts';
import type { Operation } from './operations.ts';

const PREFIX = '#/components/schemas/';

/**
 * The OpenAPI 3 document of one group and version: its kinds' schemas and all that they refer to, and their paths.
 * `serverVersion` is the version of Kubernetes that the server speaks for, for example `v1.36.2`.
 */
export function openApiV3(kinds: readonly DocumentedKind[], serverVersion: string): JsonObject {
  const { paths, schemas } = describeKinds(kinds, V3);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: serverVersion },
    paths,
    components: {
      schemas,
      securitySchemes: { BearerToken: BEARER_TOKEN },
    },
    security: [{ BearerToken: [] }],
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

const V3: DocumentDialect = { write: writeSchema, writeOperation, writeParameter };

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
    ...writeInside({ properties, items, additionalProperties }, inner),
  };
}
