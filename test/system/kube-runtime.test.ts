import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCredentials, type Credentials, type KeyPair } from '../../src/embedded/access/index.ts';
import {
  Controller,
  DEFAULT_REFLECTOR_TIMINGS,
  EVENTS,
  EventRecorder,
  FakeClock,
  Informer,
  KubeClient,
  KubeError,
  LEASES,
  QUICK_LEASE,
  SharedInformers,
  formatKey,
  isKubeError,
  lead,
  outcomes,
  referenceTo,
  resourceType,
  type ClusterAccess,
  type InformerOptions,
  type KubeClientOptions,
  type KubeObject,
  type ReflectorTimings,
} from '../../src/kube/index.ts';
import { atEnd } from '../lab/at-end.ts';
import {
  FaultServer,
  answer,
  begin,
  expired,
  refuse,
  type FaultServerOptions,
} from '../lab/kubernetes/fault-server.ts';
import { openCluster } from '../lab/cluster/cluster.ts';
import { Relay } from '../lab/relay.ts';
import { atRest, until } from '../lab/until.ts';

// Each network failure of the stack report (table 2.1) and of section 2.2 is a test here, named after it.

const NODES = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
});
interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
const CONFIG_MAPS = resourceType<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
});
const PODS = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
});

/** As in production, with pauses that a test can wait for. */
const TIMINGS: ReflectorTimings = {
  ...DEFAULT_REFLECTOR_TIMINGS,
  backoff: { first: 20, factor: 2, longest: 500, jitter: 1, reset: 120_000 },
};

let directory: string;
let credentials: Credentials;
let serving: KeyPair;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-kube-'));
  credentials = await openCredentials(join(directory, 'keys'), Date.now());
  serving = await credentials.server(Date.now());
});
after(() => rm(directory, { recursive: true, force: true }));

async function server(t: TestContext, options: Partial<FaultServerOptions> = {}): Promise<FaultServer> {
  const started = await FaultServer.start({ key: serving.privateKey, cert: serving.certificate, ...options });
  atEnd(t, () => started.close());
  return started;
}

function access(url: string, more: Partial<ClusterAccess> = {}): ClusterAccess {
  return { server: url, namespace: 'default', authority: { value: credentials.authority }, ...more };
}

function client(t: TestContext, url: string, options: Partial<KubeClientOptions> = {}): KubeClient {
  const made = new KubeClient({ access: access(url), ...options });
  atEnd(t, () => made.close());
  return made;
}

interface Following {
  readonly informer: Informer<KubeObject>;
  /** `added a`, … in their order. */
  readonly changes: string[];
  readonly errors: unknown[];
}

async function follow(
  t: TestContext,
  kube: KubeClient,
  options: Partial<InformerOptions<KubeObject>> = {},
): Promise<Following> {
  const errors: unknown[] = [];
  const changes: string[] = [];
  const informer = new Informer(
    kube,
    { type: NODES, timings: TIMINGS, streaming: false, ...options },
    (error) => errors.push(error),
  );
  informer.subscribe(({ type, object }) => changes.push(`${type} ${object.metadata.name}`));
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  atEnd(t, () => {
    stop.abort();
    return running;
  });
  await informer.synced;
  return { informer, changes, errors };
}

/** {@link until}, while the time that the code under test knows passes as well. */
function untilLater(clock: FakeClock, what: string, holds: () => boolean): Promise<void> {
  return until(what, async () => {
    await clock.advance(50);
    return holds();
  });
}

const codes = (errors: readonly unknown[]): unknown[] =>
  errors.map((error) => isKubeError(error) && error.code);

test('one TLS handshake for 200 GETs, and for a watch beside them', async (t) => {
  const api = await server(t);
  api.put('a');
  const kube = client(t, api.url);
  await follow(t, kube);
  const began = performance.now();
  for (let count = 0; count < 200; count += 1) await kube.get(NODES, { namespace: '', name: 'a' });
  t.diagnostic(`200 sequential GETs: ${Math.round(performance.now() - began)} ms`);
  await Promise.all(Array.from({ length: 200 }, () => kube.get(NODES, { namespace: '', name: 'a' })));
  assert.equal(api.handshakes, 1);
});

test('requests that begin together before any connection is there share one', async (t) => {
  const api = await server(t);
  api.put('a');
  const kube = client(t, api.url);
  await Promise.all(Array.from({ length: 50 }, () => kube.get(NODES, { namespace: '', name: 'a' })));
  assert.equal(api.handshakes, 1);
});

test('stream ceiling: 300 watches open, and a GET behind them is answered', async (t) => {
  const api = await server(t, { streams: 1000 });
  api.put('a');
  const kube = client(t, api.url);
  const stop = new AbortController();
  const watches = Array.from({ length: 300 }, async () => {
    const events = kube.watch(NODES, { resourceVersion: '1001', timeoutSeconds: 300, signal: stop.signal });
    await assert.rejects(events.next(), { code: 'aborted' });
  });
  await until('all watches open', () => api.openWatches === 300);
  const began = performance.now();
  await kube.get(NODES, { namespace: '', name: 'a' });
  t.diagnostic(
    `a GET beside 300 watches: ${(performance.now() - began).toFixed(1)} ms, ${api.handshakes} connections`,
  );
  assert.equal(api.handshakes, 2);
  stop.abort();
  await Promise.all(watches);
});

