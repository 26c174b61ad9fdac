/**
 * The forms of names, with the words of k8s.io/apimachinery/pkg/util/validation: each function gives everything that is
 * wrong, nothing for a good name.
 */

const MAX_SUBDOMAIN = 253;
const MAX_LABEL = 63;

const LABEL_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN_PATTERN = `${LABEL_PATTERN}(\\.${LABEL_PATTERN})*`;
const DNS_1035_PATTERN = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED_PATTERN = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE_PATTERN = `(${QUALIFIED_PATTERN})?`;
const CONFIG_KEY_PATTERN = '[-._a-zA-Z0-9]+';

const LABEL = new RegExp(`^${LABEL_PATTERN}$`);
const SUBDOMAIN = new RegExp(`^${SUBDOMAIN_PATTERN}$`);
const DNS_1035 = new RegExp(`^${DNS_1035_PATTERN}$`);
const QUALIFIED = new RegExp(`^${QUALIFIED_PATTERN}$`);
const CONFIG_KEY = new RegExp(`^${CONFIG_KEY_PATTERN}$`);

/** An RFC 1123 subdomain, the form of most names. */
export function subdomainProblems(name: string): string[] {
  return problems(name, MAX_SUBDOMAIN, SUBDOMAIN, () =>
    withPattern(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      SUBDOMAIN_PATTERN,
      ['example.com'],
    ),
  );
}

/** An RFC 1123 label: a namespace, a container. */
export function labelProblems(name: string): string[] {
  return problems(name, MAX_LABEL, LABEL, () =>
    withPattern(
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      LABEL_PATTERN,
      ['my-name', '123-abc'],
    ),
  );
}

/** An RFC 1035 label: a service, the names of a custom resource. */
export function dns1035Problems(name: string): string[] {
  return problems(name, MAX_LABEL, DNS_1035, () =>
    withPattern(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      DNS_1035_PATTERN,
      ['my-name', 'abc-123'],
    ),
  );
}

/** `name` or `prefix/name`: the key of a label, annotation or taint, a finalizer. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  const form = (): string =>
    withPattern(
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      QUALIFIED_PATTERN,
      ['MyName', 'my.name', '123-abc'],
    );
  if (parts.length > 2) {
    return [
      `a qualified name ${form()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const found: string[] = [];
  const [prefix] = parts;
  if (parts.length === 2 && prefix !== undefined) {
    if (prefix === '') found.push('prefix part must be non-empty');
    else found.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  const name = parts.at(-1) ?? '';
  if (name === '') found.push('name part must be non-empty');
  else if (name.length > MAX_LABEL) found.push(`name part ${tooLong(MAX_LABEL)}`);
  if (!QUALIFIED.test(name)) found.push(`name part ${form()}`);
  return found;
}

/** The value of a label. */
export function labelValueProblems(value: string): string[] {
  const found: string[] = [];
  if (value.length > MAX_LABEL) found.push(tooLong(MAX_LABEL));
  if (value !== '' && !QUALIFIED.test(value)) {
    found.push(
      withPattern(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        LABEL_VALUE_PATTERN,
        ['MyValue', 'my_value', '12345'],
      ),
    );
  }
  return found;
}

/** A key in the data of a ConfigMap or a Secret: it becomes a file name. */
export function configKeyProblems(key: string): string[] {
  const found: string[] = [];
  if (key.length > MAX_SUBDOMAIN) found.push(tooLong(MAX_SUBDOMAIN));
  if (!CONFIG_KEY.test(key)) {
    found.push(
      withPattern(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY_PATTERN,
        ['key.name', 'KEY_NAME', 'key-name'],
      ),
    );
  } else found.push(...parentDirectoryProblems(key));
  return found;
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

function problems(name: string, max: number, form: RegExp, message: () => string): string[] {
  const found: string[] = [];
  if (name.length > max) found.push(tooLong(max));
  if (!form.test(name)) found.push(message());
  return found;
}

function tooLong(max: number): string {
  return `must be no more than ${max} characters`;
}

/** The doubled space before `or` is how Kubernetes prints it. */
function withPattern(message: string, pattern: string, examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${list}regex used for validation is '${pattern}')`;
}
