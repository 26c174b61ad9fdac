import assert from 'node:assert/strict';
import test from 'node:test';
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { Budget } from './budget.ts';
import { CelCompileError, CelError } from './errors.ts';
import { compileProgram } from './program.ts';
import { INT, listOf, STRING } from './type.ts';
import type { CelType } from './type.ts';
import { ArrayList } from './values.ts';
import type { CelValue } from './values.ts';

const TYPES: ReadonlyMap<string, CelType> = new Map([
  ['n', INT],
  ['s', STRING],
  ['l', listOf(INT)],
]);

/** Expressions of whole numbers, texts and booleans, well-typed all of them, in the part of CEL that all engines have. */
const expressions = fc.letrec<{ int: string; bool: string; text: string; list: string }>((tie) => ({
  int: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.integer({ min: -3, max: 9 }).map((value) => (value < 0 ? `(${value})` : String(value))),
    fc.constantFrom('n', 'l[0]', 'l[n]', 'x', 's.size()', 'size(l)'),
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int')).map(infix),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
    tie('text').map((text) => `size(${text})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom('true', 'false'),
    fc.tuple(tie('int'), fc.constantFrom('<', '<=', '==', '!=', '>', '>='), tie('int')).map(infix),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map(infix),
    fc.tuple(tie('text'), fc.constantFrom('==', '<', '!='), tie('text')).map(infix),
    fc
      .tuple(tie('text'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('text'))
      .map(([text, name, part]) => `${text}.${name}(${part})`),
    fc.tuple(tie('int'), tie('list')).map(([item, list]) => `(${item} in ${list})`),
    fc
      .tuple(tie('list'), fc.constantFrom('all', 'exists', 'exists_one'), tie('bool'))
      .map(([list, name, body]) => `${list}.${name}(x, ${body})`),
    tie('bool').map((value) => `!${value}`),
    fc.tuple(tie('list'), fc.constantFrom('==', '!='), tie('list')).map(infix),
  ),
  text: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom('s', '"a"', '"ab"', '""', "'b'"),
    fc.tuple(tie('text'), fc.constant('+'), tie('text')).map(infix),
    tie('int').map((value) => `string(${value})`),
  ),
  list: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom('l', '[1, 2]', '[0]'),
    fc.tuple(tie('list'), fc.constant('+'), tie('list')).map(infix),
    fc.tuple(tie('list'), tie('int')).map(([list, body]) => `${list}.map(x, ${body})`),
    fc.tuple(tie('list'), tie('bool')).map(([list, body]) => `${list}.filter(x, ${body})`),
  ),
}));

function infix([left, operator, right]: readonly [string, string, string]): string {
  return `(${left} ${operator} ${right})`;
}

function ours(source: string, values: ReadonlyMap<string, CelValue>): unknown {
  const types = new Map([...TYPES, ['x', INT]]) as ReadonlyMap<string, CelType>;
  try {
    return compileProgram(source, types).run(values, new Budget(1_000_000));
  } catch (error) {
    if (error instanceof CelError && !(error instanceof CelCompileError)) return 'error';
    throw error;
  }
}

test('expressions of the common language have the value that another engine gives them', () => {
  const other = new Environment()
    .registerVariable('n', 'int')
    .registerVariable('x', 'int')
    .registerVariable('s', 'string')
    .registerVariable('l', 'list<int>');
  const theirs = (source: string): unknown => {
    try {
      return other.evaluate(source, { n: 2n, x: 7n, s: 'ab', l: [3n, 1n, 2n] });
    } catch {
      return 'error';
    }
  };
  const values = new Map<string, CelValue>([
    ['n', 2n],
    ['x', 7n],
    ['s', 'ab'],
    ['l', new ArrayList([3n, 1n, 2n])],
  ]);
  fc.assert(
    fc.property(expressions.bool, (source) => {
      assert.equal(ours(source, values), theirs(source), source);
    }),
    { numRuns: 1_000 },
  );
});

test('compileProgram() points at what is wrong, line by line', () => {
  const problem = (source: string): string => {
    try {
      compileProgram(source, TYPES);
      return '';
    } catch (error) {
      assert.ok(error instanceof CelCompileError);
      return error.message;
    }
  };
  assert.equal(
    problem('n == 1 &&\n  missing.all(x, y)'),
    "ERROR: <input>:2:3: undeclared reference to 'missing' (in container '')\n" +
      ' |   missing.all(x, y)\n' +
      ' | ..^\n' +
      "ERROR: <input>:2:18: undeclared reference to 'y' (in container '')\n" +
      ' |   missing.all(x, y)\n' +
      ' | .................^',
  );
  assert.equal(
    problem('n + s == 1'),
    "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | n + s == 1\n | ..^",
  );
  assert.equal(
    problem('s.size(1) > l[s]'),
    "ERROR: <input>:1:7: found no matching overload for 'size' applied to 'string.(int)'\n" +
      ' | s.size(1) > l[s]\n' +
      ' | ......^\n' +
      "ERROR: <input>:1:14: found no matching overload for '_[_]' applied to '(list(int), string)'\n" +
      ' | s.size(1) > l[s]\n' +
      ' | .............^',
  );
  assert.match(problem('l.map(1, 2)'), /^ERROR: <input>:1:\d+: Syntax error: /);
  assert.match(problem('has(n)'), /invalid argument to has\(\) macro/);
});
