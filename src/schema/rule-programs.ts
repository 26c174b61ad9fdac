import { CelCompileError, CelProgramError } from './cel/errors.ts';
import { compileProgram } from './cel/program.ts';
import type { Program } from './cel/program.ts';
import { optionalOf } from './cel/type.ts';
import type { CelType } from './cel/type.ts';
import { readFieldPath } from './rule-path.ts';
import type { Schema, ValidationRule } from './schema.ts';

/** A rule of `x-kubernetes-validations`, compiled. */
export interface RuleProgram {
  readonly rule: ValidationRule;
  readonly program: Program;
  readonly message?: Program;
  /** The field below the value that the rule's error names; empty for the value itself. */
  readonly field: string;
  /** A rule about a change: it is evaluated where there is an old value, or may be none (`optionalOldSelf`). */
  readonly transition: boolean;
}

/** What a rule that does not compile has instead of a program. */
export interface BrokenRule {
  readonly rule: ValidationRule;
  /** Which of the rule's expressions is wrong. */
  readonly part: 'rule' | 'messageExpression';
  /** As kube-apiserver tells it: `compilation failed: ERROR: <input>:1:5: undefined field 'nope'…`. */
  readonly problem: string;
}

/**
 * Compiles a rule for values of a schema and its type; undefined for one that is empty, which Kubernetes lets pass.
 */
export function compileRule(
  rule: ValidationRule,
  schema: Schema,
  type: CelType,
): RuleProgram | BrokenRule | undefined {
  if (rule.rule.trim() === '') return undefined;
  const variables = new Map<string, CelType>([
    ['self', type],
    ['oldSelf', rule.optionalOldSelf === true ? optionalOf(type) : type],
  ]);
  const program = compilePart(rule.rule, variables);
  if (typeof program === 'string') return { rule, part: 'rule', problem: program };
  if (program.type.kind !== 'bool' && program.type.kind !== 'dyn') {
    return { rule, part: 'rule', problem: 'cel expression must evaluate to a bool' };
  }
  const path = readFieldPath(rule.fieldPath ?? '', schema);
  const field = 'path' in path ? path.path : '';
  const transition = program.uses.has('oldSelf');
  if (rule.messageExpression === undefined || rule.messageExpression === '')
    return { rule, program, field, transition };
  const message = compilePart(rule.messageExpression, variables);
  if (typeof message === 'string') {
    return { rule, part: 'messageExpression', problem: `messageExpression ${message}` };
  }
  if (message.type.kind !== 'string' && message.type.kind !== 'dyn') {
    return { rule, part: 'messageExpression', problem: 'messageExpression must evaluate to a string' };
  }
  return { rule, program, message, field, transition };
}

export function isBroken(compiled: RuleProgram | BrokenRule): compiled is BrokenRule {
  return 'problem' in compiled;
}

function compilePart(source: string, variables: ReadonlyMap<string, CelType>): Program | string {
  try {
    return compileProgram(source, variables);
  } catch (error) {
    if (error instanceof CelCompileError) return `compilation failed: ${error.message}`;
    if (error instanceof CelProgramError) return `program instantiation failed: ${error.message}`;
    throw error;
  }
}