test('a server that is below a path', async (t) => {
  const api = await server(t);
  api.misbehaviour = ({ path }, response) => {
    answer(response, 200, { metadata: { name: path } });
    return true;
  };
  const { metadata } = await client(t, `${api.url}/k8s/clusters/c/`).get(NODES, { namespace: '', name: 'a' });
  assert.equal(metadata.name, '/k8s/clusters/c/api/v1/nodes/a');
});

test('HTTP/1.1 where the server speaks nothing else', async (t) => {
  const api = await server(t, { http1: true });
  api.put('a');
  const kube = client(t, api.url);
  const { informer } = await follow(t, kube);
  await Promise.all(Array.from({ length: 5 }, () => kube.get(NODES, { namespace: '', name: 'a' })));
  api.put('b');
  await until('b is known', () => informer.cache.size === 2);
});

test('memory of caching 5,000 nodes of 17 KiB', async (t) => {
  const api = await server(t);
  api.ballast = 12_000;
  for (let index = 0; index < 5000; index += 1) api.put(`node-${index}`);
  const config = join(directory, 'memory.yaml');
  await writeFile(config, kubeconfigText(api.url));
  for (const [mode, mostHeap] of [
    ['full', 110],
    ['slim', 30],
  ] as const) {
    const child = spawn(process.execPath, [
      '--expose-gc',
      'test/lab/kubernetes/informer-process.ts',
      config,
      mode,
    ]);
    const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.equal(problems, '');
    const result = JSON.parse(output) as Record<string, number>;
    t.diagnostic(`${mode}: ${output.trim()}`);
    assert.equal(result['size'], 5000);
    assert.ok(result['heap']! <= mostHeap && result['peak']! <= 330, `${mode}: ${output.trim()} MiB`);
  }
  assert.ok(
    api.calls.filter(({ query }) => query.get('limit') === '500').length >= 20,
    'lists come by pages',
  );
});

test('decoding 5,000 events of 17 KiB', async (t) => {
  const api = await server(t);
  api.ballast = 12_000;
  const { informer } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  const began = performance.now();
  for (let round = 0; round < 50; round += 1) {
    for (let index = 0; index < 100; index += 1) api.put(`node-${index}`);
    await until('all of the round is known', () => informer.numbers.events >= (round + 1) * 100);
  }
  t.diagnostic(`${Math.round(5000 / ((performance.now() - began) / 1000))} events/s`);
  assert.equal(informer.cache.size, 100);
  assert.equal(api.lists.length, 1, 'nothing is listed again');
});

test('object shape: what a list gives and what a watch gives is the same plain JSON', async (t) => {
  const listed = await server(t);
  listed.put('a');
  const watched = await server(t);
  const [one, other] = await Promise.all([
    follow(t, client(t, listed.url)),
    follow(t, client(t, watched.url)),
  ]);
  await until('the watch is open', () => watched.openWatches === 1);
  watched.put('a');
  await until('it is known', () => other.informer.cache.size === 1);
  const shape = ({ informer }: Following): unknown => {
    const object = informer.cache.get({ namespace: '', name: 'a' });
    assert.equal(Object.getPrototypeOf(object), Object.prototype);
    return JSON.parse(
      JSON.stringify(object, (key, value: unknown) => (key === 'uid' ? '' : value)),
    ) as unknown;
  };
  assert.deepEqual(shape(other), shape(one));
});

test('dropped connection in the middle of a watch', async (t) => {
  const api = await server(t);
  api.put('a');
  const { informer, changes } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  for (let round = 0; round < 3; round += 1) {
    api.cut();
    api.put(`missed-${round}`);
    await until('what happened meanwhile is known', () => informer.cache.size === round + 2);
  }
  assert.deepEqual(changes, ['added a', 'added missed-0', 'added missed-1', 'added missed-2']);
  assert.equal(api.lists.length, 1, 'nothing is listed again');
  assert.equal(informer.lastError, undefined);
});

test('connection refused while the server starts anew: the same watch again, without a list', async (t) => {
  const first = await server(t);
  first.put('a');
  const { informer, errors, changes } = await follow(t, client(t, first.url));
  await until('the watch is open', () => first.openWatches === 1);
  await first.close();
  await until('it is refused', () =>
    errors.some((error) => isKubeError(error) && error.reason === 'refused'),
  );
  const second = await server(t, { port: first.port });
  second.put('a');
  second.put('b');
  await until('b is known', () => informer.cache.size === 2);
  assert.deepEqual(changes, ['added a', 'added b']);
  assert.equal(second.lists.length, 0);
});

test('HTTP 500 on a watch', async (t) => {
  const api = await server(t);
  api.put('a');
  let failures = 4;
  api.misbehaviour = ({ query }, response) => {
    if (!query.has('watch') || failures === 0) return false;
    failures -= 1;
    refuse(response, 500, 'InternalError');
    return true;
  };
  const { informer, errors } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  api.put('b');
  await until('b is known', () => informer.cache.size === 2);
  assert.deepEqual(
    codes(errors),
    Array.from({ length: 4 }, () => 'server-error'),
  );
  assert.equal(api.lists.length, 1, 'nothing is listed again');
});

