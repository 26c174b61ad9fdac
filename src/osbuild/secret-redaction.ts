import { base64Forms } from './secret-forms.ts';
import type { SecretValue } from './secret-values.ts';

/** In the place of a secret. */
const HIDDEN = '***';

/** Takes secrets out of lines that people read, in the forms that a command prints them in. */
export function redaction(secrets: readonly SecretValue[]): (line: string) => string {
  const shown = secrets.flatMap(({ value }) => [
    ...textOf(value)
      .split('\n')
      .map((line) => line.trim()),
    ...base64Forms(Buffer.from(value, 'latin1')),
  ]);
  // The longest first: one may be a part of another.
  const texts = [...new Set(shown)].filter((text) => text.length >= 6).sort((a, b) => b.length - a.length);
  return (line) => texts.reduce((clean, text) => clean.replaceAll(text, HIDDEN), line);
}

/** As it is in a line, which is read as UTF-8. */
function textOf(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}
