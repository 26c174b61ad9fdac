import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { sha256 } from './digest.ts';
import type { Descriptor } from './documents.ts';
import { MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { parseReference } from './reference.ts';
import type { RegistryOptions } from './registry-options.ts';
import { type ScriptedServer, scriptedServer, type SeenRequest, testClient } from './registry-test-server.ts';

const CONTENT = Buffer.from('0123456789');
const BLOB: Descriptor = { mediaType: MediaType.ociLayer, digest: sha256(CONTENT), size: CONTENT.length };
const QUERY = `digest=${encodeURIComponent(BLOB.digest)}`;

type Script = (request: SeenRequest, response: ServerResponse, count: number) => void;

async function* stream(bytes: Uint8Array = CONTENT): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
}

async function push(
  t: TestContext,
  script: Script,
  options: RegistryOptions = {},
  source: Uint8Array | (() => AsyncIterable<Uint8Array>) = CONTENT,
): Promise<{ server: ScriptedServer; outcome: string; error?: OciError; pauses: readonly number[] }> {
  const server = await scriptedServer(t, (request, response, count) => {
    if (request.method === 'HEAD') response.writeHead(404).end();
    else script(request, response, count);
  });
  const { client, pauses } = testClient(t, options);
  try {
    const outcome = await client.putBlob(parseReference(`${server.address}/os`), BLOB, source);
    return { server, outcome, pauses };
  } catch (error) {
    assert.ok(error instanceof OciError, String(error));
    return { server, outcome: 'failed', error, pauses };
  }
}

function opened(response: ServerResponse, location: string, headers: Record<string, string> = {}): void {
  response.writeHead(202, { location, ...headers }).end();
}

test('putBlob() follows every form of Location and keeps its query', async (t) => {
  for (const [location, path] of [
    ['/upload/1', `/upload/1?${QUERY}`],
    ['/upload/1?_state=a%2Bb%3D', `/upload/1?_state=a%2Bb%3D&${QUERY}`],
    ['one?x', `/v2/os/blobs/uploads/one?x&${QUERY}`],
  ]) {
    const { outcome, server } = await push(t, (request, response) => {
      if (request.method === 'POST') opened(response, location!);
      else response.writeHead(201).end();
    });
    assert.equal(outcome, 'uploaded');
    assert.deepEqual(server.lines(), ['POST /v2/os/blobs/uploads/', `PUT ${path}`]);
    assert.deepEqual(server.seen[1]?.body, CONTENT);
    assert.equal(server.seen[1].headers['content-length'], '10');
    assert.equal(server.seen[1].headers.expect, undefined);
  }
});

test('putBlob() sends no credentials to an upload Location on another origin', async (t) => {
  const storage = await scriptedServer(t, (_, response) => response.writeHead(201).end());
  const server = await scriptedServer(t, (request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
    else opened(response, `http://${storage.address}/u`);
  });
  const { client } = testClient(t, {
    auth: { lookup: () => ({ credential: { kind: 'basic', username: 'u', password: 'p' }, files: [] }) },
  });
  await client.putBlob(parseReference(`${server.address}/os`), BLOB, CONTENT);
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
  assert.deepEqual(storage.seen[0]?.body, CONTENT);
});

test('putBlob() starts anew when the upload fails or is forgotten', async (t) => {
  for (const status of [500, 404, 416]) {
    const { outcome, server, pauses } = await push(t, (request, response, count) => {
      if (request.method === 'POST') opened(response, `/upload/${count}`);
      else response.writeHead(count === 2 ? status : 201).end();
    });
    assert.equal(outcome, 'uploaded');
    assert.deepEqual(
      server.lines().map((line) => line.split('?')[0]),
      ['POST /v2/os/blobs/uploads/', 'PUT /upload/1', 'POST /v2/os/blobs/uploads/', 'PUT /upload/3'],
    );
    assert.deepEqual(pauses, [125]);
  }
});

test('putBlob() never sends a blob again to an upload that broke in the middle of it', async (t) => {
  const { outcome, server } = await push(t, (request, response, count) => {
    if (request.method === 'POST') opened(response, `/upload/${count}`);
    else if (count === 2) response.socket?.resetAndDestroy();
    else response.writeHead(201).end();
  });
  assert.equal(outcome, 'uploaded');
  assert.deepEqual(
    server.lines().map((line) => line.split('?')[0]),
    ['POST /v2/os/blobs/uploads/', 'PUT /upload/1', 'POST /v2/os/blobs/uploads/', 'PUT /upload/3'],
  );
});