test('429 on a watch: asked again when the server says, without a list', async (t) => {
  const api = await server(t);
  api.put('a');
  let failures = 2;
  api.misbehaviour = ({ query }, response) => {
    if (!query.has('watch') || failures === 0) return false;
    failures -= 1;
    refuse(response, 429, 'TooManyRequests', {}, 1);
    return true;
  };
  const { informer } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  api.put('b');
  await until('b is known', () => informer.cache.size === 2);
  assert.equal(api.lists.length, 1);
  const [first, second] = api.watches;
  assert.ok(second!.at - first!.at >= 990, 'Retry-After is kept to');
});

for (const [how, gone] of [
  ['as a status', undefined],
  ['in the stream', expired()],
] as const) {
  test(`410 ${how}: listed again, with growing pauses, and no change that is none`, async (t) => {
    const api = await server(t);
    for (const name of ['a', 'b', 'c']) api.put(name);
    let failures = 5;
    const { changes, informer } = await follow(t, client(t, api.url));
    await until('the watch is open', () => api.openWatches === 1);
    api.misbehaviour = ({ query }, response) => {
      if (!query.has('watch') || failures === 0) return false;
      failures -= 1;
      if (gone === undefined) refuse(response, 410, 'Expired');
      else response.end(`${gone}\n`);
      return true;
    };
    api.cut();
    api.remove('b');
    api.put('c', { changed: 'yes' });
    api.put('d');
    api.compact();
    await until('it follows again', () => failures === 0 && api.openWatches === 1);
    await until('d is known', () => informer.cache.get({ namespace: '', name: 'd' }) !== undefined);
    assert.deepEqual(changes, ['added a', 'added b', 'added c', 'deleted b', 'updated c', 'added d']);
    assert.ok(api.lists.length <= 7);
    const times = api.lists.map(({ at }) => at);
    assert.ok(times.at(-1)! - times.at(-2)! > 2 * (times[2]! - times[1]!), 'pauses grow');
  });
}

test('410 in the middle of a list: read once more, whole', async (t) => {
  const api = await server(t);
  for (let index = 0; index < 10; index += 1) api.put(`n${index}`);
  let refused = false;
  api.misbehaviour = ({ query }, response) => {
    if (!query.has('continue') || refused) return false;
    refused = true;
    api.remove('n0');
    refuse(response, 410, 'Expired');
    return true;
  };
  const { informer, changes } = await follow(t, client(t, api.url), { pageSize: 4 });
  assert.ok(refused);
  assert.equal(informer.cache.size, 9);
  assert.ok(!changes.includes('added n0'));
});

test('too large resource version: the watch waits for the server to catch up', async (t) => {
  const api = await server(t);
  api.put('a');
  let failures = 2;
  api.misbehaviour = ({ query }, response) => {
    if (!query.has('watch') || failures === 0) return false;
    failures -= 1;
    const details = {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    };
    refuse(response, 504, 'Timeout', { details });
    return true;
  };
  const { errors } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  assert.deepEqual(codes(errors), ['too-new', 'too-new']);
  assert.equal(api.lists.length, 1);
});

test('quiet stream: one watch for the 5 to 10 minutes that were asked for, whatever the wall clock does', async (t) => {
  const api = await server(t);
  const clock = new FakeClock();
  const kube = client(t, api.url, { clock, liveness: { interval: 1e9, grace: 1e9 } });
  await follow(t, kube);
  await until('the watch is open', () => api.openWatches === 1);
  const asked = Number(api.watches[0]!.query.get('timeoutSeconds'));
  assert.ok(asked >= 300 && asked <= 600);
  clock.jump(86_400_000);
  await clock.advance((asked + 29) * 1000);
  clock.jump(-2 * 86_400_000);
  await sleep(100);
  assert.equal(api.watches.length, 1);
  await clock.advance(2000);
  // The server did not end it: now the client does, and tries again.
  await untilLater(clock, 'another one is open', () => api.watches.length === 2 && api.openWatches === 1);
  assert.equal(api.lists.length, 1);
});

test('clean end of a watch: followed by the next at once', async (t) => {
  const api = await server(t);
  const { informer, errors } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  api.put('a');
  await until('a is known', () => informer.cache.size === 1);
  api.endWatches();
  await until('another one is open', () => api.watches.length === 2 && api.openWatches === 1);
  api.put('b');
  await until('b is known', () => informer.cache.size === 2);
  assert.deepEqual(errors, []);
});

test('watches that end at once do not become a storm', async (t) => {
  const api = await server(t);
  api.misbehaviour = ({ query }, response) => {
    if (!query.has('watch')) return false;
    response.writeHead(200);
    response.end();
    return true;
  };
  await follow(t, client(t, api.url));
  const began = performance.now();
  await sleep(1000);
  await until('it has tried again', () => api.watches.length >= 2);
  const most = 10 + (4 * (performance.now() - began)) / 1000;
  assert.ok(api.watches.length <= most, `${api.watches.length} watches in a second`);
  assert.equal(api.lists.length, 1);
});

test('bookmarks are asked for, and are where the next watch begins', async (t) => {
  const api = await server(t);
  api.put('a');
  const { informer } = await follow(t, client(t, api.url));
  await until('the watch is open', () => api.openWatches === 1);
  api.compact();
  api.bookmark();
  await until('the bookmark came', () => informer.numbers.bookmarks === 1);
  api.cut();
  await until('another one is open', () => api.watches.length === 2 && api.openWatches === 1);
  assert.ok(api.watches.every(({ query }) => query.get('allowWatchBookmarks') === 'true'));
  assert.equal(api.watches[1]!.query.get('resourceVersion'), String(api.version));
  assert.equal(api.lists.length, 1, 'without the bookmark the version would be gone');
});

