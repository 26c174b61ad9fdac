import { dottedName, qualifiedName } from './check.ts';
import { comprehend } from './comprehension.ts';
import { CelError, noSuchOverload } from './errors.ts';
import { callOverload } from './functions.ts';
import type { FunctionTable } from './functions.ts';
import { InnerScope, tolerable, truth } from './scope.ts';
import type { Evaluator } from './scope.ts';
import {
  canonicalKey,
  CelList,
  CelMap,
  ArrayList,
  EntryMap,
  Optional,
  TypeValue,
  typeNameOf,
  Uint,
} from './values.ts';
import type { CelValue } from './values.ts';
import { isTypeName } from './type-names.ts';
import type { Call, Expr, Literal, Select } from './syntax.ts';

/** Compiles a checked expression. */
export function compileExpression(
  expr: Expr,
  functions: FunctionTable,
  variables: ReadonlySet<string>,
): Evaluator {
  return new Compiler(functions).compile(expr, variables);
}

type Names = ReadonlySet<string>;

class Compiler {
  readonly #functions: FunctionTable;

  constructor(functions: FunctionTable) {
    this.#functions = functions;
  }

  compile(expr: Expr, names: Names): Evaluator {
    switch (expr.op) {
      case 'literal': {
        const value = literalValue(expr.value);
        return () => value;
      }
      case 'identifier':
        return identifier(expr.name, names);
      case 'select':
        return this.#select(expr, names);
      case 'has':
        return this.#has(expr.select, names);
      case 'index':
        return this.#index(expr, names);
      case 'call':
        return this.#call(expr, names);
      case 'list': {
        const items = expr.items.map((item) => this.compile(item, names));
        return (scope) => {
          scope.budget.spend(10);
          return new ArrayList(items.map((item) => item(scope)));
        };
      }
      case 'map':
        return this.#map(expr.entries, names);
      case 'conditional': {
        const test = this.compile(expr.test, names);
        const yes = this.compile(expr.yes, names);
        const no = this.compile(expr.no, names);
        return (scope) => (truth(test(scope)) ? yes(scope) : no(scope));
      }
      case 'and':
        return this.#junction(expr.operands, false, names);
      case 'or':
        return this.#junction(expr.operands, true, names);
      case 'comprehension': {
        const inner = new Set([...names, ...expr.variables]);
        const body = this.compile(expr.body, inner);
        const filter = expr.filter === undefined ? undefined : this.compile(expr.filter, inner);
        return comprehend(expr, this.compile(expr.range, names), body, filter);
      }
      case 'optionalMap': {
        const operand = this.compile(expr.operand, names);
        const body = this.compile(expr.body, new Set([...names, expr.variable]));
        return (scope) => {
          const value = operand(scope);
          if (!(value instanceof Optional)) throw noSuchOverload();
          if (value.value === undefined) return value;
          const made = body(new InnerScope(scope, [expr.variable]).set(value.value));
          return expr.flat ? made : new Optional(made);
        };
      }
    }
  }

