import { Budget } from './cel/budget.ts';
import { CelCostError, CelError } from './cel/errors.ts';
import { jsonValue } from './cel/json-values.ts';
import { resourceSchema, schemaType, visibleSchema } from './cel/schema-type.ts';
import type { CelType } from './cel/type.ts';
import { Optional } from './cel/values.ts';
import type { CelValue } from './cel/values.ts';
import { goQuote } from './go-format.ts';
import { itemFinder, NO_OLD, oldMember } from './correlation.ts';
import type { Old } from './correlation.ts';
import type { FieldError } from './field-error.ts';
import { invalidValue } from './field-error.ts';
import { isJsonObject, equalJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { MAX_ERRORS } from './findings.ts';
import { fieldName, itemPath, keyPath, memberPath } from './path.ts';
import { ruleError } from './rule-errors.ts';
import { compileRule, isBroken } from './rule-programs.ts';
import type { BrokenRule, RuleProgram } from './rule-programs.ts';
import { additionalSchema, memberSchema } from './schema-members.ts';
import type { Schema, ValidationRule } from './schema.ts';

/** The CEL rules of a schema, compiled. */
export interface CompiledRules {
  /** There are none. */
  readonly empty: boolean;
  /**
   * Evaluates the rules on an object, and on an update those about the change.
   *
   * @param old the object before an update
   * @param earlier what was found wrong before: where it is the object's structure, rules are not evaluated, and one error
   *   says so, as kube-apiserver does
   */
  validate(object: Json, old?: Json, earlier?: readonly FieldError[]): FieldError[];
}

/** What the rules of one object may cost together, and one rule (Kubernetes' RuntimeCELCostBudget, PerCallLimit). */
const OBJECT_BUDGET = 10_000_000;
const RULE_LIMIT = 1_000_000;
/** A message that an expression makes may have this many bytes. */
const MAX_MESSAGE_BYTES = 5 * 1024;

/**
 * Compiles the rules (`x-kubernetes-validations`) of a resource's schema, at all its levels; once for each schema, which
 * must not change afterwards. A rule that does not compile is an error of every object: see {@link checkStructural}.
 */
export function compileRules(schema: Schema): CompiledRules {
  let rules = known.get(schema);
  if (rules === undefined) {
    rules = compile(schema);
    known.set(schema, rules);
  }
  return rules;
}

/**
 * Evaluates the rules of a part of a schema, and those below it, on a value of it that has always been there: a default.
 *
 * @param path of the value
 */
export function evaluateRules(schema: Schema, value: Json, path: string): FieldError[] {
  const node = compileNode(schema, schema['x-kubernetes-embedded-resource'] === true);
  if (node === undefined) return [];
  const run = new Run(false);
  run.visit(node, value, path, { value }, false);
  return run.errors;
}

const known = new WeakMap<Schema, CompiledRules>();

function compile(schema: Schema): CompiledRules {
  const root = compileNode(schema, true);
  if (root === undefined) return { empty: true, validate: () => [] };
  return {
    empty: false,
    validate: (object, old, earlier = []) => {
      if (earlier.some((error) => BLOCKING.has(error.reason))) return [UNCHECKED];
      const run = new Run(true);
      run.visit(root, object, '', old === undefined ? NO_OLD : { value: old }, false);
      return run.errors;
    },
  };
}

const BLOCKING: ReadonlySet<FieldError['reason']> = new Set<FieldError['reason']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const UNCHECKED: FieldError = invalidValue(
  fieldName(''),
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

/** A schema with rules, or with some below it. */
interface RuleNode {
  readonly schema: Schema;
  readonly rules: readonly (RuleProgram | BrokenRule)[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly values: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

function compileNode(given: Schema, resource: boolean): RuleNode | undefined {
  const schema = resource ? resourceSchema(given) : visibleSchema(given);
  const type = schemaType(schema);
  const declared = given['x-kubernetes-validations'] ?? [];
  const rules = type === undefined ? [] : compileAll(declared, schema, type);
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of Object.entries(given.properties ?? {})) {
    const node = compileNode(property, false);
    if (node !== undefined) properties.set(name, node);
  }
  const additional = additionalSchema(given);
  const values = additional === undefined ? undefined : compileNode(additional, false);
  const items = given.items === undefined ? undefined : compileNode(given.items, false);
  if (rules.length === 0 && properties.size === 0 && values === undefined && items === undefined)
    return undefined;
  return { schema, rules, properties, values, items };
}

function compileAll(
  rules: readonly ValidationRule[],
  schema: Schema,
  type: CelType,
): readonly (RuleProgram | BrokenRule)[] {
  return rules.map((rule) => compileRule(rule, schema, type)).filter((compiled) => compiled !== undefined);
}

/** One evaluation of all rules on an object. */
class Run {
  readonly errors: FieldError[] = [];
  readonly #ratchets: boolean;
  readonly #budget = new Budget(OBJECT_BUDGET);
  /** The budget is used up: no further rules are run. */
  #stopped = false;

  /** @param ratchets whether what was wrong before an update and has not changed is let pass */
  constructor(ratchets: boolean) {
    this.#ratchets = ratchets;
  }

  /** @param ratcheted whether the value is part of one that the update left as it was */
  visit(node: RuleNode, value: Json, path: string, old: Old, ratcheted: boolean): void {
    if (value === null || this.#stopped || this.errors.length >= MAX_ERRORS) return;
    const unchanged = ratcheted || (old !== NO_OLD && equalJson(old.value, value));
    if (node.rules.length > 0) this.#evaluate(node, value, path, old, unchanged);
    if (Array.isArray(value)) {
      if (node.items === undefined) return;
      const oldItem = itemFinder(node.schema, old, false);
      for (const [index, item] of value.entries()) {
        this.visit(node.items, item, itemPath(path, index), oldItem(item, index), unchanged);
      }
    } else if (isJsonObject(value)) {
      this.#visitMembers(node, value, path, old, unchanged);
    }
  }

  #visitMembers(node: RuleNode, object: JsonObject, path: string, old: Old, unchanged: boolean): void {
    for (const [name, member] of Object.entries(object)) {
      const property = node.properties.get(name);
      if (property !== undefined) {
        this.visit(property, member, memberPath(path, name), oldMember(old, name), unchanged);
      } else if (node.values !== undefined && memberSchema(node.schema, name) === undefined) {
        this.visit(node.values, member, keyPath(path, name), oldMember(old, name), unchanged);
      }
    }
  }

  #evaluate(node: RuleNode, value: Json, path: string, old: Old, unchanged: boolean): void {
    const self = lazily(() => jsonValue(node.schema, value));
    const oldSelf = lazily(() => jsonValue(node.schema, old.value));
    const known = old !== NO_OLD && old.value !== null;
    for (const compiled of node.rules) {
      if (this.#stopped) return;
      if (isBroken(compiled)) {
        this.errors.push(ruleError(path, value, `rule compile error: ${compiled.problem}`));
        continue;
      }
      const optional = compiled.rule.optionalOldSelf === true;
      if (compiled.transition && !known && !optional) continue;
      const error = this.#check(compiled, path, value, {
        get: (name) => {
          if (name === 'self') return self();
          if (!known) return optional ? Optional.NONE : undefined;
          return optional ? new Optional(oldSelf()) : oldSelf();
        },
      });
      if (error !== undefined && (compiled.transition || !unchanged || !this.#ratchets))
        this.errors.push(error);
    }
  }

  #check(compiled: RuleProgram, path: string, value: Json, variables: Variables): FieldError | undefined {
    const { rule } = compiled;
    const text = (rule.message ?? '').trim() === '' ? rule.rule.trim() : (rule.message ?? '').trim();
    try {
      if (this.#run(compiled.program, variables) === true) return undefined;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      return this.#failure(path, value, text, error);
    }
    const told = rule.message === undefined || rule.message === '' ? `failed rule: ${text}` : text;
    const field =
      compiled.field === '' || compiled.field.startsWith('[')
        ? `${path}${compiled.field}`
        : memberPath(path, compiled.field);
    return ruleError(field, value, this.#message(compiled, variables) ?? told, rule.reason);
  }

  #failure(path: string, value: Json, text: string, error: CelError): FieldError {
    if (error instanceof CelCostError) {
      const exhausted = this.#budget.left <= 0;
      this.#stopped = true;
      const detail = exhausted
        ? 'validation failed due to running out of cost budget, no further validation rules will be run'
        : `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`;
      return ruleError(path, value, detail);
    }
    const detail = error.message.startsWith('no such overload')
      ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
      : `${error.message} evaluating rule: ${text}`;
    return ruleError(path, value, detail);
  }

  /** The text that messageExpression makes; undefined where there is none, or none that can be told in one line. */
  #message({ rule, message }: RuleProgram, variables: Variables): string | undefined {
    if (message === undefined) return undefined;
    try {
      const made = this.#run(message, variables);
      const text = typeof made === 'string' ? made.trim() : '';
      return text === '' || text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES
        ? undefined
        : text;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      if (!(error instanceof CelCostError)) return undefined;
      this.#stopped = true;
      return this.#budget.left <= 0
        ? 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
        : `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${goQuote(rule.messageExpression ?? '')}`;
    }
  }

  #run(program: RuleProgram['program'], variables: Variables): CelValue {
    const budget = new Budget(Math.min(RULE_LIMIT, this.#budget.left));
    try {
      return program.run(variables, budget);
    } finally {
      this.#budget.charge(budget.spent);
    }
  }
}

type Variables = Parameters<RuleProgram['program']['run']>[0];

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
