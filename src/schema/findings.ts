import { invalidValue } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { fieldName, memberPath } from './path.ts';

/** Where a value is: messages name its path from where validation began, fields name it from the object's root. */
export interface Place {
  /** Where validation began: empty, or `status`. */
  readonly base: string;
  /** From there on. */
  readonly path: string;
}

/**
 * So many errors of one object are told; with what is wrong beyond them, an answer could grow to a hundred times the
 * request.
 */
export const MAX_ERRORS = 1_000;

/** The field that an error at this place names. */
export function fieldAt({ base, path }: Place): string {
  const below = path.startsWith('.') ? path.slice(1) : path;
  return fieldName(below === '' ? base : memberPath(base, below));
}

/**
 * What one schema finds in one value. Of two errors with the same text one is kept, and `matches` counts what was fine:
 * of the alternatives of an anyOf that all fail, the one with the most matches is reported (kube-openapi's Result).
 */
export class Findings {
  matches = 0;
  readonly #errors = new Map<string, FieldError>();

  get valid(): boolean {
    return this.#errors.size === 0;
  }

  /** No further errors are taken. */
  get full(): boolean {
    return this.#errors.size >= MAX_ERRORS;
  }

  /** @param text the error's text in kube-openapi, by which it is told from others */
  add(text: string, error: FieldError): void {
    if (!this.full && !this.#errors.has(text)) this.#errors.set(text, error);
  }

  /** An error that kube-openapi ties to no field: it names where validation began. */
  addUnplaced(place: Place, text: string): void {
    this.add(text, invalidValue(fieldName(place.base), '', text));
  }

  merge(other: Findings): void {
    for (const [text, error] of other.#errors) this.add(text, error);
    this.matches += other.matches;
  }

  errors(): FieldError[] {
    return [...this.#errors.values()];
  }
}
