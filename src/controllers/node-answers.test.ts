import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeAnswers } from './node-answers.ts';
import type { PoolNode } from './resources.ts';

function node(resourceVersion: string, uid = 'a', text = ''): PoolNode {
  return { metadata: { name: 'n1', uid, resourceVersion, annotations: { 'varve.dev/text': text } } };
}

function textOf({ metadata }: PoolNode): string {
  return metadata.annotations?.['varve.dev/text'] ?? '';
}

test('NodeAnswers gives what the server answered until the watch has told of it or of more', () => {
  const answers = new NodeAnswers();
  const cached = node('9', 'a', 'cached');
  assert.equal(answers.newest(cached), cached);
  answers.note(node('10', 'a', 'written'));
  assert.equal(textOf(answers.newest(cached)), 'written');
  assert.equal(textOf(answers.newest(node('10', 'a', 'told'))), 'told');
  // It is forgotten by then: versions of caches do not go back.
  assert.equal(answers.newest(cached), cached);
});

test('NodeAnswers does not take a Node for another one that has its name', () => {
  const answers = new NodeAnswers();
  answers.note(node('10', 'old', 'written'));
  assert.equal(textOf(answers.newest(node('5', 'new', 'cached'))), 'cached');
});

test('NodeAnswers keeps of an answer what caches keep', () => {
  const answers = new NodeAnswers();
  const { metadata } = node('10');
  const answered = answers.note({
    metadata: { ...metadata, annotations: { ...metadata.annotations, 'example.com/other': 'x' } },
  });
  assert.deepEqual(Object.keys(answered.metadata.annotations ?? {}), ['varve.dev/text']);
});
