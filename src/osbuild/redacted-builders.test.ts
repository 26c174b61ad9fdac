import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerBuilder, ContainerBuildRequest } from './container-builder.ts';
import { OsBuildError } from './osbuild-error.ts';
import { redactedBuilders } from './redacted-builders.ts';

const AUTH = Buffer.from('robot:hunter2hunter').toString('base64');
const ACCESS = {
  push: { name: 'varve/push', document: JSON.stringify({ auths: { 'r.example.com': { auth: AUTH } } }) },
  pull: {
    name: 'varve/pull',
    document: JSON.stringify({ auths: { 'q.example.com': { identitytoken: 'a-long-token', auth: '' } } }),
  },
};

const LINES: Readonly<Record<string, string>> = {
  'password hunter2hunter!': 'password ***!',
  [`{"auth": "${AUTH}"}`]: '{"auth": "***"}',
  'robot:hunter2hunter': '***',
  'Bearer a-long-token': 'Bearer ***',
  'curl https://me:mine@mirror.example.com/x': 'curl https://***@mirror.example.com/x',
  'robot has nothing to hide at https://mirror.example.com:8443/a@b':
    'robot has nothing to hide at https://mirror.example.com:8443/a@b',
};

function building(build: (request: ContainerBuildRequest) => never): ContainerBuilder {
  const builder = {
    description: 'd',
    build: (request: ContainerBuildRequest) => Promise.resolve().then(() => build(request)),
  };
  return redactedBuilders({ for: () => builder }, ACCESS).for('amd64');
}

test('redactedBuilders() hides credentials in lines and in failures, and nothing else', async () => {
  const said: string[] = [];
  const builder = building(({ say }) => {
    for (const line of Object.keys(LINES)) say(line);
    throw new OsBuildError('command-failed', Object.keys(LINES).join('\n'), { field: 'spec.containerFile' });
  });
  const request = { say: (line: string) => said.push(line) } as unknown as ContainerBuildRequest;
  await assert.rejects(builder.build(request), (error) => {
    assert.ok(error instanceof OsBuildError);
    assert.equal(error.message, Object.values(LINES).join('\n'));
    assert.deepEqual(
      [error.code, error.retryable, error.field],
      ['command-failed', false, 'spec.containerFile'],
    );
    return true;
  });
  assert.deepEqual(said, Object.values(LINES));
  assert.equal(builder.description, 'd');
});

test("redactedBuilders() leaves a failure that is no builder's as it is", async () => {
  const failure = new TypeError('hunter2hunter');
  const builder = building(() => {
    throw failure;
  });
  await assert.rejects(
    builder.build({ say: () => {} } as unknown as ContainerBuildRequest),
    (error) => error === failure,
  );
});
