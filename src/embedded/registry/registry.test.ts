import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import { digestOf, MediaType, sha256 } from '../../oci/index.ts';
import { EmbeddedError, type EmbeddedRegistryOptions, startRegistry } from '../index.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

type Send = (
  method: string,
  path: string,
  options?: { headers?: Record<string, string | number>; body?: string | Uint8Array },
) => Promise<Answer>;

interface Started {
  readonly send: Send;
  readonly directory: string;
  readonly address: string;
  readonly close: () => Promise<void>;
}

async function start(t: TestContext, options: Partial<EmbeddedRegistryOptions> = {}): Promise<Started> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'registry-')));
  const registry = await startRegistry({ ...options, directory });
  t.after(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });
  const [host, port] = registry.address.split(':');
  const send: Send = (method, path, { headers = {}, body } = {}) =>
    new Promise((done, refuse) => {
      const outgoing = request({ host, port, method, path, headers, agent: false }, (incoming) => {
        buffer(incoming).then(
          (bytes) =>
            done({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: bytes,
              text: bytes.toString(),
            }),
          refuse,
        );
      });
      outgoing.on('error', refuse);
      outgoing.end(body);
    });
  return { send, directory, address: registry.address, close: registry.close };
}

async function pushBlob(
  send: Send,
  name: string,
  content: string,
): Promise<{ digest: string; size: number }> {
  const digest = sha256(Buffer.from(content));
  const { status, headers } = await send('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, {
    body: content,
  });
  assert.equal(status, 201);
  assert.equal(headers.location, `/v2/${name}/blobs/${digest}`);
  assert.equal(headers['docker-content-digest'], digest);
  return { digest, size: Buffer.byteLength(content) };
}

async function makeManifest(send: Send, name: string, more: object = {}): Promise<string> {
  const config = { mediaType: MediaType.ociConfig, ...(await pushBlob(send, name, '{}')) };
  const layer = { mediaType: MediaType.ociLayer, ...(await pushBlob(send, name, 'layer')) };
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config,
    layers: [layer],
    ...more,
  });
}

async function putManifest(
  send: Send,
  name: string,
  reference: string,
  body: string,
  type: string = MediaType.ociManifest,
): Promise<Answer> {
  return send('PUT', `/v2/${name}/manifests/${reference}`, { headers: { 'Content-Type': type }, body });
}

function assertError(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/json');
  const { errors } = JSON.parse(answer.text) as { errors: { code: string; message: string }[] };
  assert.equal(errors[0]?.code, code);
  assert.match(errors[0].message, /^cannot /u);
}

/** Waits until the registry has so much of an upload. */
async function received(send: Send, session: string, range: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await send('GET', session)).headers['range'] !== range) {
    assert.ok(performance.now() < deadline, 'the registry has received the bytes');
  }
}

const absent = sha256(Buffer.from('absent'));