test('initial events are streamed where the server can, and listed where it cannot', async (t) => {
  for (const watchList of [true, false]) {
    const api = await server(t, { watchList });
    for (let index = 0; index < 20; index += 1) api.put(`n${index}`);
    const { informer, errors } = await follow(t, client(t, api.url), { streaming: true });
    assert.equal(informer.cache.size, 20);
    assert.equal(api.lists.length, watchList ? 0 : 1);
    assert.deepEqual(codes(errors), watchList ? [] : ['invalid']);
    await until('the watch is open', () => api.openWatches === 1);
    api.put('later');
    await until('later is known', () => informer.cache.size === 21);
  }
});

test('a server that never ends its initial events is asked for a list', async (t) => {
  const api = await server(t);
  api.put('a');
  api.misbehaviour = ({ query }, response) => {
    if (!query.has('sendInitialEvents')) return false;
    begin(response);
    return true;
  };
  const { informer } = await follow(t, client(t, api.url), {
    streaming: true,
    timings: { ...TIMINGS, initialQuiet: 100 },
  });
  assert.equal(informer.cache.size, 1);
});

test('GOAWAY: the watch and requests go on over another connection', async (t) => {
  const api = await server(t);
  api.put('a');
  const kube = client(t, api.url);
  const { informer } = await follow(t, kube);
  for (let round = 0; round < 5; round += 1) {
    await until('the watch is open', () => api.openWatches >= 1);
    api.goaway();
    await Promise.all(Array.from({ length: 20 }, () => kube.get(NODES, { namespace: '', name: 'a' })));
    api.put(`n${round}`);
    await until('what happened is known', () => informer.cache.size === round + 2);
  }
  assert.equal(api.lists.length, 1);
});