test('putBlob() gives up after five tries', async (t) => {
  const { error, server } = await push(t, (request, response) => {
    if (request.method === 'POST') opened(response, '/u');
    else response.writeHead(503).end();
  });
  assert.equal(error?.code, 'registry-error');
  assert.match(
    error.message,
    /^cannot push blob sha256:\S+ to 127\S+\/os: 127\S+ failed \(503\); its log says why$/u,
  );
  assert.equal(server.seen.length, 10);
});

test('putBlob() refuses a registry that stored another digest', async (t) => {
  const { error } = await push(t, (request, response) => {
    if (request.method === 'POST') opened(response, '/u');
    else response.writeHead(201, { 'docker-content-digest': sha256(Buffer.of()) }).end();
  });
  assert.equal(error?.code, 'digest-mismatch');
});

/** A registry that keeps what PATCH brings, as the specification says. */
function chunked(fault: (request: SeenRequest, response: ServerResponse, stored: Buffer) => boolean): {
  script: Script;
  stored: () => Buffer;
} {
  let stored = Buffer.alloc(0);
  let number = 0;
  const script: Script = (request, response) => {
    const answer = (status: number): void => {
      number += 1;
      const range = `0-${Math.max(0, stored.length - 1)}`;
      response.writeHead(status, { location: `/upload?n=${number}`, range }).end();
    };
    if (request.method === 'POST') {
      stored = Buffer.alloc(0);
      answer(202);
    } else if (request.method === 'GET') {
      if (!fault(request, response, stored)) answer(204);
    } else if (request.method === 'PATCH') {
      const half = request.body.subarray(0, request.body.length / 2);
      if (fault(request, response, stored)) stored = Buffer.concat([stored, half]);
      else {
        stored = Buffer.concat([stored, request.body]);
        answer(202);
      }
    } else response.writeHead(201).end();
  };
  return { script, stored: () => stored };
}

test('putBlob() sends a stream in chunks with their ranges', async (t) => {
  const registry = chunked(() => false);
  const { outcome, server } = await push(t, registry.script, { chunkSize: 4 }, () => stream());
  assert.equal(outcome, 'uploaded');
  assert.deepEqual(registry.stored(), CONTENT);
  assert.deepEqual(
    server.seen
      .filter(({ method }) => method === 'PATCH')
      .map(({ url, headers }) => [url, headers['content-range']]),
    [
      ['/upload?n=1', '0-3'],
      ['/upload?n=2', '4-7'],
      ['/upload?n=3', '8-9'],
    ],
  );
  assert.equal(server.lines().at(-1), `PUT /upload?n=4&${QUERY}`);
});

test('putBlob() asks how far a broken chunk came and sends the rest', async (t) => {
  let faults = 0;
  const registry = chunked((request, response) => {
    if (request.method !== 'PATCH' || (faults += 1) !== 2) return false;
    response.socket?.resetAndDestroy();
    return true;
  });
  const { outcome, server } = await push(t, registry.script, { chunkSize: 4 }, () => stream());
  assert.equal(outcome, 'uploaded');
  assert.deepEqual(registry.stored(), CONTENT);
  assert.deepEqual(
    server.seen.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']),
    ['0-3', '4-7', '6-7', '8-9'],
  );
  assert.equal(server.seen.filter(({ method }) => method === 'GET').length, 1);
});

test('putBlob() begins the upload and the stream anew when the registry lost the upload', async (t) => {
  let faults = 0;
  let starts = 0;
  const registry = chunked((request, response) => {
    if (request.method === 'GET') response.writeHead(404).end();
    else if (request.method !== 'PATCH' || (faults += 1) !== 2) return false;
    else response.socket?.resetAndDestroy();
    return true;
  });
  const { outcome } = await push(t, registry.script, { chunkSize: 4 }, () => {
    starts += 1;
    return stream();
  });
  assert.equal(outcome, 'uploaded');
  assert.equal(starts, 2);
  assert.deepEqual(registry.stored(), CONTENT);
});

test('putBlob() obeys OCI-Chunk-Min-Length', async (t) => {
  const { server } = await push(
    t,
    (request, response) => {
      if (request.method === 'PUT') response.writeHead(201).end();
      else opened(response, '/u', { 'oci-chunk-min-length': '6' });
    },
    { chunkSize: 4 },
    () => stream(),
  );
  const patches = server.seen.filter(({ method }) => method === 'PATCH');
  assert.deepEqual(
    patches.map(({ body }) => body.length),
    [6, 4],
  );
});

