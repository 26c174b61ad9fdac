/** An expression, its macros recognised. `at` is where messages point to: an offset in the source. */
export type Expr =
  | { readonly op: 'literal'; readonly at: number; readonly value: Literal }
  | { readonly op: 'identifier'; readonly at: number; readonly name: string }
  | Select
  | {
      readonly op: 'index';
      readonly at: number;
      readonly operand: Expr;
      readonly key: Expr;
      readonly optional: boolean;
    }
  | Call
  | { readonly op: 'list'; readonly at: number; readonly items: readonly Expr[] }
  | { readonly op: 'map'; readonly at: number; readonly entries: readonly (readonly [Expr, Expr])[] }
  | {
      readonly op: 'conditional';
      readonly at: number;
      readonly test: Expr;
      readonly yes: Expr;
      readonly no: Expr;
    }
  /** A whole chain of `&&` or of `||`. */
  | { readonly op: 'and' | 'or'; readonly at: number; readonly operands: readonly Expr[] }
  | { readonly op: 'has'; readonly at: number; readonly select: Select }
  | Comprehension
  | OptionalMap;

export type Literal = null | boolean | bigint | number | string | Uint8Array | { readonly unsigned: bigint };

export interface Select {
  readonly op: 'select';
  readonly at: number;
  readonly operand: Expr;
  readonly field: string;
  /** `a.?b`: an optional, empty where there is no such field. */
  readonly optional: boolean;
}

/** A function, or with a target a method; operators are functions named as cel-go names them: `_+_`, `!_`. */
export interface Call {
  readonly op: 'call';
  readonly at: number;
  readonly name: string;
  readonly target?: Expr;
  readonly args: readonly Expr[];
}

/** A macro over the items of a list or the keys of a map. */
export interface Comprehension {
  readonly op: 'comprehension';
  readonly at: number;
  readonly macro: ComprehensionMacro;
  readonly range: Expr;
  /** One name: the item, or the key. Two: index and item, or key and value. */
  readonly variables: readonly [string] | readonly [string, string];
  readonly filter?: Expr;
  /** What is made of each item that the filter lets through; of transformMapEntry, a map. */
  readonly body: Expr;
}

export type ComprehensionMacro =
  | 'all'
  | 'exists'
  | 'exists_one'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry';

/** `o.optMap(x, f)`: f of the value, if there is one; `optFlatMap`, where f gives an optional. */
export interface OptionalMap {
  readonly op: 'optionalMap';
  readonly at: number;
  readonly flat: boolean;
  readonly operand: Expr;
  readonly variable: string;
  readonly body: Expr;
}