async function frozen(
  t: TestContext,
  http1 = '',
): Promise<{ port: number; child: ChildProcessWithoutNullStreams }> {
  const child = spawn(process.execPath, ['test/lab/kubernetes/fault-server-process.ts'], {
    env: { ...process.env, TEST_KEY: serving.privateKey, TEST_CERT: serving.certificate, TEST_HTTP1: http1 },
  });
  atEnd(t, () => void child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  return { port, child };
}

test('an answer that is there before anybody can read it, since this process was busy', async (t) => {
  const { port } = await frozen(t);
  const kube = client(t, `https://127.0.0.1:${port}`);
  await kube.list(NODES);
  for (let round = 0; round < 20; round += 1) {
    const asked = Array.from({ length: 20 }, () => kube.list(NODES));
    // Until all of it is sent, and then until all of the answers have come.
    for (const end = performance.now() + 10; performance.now() < end;) await sleep(0);
    for (const end = performance.now() + 20; performance.now() < end;);
    await Promise.all(asked);
  }
});

test('frozen server (SIGSTOP): noticed by HTTP/2 PING, followed again when it wakes', async (t) => {
  const { port, child } = await frozen(t);
  const kube = client(t, `https://127.0.0.1:${port}`, {
    liveness: { interval: 200, grace: 4000 },
    connectTimeout: 4000,
    requestTimeout: 4000,
  });
  const { informer, changes, errors } = await follow(t, kube);
  await sleep(1500);
  assert.deepEqual(errors, [], 'a quiet server that answers PING is not frozen');
  child.kill('SIGSTOP');
  const began = performance.now();
  await until('it is noticed', () => errors.length > 0);
  t.diagnostic(`noticed after ${Math.round(performance.now() - began)} ms`);
  await assert.rejects(kube.get(NODES, { namespace: '', name: 'first' }), (error) =>
    isKubeError(error, 'timeout', 'unavailable'),
  );
  child.kill('SIGCONT');
  child.stdin.write('second\n');
  await until('it follows again', () => informer.cache.size === 2);
  assert.deepEqual(changes, ['added first', 'added second']);
});

test('frozen server (SIGSTOP) over HTTP/1.1: noticed when the watch should have ended', async (t) => {
  const { port, child } = await frozen(t, '1');
  const kube = client(t, `https://127.0.0.1:${port}`, { connectTimeout: 400, requestTimeout: 1000 });
  const { informer, errors } = await follow(t, kube, {
    timings: { ...TIMINGS, watchSeconds: [1, 1], grace: 300 },
  });
  child.kill('SIGSTOP');
  await until('it is noticed', () => errors.length > 0);
  child.kill('SIGCONT');
  child.stdin.write('second\n');
  await until('it follows again', () => informer.cache.size === 2);
});

test('slow consumer: holds up nobody, and costs one entry for each object', async (t) => {
  const api = await server(t);
  const kube = client(t, api.url);
  const { informer } = await follow(t, kube);
  await until('the watch is open', () => api.openWatches === 1);
  const stop = new AbortController();
  const slow: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const consuming = (async () => {
    for await (const { type, object } of informer.changes(stop.signal)) {
      slow.push(`${type} ${object.metadata.resourceVersion}`);
      if (slow.length === 1) await released;
    }
  })();
  for (let round = 0; round < 400; round += 1) for (let node = 0; node < 50; node += 1) api.put(`n${node}`);
  const began = performance.now();
  await until('the others have all', () => informer.numbers.events === 20_000);
  t.diagnostic(`20,000 events in ${Math.round(performance.now() - began)} ms`);
  release();
  await until('the slow one has all', () => slow.some((change) => change.endsWith(String(api.version))));
  await sleep(50);
  assert.ok(slow.length <= 2 * 50 + 1, `${slow.length} changes for 50 objects`);
  stop.abort();
  await consuming;
});

test('a watch that nobody reads does not stop the others on its connection', async (t) => {
  const api = await server(t);
  const kube = client(t, api.url);
  api.put('a');
  const stop = new AbortController();
  const unread = Array.from({ length: 8 }, () =>
    kube.watch(NODES, { resourceVersion: '1001', timeoutSeconds: 300, signal: stop.signal }),
  );
  const firsts = unread.map((events) => events.next());
  const { informer } = await follow(t, kube);
  await until('all watches are open', () => api.openWatches === 9);
  api.ballast = 40_000;
  for (let index = 0; index < 300; index += 1) api.put(`n${index}`);
  await until('the informer has all', () => informer.cache.size === 301);
  await kube.get(NODES, { namespace: '', name: 'a' });
  assert.equal(api.handshakes, 1);
  await Promise.all(firsts);
  stop.abort();
  await Promise.all(unread.map((events) => events.return()));
});

test('token rotation: the file is read again, at once when the server refuses the old one', async (t) => {
  const api = await server(t);
  api.put('a');
  const file = join(directory, 'token');
  await writeFile(file, 'old\n');
  let valid = 'old';
  api.misbehaviour = ({ authorization }, response) => {
    if (authorization === `Bearer ${valid}`) return false;
    refuse(response, 401, 'Unauthorized');
    return true;
  };
  const kube = new KubeClient({ access: access(api.url, { token: { file } }) });
  atEnd(t, () => kube.close());
  const { informer } = await follow(t, kube);
  await writeFile(`${file}.next`, 'new\n');
  await rename(`${file}.next`, file);
  valid = 'new';
  await kube.get(NODES, { namespace: '', name: 'a' });
  api.cut();
  api.put('b');
  await until('b is known', () => informer.cache.size === 2);
  valid = 'another';
  await assert.rejects(kube.get(NODES, { namespace: '', name: 'a' }), (error) => {
    assert.ok(isKubeError(error, 'unauthorized'));
    assert.ok(!/old|new/u.test(JSON.stringify(error) + String(error)), 'no token in an error');
    return true;
  });
});

test('certificate rotation: new requests show the new one, the watch goes on', async (t) => {
  const api = await server(t, { clientAuthority: credentials.authority });
  api.put('a');
  const chain = join(directory, 'client.crt');
  const key = join(directory, 'client.key');
  const show = async (commonName: string): Promise<void> => {
    const pair = await credentials.client(Date.now(), { commonName, organizations: [] });
    await Promise.all([writeFile(chain, pair.certificate), writeFile(key, pair.privateKey)]);
  };
  await show('one');
  const clock = new FakeClock();
  const kube = new KubeClient({
    access: access(api.url, { certificate: { chain: { file: chain }, key: { file: key } } }),
    clock,
    liveness: { interval: 1e9, grace: 1e9 },
  });
  atEnd(t, () => kube.close());
  const { informer, changes } = await follow(t, kube);
  await until('the watch is open', () => api.openWatches === 1);
  await show('two');
  await clock.advance(11_000);
  await kube.get(NODES, { namespace: '', name: 'a' });
  assert.deepEqual(api.clients, ['one', 'two']);
  // The old connection is closed after a while, and the watch moves.
  await clock.advance(31_000);
  await untilLater(clock, 'the watch has moved', () => api.watches.length === 2 && api.openWatches === 1);
  api.put('b');
  await until('b is known', () => informer.cache.size === 2);
  assert.deepEqual(changes, ['added a', 'added b']);
});

async function proxy(t: TestContext, port: number, host?: string): Promise<Relay> {
  const relay = await Relay.start(port, host);
  atEnd(t, () => relay.close());
  return relay;
}

test('half-closed connection: the server is gone and no packet says so', async (t) => {
  const api = await server(t);
  api.put('a');
  const between = await proxy(t, api.port);
  const kube = client(t, `https://127.0.0.1:${between.port}`, {
    liveness: { interval: 200, grace: 300 },
    connectTimeout: 300,
  });
  const { informer, errors, changes } = await follow(t, kube);
  await until('the watch is open', () => api.openWatches === 1);
  between.mute = true;
  api.put('b');
  await until('it is noticed', () => errors.length > 0);
  between.mute = false;
  await until('b is known', () => informer.cache.size === 2);
  assert.deepEqual(changes, ['added a', 'added b']);
});

test('a GET over a connection that just broke is sent again; a write is not', async (t) => {
  const api = await server(t);
  api.put('a');
  const kube = client(t, api.url);
  let breaks = 1;
  api.misbehaviour = () => {
    if (breaks === 0) return false;
    breaks -= 1;
    api.cut();
    return true;
  };
  await kube.get(NODES, { namespace: '', name: 'a' });
  breaks = 1;
  await assert.rejects(kube.delete(NODES, { namespace: '', name: 'a' }), {
    code: 'unavailable',
    retryable: true,
  });
});

test('429 with Retry-After is waited for and tried again; without, it is the caller\u2019s', async (t) => {
  const api = await server(t);
  let failures = 2;
  let causes: object = {};
  let retryAfter: number | undefined = 1;
  api.put('a');
  api.misbehaviour = (_, response) => {
    if (failures === 0) return false;
    failures -= 1;
    refuse(response, 429, 'TooManyRequests', causes, retryAfter);
    return true;
  };
  const kube = client(t, api.url);
  const began = performance.now();
  await kube.get(NODES, { namespace: '', name: 'a' });
  assert.ok(performance.now() - began >= 1990);
  failures = 1;
  retryAfter = undefined;
  await assert.rejects(kube.get(NODES, { namespace: '', name: 'a' }), { code: 'too-many-requests' });
  failures = 1;
  causes = {
    details: {
      causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget pdb needs 2 healthy pods' }],
    },
  };
  await assert.rejects(kube.evict(PODS, { namespace: 'd', name: 'p' }), {
    code: 'disruption-budget',
    retryable: true,
  });
  failures = 1000;
  retryAfter = 20;
  causes = {};
  await assert.rejects(kube.get(NODES, { namespace: '', name: 'a' }, { timeout: 2000 }), {
    code: 'too-many-requests',
  });
});

test('answers that are no answers: a closed union of codes, and never a hang', async (t) => {
  const api = await server(t);
  const kube = client(t, api.url, { requestTimeout: 60_000, largestAnswer: 10_000 });
  const hasty = client(t, api.url, { requestTimeout: 500 });
  const get = (from: KubeClient) => from.get(NODES, { namespace: '', name: 'a' });
  const cases: [code: string, FaultServer['misbehaviour']][] = [
    ['malformed', (_, response) => (response.end('<html>'), true)],
    ['malformed', (_, response) => (response.end('[]'), true)],
    ['malformed', (_, response) => (response.end('{"metadata":null}'), true)],
    ['too-large', (_, response) => (response.end('x'.repeat(20_000)), true)],
    ['timeout', () => true],
    ['timeout', (_, response) => (begin(response), true)],
    [
      'not-served',
      (_, response) => (
        response.writeHead(404, { 'content-type': 'text/plain' }),
        response.end('404 page not found\n'),
        true
      ),
    ],
    ['conflict', (_, response) => (refuse(response, 409, 'Conflict'), true)],
    ['already-exists', (_, response) => (refuse(response, 409, 'AlreadyExists'), true)],
    ['forbidden', (_, response) => (refuse(response, 403, 'Forbidden'), true)],
    ['unavailable', (_, response) => (refuse(response, 503, 'ServiceUnavailable'), true)],
    ['malformed', (_, response) => (answer(response, 302, {}), true)],
    ['invalid', (_, response) => (response.writeHead(422), response.end('x'.repeat(300_000)), true)],
  ];
  for (const [code, misbehaviour] of cases) {
    api.misbehaviour = misbehaviour;
    await assert.rejects(get(code === 'timeout' ? hasty : kube), (error) => {
      assert.ok(error instanceof KubeError);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, /^cannot get Node "a": /u);
      return true;
    });
  }
  await assert.rejects(client(t, 'https://127.0.0.1:1').get(NODES, { namespace: '', name: 'a' }), {
    code: 'unavailable',
    reason: 'refused',
  });
  const stranger = new KubeClient({ access: { server: api.url, namespace: 'default' } });
  atEnd(t, () => stranger.close());
  await assert.rejects(stranger.get(NODES, { namespace: '', name: 'a' }), { code: 'tls', retryable: false });
});

