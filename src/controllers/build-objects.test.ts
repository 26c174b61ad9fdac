import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineOSBuild } from '../api/index.ts';
import {
  buildStateOf,
  CURRENT_BUILD_ANNOTATION,
  PRE_BUILT_IMAGE_KEY,
  REBUILD_ANNOTATION,
  REVISION_ANNOTATION,
} from '../api/index.ts';
import { FakeClock, KubeError, type KubeClient } from '../kube/index.ts';
import { REPLACES_ANNOTATION } from '../osbuild/index.ts';
import { BuildObjects } from './build-objects.ts';
import { buildOf, IMAGE, osConfigOf } from './test-images.ts';

const BUILD = buildOf('worker', 'a', { state: 'building' });
const NAME = BUILD.metadata.name;

interface Lab {
  readonly objects: BuildObjects;
  /** `verb kind name body` of every call. */
  readonly calls: readonly string[];
  readonly events: readonly string[];
}

function open(
  options: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly builds?: readonly MachineOSBuild[];
    readonly error?: Error;
  } = {},
): Lab {
  const calls: string[] = [];
  const events: string[] = [];
  const note = async (call: string): Promise<void> => {
    await Promise.resolve();
    if (options.error !== undefined) throw options.error;
    calls.push(call);
  };
  let version = 1;
  const stored = (object: object): never => {
    version += 1;
    return {
      ...object,
      metadata: { ...(object as MachineOSBuild).metadata, resourceVersion: `${version}` },
    } as never;
  };
  const osConfig = osConfigOf('worker', {}, { annotations: options.annotations ?? {} });
  const builds = options.builds ?? [BUILD];
  const client = {
    clock: new FakeClock(),
    create: async (...[type, object]: Parameters<KubeClient['create']>) => {
      await note(`create ${type.kind} ${object.metadata.name ?? ''}`);
      return stored(object);
    },
    delete: async (...[type, { name }, { preconditions } = {}]: Parameters<KubeClient['delete']>) => {
      await note(`delete ${type.kind} ${name} ${JSON.stringify(preconditions)}`);
    },
    patch: async (...[type, { name }, change]: Parameters<KubeClient['patch']>) => {
      const { patch } = change as unknown as { patch: MachineOSBuild };
      const { annotations = {}, resourceVersion } = patch.metadata;
      const what = patch.status === undefined ? JSON.stringify(annotations) : 'status';
      await note(`patch ${type.kind} ${name} ${JSON.stringify(resourceVersion)} ${what}`);
      const seen = [...objects.builds, objects.osConfig].find(
        (object) => object.kind === type.kind && object.metadata.name === name,
      );
      const merged = { ...seen?.metadata.annotations, ...annotations };
      return stored({ ...seen, ...patch, metadata: { ...seen?.metadata, annotations: merged } });
    },
  } as unknown as KubeClient;
  const objects = new BuildObjects({
    client,
    events: { record: ({ reason, object }) => void events.push(`${object.kind} ${reason}`) },
    osConfig,
    builds,
    signal: new AbortController().signal,
  });
  return { objects, calls, events };
}

test('what was written is there for the next decision, and for the next write', async () => {
  const { objects, calls } = open({ builds: [] });
  await objects.create(BUILD);
  assert.equal(objects.find(NAME)?.metadata['resourceVersion'], '2');
  await objects.nameCurrent(NAME);
  await objects.nameCurrent(NAME);
  await objects.use(NAME, IMAGE);
  assert.equal(objects.osConfig.status?.currentImagePullSpec, IMAGE);
  assert.deepEqual(calls, [
    `create MachineOSBuild ${NAME}`,
    `patch MachineOSConfig worker "1" {"${CURRENT_BUILD_ANNOTATION}":"${NAME}"}`,
    'patch MachineOSConfig worker "3" status',
  ]);
});

test('a build gets the number after those that are there, and keeps what it says beside', async () => {
  const seventh = buildOf('worker', 'b', { state: 'succeeded', image: IMAGE });
  const annotations = { ...seventh.metadata.annotations, [REVISION_ANNOTATION]: '7' };
  const { objects } = open({ builds: [{ ...seventh, metadata: { ...seventh.metadata, annotations } }] });
  await objects.create(BUILD);
  assert.deepEqual(objects.find(NAME)?.metadata.annotations, {
    ...BUILD.metadata.annotations,
    [REVISION_ANNOTATION]: '8',
  });
});

test('a build that is there already is not made', async () => {
  const { objects } = open({ builds: [], error: new KubeError('already-exists', 'no') });
  assert.equal(await objects.create(BUILD), undefined);
  assert.deepEqual(objects.builds, []);
});

