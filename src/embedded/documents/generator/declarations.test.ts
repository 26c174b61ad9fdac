import assert from 'node:assert/strict';
import test from 'node:test';
import { readDeclarations } from './declarations.ts';

test('readDeclarations() reads interfaces, maps, literals, read-only members and aliases', () => {
  const source = `import { Quantity } from "../api/resource";
// A note.
/**
 * First line.
 *
 * - a list
 */
export interface Thing {
    /** The version. */
    apiVersion?: "apps/v1";
    /** What it holds; an end * / in the middle. */
    limits: {
        [name: string]: Quantity;
    };
    readonly status?: ThingStatus;
    'x-dashed'?: Array<string>;
    $ref?: number | string;
}
export interface Empty {
}
/** A time. */
export type Time = string;
`;
  assert.deepEqual(readDeclarations(source), [
    {
      name: 'Thing',
      description: 'First line.\n\n- a list',
      members: [
        { name: 'apiVersion', required: false, type: '"apps/v1"', description: 'The version.' },
        {
          name: 'limits',
          required: true,
          type: '{ [name: string]: Quantity }',
          description: 'What it holds; an end * / in the middle.',
        },
        { name: 'status', required: false, type: 'ThingStatus', description: '' },
        { name: 'x-dashed', required: false, type: 'Array<string>', description: '' },
        { name: '$ref', required: false, type: 'number | string', description: '' },
      ],
    },
    { name: 'Empty', description: '', members: [] },
    { name: 'Time', description: 'A time.', alias: 'string', members: [] },
  ]);
});

test('readDeclarations() names the line that it does not understand', () => {
  assert.throws(() => readDeclarations('export class A {}'), /line 1: not understood: export class A \{\}/);
  assert.throws(() => readDeclarations('export interface A {\n  method(): void;\n}'), /line 2/);
  assert.throws(() => readDeclarations('export interface A {\n  a?: string;'), /line 3/);
  assert.throws(() => readDeclarations('/** never ends'), /never ends/);
});
