import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildahBuilders } from './buildah.ts';
import { OsBuildError } from './osbuild-error.ts';

function refusal(architecture: string, uid: number): string {
  const builders = buildahBuilders({
    storage: '/nowhere',
    architecture: 'amd64',
    auth: { lookup: () => ({ files: [] }) },
    insecureRegistries: [],
    certificateAuthorities: [],
    path: '',
    uid,
  });
  try {
    return builders.for(architecture).description;
  } catch (error) {
    assert.ok(error instanceof OsBuildError && error.code === 'no-builder');
    return error.message;
  }
}

test('buildahBuilders() has one for root, on a machine of that architecture, and says so before anything is pulled', () => {
  assert.equal(refusal('amd64', 0), 'buildah, as a process of this machine');
  assert.match(refusal('arm64', 0), /for arm64: this machine is amd64/);
  assert.match(refusal('amd64', 1000), /takes root, and Varve runs as user 1000; start it as root/);
});
