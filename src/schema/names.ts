const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

/** What is wrong with a name as a label of DNS (k8s.io/apimachinery IsDNS1123Label), in Kubernetes' words. */
export function dns1123LabelProblems(text: string): string[] {
  return problems(
    text,
    MAX_LABEL,
    LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    ['my-name', '123-abc'],
  );
}

/** What is wrong with a name as a subdomain of DNS (IsDNS1123Subdomain). */
export function dns1123SubdomainProblems(text: string): string[] {
  return problems(
    text,
    MAX_SUBDOMAIN,
    SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    ['example.com'],
  );
}

/** What is wrong with a name as a label of DNS that begins with a letter (IsDNS1035Label). */
export function dns1035LabelProblems(text: string): string[] {
  return problems(
    text,
    MAX_LABEL,
    LABEL_1035,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    ['my-name', 'abc-123'],
  );
}

/** What is wrong with a text as the value of a label (IsValidLabelValue). */
export function labelValueProblems(text: string): string[] {
  return problems(
    text,
    MAX_LABEL,
    `(${QUALIFIED})?`,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ['MyValue', 'my_value', '12345'],
  );
}

/** What is wrong with a text as the name of a label or annotation (IsQualifiedName). */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedRule()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const found: string[] = [];
  if (parts.length === 2) {
    const [prefix = ''] = parts;
    if (prefix === '') found.push('prefix part must be non-empty');
    else found.push(...dns1123SubdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  const name = parts.at(-1) ?? '';
  if (name === '') found.push('name part must be non-empty');
  else if (name.length > MAX_LABEL) found.push(`name part must be no more than ${MAX_LABEL} characters`);
  if (name === '' || !new RegExp(`^${QUALIFIED}$`).test(name.slice(0, MAX_SUBDOMAIN))) {
    found.push(`name part ${qualifiedRule()}`);
  }
  return found;
}

function problems(
  text: string,
  max: number,
  pattern: string,
  rule: string,
  examples: readonly string[],
): string[] {
  const found = text.length > max ? [`must be no more than ${max} characters`] : [];
  // What is too long is not looked through to its end.
  if (!new RegExp(`^${pattern}$`).test(text.slice(0, MAX_SUBDOMAIN + 1)))
    found.push(withExamples(rule, pattern, examples));
  return found;
}

function qualifiedRule(): string {
  const rule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return withExamples(rule, QUALIFIED, ['MyName', 'my.name', '123-abc']);
}

function withExamples(rule: string, pattern: string, examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}'`).join(',  or ');
  return `${rule} (e.g. ${list}, regex used for validation is '${pattern}')`;
}