test('a build that gives way is interrupted, once', async () => {
  const { objects, calls, events } = open();
  await objects.interrupt(BUILD, 'why');
  const written = objects.find(NAME)!;
  assert.equal(buildStateOf(written), 'interrupted');
  await objects.interrupt(written, 'why');
  assert.deepEqual(calls, [`patch MachineOSBuild ${NAME} "1" status`]);
  assert.deepEqual(events, ['MachineOSBuild BuildInterrupted']);
});

test('a build that is gone is no error, one that somebody has changed is', async () => {
  const gone = open({ error: new KubeError('not-found', 'no') });
  await gone.objects.interrupt(BUILD, 'why');
  assert.deepEqual(gone.objects.builds, []);
  const changed = open({ error: new KubeError('conflict', 'no') });
  await assert.rejects(changed.objects.interrupt(BUILD, 'why'), { code: 'conflict' });
  await changed.objects.remove(NAME, 'uid');
  assert.deepEqual(changed.objects.builds, []);
  const refused = open({ error: new KubeError('forbidden', 'no') });
  await assert.rejects(refused.objects.remove(NAME, 'uid'), { code: 'forbidden' });
});

test('a build is deleted as the one that was seen', async () => {
  const { objects, calls, events } = open();
  await objects.remove(NAME, 'uid');
  await objects.remove(NAME, 'uid');
  assert.deepEqual(calls, [`delete MachineOSBuild ${NAME} {"uid":"uid"}`]);
  assert.deepEqual(events, ['MachineOSBuild BuildDeleted']);
});

test('a replacement is remembered and the request for it taken away in one write', async () => {
  const { objects, calls, events } = open({ annotations: { [REBUILD_ANNOTATION]: '' } });
  await objects.replace({ kind: 'replace', replacement: { name: NAME, uid: 'u', attempt: 2 } });
  const note = JSON.stringify(JSON.stringify({ name: NAME, uid: 'u', attempt: 2 }));
  assert.deepEqual(calls, [
    `patch MachineOSConfig worker "1" {"${REPLACES_ANNOTATION}":${note},"${REBUILD_ANNOTATION}":null}`,
  ]);
  assert.deepEqual(events, ['MachineOSConfig RebuildRequested']);
  await objects.forgetNote({ kind: 'forget', annotation: 'replacement' });
  assert.equal(calls.at(-1), `patch MachineOSConfig worker "2" {"${REPLACES_ANNOTATION}":null}`);
});

test('a build that is tried again was not asked for', async () => {
  const { objects, events } = open();
  await objects.replace({ kind: 'replace', replacement: { name: NAME, uid: 'u', attempt: 2 } });
  assert.deepEqual(events, []);
});

test('a build that stands for an image is never under way; what is used of it says where it is from', async () => {
  const labels = { [PRE_BUILT_IMAGE_KEY]: 'true' };
  const seed = { ...buildOf('worker', 'a'), metadata: { ...buildOf('worker', 'a').metadata, labels } };
  const { objects, calls, events } = open({ builds: [seed], annotations: { [PRE_BUILT_IMAGE_KEY]: IMAGE } });
  await objects.seed(NAME, IMAGE);
  await objects.seed(NAME, IMAGE);
  assert.equal(objects.find(NAME)?.status?.digestedImagePushSpec, IMAGE);
  await objects.use(NAME, IMAGE);
  assert.equal(objects.osConfig.status?.conditions?.[0]?.type, 'Seeded');
  await objects.forgetNote({ kind: 'forget', annotation: 'pre-built-image' });
  assert.deepEqual(calls, [
    `patch MachineOSBuild ${NAME} "1" status`,
    'patch MachineOSConfig worker "1" status',
    `patch MachineOSConfig worker "3" {"${CURRENT_BUILD_ANNOTATION}":"${NAME}"}`,
    `patch MachineOSConfig worker "4" {"${PRE_BUILT_IMAGE_KEY}":null}`,
  ]);
  assert.deepEqual(events, ['MachineOSBuild PreBuiltImageSeeded']);
});

test('an image to begin with that comes too late is not ignored in silence', async () => {
  const { objects, events } = open({ annotations: { [PRE_BUILT_IMAGE_KEY]: IMAGE } });
  await objects.forgetNote({ kind: 'forget', annotation: 'pre-built-image', problem: 'too late' });
  assert.deepEqual(events, ['MachineOSConfig PreBuiltImageIgnored']);
});
