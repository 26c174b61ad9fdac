import type { ContainerInstruction } from './containerfile.ts';

type Values = Readonly<Record<string, string>>;

/** The variables of a stage, as far as a Containerfile says what is in them. */
export class StageVariables {
  /** Of `ENV`: stages that stand on this one have them too. */
  readonly #environment: Map<string, string>;
  /** Of `ARG`: this stage's alone, and never in the place of an `ENV`. */
  readonly #arguments = new Map<string, string>();
  readonly #global: Values;

  /**
   * @param inherited the environment of what the stage stands on
   * @param global what `ARG`s before the first stage say; a stage has one of them once it declares it
   */
  constructor(inherited: Values, global: Values) {
    this.#environment = new Map(Object.entries(inherited));
    this.#global = global;
  }

  get environment(): Values {
    return Object.fromEntries(this.#environment);
  }

  get values(): Values {
    return Object.fromEntries([...this.#arguments, ...this.#environment]);
  }

  /** Takes what an `ENV` or an `ARG` says; of other instructions, nothing. */
  read({ keyword, text }: ContainerInstruction): void {
    if (keyword !== 'ENV' && keyword !== 'ARG') return;
    const rest = text
      .replaceAll(/[\\`]\r?\n/g, ' ')
      .trim()
      .slice(keyword.length)
      .trim();
    // What one instruction sets, it does not use itself.
    const before = this.values;
    const set = (name: string, value: string): void => {
      const variables = keyword === 'ENV' ? this.#environment : this.#arguments;
      variables.set(name, expandVariables(value, before));
    };
    const alone = /^([A-Za-z_]\w*)(?:\s+(.*))?$/s.exec(rest);
    if (alone !== null) {
      const [, name = '', value] = alone;
      set(name, keyword === 'ENV' ? (value ?? '') : (this.#global[name] ?? ''));
      return;
    }
    for (const [, name = '', value = ''] of rest.matchAll(PAIR)) set(name, unquote(value));
  }
}

const PAIR = /([A-Za-z_]\w*)=((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*)/g;

/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`, as builders do in here-documents of COPY; one that is
 * not set is empty, and `\$` is a dollar sign.
 */
export function expandVariables(text: string, values: Values): string {
  return text.replaceAll(
    /\\(\$)|\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\}/g,
    (_, dollar?: string, bare?: string, braced?: string, sign?: string, word = '') => {
      if (dollar !== undefined) return '$';
      const name = bare ?? braced ?? '';
      const value = Object.hasOwn(values, name) ? (values[name] ?? '') : '';
      if (sign === '+') return value === '' ? '' : String(word);
      return sign === '-' && value === '' ? String(word) : value;
    },
  );
}

function unquote(value: string): string {
  return value.replaceAll(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
    (_, double?: string, single?: string, bare?: string) =>
      double === undefined ? (single ?? bare ?? '') : double.replaceAll(/\\(["\\])/g, '$1'),
  );
}
