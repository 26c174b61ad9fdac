import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { KubeError } from '../kube/index.ts';
import { OwnObjects } from './own-objects.ts';
import { TestApi, TestStore } from './test-api.ts';

interface Scene {
  readonly api: TestApi;
  readonly objects: OwnObjects;
  readonly store: TestStore;
  readonly problems: unknown[];
  readonly signal: AbortSignal;
  /** How often there was something new. */
  changes: number;
}

/** The objects of an agent that has started. */
async function start(t: TestContext, api: TestApi, store = new TestStore()): Promise<Scene> {
  const stop = new AbortController();
  const problems: unknown[] = [];
  const { signal } = stop;
  const objects = new OwnObjects({
    client: api.client,
    node: 'n1',
    store,
    report: (error) => problems.push(error),
  });
  const scene: Scene = { api, objects, store, problems, signal, changes: 0 };
  const ended = objects.run(signal, () => (scene.changes += 1));
  t.after(async () => {
    stop.abort();
    await ended;
  });
  await api.clock.advance(0);
  return scene;
}

/** A Node that names its MachineConfigNode. */
function named(uid = 'm1'): TestApi {
  const api = new TestApi();
  api.make(uid);
  api.name(uid);
  return api;
}

const MINUTES = 60_000;
const WANTED = { 'machineconfiguration.openshift.io/desiredConfig': 'y' };
const STATUS = { conditions: [], configVersion: { desired: 'y' }, observedGeneration: 1 };

test('OwnObjects reads the MachineConfigNode that the Node names, once, and asks nothing in rest', async (t) => {
  const { api, objects, store } = await start(t, named());
  assert.deepEqual(objects.machineConfigNode?.metadata['uid'], 'm1');
  assert.equal(store.kept, objects.machineConfigNode);
  for (let count = 0; count < 10; count += 1) {
    api.merge('nodes', { status: { heartbeat: `${count}` } });
    await api.clock.advance(1 * MINUTES);
  }
  assert.deepEqual(api.takeRequests(), ['get']);
});

test('OwnObjects knows after a boot what was answered before it, and asks for nothing', async (t) => {
  const api = named();
  const { store } = await start(t, api);
  api.takeRequests();
  const { objects } = await start(t, api, store);
  assert.deepEqual(objects.machineConfigNode, store.kept);
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), []);
});

test('OwnObjects reads a MachineConfigNode of which it has kept another', async (t) => {
  const api = named();
  const { store } = await start(t, api);
  api.make('m2');
  api.name('m2');
  await api.clock.advance(0);
  api.takeRequests();
  store.kept = { ...api.machineConfigNode, metadata: { name: 'n1', uid: 'm1', resourceVersion: '1' } };
  const { objects } = await start(t, api, store);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm2');
  store.kept = { ...api.machineConfigNode, metadata: { name: 'other', uid: 'm2', resourceVersion: '1' } };
  assert.equal((await start(t, api, store)).objects.machineConfigNode?.metadata.name, 'n1');
  assert.deepEqual(api.takeRequests(), ['get', 'get']);
});

test('OwnObjects hears by its Node of a MachineConfigNode that was deleted and made again', async (t) => {
  const scene = await start(t, named());
  const { api, objects } = scene;
  api.takeRequests();
  api.remove('machineconfignodes');
  await api.clock.advance(5 * MINUTES);
  assert.deepEqual(api.takeRequests(), []);
  api.make('m2');
  await api.clock.advance(5 * MINUTES);
  const before = scene.changes;
  api.name('m2');
  await api.clock.advance(0);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm2');
  assert.equal(scene.changes, before + 1);
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), ['get']);
});

test('OwnObjects asks once for a MachineConfigNode that is gone, or another, by the time it is named', async (t) => {
  const api = named();
  api.remove('machineconfignodes');
  const { objects } = await start(t, api);
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), ['get']);
  api.make('m3');
  api.name('m2');
  await api.clock.advance(0);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm3');
  api.name('m3');
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), ['get']);
});

test('OwnObjects asks once for the MachineConfigNode of a node that is in no pool, and again when it comes into one', async (t) => {
  const api = new TestApi();
  const { objects } = await start(t, api);
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), ['get']);
  api.make('m1');
  api.annotate(WANTED);
  await api.clock.advance(10 * MINUTES);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm1');
  assert.deepEqual(api.takeRequests(), ['get']);
});

test('OwnObjects asks later and later for what no controller names, and no more when there is one', async (t) => {
  const api = new TestApi();
  api.annotate(WANTED);
  const { objects } = await start(t, api);
  const counts: number[] = [];
  for (let minute = 0; minute < 4; minute += 1) {
    await api.clock.advance(1 * MINUTES);
    counts.push(api.takeRequests().length);
    // What a kubelet writes is no reason to ask.
    for (let beat = 0; beat < 5; beat += 1) {
      api.merge('nodes', { status: { heartbeat: `${minute}.${beat}` } });
      await api.clock.advance(0);
    }
  }
  const [first = 0, ...later] = counts;
  assert.ok(first > 3 && first < 8 && later.every((count) => count <= 2), counts.join(' '));
  api.make('m1');
  await api.clock.advance(1 * MINUTES);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm1');
  api.takeRequests();
  await api.clock.advance(10 * MINUTES);
  // A controller that names it comes later.
  api.name('m1');
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), []);
});

