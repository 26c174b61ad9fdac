import type { JsonObject } from '../../schema/index.ts';
import { writeInside } from './component-schemas.ts';
import type { Definition } from './definition.ts';
import type { DocumentedKind } from './documented-kind.ts';
import { BEARER_TOKEN, describeKinds, type DocumentDialect } from './openapi-parts.ts';
import type { Parameter } from './operation-parameters.ts';
import type { Operation } from './operations.ts';

const PREFIX = '#/definitions/';

/** The OpenAPI 2 (Swagger) document of all served kinds; see {@link openApiV3} for `serverVersion`. */
export function openApiV2(kinds: readonly DocumentedKind[], serverVersion: string): JsonObject {
  const { paths, schemas } = describeKinds(kinds, V2);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: serverVersion },
    paths,
    definitions: schemas,
    securityDefinitions: { BearerToken: BEARER_TOKEN },
    security: [{ BearerToken: [] }],
  };
}

function writeOperation(operation: Operation): JsonObject {
  const body = operation.request === undefined ? [] : [writeBody(operation, operation.request)];
  const schema: JsonObject =
    operation.response === undefined ? { type: 'string' } : { $ref: PREFIX + operation.response };
  return {
    description: operation.description,
    operationId: operation.id,
    consumes: operation.requestTypes.length === 0 ? ['*/*'] : [...operation.requestTypes],
    produces: [operation.response === undefined ? 'text/plain' : 'application/json'],
    schemes: ['https'],
    parameters: [...body, ...operation.parameters.map(writeParameter)],
    responses: {
      ...Object.fromEntries(
        operation.statuses.map((status) => [String(status), { description: 'OK', schema }]),
      ),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': { ...operation.of },
  };
}

function writeBody(operation: Operation, component: string): JsonObject {
  return {
    name: 'body',
    in: 'body',
    // DELETE takes its options in the query just as well.
    ...(operation.action.startsWith('delete') ? {} : { required: true }),
    schema: { $ref: PREFIX + component },
  };
}

function writeParameter({ name, in: place, type, description }: Parameter): JsonObject {
  return {
    name,
    in: place,
    description,
    type,
    uniqueItems: true,
    ...(place === 'path' ? { required: true } : {}),
  };
}

const V2: DocumentDialect = { write: writeSchema, writeOperation, writeParameter };

/**
 * Version 2 has no oneOf, anyOf, not, nullable; and kubectl's validation refuses what the schema forbids. So a schema says
 * less here where it could say too much (k8s.io/apiextensions-apiserver, ToStructuralOpenAPIV2).
 */
function writeSchema(definition: Definition, inner: (definition: Definition) => JsonObject): JsonObject {
  const {
    $ref,
    properties,
    items,
    additionalProperties,
    type,
    format,
    default: _default,
    ...rest
  } = definition;
  const { oneOf: _oneOf, anyOf: _anyOf, allOf: _allOf, not: _not, nullable, ...kept } = rest;
  const own = kept as unknown as JsonObject;
  if ($ref !== undefined) return { $ref: PREFIX + $ref, ...own };
  if (format === 'int-or-string' || format === 'quantity') {
    const { 'x-kubernetes-int-or-string': _, ...described } = own;
    return { ...described, type: 'string', ...(format === 'quantity' ? {} : { format }) };
  }
  if (nullable === true || kept['x-kubernetes-int-or-string'] === true) return own;
  if (kept['x-kubernetes-preserve-unknown-fields'] === true) {
    // Its gnostic form holds at the root, where the kind's own members are.
    return kept['x-kubernetes-group-version-kind'] === undefined
      ? own
      : { ...own, type: 'object', ...writeInside({ properties }, inner) };
  }
  return {
    ...own,
    ...(type === undefined ? {} : { type }),
    ...(format === undefined ? {} : { format: format === 'micro-time' ? 'date-time' : format }),
    ...writeInside({ properties, items, additionalProperties }, inner),
  };
}
