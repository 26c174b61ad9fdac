import { badRequest } from '../status/index.ts';

/** What a fieldSelector asks for. */
export interface FieldRequirements {
  readonly isEmpty: boolean;
  /** The value that metadata.name must have, if the selector pins it. */
  readonly name: string | undefined;
  /** The same of metadata.namespace. */
  readonly namespace: string | undefined;
  matches(namespace: string, name: string, fields: Readonly<Record<string, string>>): boolean;
}

/** Bounds a hostile selector. */
const MAX_LENGTH = 16_384;

/**
 * Reads `metadata.name=x,spec.nodeName!=y`.
 *
 * @param selectable what this kind has beside metadata.name and metadata.namespace
 * @param refusal the message for a field that it has not
 * @throws StatusError 400
 */
export function readFieldSelector(
  text: string | null,
  selectable: readonly string[],
  refusal: (field: string) => string,
): FieldRequirements {
  const terms = (text ?? '').split(',').filter((term) => term !== '');
  if ((text ?? '').length > MAX_LENGTH) throw badRequest('invalid selector: too long');
  const requirements = terms.map((term) => {
    const parsed = /^([^=!]+)(==|=|!=)(.*)$/s.exec(term);
    if (parsed === null) {
      throw badRequest(
        `invalid selector: '${(text ?? '').slice(0, 200)}'; can't understand '${term.slice(0, 200)}'`,
      );
    }
    const [, field = '', operator = '', value = ''] = parsed;
    const isKnown = field === 'metadata.name' || field === 'metadata.namespace' || selectable.includes(field);
    if (!isKnown) throw badRequest(refusal(field));
    return { field, equal: operator !== '!=', value: value.replaceAll(/\\([\\,=])/g, '$1') };
  });
  const pinned = (field: string): string | undefined =>
    requirements.find((requirement) => requirement.field === field && requirement.equal)?.value;
  return {
    isEmpty: requirements.length === 0,
    name: pinned('metadata.name'),
    namespace: pinned('metadata.namespace'),
    matches: (namespace, name, fields) =>
      requirements.every(({ field, equal, value }) => {
        const actual =
          field === 'metadata.name'
            ? name
            : field === 'metadata.namespace'
              ? namespace
              : (fields[field] ?? '');
        return (actual === value) === equal;
      }),
  };
}
