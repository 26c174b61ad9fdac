import { dns1123SubdomainProblems, labelValueProblems } from '../schema/index.ts';

const MAX_SUBDOMAIN = 253;
/** Of a part of a DNS name, a label's value, and the name in a label's key. */
export const MAX_LABEL = 63;

/**
 * What is wrong with an RFC 1123 subdomain, the form of most object names; undefined if nothing is.
 */
export function subdomainProblem(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.length > MAX_SUBDOMAIN)
    return `must be no more than ${MAX_SUBDOMAIN} characters, has ${name.length}`;
  if (dns1123SubdomainProblems(name).length === 0) return undefined;
  return `${JSON.stringify(name)} must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`;
}

/** What is wrong with the key of a label or annotation: `name` or `prefix/name`; undefined if nothing is. */
export function qualifiedNameProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(slash, 0));
  const name = key.slice(slash + 1);
  if (slash !== -1) {
    const problem = subdomainProblem(prefix);
    if (problem !== undefined) return `the prefix ${problem}`;
  }
  if (name === '') return 'the name part must not be empty';
  if (name.length > MAX_LABEL)
    return `the name part must be no more than ${MAX_LABEL} characters, has ${name.length}`;
  // A label's value and the name in its key have one form, except that a value may be empty.
  if (labelValueProblems(name).length === 0) return undefined;
  return `the name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
}

/** What is wrong with the value of a label; undefined if nothing is. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > MAX_LABEL) return `must be no more than ${MAX_LABEL} characters, has ${value.length}`;
  if (labelValueProblems(value).length === 0) return undefined;
  return `${JSON.stringify(value)} must be empty or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
}
