/** Member names and list indexes from the object's root. */
export type FieldPath = readonly (string | number)[];

const PLAIN_MEMBER = /^[A-Za-z0-9_$-]+$/;

/**
 * A path as Kubernetes writes it: `spec.config.storage.files[0].path`; a member name that would be
 * mistaken for something else goes in brackets: `metadata.labels["example.com/role"]`.
 */
export function formatField(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!PLAIN_MEMBER.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text === '' ? 'the document' : text;
}
