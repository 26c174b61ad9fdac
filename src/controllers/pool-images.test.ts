import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../kube/index.ts';
import { OciError, parseReference } from '../oci/index.ts';
import type { PoolRegistry } from '../osbuild/index.ts';
import { PoolImages, type ImageRequest } from './pool-images.ts';
import { IMAGE, REPOSITORY, registryOf } from './test-images.ts';
import { machineConfig } from './test-view.ts';

const FRESH = 60_000;
const PUSH = parseReference(`${REPOSITORY}:latest`);
const RENDERED = machineConfig('rendered-worker-1', 'worker');
const DOWN = new OciError('unreachable', 'cannot reach it');
const FAILURE = { reason: 'RegistryUnreachable', message: 'cannot reach it' };

interface Lab {
  readonly clock: FakeClock;
  readonly images: PoolImages;
  readonly request: (does: Partial<PoolRegistry>) => ImageRequest;
}

function open(): Lab {
  const clock = new FakeClock();
  return {
    clock,
    images: new PoolImages({ clock, longestPause: 1000, onNews: () => {} }),
    request: (does) => ({
      pool: 'worker',
      image: IMAGE,
      push: PUSH,
      registry: registryOf(does),
      accessKey: 'k',
    }),
  };
}

/** A registry that gives one answer after the other. */
function has(...answers: readonly boolean[]): Partial<PoolRegistry> & { readonly left: boolean[] } {
  const left = [...answers];
  return { left, has: () => Promise.resolve(left.shift() ?? assert.fail('asked too often')) };
}

test('presenceOf() believes a registry that has an image', async () => {
  const { clock, images, request } = open();
  const asked = request(has(true));
  assert.equal(images.presenceOf(asked, FRESH), undefined);
  await clock.advance(0);
  assert.equal(images.presenceOf(asked, FRESH), 'present');
});

test('presenceOf() believes a registry that has not got it only the second time', async () => {
  const { clock, images, request } = open();
  const asked = request(has(false, true));
  images.presenceOf(asked, FRESH);
  await clock.advance(999);
  assert.equal(images.presenceOf(asked, FRESH), undefined);
  await clock.advance(1);
  assert.equal(images.presenceOf(asked, FRESH), 'present');
  images.forgetPresence('worker');
  const again = request(has(false, false));
  images.presenceOf(again, FRESH);
  await clock.advance(1000);
  assert.equal(images.presenceOf(again, FRESH), 'missing');
});

test('presenceOf() says why it cannot say', async () => {
  const { clock, images, request } = open();
  const asked = request({ has: () => Promise.reject(DOWN) });
  images.presenceOf(asked, FRESH);
  await clock.advance(0);
  assert.deepEqual(images.presenceOf(asked, FRESH), FAILURE);
});

test('notePresent() spares the question', () => {
  const { images, request } = open();
  images.notePresent(request({}));
  assert.equal(images.presenceOf(request({}), FRESH), 'present');
});

test('publishTags() does it once for an image and its configuration', async () => {
  const { clock, images, request } = open();
  const published: string[] = [];
  const asked = request({
    publishTags: ({ pool, image, rendered }) => {
      published.push(`${pool} ${image} ${rendered.metadata.name}`);
      return Promise.resolve();
    },
  });
  for (let time = 0; time < 3; time += 1) {
    assert.equal(images.publishTags(asked, RENDERED), undefined);
    await clock.advance(1000);
  }
  assert.deepEqual(published, [`worker ${IMAGE} rendered-worker-1`]);
  images.publishTags(asked, machineConfig('rendered-worker-2', 'worker'));
  assert.equal(published.length, 2);
});

test('publishTags() tries again, and says why it cannot', async () => {
  const { clock, images, request } = open();
  let isDown = true;
  const asked = request({ publishTags: () => (isDown ? Promise.reject(DOWN) : Promise.resolve()) });
  images.publishTags(asked, RENDERED);
  await clock.advance(0);
  assert.deepEqual(images.publishTags(asked, RENDERED), FAILURE);
  isDown = false;
  await clock.advance(2000);
  images.publishTags(asked, RENDERED);
  await clock.advance(0);
  assert.equal(images.publishTags(asked, RENDERED), undefined);
  await images.close();
  assert.equal(clock.pending, 0);
});

test('publishTags() writes nothing where the pool does not push to', () => {
  const { images, request } = open();
  const image = `registry.example.com/golden/os@sha256:${'a'.repeat(64)}`;
  assert.equal(images.publishTags({ ...request({}), image }, RENDERED), undefined);
});
