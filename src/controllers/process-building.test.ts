import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference } from '../oci/index.ts';
import { OsBuildError } from '../osbuild/index.ts';
import type { ChosenBuilder, ContainerBuilding } from './container-building.ts';
import { noBuilding, processBuilding } from './process-building.ts';
import { buildOf, osConfigOf, REPOSITORY } from './test-images.ts';

const SECRET = { name: 'varve/push', document: '{"auths":{}}' };

/** What is told of the builder for an architecture. */
function choose(building: ContainerBuilding, architecture: string): readonly ChosenBuilder[] {
  const chosen: ChosenBuilder[] = [];
  const builders = building.buildersFor({
    build: buildOf('worker', 'a'),
    osConfig: osConfigOf('worker'),
    pool: 'worker',
    access: {
      pull: undefined,
      push: SECRET,
      certificateAuthorities: [],
      insecureRegistries: [],
      proxyEnvironment: {},
    },
    push: parseReference(`${REPOSITORY}:1`),
    inputs: { mounts: [], certificateAuthorities: [], proxyEnvironment: {} },
    onBuilder: (one) => chosen.push(one),
  });
  assert.deepEqual(chosen, [], 'nothing is chosen before somebody asks');
  builders.for(architecture);
  return chosen;
}

function ofUser(uid: number): ContainerBuilding {
  return processBuilding({
    storage: '/nowhere',
    architecture: 'amd64',
    path: '',
    uid,
    why: 'as a test says',
  });
}

const refusal =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof OsBuildError && error.code === 'no-builder' && pattern.test(error.message);

test('a builder by process is told with its reason as soon as it is asked for', () => {
  assert.deepEqual(choose(ofUser(0), 'amd64'), [
    { description: 'buildah, as a process of this machine, as a test says' },
  ]);
});

test('nobody but root builds by process, and nothing for another architecture', () => {
  assert.throws(() => choose(ofUser(1000), 'amd64'), refusal(/runs as user 1000; start it as root/));
  assert.throws(() => choose(ofUser(0), 'arm64'), refusal(/for arm64: this machine is amd64/));
});

test('where nobody builds it is said what to do', () => {
  assert.throws(() => choose(noBuilding('do this'), 'amd64'), refusal(/has no builder; do this$/));
});