test('an error about a Secret says nothing of what is in it', async (t) => {
  const api = await server(t);
  api.misbehaviour = (_, response) => {
    refuse(response, 422, 'Invalid', {
      message: 'Secret "s" is invalid: data[a]: Invalid value: "hunter2"',
      details: {
        name: 's',
        kind: 'Secret',
        causes: [{ reason: 'FieldValueInvalid', field: 'data[a]', message: 'Invalid value: "hunter2"' }],
      },
    });
    return true;
  };
  const secrets = resourceType<KubeObject>({
    group: '',
    version: 'v1',
    kind: 'Secret',
    plural: 'secrets',
    namespaced: true,
  });
  await assert.rejects(
    client(t, api.url).create(secrets, { metadata: { name: 's', namespace: 'n' } }),
    (error) => {
      assert.ok(isKubeError(error, 'invalid'));
      assert.equal(error.message, 'cannot create Secret "n/s": Invalid, of data[a]');
      assert.ok(!JSON.stringify(error).includes('hunter2'));
      return true;
    },
  );
});

test('nothing is left when a process has closed what it opened', async (t) => {
  const api = await server(t);
  for (let index = 0; index < 3; index += 1) api.put(`n${index}`);
  const config = join(directory, 'leftovers.yaml');
  await writeFile(config, kubeconfigText(api.url));
  const began = performance.now();
  const child = spawn(process.execPath, ['test/lab/kubernetes/informer-process.ts', config]);
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.equal(problems, '');
  assert.match(output, /"size":3/u);
  assert.ok(performance.now() - began < 60_000, 'it ends by itself');
});

function kubeconfigText(url: string): string {
  return JSON.stringify({
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [
      {
        name: 'test',
        cluster: {
          server: url,
          'certificate-authority-data': Buffer.from(credentials.authority).toString('base64'),
        },
      },
    ],
    users: [{ name: 'test', user: { token: 'x' } }],
  });
}

