import type { Kind } from '../kinds/index.ts';
import type { User } from '../access/index.ts';
import type { JsonObject } from '../../schema/index.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { decodeBody, asObject, type DecodedBody, summary } from './body.ts';
import { MAX_PROBLEMS } from './json-scan.ts';
import { apiVersionOf } from './kind-registry.ts';
import { checkType, decodeObject, memberProblem, strictDecodingError, undecodable } from './object-checks.ts';
import { objectValue, type Presentation } from './presentation.ts';
import { keyOf } from './object-store.ts';
import type { RequestInfo } from './request-info.ts';
import type { WriteOptions } from './request-options.ts';
import type { ApiRequest } from './request.ts';
import { badRequest, notFound } from '../status/index.ts';
import { TypeMismatch } from './type-mismatch.ts';

/** A request for a resource, with what was found out about it so far. */
export interface ResourceRequest {
  readonly environment: ApiEnvironment;
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly kind: Kind;
  readonly user: User;
  readonly presentation: Presentation;
  readonly warnings: string[];
  /** Refuses what this user may not do with this very object. @throws StatusError */
  readonly admit: (object: JsonObject, old: JsonObject | undefined) => void;
}

/** The object that the request's path names. @throws StatusError 404 */
export function existingObject({ environment, kind, info }: ResourceRequest): JsonObject {
  const stored = environment.store.get(keyOf(kind, info.namespace, info.name));
  if (stored === undefined) throw notFound(kind, info.name);
  return objectValue(kind, stored);
}

/** Of a body that does not say what it is, an error shows so much: a real server shows all of it. */
const MAX_QUOTED = 1000;

/**
 * Reads the body as an object of a kind: type-checked, defaulted, unknown fields gone and told of as `fieldValidation` has it.
 *
 * @throws StatusError 400, 415, 422
 */
export function readObjectBody(
  { request, warnings }: Pick<ResourceRequest, 'request' | 'warnings'>,
  kind: Kind,
  options: Pick<WriteOptions, 'fieldValidation'>,
): JsonObject {
  const body = decodeBody(request.body, request.headers['content-type'], kind.kind);
  const object = asObject(body.value, kind.kind, request.body);
  if (kind.custom && !(typeof object['kind'] === 'string' && object['kind'] !== '')) {
    const text = Buffer.from(request.body).toString('utf8');
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): Object 'Kind' is missing in '${text.slice(0, MAX_QUOTED)}' (${summary(request.body)})`,
    );
  }
  if (kind.custom && object['apiVersion'] !== apiVersionOf(kind)) {
    // No schema is known for what is in there: Kubernetes tells so before it refuses the version.
    const known = new Set(['apiVersion', 'kind', 'metadata']);
    const problems = Object.keys(object)
      .filter((path) => !known.has(path))
      .map((path): Problem => ({ path, what: 'unknown' }));
    tellProblems(problems, { kind, object, options, warnings, positions: body.positions });
  }
  checkType(kind, object);
  try {
    const { unknown } = decodeObject(kind, object);
    tellProblems(
      [
        ...unknown.map((path): Problem => ({ path, what: 'unknown' })),
        ...body.duplicates.map((path): Problem => ({ path, what: 'duplicate' })),
      ],
      { kind, object, options, warnings, positions: body.positions },
    );
  } catch (error) {
    if (error instanceof TypeMismatch) throw undecodable(kind, object, error);
    throw error;
  }
  return object;
}

interface Problem {
  readonly path: string;
  readonly what: 'unknown' | 'duplicate';
}

interface Telling {
  readonly kind: Kind;
  readonly object: JsonObject;
  readonly options: Pick<WriteOptions, 'fieldValidation'>;
  readonly warnings: string[];
  readonly positions: DecodedBody['positions'];
}

function tellProblems(
  problems: readonly Problem[],
  { kind, object, options, warnings, positions }: Telling,
): void {
  if (problems.length === 0 || options.fieldValidation === 'Ignore') return;
  const texts = inOrder(problems, positions).map(({ path, what }) => memberProblem(what, path));
  if (options.fieldValidation === 'Strict') throw strictDecodingError(kind, object, texts);
  warnings.push(...texts);
}

/** In the order of the text; each sort of problems is in it already. */
function inOrder(problems: readonly Problem[], positions: DecodedBody['positions']): readonly Problem[] {
  if (problems.every(({ what }) => what === problems[0]?.what)) return problems.slice(0, MAX_PROBLEMS);
  const known = positions(new Set(problems.map(({ path }) => path)));
  return [...problems]
    .sort((a, b) => (known.get(a.path) ?? 0) - (known.get(b.path) ?? 0))
    .slice(0, MAX_PROBLEMS);
}