test('OwnObjects asks once more after a boot where no controller names it: what was kept may be of another', async (t) => {
  const api = new TestApi();
  api.annotate(WANTED);
  api.make('m1');
  const { store } = await start(t, api);
  api.make('m2');
  api.takeRequests();
  const { objects } = await start(t, api, store);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm2');
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), ['get']);
});

test('OwnObjects goes on asking a server that is away', async (t) => {
  const api = named();
  api.name(null);
  const { objects, problems } = await start(t, api);
  api.takeRequests();
  api.refuses = new KubeError('unavailable', 'nobody is there');
  api.make('m2');
  api.name('m2');
  await api.clock.advance(10_000);
  assert.ok(problems.length > 2);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm1');
  api.refuses = undefined;
  await api.clock.advance(1 * MINUTES);
  assert.equal(objects.machineConfigNode?.metadata['uid'], 'm2');
  api.takeRequests();
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), []);
});

test('OwnObjects.report() replaces what others wrote, or is refused for it, and touches nothing else of the status', async (t) => {
  const { api, objects, signal, store } = await start(t, named());
  const pinnedImageSets = [{ name: 'p' }];
  api.merge('machineconfignodes', { status: { pinnedImageSets } });
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  await assert.rejects(objects.report(seen, STATUS, 'refuse', signal), { code: 'conflict' });
  const read = await objects.readMachineConfigNode(signal);
  assert.ok(read);
  await objects.report(read, STATUS, 'refuse', signal);
  api.merge('machineconfignodes', { status: { conditions: [{ type: 'Drained' }] } });
  await objects.report(read, STATUS, 'replace', signal);
  assert.deepEqual(api.machineConfigNode.status, { ...STATUS, pinnedImageSets });
  assert.deepEqual(objects.machineConfigNode, api.machineConfigNode);
  assert.deepEqual(store.kept, api.machineConfigNode);
});

test('OwnObjects.report() replaces no status that it has never seen', async (t) => {
  const { api, objects, signal } = await start(t, named());
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  api.merge('machineconfignodes', { status: { conditions: [] } });
  await assert.rejects(objects.report(seen, STATUS, 'replace', signal), { code: 'conflict' });
});

test('OwnObjects.report() writes into no other MachineConfigNode, and forgets one that is gone', async (t) => {
  const { api, objects, signal, store } = await start(t, named());
  const first = objects.machineConfigNode;
  assert.ok(first);
  await objects.report(first, STATUS, 'replace', signal);
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  api.make('m2', { ...STATUS, observedGeneration: 3 });
  await assert.rejects(objects.report(seen, STATUS, 'replace', signal), { code: 'invalid' });
  assert.equal(api.machineConfigNode.status?.observedGeneration, 3);
  assert.equal(store.kept, undefined);
  api.remove('machineconfignodes');
  api.takeRequests();
  await assert.rejects(objects.report(seen, STATUS, 'replace', signal), { code: 'not-found' });
  assert.equal(objects.machineConfigNode, undefined);
  await api.clock.advance(10 * MINUTES);
  assert.deepEqual(api.takeRequests(), ['patch/status']);
});

test('OwnObjects keeps nothing of a report that was not answered', async (t) => {
  const { api, objects, signal, store } = await start(t, named());
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  api.beforeAnswer = () => (api.refuses = new KubeError('unavailable', 'the server has ended'));
  await assert.rejects(objects.report(seen, STATUS, 'replace', signal), { code: 'unavailable' });
  assert.deepEqual(api.machineConfigNode.status, STATUS);
  assert.equal(store.kept, undefined);
});

test('OwnObjects takes an answer for older than what it knows only where both were asked for at once', async (t) => {
  const { api, objects, signal } = await start(t, named());
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  const released = api.holdNext('get');
  const read = objects.readMachineConfigNode(signal);
  await objects.report(seen, STATUS, 'replace', signal);
  released();
  assert.deepEqual((await read)?.status, STATUS);
  // As it was in the backup.
  api.restore(seen);
  assert.deepEqual(await objects.readMachineConfigNode(signal), seen);
});

test('OwnObjects writes nothing into its folder any more when it has ended', async () => {
  const stop = new AbortController();
  const store = new TestStore();
  const api = named();
  const { signal } = stop;
  const objects = new OwnObjects({ client: api.client, node: 'n1', store, report: () => {} });
  const ended = objects.run(signal, () => {});
  await api.clock.advance(0);
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  const reported = objects.report(seen, STATUS, 'replace', new AbortController().signal);
  stop.abort();
  await ended;
  const { kept } = store;
  await reported;
  assert.equal(store.kept, kept);
});

test('OwnObjects does without a disk', async (t) => {
  const store = new TestStore();
  const full = (): Promise<never> => Promise.reject(new Error('no space left on device'));
  store.write = full;
  store.remove = full;
  const { api, objects, signal, problems } = await start(t, named(), store);
  const seen = objects.machineConfigNode;
  assert.ok(seen);
  await objects.report(seen, STATUS, 'replace', signal);
  assert.deepEqual(api.machineConfigNode.status, STATUS);
  assert.match(String(problems[0]), /no space left/);
});
