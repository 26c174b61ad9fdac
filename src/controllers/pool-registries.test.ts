import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegistryAccess } from '../osbuild/index.ts';
import { PoolRegistries } from './pool-registries.ts';
import { registryOf } from './test-images.ts';

const ACCESS: RegistryAccess = {
  pull: undefined,
  push: { name: 'push', document: '{"auths":{}}' },
  certificateAuthorities: [],
  insecureRegistries: [],
  proxyEnvironment: {},
};

test('one client is shared for one access, and closed when nobody uses it', () => {
  let opened = 0;
  let closed = 0;
  const registries = new PoolRegistries(() => {
    opened += 1;
    return registryOf({ close: () => void (closed += 1) });
  });
  const one = registries.lease('x', ACCESS);
  const two = registries.lease('x', ACCESS);
  const other = registries.lease('y', ACCESS);
  assert.equal(one.registry, two.registry);
  assert.notEqual(one.registry, other.registry);
  one.release();
  one.release();
  assert.deepEqual([opened, closed, registries.size], [2, 0, 2]);
  two.release();
  assert.deepEqual([opened, closed, registries.size], [2, 1, 1]);
  assert.notEqual(registries.lease('x', ACCESS).registry, one.registry);
});