describe('startRegistry() base', () => {
  test('startRegistry() answers the ping with its version', async (t) => {
    const { send } = await start(t);
    for (const path of ['/v2/', '/v2']) {
      const { status, headers } = await send('GET', path);
      assert.equal(status, 200);
      assert.equal(headers['docker-distribution-api-version'], 'registry/2.0');
    }
  });

  test('startRegistry() answers 405 with Allow for what is not done, and 404 for what is not there', async (t) => {
    const { send } = await start(t);
    const answer = await send('POST', '/v2/a/manifests/latest');
    assertError(answer, 405, 'UNSUPPORTED');
    assert.equal(answer.headers.allow, 'GET, HEAD, PUT, DELETE');
    assertError(await send('PUT', '/v2/a/tags/list'), 405, 'UNSUPPORTED');
    assertError(await send('GET', '/'), 404, 'UNSUPPORTED');
    assertError(await send('GET', '/v2/a/nothing'), 404, 'UNSUPPORTED');
  });

  test('startRegistry() refuses names outside the grammar, and so every way out of its folder', async (t) => {
    const { send, directory } = await start(t);
    for (const name of [
      '..',
      '../a',
      'a/../b',
      '%2e%2e',
      'A',
      '_blobs',
      'a/_tags',
      'a//b',
      '.a',
      'a-',
      'a'.repeat(256),
      'a%2Fb',
    ]) {
      assertError(await send('GET', `/v2/${name}/tags/list`), 400, 'NAME_INVALID');
      assertError(
        await send('POST', `/v2/${name}/blobs/uploads/?digest=${absent}`, { body: 'absent' }),
        400,
        'NAME_INVALID',
      );
    }
    for (const tag of ['..', '%2e%2e%2fescape', '.a', '-a', 'a'.repeat(129)]) {
      assertError(await putManifest(send, 'a', tag, '{}'), 400, 'TAG_INVALID');
      assertError(await send('GET', `/v2/a/manifests/${tag}`), 400, 'TAG_INVALID');
    }
    assertError(await send('GET', '/v2/a/manifests/sha256:..'), 400, 'DIGEST_INVALID');
    assertError(await send('GET', '/v2/a/blobs/sha256:%2e%2e'), 400, 'DIGEST_INVALID');
    assertError(await send('POST', `/v2/a/blobs/uploads/?mount=${absent}&from=../b`), 400, 'NAME_INVALID');
    assert.deepEqual((await readdir(directory)).toSorted(), ['blobs', 'temporary']);
  });

  test('startRegistry() reports why it cannot start', async (t) => {
    const { address } = await start(t);
    const directory = await mkdtemp(join(tmpdir(), 'registry-'));
    t.after(() => rm(directory, { recursive: true }));
    const port = Number(address.split(':')[1]);
    await assert.rejects(
      startRegistry({ directory, port }),
      (error) =>
        error instanceof EmbeddedError && error.code === 'cannot-start' && /EADDRINUSE/u.test(error.message),
    );
    await writeFile(join(directory, 'file'), '');
    await assert.rejects(startRegistry({ directory: join(directory, 'file') }), /cannot start registry/u);
  });
});