test('every call of the client, against an API server', async (t) => {
  const { kube, namespace } = await openCluster(t);
  const key = { namespace, name: 'c' };
  assert.equal(await kube.serves(CONFIG_MAPS), true);
  assert.equal(await kube.serves(LEASES), true);
  assert.equal(await kube.serves({ ...CONFIG_MAPS, group: 'no.such' }), false);
  const dry = await kube.create(CONFIG_MAPS, { metadata: key, data: { a: '1' } }, { dryRun: true });
  assert.equal(dry.data?.['a'], '1');
  await assert.rejects(kube.get(CONFIG_MAPS, key), { code: 'not-found', retryable: false });
  const created = await kube.create(CONFIG_MAPS, { metadata: key, data: { a: '1' } });
  await assert.rejects(kube.create(CONFIG_MAPS, { metadata: key }), { code: 'already-exists' });
  const updated = await kube.update(CONFIG_MAPS, { ...created, data: { a: '2' } });
  await assert.rejects(kube.update(CONFIG_MAPS, { ...created, data: { a: '3' } }), {
    code: 'conflict',
    retryable: true,
  });
  const merged = await kube.patch(CONFIG_MAPS, key, { type: 'merge', patch: { data: { b: '1', a: null } } });
  assert.deepEqual(merged.data, { b: '1' });
  const operations = [
    { op: 'test', path: '/data/b', value: '1' },
    { op: 'move', from: '/data/b', path: '/data/c' },
  ] as const;
  assert.deepEqual((await kube.patch(CONFIG_MAPS, key, { type: 'json', operations })).data, { c: '1' });
  await assert.rejects(kube.patch(CONFIG_MAPS, key, { type: 'json', operations }), { code: 'invalid' });
  const strategic = { metadata: { labels: { x: 'y' } } };
  assert.deepEqual(
    (await kube.patch(CONFIG_MAPS, key, { type: 'strategic', patch: strategic })).metadata.labels,
    { x: 'y' },
  );
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { c: '2' } };
  await assert.rejects(kube.patch(CONFIG_MAPS, key, { type: 'apply', object, fieldManager: 'm' }), {
    code: 'conflict',
  });
  const applied = await kube.patch(CONFIG_MAPS, key, {
    type: 'apply',
    object,
    fieldManager: 'm',
    force: true,
  });
  assert.deepEqual(applied.data, { c: '2' });
  const page = await kube.list(CONFIG_MAPS, { namespace, labelSelector: 'x=y', limit: 1 });
  assert.deepEqual(
    page.items.map(({ kind, metadata }) => [kind, metadata.name]),
    [['ConfigMap', 'c']],
  );
  await assert.rejects(kube.list(CONFIG_MAPS, { labelSelector: 'a in' }), { code: 'bad-request' });
  await assert.rejects(kube.delete(CONFIG_MAPS, key, { preconditions: { uid: 'other' } }), {
    code: 'conflict',
  });
  await kube.delete(CONFIG_MAPS, key, { preconditions: { uid: updated.metadata.uid! } });
  await kube.create(CONFIG_MAPS, { metadata: { ...key, labels: { gone: 'soon' } } });
  await kube.deleteCollection(CONFIG_MAPS, { namespace, labelSelector: 'gone' });
  await assert.rejects(kube.get(CONFIG_MAPS, key), { code: 'not-found' });
  await assert.rejects(kube.evict(PODS, key), { code: 'not-found' });
  await assert.rejects(kube.get(NODES, { namespace: '', name: '../secrets' }), { code: 'configuration' });
  await assert.rejects(
    kube.create(CONFIG_MAPS, { metadata: key, nope: 1 } as unknown as ConfigMap),
    { code: 'bad-request' },
    'unknown fields are refused',
  );
});

