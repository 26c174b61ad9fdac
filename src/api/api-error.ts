import { formatField } from './field-path.ts';
import type { FieldPath } from './field-path.ts';

/**
 * - `invalid-object`: a field of the object breaks a rule of its kind.
 * - `unsupported-version`: a kind of ours under an API group or version that is not served.
 */
export type ApiErrorCode = 'invalid-object' | 'unsupported-version';

/** One thing wrong with an object. */
export interface FieldProblem {
  readonly field: FieldPath;
  /** A whole sentence part that names the field, without the object. */
  readonly message: string;
}

/** An object that does not follow its kind. Carries every problem found; `field` is the first one's. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly retryable = false;
  /** As in the document, even if it is none of ours; empty where the document has none. */
  readonly kind: string;
  readonly objectName: string;
  readonly field: FieldPath;
  readonly problems: readonly FieldProblem[];
  /** Where the object stands in its document: empty, or `['items', 3]` in a list. Fields count from there. */
  readonly within: FieldPath;

  constructor(
    code: ApiErrorCode,
    object: { kind: string; name: string },
    problems: readonly FieldProblem[],
    within: FieldPath = [],
  ) {
    super(`cannot read ${describeObject(object)}: ${problems.map(({ message }) => message).join('; ')}`);
    this.code = code;
    this.kind = object.kind;
    this.objectName = object.name;
    this.field = problems[0]?.field ?? [];
    this.problems = problems;
    this.within = within;
  }
}

function describeObject({ kind, name }: { kind: string; name: string }): string {
  return name === '' ? kind || 'the object' : `${kind || 'object'} ${JSON.stringify(name)}`;
}

/** A problem whose message is `<field>: <what is wrong>`. */
export function fieldProblem(field: FieldPath, message: string): FieldProblem {
  return { field, message: `${formatField(field)}: ${message}` };
}
