import type { JsonObject } from '../../schema/index.ts';
import { componentSchemas, customDefinitions, type Dialect } from './component-schemas.ts';
import type { Definitions } from './definition.ts';
import type { DocumentedKind } from './documented-kind.ts';
import { type Parameter, PRETTY } from './operation-parameters.ts';
import { type Operation, type PathOperations, pathsOf } from './operations.ts';

/** How one version of OpenAPI writes all that a document has. */
export interface DocumentDialect extends Dialect {
  writeOperation(operation: Operation): JsonObject;
  writeParameter(parameter: Parameter): JsonObject;
}

/** How clients authenticate, as both versions of OpenAPI say it. */
export const BEARER_TOKEN: JsonObject = {
  type: 'apiKey',
  description: 'Bearer Token authentication',
  name: 'authorization',
  in: 'header',
};

/** The paths of kinds, and the schemas of what is sent there by their names. */
export function describeKinds(
  kinds: readonly DocumentedKind[],
  dialect: DocumentDialect,
): { readonly paths: JsonObject; readonly schemas: JsonObject } {
  const paths = kinds.flatMap(pathsOf);
  const custom = Object.assign(
    {},
    ...kinds.filter((kind) => kind.custom).map(customDefinitions),
  ) as Definitions;
  const named = paths.flatMap(({ operations }) => Object.values(operations).flatMap(componentsOf));
  const inOrder = paths.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    paths: Object.fromEntries(inOrder.map((each) => [each.path, writePath(each, dialect)])),
    schemas: componentSchemas(named, custom, dialect),
  };
}

function componentsOf(operation: Operation): string[] {
  return [operation.request, operation.response].filter((name) => name !== undefined);
}

function writePath({ parameters, operations }: PathOperations, dialect: DocumentDialect): JsonObject {
  return {
    ...Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, dialect.writeOperation(operation)]),
    ),
    parameters: [...parameters, PRETTY].map((parameter) => dialect.writeParameter(parameter)),
  };
}