test('controllers converge while connections break, and work on no key twice at once', async (t) => {
  const { kube, access: config, namespace } = await openCluster(t);
  const { hostname, port } = new URL(config.server);
  const between = await proxy(t, Number(port || 443), hostname);
  const faulty = new KubeClient({
    access: {
      ...config,
      server: `https://127.0.0.1:${between.port}`,
      ...(/^[\d.]+$/u.test(hostname) ? {} : { serverName: hostname }),
    },
    liveness: { interval: 200, grace: 300 },
    connectTimeout: 300,
    requestTimeout: 2000,
  });
  atEnd(t, () => faulty.close());
  const informers = new SharedInformers(faulty);
  const maps = informers.for<ConfigMap>({
    type: CONFIG_MAPS,
    selection: { namespace, labelSelector: 'copy' },
    timings: TIMINGS,
  });
  const active = new Set<string>();
  const controller = new Controller({
    name: 'copy',
    concurrency: 8,
    backoff: { first: 5, factor: 2, longest: 300, jitter: 0.1 },
    reconcile: async (key, { signal }) => {
      assert.ok(!active.has(formatKey(key)), 'never twice at once');
      active.add(formatKey(key));
      try {
        const map = maps.cache.get(key);
        if (map === undefined || map.data?.['want'] === map.metadata.annotations?.['have'])
          return outcomes.done;
        const { resourceVersion } = map.metadata;
        const patch = { metadata: { resourceVersion, annotations: { have: map.data?.['want'] } } };
        await faulty.patch(CONFIG_MAPS, key, { type: 'merge', patch }, { signal });
        return outcomes.done;
      } finally {
        active.delete(formatKey(key));
      }
    },
  });
  controller.watch(maps);
  const stop = new AbortController();
  atEnd(t, () => stop.abort());
  const running = Promise.all([informers.run(stop.signal), controller.run(stop.signal)]);
  for (let index = 0; index < 40; index += 1) {
    await kube.create(CONFIG_MAPS, {
      metadata: { name: `c${index}`, namespace, labels: { copy: '' } },
      data: { want: '0' },
    });
  }
  const end = performance.now() + 6000;
  for (let round = 1; performance.now() < end; round += 1) {
    for (let index = round % 7; index < 40; index += 7) {
      await kube.patch(
        CONFIG_MAPS,
        { namespace, name: `c${index}` },
        { type: 'merge', patch: { data: { want: String(round) } } },
      );
    }
    await sleep(Math.random() * 60);
    if (round % 3 === 0) between.cut();
    if (round % 20 === 0) {
      between.mute = true;
      await sleep(700);
      between.mute = false;
    }
  }
  await until('all are copied', async () => {
    const { items } = await kube.list(CONFIG_MAPS, { namespace, labelSelector: 'copy' });
    return (
      items.length === 40 &&
      items.every(({ data, metadata }) => data?.['want'] === metadata.annotations?.['have'])
    );
  });
  const { outcomes: counts } = controller.numbers;
  t.diagnostic(`${JSON.stringify(counts)}, ${JSON.stringify(maps.numbers)}`);
  assert.ok(maps.numbers.failures > 0, 'something did break');
  await until(
    'the queue is empty',
    () => controller.numbers.queue.depth + controller.numbers.queue.waiting === 0,
  );
  await atRest('what is written', async () => {
    return (await kube.list(CONFIG_MAPS, { namespace, labelSelector: 'copy' })).resourceVersion;
  });
  stop.abort();
  assert.deepEqual((await running)[1], []);
});

test('two candidates for a lease: one acts at a time, and the next begins when the first says goodbye', async (t) => {
  const { kube, namespace } = await openCluster(t);
  const lease = { namespace, name: 'varve' };
  const acting: string[] = [];
  let most = 0;
  const candidate = (identity: string, signal: AbortSignal): Promise<'lost' | 'ended'> =>
    lead(
      { client: kube, lease, identity, timings: { ...QUICK_LEASE, retry: 50 } },
      signal,
      async (leading) => {
        acting.push(identity);
        most = Math.max(most, acting.length);
        await new Promise<void>((resolve) => leading.addEventListener('abort', () => resolve()));
        acting.splice(acting.indexOf(identity), 1);
      },
    );
  const stops = [new AbortController(), new AbortController()] as const;
  atEnd(t, () => stops.forEach((stop) => stop.abort()));
  const one = candidate('one', stops[0].signal);
  await until('one acts', () => acting.length === 1);
  const two = candidate('two', stops[1].signal);
  await sleep(300);
  assert.deepEqual(acting, ['one']);
  const began = performance.now();
  stops[0].abort();
  assert.equal(await one, 'ended');
  await until('two acts', () => acting[0] === 'two');
  assert.ok(performance.now() - began < QUICK_LEASE.lease, 'handed over at once, not after the lease');
  const { spec } = await kube.get(LEASES, lease);
  assert.equal(spec?.holderIdentity, 'two');
  assert.equal(spec?.leaseTransitions, 1);
  // Somebody takes it by force: the leader stops.
  const held = await kube.get(LEASES, lease);
  await kube.update(LEASES, { ...held, spec: { ...held.spec!, holderIdentity: 'three' } });
  assert.equal(await two, 'lost');
  assert.equal(most, 1);
});

test('events are counted in one object, limited, and never in the way', async (t) => {
  const { kube, namespace } = await openCluster(t);
  const map = await kube.create(CONFIG_MAPS, { metadata: { name: 'c', namespace } });
  const recorder = new EventRecorder({ client: kube, component: 'varve-test', instance: 'here' });
  const object = referenceTo(CONFIG_MAPS, map);
  for (let count = 0; count < 5; count += 1)
    recorder.record({ object, type: 'Normal', reason: 'Built', message: 'it is built' });
  await until('one is written', () => recorder.numbers.written === 1);
  for (let count = 0; count < 2; count += 1)
    recorder.record({ object, type: 'Normal', reason: 'Built', message: 'it is built' });
  await until('it is counted', () => recorder.numbers.written === 2);
  for (let count = 0; count < 100; count += 1)
    recorder.record({ object, type: 'Warning', reason: 'Failed', message: `it failed: ${count}` });
  await recorder.close();
  const { items } = await kube.list(EVENTS, { namespace, fieldSelector: 'involvedObject.name=c' });
  const built = items.find(({ reason }) => reason === 'Built');
  assert.equal(built?.count, 7);
  const failed = items.filter(({ reason }) => reason === 'Failed');
  assert.equal(failed.length, 11, 'ten different messages, then one for all');
  const combined = failed.find(({ message }) => message.startsWith('(combined from similar events): '));
  assert.equal(combined?.count, 8, '25 in all at once, 7 of them were the first ones');
  assert.equal(recorder.numbers.dropped, 82);
});