describe('startRegistry() blobs', () => {
  test('startRegistry() stores a blob in one POST and gives it back, whole and in ranges', async (t) => {
    const { send } = await start(t);
    const { digest } = await pushBlob(send, 'team/os', '0123456789');
    const path = `/v2/team/os/blobs/${digest}`;
    const whole = await send('GET', path);
    assert.equal(whole.status, 200);
    assert.equal(whole.text, '0123456789');
    assert.equal(whole.headers['content-length'], '10');
    const head = await send('HEAD', path);
    assert.equal(head.headers['content-length'], '10');
    assert.equal(head.headers['docker-content-digest'], digest);
    assert.equal(head.text, '');
    assert.equal((await send('GET', path.replace(':', '%3A'))).status, 200);

    const ranges: Readonly<
      Record<string, readonly [status: number, text: string, contentRange: string | undefined]>
    > = {
      'bytes=2-4': [206, '234', 'bytes 2-4/10'],
      'bytes=7-': [206, '789', 'bytes 7-9/10'],
      'bytes=7-99': [206, '789', 'bytes 7-9/10'],
      'bytes=-3': [206, '789', 'bytes 7-9/10'],
      'bytes=-99': [206, '0123456789', 'bytes 0-9/10'],
      'bytes=0-0,2-2': [200, '0123456789', undefined],
      'bytes=4-2': [200, '0123456789', undefined],
      'lines=1-2': [200, '0123456789', undefined],
    };
    for (const [range, [status, text, contentRange]] of Object.entries(ranges)) {
      const answer = await send('GET', path, { headers: { Range: range } });
      assert.equal(answer.status, status, range);
      assert.equal(answer.text, text, range);
      assert.equal(answer.headers['content-range'], contentRange, range);
    }
    const outside = await send('GET', path, { headers: { Range: 'bytes=10-' } });
    assertError(outside, 416, 'RANGE_INVALID');
    assert.equal(outside.headers['content-range'], 'bytes */10');
  });

  test('startRegistry() stores empty blobs and sha512 blobs', async (t) => {
    const { send } = await start(t);
    const { digest } = await pushBlob(send, 'a', '');
    assert.equal((await send('GET', `/v2/a/blobs/${digest}`)).status, 200);
    const sha512 = digestOf(Buffer.from('x'), 'sha512');
    assert.equal((await send('POST', `/v2/a/blobs/uploads/?digest=${sha512}`, { body: 'x' })).status, 201);
    assert.equal((await send('GET', `/v2/a/blobs/${sha512}`)).text, 'x');
    assertError(
      await send('POST', `/v2/a/blobs/uploads/?digest=${sha512}`, { body: 'y' }),
      400,
      'DIGEST_INVALID',
    );
  });

  test('startRegistry() shows a blob only in the repositories that got it', async (t) => {
    const { send } = await start(t);
    const { digest } = await pushBlob(send, 'a', 'x');
    assertError(await send('GET', `/v2/b/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
    assert.equal((await send('HEAD', `/v2/b/blobs/${digest}`)).status, 404);
    assert.equal((await send('DELETE', `/v2/a/blobs/${digest}`)).status, 202);
    assertError(await send('GET', `/v2/a/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
    assertError(await send('DELETE', `/v2/a/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  });

  test('startRegistry() mounts a blob of another repository, and offers an upload when it cannot', async (t) => {
    const { send } = await start(t);
    const { digest } = await pushBlob(send, 'a', 'x');
    const mounted = await send('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`);
    assert.equal(mounted.status, 201);
    assert.equal(mounted.headers.location, `/v2/b/blobs/${digest}`);
    assert.equal((await send('GET', `/v2/b/blobs/${digest}`)).text, 'x');
    for (const query of [`mount=${absent}&from=a`, `mount=${digest}&from=c`, `mount=${digest}`]) {
      const { status, headers } = await send('POST', `/v2/d/blobs/uploads/?${query}`);
      assert.equal(status, 202, query);
      assert.match(headers.location ?? '', /^\/v2\/d\/blobs\/uploads\/[0-9a-f-]{36}$/u);
    }
    assertError(await send('POST', '/v2/d/blobs/uploads/?mount=nonsense&from=a'), 400, 'DIGEST_INVALID');
  });
});

describe('startRegistry() uploads', () => {
  test('startRegistry() takes a blob in chunks', async (t) => {
    const { send } = await start(t);
    const begun = await send('POST', '/v2/a/blobs/uploads/');
    assert.equal(begun.status, 202);
    const session = begun.headers.location!;
    assert.equal(begun.headers.range, '0-0');

    const first = await send('PATCH', session, { headers: { 'Content-Range': '0-2' }, body: 'one' });
    assert.equal(first.status, 202);
    assert.equal(first.headers.range, '0-2');
    assert.equal(first.headers.location, session);

    const outOfOrder = await send('PATCH', session, { headers: { 'Content-Range': '5-7' }, body: 'two' });
    assertError(outOfOrder, 416, 'RANGE_INVALID');
    assert.equal(outOfOrder.headers.range, '0-2');
    assertError(
      await send('PATCH', session, { headers: { 'Content-Range': 'x' }, body: 'two' }),
      416,
      'RANGE_INVALID',
    );
    assertError(
      await send('PATCH', session, { headers: { 'Content-Range': '3-9' }, body: 'two' }),
      400,
      'SIZE_INVALID',
    );

    assert.equal(
      (await send('PATCH', session, { body: 'two' })).headers.range,
      '0-5',
      'streamed, without a range',
    );
    const status = await send('GET', session);
    assert.equal(status.status, 204);
    assert.equal(status.headers.range, '0-5');

    assertError(await send('PUT', session), 400, 'DIGEST_INVALID');
    const digest = sha256(Buffer.from('onetwothree'));
    const end = await send('PUT', `${session}?digest=${digest}`, {
      headers: { 'Content-Range': '6-10' },
      body: 'three',
    });
    assert.equal(end.status, 201);
    assert.equal(end.headers.location, `/v2/a/blobs/${digest}`);
    assert.equal((await send('GET', `/v2/a/blobs/${digest}`)).text, 'onetwothree');
    assertError(await send('GET', session), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('startRegistry() throws an upload away when the digest is wrong or the client cancels', async (t) => {
    const { send, directory } = await start(t);
    const wrong = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
    assertError(await send('PUT', `${wrong}?digest=${absent}`, { body: 'other' }), 400, 'DIGEST_INVALID');
    assertError(await send('GET', wrong), 404, 'BLOB_UPLOAD_UNKNOWN');
    assertError(
      await send('POST', `/v2/a/blobs/uploads/?digest=${absent}`, { body: 'other' }),
      400,
      'DIGEST_INVALID',
    );
    const cancelled = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
    await send('PATCH', cancelled, { body: 'bytes' });
    assert.equal((await send('DELETE', cancelled)).status, 204);
    assertError(await send('DELETE', cancelled), 404, 'BLOB_UPLOAD_UNKNOWN');
    assert.deepEqual(await readdir(join(directory, 'temporary')), []);
    assert.deepEqual(await readdir(join(directory, 'blobs')), []);
  });

  test('startRegistry() does not let another repository continue an upload', async (t) => {
    const { send } = await start(t);
    const session = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
    assertError(
      await send('PATCH', session.replace('/a/', '/b/'), { body: 'x' }),
      404,
      'BLOB_UPLOAD_UNKNOWN',
    );
  });

  test('startRegistry() keeps what came before a connection broke, shows none of it, and lets the client go on', async (t) => {
    const failures: unknown[] = [];
    const { send, address, close } = await start(t, { onFailure: (error) => void failures.push(error) });
    const session = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
    const [host, port] = address.split(':');
    const torn = request({ host, port, method: 'PATCH', path: session, headers: { 'Content-Length': 100 } });
    torn.on('error', () => {});
    torn.write('half');
    await received(send, session, '0-3');
    // While a request writes, a second one must not.
    assertError(await send('PATCH', session, { body: 'x' }), 409, 'BLOB_UPLOAD_INVALID');
    torn.destroy();
    const digest = sha256(Buffer.from('half and half'));
    const deadline = performance.now() + 10_000;
    let end: Answer;
    // The registry may take a moment to notice that the first request is gone.
    do end = await send('PUT', `${session}?digest=${digest}`, { body: ' and half' });
    while (end.status === 409 && performance.now() < deadline);
    assert.equal(end.status, 201, end.text);
    assert.equal((await send('GET', `/v2/a/blobs/${digest}`)).text, 'half and half');

    const large = await pushBlob(send, 'a', 'x'.repeat(20_000_000));
    const left = request({ host, port, path: `/v2/a/blobs/${large.digest}` }, (incoming) =>
      incoming.destroy(),
    );
    const closed = new Promise((done) => left.on('close', done));
    left.on('error', () => {}).end();
    await closed;
    await close();
    assert.deepEqual(failures, [], 'a client that goes away is no failure of the registry');
  });

  test('startRegistry() forgets uploads that nobody continues', async (t) => {
    let now = 0;
    const { send } = await start(t, { now: () => now });
    const session = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
    now = 3_600_001;
    await send('POST', '/v2/a/blobs/uploads/');
    assertError(await send('GET', session), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  test('startRegistry() takes the same blob and the same tag from two writers at once', async (t) => {
    const { send, directory } = await start(t);
    const content = 'x'.repeat(300_000);
    const pushed = await Promise.all(Array.from({ length: 8 }, () => pushBlob(send, 'a', content)));
    assert.equal((await send('GET', `/v2/a/blobs/${pushed[0]!.digest}`)).text, content);
    const bodies = await Promise.all(
      ['1', '2', '3', '4'].map((n) => makeManifest(send, 'a', { annotations: { n } })),
    );
    await Promise.all(
      bodies.map(async (body) => assert.equal((await putManifest(send, 'a', 'latest', body)).status, 201)),
    );
    assert.ok(bodies.includes((await send('GET', '/v2/a/manifests/latest')).text));
    assert.deepEqual(await readdir(join(directory, 'temporary')), []);
  });

  test('startRegistry() reports a full disk and forgets the upload', async (t) => {
    if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here');
    const failures: EmbeddedError[] = [];
    const { send, directory } = await start(t, {
      makeId: () => 'session',
      onFailure: (error) => void failures.push(error),
    });
    const session = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
    await symlink('/dev/full', join(directory, 'temporary', 'session'));
    assertError(await send('PATCH', session, { body: 'x'.repeat(3_000_000) }), 507, 'STORAGE_FULL');
    assertError(await send('GET', session), 404, 'BLOB_UPLOAD_UNKNOWN');
    assert.deepEqual(await readdir(join(directory, 'temporary')), []);
    assert.deepEqual(
      failures.map((failure) => failure.code),
      ['STORAGE_FULL'],
    );
    await pushBlob(send, 'a', 'space again');
  });
});

describe('startRegistry() manifests', () => {
  test('startRegistry() stores a manifest by tag and gives it back byte for byte', async (t) => {
    const { send } = await start(t);
    const body = `${await makeManifest(send, 'os')}\n`;
    const digest = sha256(Buffer.from(body));
    const put = await putManifest(send, 'os', 'v1', body);
    assert.equal(put.status, 201);
    assert.equal(put.headers.location, `/v2/os/manifests/${digest}`);
    assert.equal(put.headers['docker-content-digest'], digest);
    for (const reference of ['v1', digest]) {
      const answer = await send('GET', `/v2/os/manifests/${reference}`);
      assert.equal(answer.text, body);
      assert.equal(answer.headers['content-type'], MediaType.ociManifest);
      const head = await send('HEAD', `/v2/os/manifests/${reference}`);
      assert.equal(head.headers['docker-content-digest'], digest);
      assert.equal(head.headers['content-length'], String(body.length));
    }
    assertError(await send('GET', '/v2/os/manifests/v2'), 404, 'MANIFEST_UNKNOWN');
    assertError(await send('GET', `/v2/other/manifests/${digest}`), 404, 'MANIFEST_UNKNOWN');
  });

  test('startRegistry() stores a manifest by its digest only when it is that digest', async (t) => {
    const { send } = await start(t);
    const body = await makeManifest(send, 'os');
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(Buffer.from(body), algorithm);
      assert.equal((await putManifest(send, 'os', digest, body)).status, 201);
      assert.equal((await send('GET', `/v2/os/manifests/${digest}`)).text, body);
    }
    assertError(await putManifest(send, 'os', absent, body), 400, 'DIGEST_INVALID');
    assert.deepEqual(JSON.parse((await send('GET', '/v2/os/tags/list')).text), { name: 'os', tags: [] });
  });

  test('startRegistry() names what a manifest refers to and the repository lacks', async (t) => {
    const { send } = await start(t);
    const body = await makeManifest(send, 'os');
    await makeManifest(send, 'other');
    const { config, layers } = JSON.parse(body) as { config: object; layers: object[] };
    const image = { schemaVersion: 2, config };
    const cases = [
      { ...image, layers: [...layers, { mediaType: MediaType.ociLayer, digest: absent, size: 6 }] },
      { ...image, config: { ...config, digest: absent }, layers },
      { schemaVersion: 2, manifests: [{ mediaType: MediaType.ociManifest, digest: absent, size: 2 }] },
    ];
    for (const document of cases) {
      const type = 'manifests' in document ? MediaType.ociIndex : MediaType.ociManifest;
      const answer = await putManifest(send, 'os', 'v1', JSON.stringify(document), type);
      assertError(answer, 400, 'MANIFEST_BLOB_UNKNOWN');
      assert.ok(answer.text.includes(`"detail":{"digest":"${absent}"}`));
    }
    const lying = { ...image, layers: [{ ...layers[0], size: 4 }] };
    assertError(await putManifest(send, 'os', 'v1', JSON.stringify(lying)), 400, 'SIZE_INVALID');
    const foreign = {
      mediaType: MediaType.dockerLayerGzip,
      digest: absent,
      size: 6,
      urls: ['https://example.com/x'],
    };
    assert.equal(
      (await putManifest(send, 'os', 'v1', JSON.stringify({ ...image, layers: [foreign] }))).status,
      201,
    );
  });

  test('startRegistry() refuses what is no manifest, and more than 4 MiB of it', async (t) => {
    const { send } = await start(t);
    const body = await makeManifest(send, 'os');
    for (const [text, type] of [
      ['not json', MediaType.ociManifest],
      ['[]', MediaType.ociManifest],
      [body.replace('"schemaVersion":2', '"schemaVersion":1'), MediaType.ociManifest],
      [body, MediaType.ociIndex],
      [body, MediaType.dockerManifest],
      [body, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
      [body, 'text/plain'],
    ] as const) {
      assertError(await putManifest(send, 'os', 'v1', text, type), 400, 'MANIFEST_INVALID');
    }
    assertError(await send('PUT', '/v2/os/manifests/v1', { body }), 400, 'MANIFEST_INVALID');
    const large = `{"pad":"${'x'.repeat(4 * 1024 * 1024)}"}`;
    assertError(await putManifest(send, 'os', 'v1', large), 413, 'SIZE_INVALID');
  });

  test('startRegistry() deletes a tag alone, and a manifest with all its tags', async (t) => {
    const { send } = await start(t);
    const body = await makeManifest(send, 'os');
    const digest = sha256(Buffer.from(body));
    for (const tag of ['a', 'b', 'c']) await putManifest(send, 'os', tag, body);
    assert.equal((await send('DELETE', '/v2/os/manifests/a')).status, 202);
    assert.equal((await send('GET', `/v2/os/manifests/${digest}`)).status, 200);
    assertError(await send('DELETE', '/v2/os/manifests/a'), 404, 'MANIFEST_UNKNOWN');
    assert.equal((await send('DELETE', `/v2/os/manifests/${digest}`)).status, 202);
    assert.deepEqual(JSON.parse((await send('GET', '/v2/os/tags/list')).text), { name: 'os', tags: [] });
    assertError(await send('DELETE', `/v2/os/manifests/${digest}`), 404, 'MANIFEST_UNKNOWN');
  });

  test('startRegistry() moves a tag', async (t) => {
    const { send } = await start(t);
    const bodies = [
      await makeManifest(send, 'os'),
      await makeManifest(send, 'os', { annotations: { a: 'b' } }),
    ];
    for (const body of bodies) {
      await putManifest(send, 'os', 'latest', body);
      assert.equal((await send('GET', '/v2/os/manifests/latest')).text, body);
    }
  });
});

describe('startRegistry() listings', () => {
  test('startRegistry() lists tags in order and in pages', async (t) => {
    const { send } = await start(t);
    assertError(await send('GET', '/v2/os/tags/list'), 404, 'NAME_UNKNOWN');
    const body = await makeManifest(send, 'os');
    for (const tag of ['v2', 'a', 'Z', '_x', 'v10']) await putManifest(send, 'os', tag, body);
    const tags = ['Z', '_x', 'a', 'v10', 'v2'];
    assert.deepEqual(JSON.parse((await send('GET', '/v2/os/tags/list')).text), { name: 'os', tags });
    const pages: string[][] = [];
    for (let next: string | undefined = '/v2/os/tags/list?n=2'; next !== undefined;) {
      const answer: Answer = await send('GET', next);
      pages.push((JSON.parse(answer.text) as { tags: string[] }).tags);
      next = /^<(?<path>[^>]+)>; rel="next"$/u.exec(String(answer.headers['link']))?.groups?.['path'];
    }
    assert.deepEqual(pages, [['Z', '_x'], ['a', 'v10'], ['v2']]);
    const none = await send('GET', '/v2/os/tags/list?n=0');
    assert.deepEqual(JSON.parse(none.text), { name: 'os', tags: [] });
    assertError(await send('GET', '/v2/os/tags/list?n=-1'), 400, 'PAGINATION_NUMBER_INVALID');
  });

  test('startRegistry() lists repositories, nested ones too', async (t) => {
    const { send } = await start(t);
    for (const name of ['team/os', 'team', 'a/b/c']) {
      await putManifest(send, name, 'v1', await makeManifest(send, name));
    }
    await pushBlob(send, 'blobs-only', 'x');
    const repositories = ['a/b/c', 'team', 'team/os'];
    assert.deepEqual(JSON.parse((await send('GET', '/v2/_catalog')).text), { repositories });
    const page = await send('GET', '/v2/_catalog?n=1&last=a/b/c');
    assert.deepEqual(JSON.parse(page.text), { repositories: ['team'] });
    assert.equal(page.headers['link'], '</v2/_catalog?n=1&last=team>; rel="next"');
  });

  test('startRegistry() lists the manifests that refer to a subject, by type', async (t) => {
    const { send } = await start(t);
    const image = await makeManifest(send, 'os');
    const subject = {
      mediaType: MediaType.ociManifest,
      digest: sha256(Buffer.from(image)),
      size: image.length,
    };
    const path = `/v2/os/referrers/${subject.digest}`;
    const list = async (query = ''): Promise<object[]> =>
      (JSON.parse((await send('GET', path + query)).text) as { manifests: object[] }).manifests;
    assert.deepEqual(await list(), [], 'an unknown subject has none');

    const signature = await makeManifest(send, 'os', {
      subject,
      artifactType: 'application/sig',
      annotations: { a: 'b' },
    });
    const other = await makeManifest(send, 'os', { subject });
    for (const body of [signature, other]) {
      const put = await putManifest(send, 'os', sha256(Buffer.from(body)), body);
      assert.equal(put.headers['oci-subject'], subject.digest);
    }
    const found = {
      mediaType: MediaType.ociManifest,
      digest: sha256(Buffer.from(signature)),
      size: signature.length,
      artifactType: 'application/sig',
      annotations: { a: 'b' },
    };
    assert.equal((await list()).length, 2);
    assert.deepEqual(await list('?artifactType=application/sig'), [found]);
    assert.equal((await list(`?artifactType=${encodeURIComponent(MediaType.ociConfig)}`)).length, 1);
    const answer = await send('GET', `${path}?artifactType=application/sig`);
    assert.equal(answer.headers['content-type'], MediaType.ociIndex);
    assert.equal(answer.headers['oci-filters-applied'], 'artifactType');
    assertError(await send('GET', '/v2/os/referrers/nonsense'), 400, 'DIGEST_INVALID');

    await send('DELETE', `/v2/os/manifests/${found.digest}`);
    assert.deepEqual(await list('?artifactType=application/sig'), []);
  });
});

test('startRegistry() finds all that it stored after a restart, and none of what was torn', async (t) => {
  const first = await start(t);
  const body = await makeManifest(first.send, 'os');
  await putManifest(first.send, 'os', 'v1', body);
  const session = (await first.send('POST', '/v2/os/blobs/uploads/')).headers.location!;
  await first.send('PATCH', session, { body: 'unfinished' });
  await first.close();
  assert.equal((await readdir(join(first.directory, 'temporary'))).length, 1);

  const { send, directory } = await start(t, { directory: first.directory });
  assert.deepEqual(await readdir(join(directory, 'temporary')), []);
  assert.equal((await send('GET', '/v2/os/manifests/v1')).text, body);
  assertError(await send('PATCH', session, { body: 'x' }), 404, 'BLOB_UPLOAD_UNKNOWN');
});

test('startRegistry() cuts what is under way when it is closed', async (t) => {
  const { send, address, close } = await start(t);
  const session = (await send('POST', '/v2/a/blobs/uploads/')).headers.location!;
  const [host, port] = address.split(':');
  const pending = request({ host, port, method: 'PATCH', path: session, headers: { 'Content-Length': 100 } });
  const broken = new Promise((done) => pending.on('error', done));
  pending.write('half');
  await received(send, session, '0-3');
  await close();
  assert.ok((await broken) instanceof Error);
});
