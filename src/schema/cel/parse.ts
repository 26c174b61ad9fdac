import { Environment, ParseError } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import { CelCompileError } from './errors.ts';
import { comprehensionOf } from './macros.ts';
import type { Expr, Literal, Select } from './syntax.ts';

/** Expressions with more parts, or nested deeper, are refused: Kubernetes' own limits are of this order. */
const LIMITS = {
  maxAstNodes: 20_000,
  maxDepth: 250,
  maxListElements: 10_000,
  maxMapEntries: 10_000,
  maxCallArguments: 64,
};

const parser = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: LIMITS,
});

/**
 * Reads an expression.
 *
 * @throws CelCompileError if it is none
 */
export function parseExpression(source: string): Expr {
  try {
    return convert(parser.parse(source).ast);
  } catch (error) {
    if (error instanceof CelCompileError) throw error;
    if (error instanceof ParseError) {
      throw new CelCompileError(source, [
        { at: error.range?.start ?? 0, message: `Syntax error: ${error.summary}` },
      ]);
    }
    if (error instanceof RangeError) {
      throw new CelCompileError(source, [
        { at: 0, message: 'Syntax error: expression is nested too deeply' },
      ]);
    }
    throw error;
  }
}

type ParsedLiteral = Extract<ASTNode, { op: 'value' }>['args'];

function convert(node: ASTNode): Expr {
  switch (node.op) {
    case 'value':
      return { op: 'literal', at: node.start, value: literal(node.args) };
    case 'id':
      return { op: 'identifier', at: node.start, name: node.args };
    case '.':
    case '.?':
      return select(node);
    case '[]':
    case '[?]': {
      const [operand, key] = node.args;
      const at = positionAfter(node, operand, '[');
      return { op: 'index', at, operand: convert(operand), key: convert(key), optional: node.op === '[?]' };
    }
    case 'call': {
      const [name, args] = node.args;
      const at = node.start + name.length;
      const [first] = args;
      if (name === 'has' && first !== undefined && args.length === 1) return presence(node, first);
      return { op: 'call', at, name, args: args.map(convert) };
    }
    case 'rcall': {
      const [name, target, args] = node.args;
      const at = positionAfter(node, target, '(');
      const receiver = convert(target);
      const operands = args.map(convert);
      const macro = comprehensionOf(node.input, at, name, receiver, operands);
      return macro ?? { op: 'call', at, name, target: receiver, args: operands };
    }
    case 'list':
      return { op: 'list', at: node.start, items: node.args.map(convert) };
    case 'map': {
      const entries = node.args.map(([key, value]): [Expr, Expr] => [convert(key), convert(value)]);
      return { op: 'map', at: node.start, entries };
    }
    case '?:': {
      const [test, yes, no] = node.args;
      const at = positionAfter(node, test, '?');
      return { op: 'conditional', at, test: convert(test), yes: convert(yes), no: convert(no) };
    }
    case '&&':
    case '||':
      return chain(node, node.op);
    case '!_':
    case '-_':
      return negation(node.op, node.start, convert(node.args));
    default: {
      const [left, right] = node.args;
      const name = node.op === 'in' ? '@in' : `_${node.op}_`;
      return {
        op: 'call',
        at: positionAfter(node, left, node.op),
        name,
        args: [convert(left), convert(right)],
      };
    }
  }
}

function select(node: Extract<ASTNode, { op: '.' } | { op: '.?' }>): Select {
  const [operand, field] = node.args;
  const at = positionAfter(node, operand, '.');
  return { op: 'select', at, operand: convert(operand), field, optional: node.op === '.?' };
}

function presence(node: ASTNode, argument: ASTNode): Expr {
  const at = node.start + 'has'.length;
  if (argument.op !== '.' && argument.op !== '.?') {
    throw new CelCompileError(node.input, [
      { at: argument.start, message: 'invalid argument to has() macro' },
    ]);
  }
  return { op: 'has', at, select: select(argument) };
}

/** `a && b && c` is one chain and not nested: chains of thousands are no danger to the stack. */
function chain(node: ASTNode, op: '&&' | '||'): Expr {
  const operands: Expr[] = [];
  let left = node;
  let at = node.start;
  while (left.op === op) {
    const [next, right] = left.args;
    operands.push(convert(right));
    at = positionAfter(left, next, op);
    left = next;
  }
  operands.push(convert(left));
  return { op: op === '&&' ? 'and' : 'or', at, operands: operands.reverse() };
}

/** A minus before a number is part of the number: that of the least int has no positive one. */
function negation(op: '!_' | '-_', at: number, operand: Expr): Expr {
  if (op === '-_' && operand.op === 'literal') {
    const { value } = operand;
    if (typeof value === 'bigint' || typeof value === 'number') return { op: 'literal', at, value: -value };
  }
  return { op: 'call', at, name: op, args: [operand] };
}

function literal(value: ParsedLiteral): Literal {
  if (value === null || value instanceof Uint8Array) return value;
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
    case 'number':
    case 'string':
      return value;
    default:
      return { unsigned: value.valueOf() };
  }
}

/** cel-go points at operators, brackets and dots; the parser knows where operands end. */
function positionAfter(node: ASTNode, operand: ASTNode, token: string): number {
  const found = node.input.indexOf(token, operand.end);
  return found < 0 ? node.start : found;
}
