import {
  invalidValue,
  labelValueProblems,
  qualifiedNameProblems,
  type FieldError,
} from '../../schema/index.ts';
import { aggregateErrors, badRequest } from '../status/index.ts';

/** What a labelSelector asks for. */
export interface LabelRequirements {
  readonly isEmpty: boolean;
  matches(labels: Readonly<Record<string, string>>): boolean;
}

type Operator = 'exists' | 'absent' | 'in' | 'notin' | '=' | '==' | '!=' | '>' | '<';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** Bounds a hostile selector. */
const MAX_LENGTH = 16_384;

/**
 * Reads `a=b,c in (d,e),!f,g>4` (kubernetes-api §11), and refuses the rest in the words of k8s.io/apimachinery/pkg/labels.
 *
 * @throws StatusError 400
 */
export function readLabelSelector(text: string | null): LabelRequirements {
  if (text === null || text.trim() === '') return { isEmpty: true, matches: () => true };
  if (text.length > MAX_LENGTH) throw badRequest('unable to parse requirement: the selector is too long');
  const requirements = new Parser(tokensOf(text)).requirements();
  return {
    isEmpty: requirements.length === 0,
    matches: (labels) => requirements.every((requirement) => meets(requirement, labels)),
  };
}

interface Token {
  readonly type: 'identifier' | 'symbol' | 'end';
  readonly text: string;
}

const END: Token = { type: 'end', text: '' };
const SYMBOLS = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
const OPERATORS: readonly Operator[] = ['in', 'notin', '=', '==', '!=', '>', '<'];

/** As Go's lexer has them: a run of symbols is cut where it stops being one. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [run] of text.matchAll(/[=!(),<>]+|[^\s=!(),<>]+/g)) {
    if (!/^[=!(),<>]/.test(run)) {
      tokens.push({ type: 'identifier', text: run });
      continue;
    }
    let symbol = '';
    for (const character of run) {
      if (symbol !== '' && !SYMBOLS.has(symbol + character)) {
        tokens.push({ type: 'symbol', text: symbol });
        symbol = '';
      }
      symbol += character;
    }
    tokens.push({ type: 'symbol', text: symbol });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  requirements(): Requirement[] {
    const found: Requirement[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.type === 'end') return found;
      if (next.type !== 'identifier' && next.text !== '!') {
        throw badRequest(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      }
      found.push(this.#requirement());
      const after = this.#take();
      if (after.type === 'end') return found;
      if (after.text !== ',') throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (following.type !== 'identifier' && following.text !== '!') {
        throw badRequest(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): Requirement {
    let token = this.#take();
    const isAbsent = token.text === '!';
    if (isAbsent) token = this.#take();
    if (token.type !== 'identifier') throw unreadable(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const problems = qualifiedNameProblems(key);
    if (problems.length > 0)
      throw unreadable(aggregateErrors([invalidValue('<nil>', key, problems.join('; '))]));
    if (isAbsent) return { key, operator: 'absent', values: [] };
    const next = this.#peek();
    if (next.type === 'end' || next.text === ',') return { key, operator: 'exists', values: [] };
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()];
    return checked({ key, operator, values });
  }

  #operator(): Operator {
    const { text } = this.#take();
    const operator = OPERATORS.find((one) => one === text);
    if (operator === undefined) throw unreadable(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
    return operator;
  }

  #value(): string {
    const next = this.#peek();
    if (next.type === 'end' || next.text === ',') return '';
    this.#take();
    if (next.type !== 'identifier') throw unreadable(`found '${next.text}', expected: identifier`);
    return next.text;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.text !== '(') throw unreadable(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    // Between two commas, and between one and a parenthesis, is the empty value.
    let isAfterComma = true;
    if (this.#peek().text === ')') {
      this.#take();
      return [];
    }
    for (;;) {
      const token = this.#take();
      if (token.type === 'identifier' && isAfterComma) {
        values.add(token.text);
        isAfterComma = false;
      } else if (token.text === ',') {
        if (isAfterComma) values.add('');
        isAfterComma = true;
      } else if (token.text === ')') {
        if (isAfterComma) values.add('');
        return [...values].sort();
      } else if (isAfterComma) throw unreadable(`found '${token.text}', expected: ',', or identifier`);
      else throw unreadable(`found '${token.text}', expected: ',' or ')'`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

/** @throws StatusError 400 */
function checked(requirement: Requirement): Requirement {
  const { operator, values, key } = requirement;
  const errors: FieldError[] = [];
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    errors.push(invalidValue('values', [], "for 'in', 'notin' operators, values set can't be empty"));
  }
  for (const [index, value] of values.entries()) {
    if ((operator === '<' || operator === '>') && !/^[-+]?\d+$/.test(value)) {
      errors.push(
        invalidValue(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"),
      );
    }
  }
  for (const [index, value] of values.entries()) {
    const problems = labelValueProblems(value);
    if (problems.length > 0) {
      errors.push(invalidValue(`values[${index}][${key}]`, value, problems.join('; ')));
    }
  }
  if (errors.length > 0) throw unreadable(aggregateErrors(errors));
  return requirement;
}

function unreadable(detail: string): Error {
  return badRequest(`unable to parse requirement: ${detail}`);
}

function meets({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case '>':
      return value !== undefined && /^[-+]?\d+$/.test(value) && Number(value) > Number(values[0]);
    case '<':
      return value !== undefined && /^[-+]?\d+$/.test(value) && Number(value) < Number(values[0]);
  }
}
