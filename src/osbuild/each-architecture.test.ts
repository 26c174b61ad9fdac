import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OciError } from '../oci/index.ts';
import { type ArchitectureTask, eachArchitecture } from './each-architecture.ts';
import { OsBuildError } from './osbuild-error.ts';

interface Scope {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly said: string[];
}

function scope(signal = new AbortController().signal): Scope {
  const said: string[] = [];
  return { said, signal, say: (line) => void said.push(line) };
}

function task(architecture: string, make: ArchitectureTask<string>['make']): ArchitectureTask<string> {
  return { architecture, make };
}

const good = (architecture: string): ArchitectureTask<string> =>
  task(architecture, (say) => {
    say('begun');
    return Promise.resolve(`image of ${architecture}`);
  });

const bad = (architecture: string, error: Error): ArchitectureTask<string> =>
  task(architecture, () => Promise.reject(error));

test('eachArchitecture() gives the parts in their order, and says whose each line is', async () => {
  const { said, ...rest } = scope();
  assert.deepEqual(await eachArchitecture([good('arm64'), good('amd64')], rest), [
    'image of arm64',
    'image of amd64',
  ]);
  assert.deepEqual(said, ['arm64: begun', 'amd64: begun']);
});

test('eachArchitecture() names no architecture where there is one', async () => {
  const { said, ...rest } = scope();
  const error = new OsBuildError('command-failed', 'it failed');
  assert.deepEqual(await eachArchitecture([good('amd64')], rest), ['image of amd64']);
  assert.deepEqual(said, ['begun']);
  await assert.rejects(eachArchitecture([bad('amd64', error)], rest), error);
});

test('eachArchitecture() names the architecture that fails, and lets the others come to their end', async () => {
  let isMade = false;
  const late = task('amd64', async (_say, signal) => {
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(signal.aborted, false);
    isMade = true;
    return '';
  });
  const error = new OsBuildError('package-not-found', 'no such package', { field: 'spec.containerFile' });
  await assert.rejects(eachArchitecture([late, bad('arm64', error)], scope()), {
    name: 'OsBuildError',
    code: 'package-not-found',
    message: 'for arm64: no such package',
    field: 'spec.containerFile',
    retryable: false,
  });
  assert.equal(isMade, true);
});

test('eachArchitecture() says what is wrong with each; what a person has to change decides', async () => {
  const passing = new OciError('unreachable', 'no answer', { retryable: true, registry: 'registry' });
  const lasting = new OsBuildError('command-failed', 'exit status 1');
  await assert.rejects(eachArchitecture([bad('amd64', passing), bad('arm64', lasting)], scope()), {
    code: 'command-failed',
    message: 'for amd64: no answer; for arm64: exit status 1',
    retryable: false,
  });
  await assert.rejects(eachArchitecture([bad('amd64', passing), good('arm64')], scope()), {
    name: 'OciError',
    code: 'unreachable',
    message: 'for amd64: no answer',
    retryable: true,
  });
  const defect = new TypeError('a defect');
  await assert.rejects(eachArchitecture([bad('amd64', lasting), bad('arm64', defect)], scope()), defect);
});

test('eachArchitecture() ends all where one has no builder, of which alone it tells', async () => {
  const waits = task('amd64', async (_say, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw new OsBuildError('command-failed', 'stopped');
  });
  const none = new OsBuildError('no-builder', 'nothing is emulated');
  await assert.rejects(eachArchitecture([waits, bad('s390x', none)], scope()), {
    code: 'no-builder',
    message: 'for s390x: nothing is emulated',
  });
});

test('eachArchitecture() that is stopped says so as its tasks do', async () => {
  const error = new OsBuildError('command-failed', 'the build was stopped');
  const stopped = scope(AbortSignal.abort('ended'));
  await assert.rejects(eachArchitecture([bad('amd64', error), bad('arm64', error)], stopped), error);
});