test('putBlob() commits no stream that differs from its descriptor, and cancels the upload', async (t) => {
  const wrong: readonly [Uint8Array, string][] = [
    [Buffer.from('0123456780'), 'digest-mismatch'],
    [Buffer.from('012345678'), 'truncated'],
    [Buffer.from('0123456789a'), 'digest-mismatch'],
  ];
  for (const [bytes, code] of wrong) {
    const { error, server } = await push(
      t,
      (request, response) => {
        if (request.method === 'DELETE') response.writeHead(204).end();
        else opened(response, '/u');
      },
      { chunkSize: 4 },
      () => stream(bytes),
    );
    assert.equal(error?.code, code);
    assert.equal(server.lines().at(-1), 'DELETE /u');
    assert.ok(server.seen.every(({ method }) => method !== 'PUT'));
  }
  const short = await push(t, () => {}, {}, CONTENT.subarray(1));
  assert.equal(short.error?.code, 'truncated');
  assert.equal(short.server.seen.length, 0);
});

test('putBlob() passes on an error of its source, once', async (t) => {
  const server = await scriptedServer(t, (request, response) => {
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.method === 'DELETE') response.writeHead(204).end();
    else opened(response, '/u');
  });
  const { client } = testClient(t);
  const broken = new Error('disk');
  let starts = 0;
  const source = async function* fails(): AsyncGenerator<Uint8Array> {
    starts += 1;
    yield CONTENT.subarray(0, 2);
    throw broken;
  };
  await assert.rejects(client.putBlob(parseReference(`${server.address}/os`), BLOB, source), broken);
  assert.equal(starts, 1);
});

test('putBlob() follows a 307 of an upload with its body', async (t) => {
  const { outcome, server } = await push(t, (request, response) => {
    if (request.method === 'POST') opened(response, '/u');
    else if (request.url.startsWith('/u')) response.writeHead(307, { location: '/elsewhere' }).end();
    else response.writeHead(201).end();
  });
  assert.equal(outcome, 'uploaded');
  assert.deepEqual(server.seen.at(-1)?.body, CONTENT);
});

test('mountBlob() tells 201, 202, 404 and 405 apart', async (t) => {
  for (const [status, lines] of [
    [201, 1],
    [202, 2],
    [404, 1],
    [405, 1],
    [403, 1],
  ] as const) {
    const server = await scriptedServer(t, (request, response) =>
      response.writeHead(request.method === 'DELETE' ? 204 : status, { location: '/u' }).end(),
    );
    const { client } = testClient(t);
    const mounted = await client.mountBlob(parseReference(`${server.address}/os`), BLOB.digest, 'base/os');
    assert.equal(mounted, status === 201);
    assert.equal(server.seen.length, lines);
    assert.equal(
      server.lines()[0],
      `POST /v2/os/blobs/uploads/?mount=${encodeURIComponent(BLOB.digest)}&from=base%2Fos`,
    );
  }
});

test('copyBlob() uses the upload that a refused mount opened', async (t) => {
  const server = await scriptedServer(t, (request, response) => {
    if (request.method === 'POST') opened(response, '/u');
    else if (request.method === 'GET') response.end(CONTENT);
    else response.writeHead(201).end();
  });
  const { client } = testClient(t);
  const from = parseReference(`${server.address}/base`);
  assert.equal(await client.copyBlob(from, parseReference(`${server.address}/os`), BLOB), 'copied');
  assert.deepEqual(
    server.seen.map(({ method }) => method),
    ['POST', 'GET', 'PUT'],
  );
});

test('putBlob() counts a chunk that failed once, although the upload has to start anew for it', async (t) => {
  const { error, pauses, server } = await push(
    t,
    (request, response) => {
      if (request.method === 'POST') opened(response, '/upload');
      else response.writeHead(request.method === 'PATCH' ? 500 : 404).end();
    },
    { chunkSize: 4 },
    () => stream(),
  );
  assert.equal(error?.code, 'registry-error');
  assert.equal(server.seen.filter(({ method }) => method === 'PATCH').length, 5);
  // One for each but the last try; none of them twice.
  assert.deepEqual(pauses, [125, 250, 500, 1000]);
});

test('putBlob() gives up on a registry that loses every upload at the same place', async (t) => {
  const registry = chunked((request, response, stored) => {
    if (request.method === 'GET') response.writeHead(404).end();
    else if (stored.length === 0) return false;
    else response.writeHead(404).end();
    return true;
  });
  const { error, server } = await push(t, registry.script, { chunkSize: 4 }, () => stream());
  assert.equal(error?.code, 'not-found');
  assert.ok(server.seen.length < 30);
});