  #select(expr: Select, names: Names): Evaluator {
    const name = dottedName(expr);
    if (name !== undefined && isTypeName(name) && !names.has(name.slice(0, name.indexOf('.')))) {
      const type = new TypeValue(name);
      return () => type;
    }
    const { field, optional } = expr;
    const operand = this.compile(expr.operand, names);
    return (scope) => {
      scope.budget.spend(1);
      return member(operand(scope), field, optional);
    };
  }

  #has({ operand, field }: Select, names: Names): Evaluator {
    const evaluate = this.compile(operand, names);
    return (scope) => {
      let value = evaluate(scope);
      if (value instanceof Optional) {
        if (value.value === undefined) return false;
        ({ value } = value);
      }
      if (!(value instanceof CelMap)) throw noSuchOverload();
      return value.get(field) !== undefined;
    };
  }

  #index(expr: Extract<Expr, { op: 'index' }>, names: Names): Evaluator {
    const operand = this.compile(expr.operand, names);
    const key = this.compile(expr.key, names);
    return (scope) => {
      scope.budget.spend(1);
      return member(operand(scope), key(scope), expr.optional);
    };
  }

  #call(expr: Call, names: Names): Evaluator {
    const qualified = qualifiedName(expr, (name) => names.has(name));
    const namespaced = qualified === undefined ? [] : this.#functions.find(qualified, false);
    if (namespaced.length > 0 || expr.target === undefined) {
      const overloads = namespaced.length > 0 ? namespaced : this.#functions.find(expr.name, false);
      const args = expr.args.map((arg) => this.compile(arg, names));
      return (scope) =>
        callOverload(
          overloads,
          args.map((arg) => arg(scope)),
          scope.budget,
        );
    }
    const overloads = this.#functions.find(expr.name, true);
    const args = [expr.target, ...expr.args].map((arg) => this.compile(arg, names));
    if (expr.name === 'orValue' || expr.name === 'or')
      return optionalAlternative(args, expr.name === 'orValue');
    return (scope) =>
      callOverload(
        overloads,
        args.map((arg) => arg(scope)),
        scope.budget,
      );
  }

  #map(entries: readonly (readonly [Expr, Expr])[], names: Names): Evaluator {
    const pairs = entries.map(
      ([key, value]) => [this.compile(key, names), this.compile(value, names)] as const,
    );
    return (scope) => {
      scope.budget.spend(30);
      const map = new EntryMap();
      for (const [key, value] of pairs) map.insert(key(scope), value(scope));
      return map;
    };
  }

  /** `&&` (decided by false) or `||` (by true): an operand that decides makes errors of the others not matter. */
  #junction(operands: readonly Expr[], decisive: boolean, names: Names): Evaluator {
    const compiled = operands.map((operand) => this.compile(operand, names));
    return (scope) => {
      let failure: CelError | undefined;
      for (const operand of compiled) {
        try {
          if (truth(operand(scope)) === decisive) return decisive;
        } catch (error) {
          failure ??= tolerable(error);
        }
      }
      if (failure !== undefined) throw failure;
      return !decisive;
    };
  }
}

function identifier(name: string, names: Names): Evaluator {
  if (!names.has(name) && isTypeName(name)) {
    const type = new TypeValue(name);
    return () => type;
  }
  return (scope) => {
    scope.budget.spend(1);
    const value = scope.lookUp(name);
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return value;
  };
}

/** A field, a map's value or a list's item. Of an optional, and where that is wished, it is optional itself. */
function member(operand: CelValue, key: CelValue, optional: boolean): CelValue {
  if (operand instanceof Optional) {
    if (operand.value === undefined) return operand;
    const found = find(operand.value, key);
    return found === undefined ? Optional.NONE : new Optional(found);
  }
  const found = find(operand, key);
  if (optional) return found === undefined ? Optional.NONE : new Optional(found);
  if (found !== undefined) return found;
  if (operand instanceof CelList) throw new CelError(`index out of bounds: ${keyText(key)}`);
  throw new CelError(`no such key: ${keyText(key)}`);
}

function find(operand: CelValue, key: CelValue): CelValue | undefined {
  if (operand instanceof CelMap) return operand.get(key);
  if (!(operand instanceof CelList)) throw noSuchOverload();
  const index = canonicalKey(key);
  if (typeof index !== 'bigint') throw new CelError(`unsupported index type '${keyText(key)}' in list`);
  return index >= 0n && index < BigInt(operand.size) ? operand.at(Number(index)) : undefined;
}

function keyText(key: CelValue): string {
  return typeof key === 'string' ? key : String(canonicalKey(key) ?? typeNameOf(key));
}

/** The alternative is looked at only if there is no value. */
function optionalAlternative(args: readonly Evaluator[], unwraps: boolean): Evaluator {
  const [operand, alternative] = args;
  return (scope) => {
    const value = operand?.(scope);
    if (!(value instanceof Optional) || alternative === undefined) throw noSuchOverload();
    if (value.value === undefined) return alternative(scope);
    return unwraps ? value.value : value;
  };
}

function literalValue(value: Literal): CelValue {
  return typeof value === 'object' && value !== null && 'unsigned' in value
    ? new Uint(value.unsigned)
    : value;
}
