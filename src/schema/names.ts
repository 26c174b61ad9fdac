/**
 * The forms of names, with the words of k8s.io/apimachinery/pkg/util/validation: each function gives everything that is
 * wrong, nothing for a good name.
 */

/** A form of names: how long it may be, what it looks like, and how Kubernetes tells of it. */
export interface NameForm {
  readonly max: number;
  readonly pattern: string;
  readonly rule: string;
  readonly examples: readonly string[];
  /** The pattern, of a whole text. */
  readonly whole: RegExp;
}

/** Describes a form; `whole` follows from its pattern. */
export function nameForm(form: Omit<NameForm, 'whole'>): NameForm {
  return { ...form, whole: new RegExp(`^(?:${form.pattern})$`) };
}

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const DNS_1123_LABEL = nameForm({
  max: MAX_LABEL,
  pattern: LABEL,
  rule: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  examples: ['my-name', '123-abc'],
});
const DNS_1123_SUBDOMAIN = nameForm({
  max: MAX_SUBDOMAIN,
  pattern: `${LABEL}(\\.${LABEL})*`,
  rule: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ['example.com'],
});
const DNS_1035_LABEL = nameForm({
  max: MAX_LABEL,
  pattern: '[a-z]([-a-z0-9]*[a-z0-9])?',
  rule: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ['my-name', 'abc-123'],
});
const LABEL_VALUE = nameForm({
  max: MAX_LABEL,
  pattern: `(${QUALIFIED})?`,
  rule: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyValue', 'my_value', '12345'],
});
const QUALIFIED_PART = nameForm({
  max: MAX_LABEL,
  pattern: QUALIFIED,
  rule: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyName', 'my.name', '123-abc'],
});

/** A label of DNS (IsDNS1123Label): a namespace, a container. */
export function dns1123LabelProblems(text: string): string[] {
  return formProblems(text, DNS_1123_LABEL);
}

/** A subdomain of DNS (IsDNS1123Subdomain), the form of most names. */
export function dns1123SubdomainProblems(text: string): string[] {
  return formProblems(text, DNS_1123_SUBDOMAIN);
}

/** A label of DNS that begins with a letter (IsDNS1035Label): a service, the names of a custom resource. */
export function dns1035LabelProblems(text: string): string[] {
  return formProblems(text, DNS_1035_LABEL);
}

/** The value of a label (IsValidLabelValue). */
export function labelValueProblems(text: string): string[] {
  return formProblems(text, LABEL_VALUE);
}

/** `name` or `prefix/name` (IsQualifiedName): the key of a label, annotation or taint, a finalizer. */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${ruleOf(QUALIFIED_PART)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
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
  return [...found, ...formProblems(name, QUALIFIED_PART).map((problem) => `name part ${problem}`)];
}

/** What is wrong with a text that should be of a form: its length, its form, or both. */
export function formProblems(text: string, form: NameForm): string[] {
  const found = text.length > form.max ? [`must be no more than ${form.max} characters`] : [];
  if (!form.whole.test(text)) found.push(ruleOf(form));
  return found;
}

/** The doubled space before `or` is how Kubernetes prints it. */
function ruleOf({ rule, pattern, examples }: NameForm): string {
  const list = examples.map((example) => `'${example}'`).join(',  or ');
  return `${rule} (e.g. ${list}, regex used for validation is '${pattern}')`;
}
