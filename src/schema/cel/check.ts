import { CelCompileError } from './errors.ts';
import type { CelProblem } from './errors.ts';
import type { FunctionTable, Overload } from './functions.ts';
import { literalProblems } from './literals.ts';
import type { Call, Comprehension, Expr, Literal, OptionalMap, Select } from './syntax.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  formatType,
  INT,
  isAssignable,
  joinTypes,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  substitute,
  UINT,
} from './type.ts';
import type { Bindings, CelType } from './type.ts';
import { isTypeName, typeNamed } from './type-names.ts';

/** What an expression may name. */
export interface Declarations {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly functions: FunctionTable;
}

/** What the check found out beside the types: which names are functions of a namespace, which variables were used. */
export interface Checked {
  readonly type: CelType;
  readonly used: ReadonlySet<string>;
}

/**
 * Checks the types of an expression.
 *
 * @throws CelCompileError with all that is wrong
 */
export function checkExpression(source: string, expr: Expr, declarations: Declarations): Checked {
  const checker = new Checker(declarations);
  const type = checker.check(expr, declarations.variables);
  const problems = checker.problems.length > 0 ? checker.problems : literalProblems(expr);
  if (problems.length > 0) {
    throw new CelCompileError(
      source,
      problems.toSorted((a, b) => a.at - b.at),
    );
  }
  return { type, used: checker.used };
}

/** `sets.contains(…)` parses as a method of `sets`; it is a function where no variable has that name. */
export function qualifiedName(call: Call, isVariable: (name: string) => boolean): string | undefined {
  if (call.target?.op !== 'identifier' || isVariable(call.target.name)) return undefined;
  return `${call.target.name}.${call.name}`;
}

