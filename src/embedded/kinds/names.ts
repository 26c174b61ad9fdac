import { formProblems, nameForm } from '../../schema/index.ts';

/*
 * The forms of names that only built-in kinds have, with the words of k8s.io/apimachinery/pkg/util/validation: each function
 * gives everything that is wrong, nothing for a good name.
 */

const CONFIG_KEY = nameForm({
  max: 253,
  pattern: '[-._a-zA-Z0-9]+',
  rule: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  examples: ['key.name', 'KEY_NAME', 'key-name'],
});

/** A key in the data of a ConfigMap or a Secret: it becomes a file name. */
export function configKeyProblems(key: string): string[] {
  const problems = formProblems(key, CONFIG_KEY);
  return CONFIG_KEY.whole.test(key) ? [...problems, ...parentDirectoryProblems(key)] : problems;
}

/** The name of an environment variable: any printable ASCII but `=` (since Kubernetes 1.34). */
export function environmentNameProblems(name: string): string[] {
  return /^[ -<>-~]*$/.test(name)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** What may stand in the path of a URL: the only rule for the names of RBAC objects and events. */
export function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%']
    .filter((character) => name.includes(character))
    .map((character) => `may not contain '${character}'`);
}

/** The form of a port's name (IANA service name). */
export function portNameProblems(name: string): string[] {
  const found: string[] = [];
  if (name.length > 15) found.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name)) {
    found.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(name)) found.push('must contain at least one letter (a-z)');
  if (name.includes('--')) found.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) found.push('must not begin or end with a hyphen');
  return found;
}

function parentDirectoryProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`must not be '${name}'`];
  return name.startsWith('..') ? ["must not start with '..'"] : [];
}