/** `google.protobuf.Timestamp`, as a name; undefined for other selections. */
export function dottedName(expr: Expr): string | undefined {
  if (expr.op === 'identifier') return expr.name;
  if (expr.op !== 'select' || expr.optional) return undefined;
  const operand = dottedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

type Variables = ReadonlyMap<string, CelType>;

class Checker {
  readonly problems: CelProblem[] = [];
  readonly used = new Set<string>();
  readonly #functions: FunctionTable;

  constructor({ functions }: Declarations) {
    this.#functions = functions;
  }

  check(expr: Expr, variables: Variables): CelType {
    switch (expr.op) {
      case 'literal':
        return literalType(expr.value);
      case 'identifier':
        return this.#identifier(expr.name, expr.at, variables);
      case 'select':
        return this.#select(expr, variables);
      case 'has':
        this.#select(expr.select, variables);
        return BOOL;
      case 'index':
        return this.#index(expr, variables);
      case 'call':
        return this.#call(expr, variables);
      case 'list':
        return this.#list(expr.items, variables, false);
      case 'map':
        return this.#map(expr.entries, variables);
      case 'conditional':
        return this.#conditional(expr, variables);
      case 'and':
      case 'or':
        return this.#logical(expr.at, expr.op === 'and' ? '_&&_' : '_||_', expr.operands, variables);
      case 'comprehension':
        return this.#comprehension(expr, variables);
      case 'optionalMap':
        return this.#optionalMap(expr, variables);
    }
  }

  #problem(at: number, message: string): CelType {
    this.problems.push({ at, message });
    return DYN;
  }

  #identifier(name: string, at: number, variables: Variables): CelType {
    const type = variables.get(name);
    if (type !== undefined) {
      this.used.add(name);
      return type;
    }
    const named = typeNamed(name);
    if (named !== undefined) return { kind: 'type', of: named };
    return this.#problem(at, `undeclared reference to '${name}' (in container '')`);
  }

  #select(expr: Select, variables: Variables): CelType {
    const name = dottedName(expr);
    if (name !== undefined && isTypeName(name) && !variables.has(name.slice(0, name.indexOf('.')))) {
      return { kind: 'type', of: typeNamed(name) ?? DYN };
    }
    const operand = this.check(expr.operand, variables);
    const inner = operand.kind === 'optional' ? operand.value : operand;
    const field = this.#field(inner, expr);
    return operand.kind === 'optional' || expr.optional ? optionalOf(field) : field;
  }

  #field(type: CelType, { field, at }: Select): CelType {
    switch (type.kind) {
      case 'dyn':
      case 'param':
        return DYN;
      case 'map':
        return type.value;
      case 'object':
        return type.fields.get(field) ?? this.#problem(at, `undefined field '${field}'`);
      default:
        return this.#problem(at, `type '${formatType(type)}' does not support field selection`);
    }
  }

  #index(expr: Extract<Expr, { op: 'index' }>, variables: Variables): CelType {
    const operand = this.check(expr.operand, variables);
    const key = this.check(expr.key, variables);
    const inner = operand.kind === 'optional' ? operand.value : operand;
    const found = this.#element(inner, key);
    const name = expr.optional ? '_[?_]' : '_[_]';
    if (found === undefined) return this.#noOverload(expr.at, name, undefined, [operand, key]);
    return operand.kind === 'optional' || expr.optional ? optionalOf(found) : found;
  }

  #element(type: CelType, key: CelType): CelType | undefined {
    if (type.kind === 'dyn') return DYN;
    if (type.kind === 'list') return key.kind === 'dyn' || isNumber(key) ? type.element : undefined;
    if (type.kind !== 'map') return undefined;
    return isAssignable(type.key, key, new Map()) || (isNumber(key) && isNumber(type.key))
      ? type.value
      : undefined;
  }

  #call(expr: Call, variables: Variables): CelType {
    const qualified = qualifiedName(expr, (name) => variables.has(name));
    if (qualified !== undefined && this.#functions.find(qualified, false).length > 0) {
      const args = expr.args.map((arg) => this.check(arg, variables));
      return this.#resolve(expr.at, qualified, this.#functions.find(qualified, false), undefined, args);
    }
    const overloads = this.#functions.find(expr.name, expr.target !== undefined);
    const target = expr.target === undefined ? undefined : this.check(expr.target, variables);
    const args = expr.args.map((arg) =>
      arg.op === 'list' && expr.name === 'format'
        ? this.#list(arg.items, variables, true)
        : this.check(arg, variables),
    );
    if (overloads.length === 0) {
      return this.#problem(expr.at, `undeclared reference to '${expr.name}' (in container '')`);
    }
    return this.#resolve(expr.at, expr.name, overloads, target, args);
  }

  #resolve(
    at: number,
    name: string,
    overloads: readonly Overload[],
    target: CelType | undefined,
    args: readonly CelType[],
  ): CelType {
    const actual = target === undefined ? args : [target, ...args];
    const results = overloads.flatMap((overload) => {
      const bindings: Bindings = new Map();
      const fits =
        overload.parameters.length === actual.length &&
        overload.parameters.every((type, index) => isAssignable(type, actual[index] ?? DYN, bindings));
      return fits ? [substitute(overload.result, bindings)] : [];
    });
    const [first] = results;
    if (first === undefined) return this.#noOverload(at, name, target, args);
    return results.every((type) => formatType(type) === formatType(first)) ? first : DYN;
  }

  #noOverload(at: number, name: string, target: CelType | undefined, args: readonly CelType[]): CelType {
    const list = args.map(formatType).join(', ');
    const applied = target === undefined ? `(${list})` : `${formatType(target)}.(${list})`;
    return this.#problem(at, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  #list(items: readonly Expr[], variables: Variables, mixed: boolean): CelType {
    let element: CelType | undefined;
    for (const item of items) {
      const type = this.check(item, variables);
      element = element === undefined ? type : this.#common(element, type, item.at, mixed);
    }
    return listOf(element ?? DYN);
  }

  #map(entries: readonly (readonly [Expr, Expr])[], variables: Variables): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const [keyExpr, valueExpr] of entries) {
      const keyType = this.check(keyExpr, variables);
      const valueType = this.check(valueExpr, variables);
      key = key === undefined ? keyType : this.#common(key, keyType, keyExpr.at, false);
      value = value === undefined ? valueType : this.#common(value, valueType, valueExpr.at, false);
    }
    return mapOf(key ?? DYN, value ?? DYN);
  }

  /** Literals must be of one type all through (Kubernetes' HomogeneousAggregateLiterals). */
  #common(known: CelType, type: CelType, at: number, mixed: boolean): CelType {
    const joined = joinTypes(known, type);
    if (joined !== undefined) return joined;
    if (mixed) return DYN;
    return this.#problem(at, `expected type '${formatType(known)}' but found '${formatType(type)}'`);
  }

  #conditional(expr: Extract<Expr, { op: 'conditional' }>, variables: Variables): CelType {
    const test = this.check(expr.test, variables);
    const yes = this.check(expr.yes, variables);
    const no = this.check(expr.no, variables);
    const joined = joinTypes(yes, no);
    if (joined === undefined || !isAssignable(BOOL, test, new Map())) {
      return this.#noOverload(expr.at, '_?_:_', undefined, [test, yes, no]);
    }
    return joined;
  }

  #logical(at: number, name: string, operands: readonly Expr[], variables: Variables): CelType {
    const types = operands.map((operand) => this.check(operand, variables));
    const bad = types.findIndex((type) => !isAssignable(BOOL, type, new Map()));
    if (bad < 0) return BOOL;
    const [left = BOOL, right = BOOL] = bad === 0 ? types : [BOOL, types[bad]];
    return this.#noOverload(at, name, undefined, [left, right]);
  }

  #expectBool(expr: Expr, variables: Variables): void {
    const type = this.check(expr, variables);
    if (isAssignable(BOOL, type, new Map())) return;
    this.#problem(expr.at, `expected type 'bool' but found '${formatType(type)}'`);
  }

  #comprehension(expr: Comprehension, variables: Variables): CelType {
    const range = this.check(expr.range, variables);
    const [first, second] = expr.variables;
    const inner = new Map(variables);
    const [index, item] = this.#rangeTypes(range, expr.range.at);
    if (second === undefined) {
      inner.set(first, range.kind === 'map' ? index : item);
    } else {
      inner.set(first, index);
      inner.set(second, item);
    }
    if (expr.filter !== undefined) this.#expectBool(expr.filter, inner);
    return this.#bodyType(expr, inner, index);
  }

  #bodyType(expr: Comprehension, inner: Variables, index: CelType): CelType {
    switch (expr.macro) {
      case 'all':
      case 'exists':
      case 'exists_one':
        this.#expectBool(expr.body, inner);
        return BOOL;
      case 'filter':
        this.#expectBool(expr.body, inner);
        return listOf(inner.get(expr.variables[0]) ?? DYN);
      case 'map':
      case 'transformList':
        return listOf(this.check(expr.body, inner));
      case 'transformMap':
        return mapOf(index, this.check(expr.body, inner));
      case 'transformMapEntry': {
        const entry = this.check(expr.body, inner);
        return entry.kind === 'map' ? entry : mapOf(DYN, DYN);
      }
    }
  }

  /** The types of a range's two variables: index and item of a list, key and value of a map. */
  #rangeTypes(range: CelType, at: number): readonly [CelType, CelType] {
    switch (range.kind) {
      case 'list':
        return [INT, range.element];
      case 'map':
        return [range.key, range.value];
      case 'dyn':
      case 'param':
        return [DYN, DYN];
      default:
        this.#problem(
          at,
          `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [DYN, DYN];
    }
  }

  #optionalMap(expr: OptionalMap, variables: Variables): CelType {
    const operand = this.check(expr.operand, variables);
    const inner = new Map(variables);
    inner.set(expr.variable, operand.kind === 'optional' ? operand.value : DYN);
    const body = this.check(expr.body, inner);
    if (operand.kind !== 'optional' && operand.kind !== 'dyn') {
      return this.#noOverload(expr.at, expr.flat ? 'optFlatMap' : 'optMap', operand, [DYN, body]);
    }
    if (!expr.flat) return optionalOf(body);
    return body.kind === 'optional' ? body : optionalOf(DYN);
  }
}

function isNumber(type: CelType): boolean {
  return type.kind === 'int' || type.kind === 'uint' || type.kind === 'double';
}

function literalType(value: Literal): CelType {
  if (value === null) return NULL;
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRING;
    default:
      return value instanceof Uint8Array ? BYTES : UINT;
  }
}
