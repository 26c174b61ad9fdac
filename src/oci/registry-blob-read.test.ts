import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { sha256 } from './digest.ts';
import type { Descriptor } from './documents.ts';
import { MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { parseReference } from './reference.ts';
import type { RegistryOptions, TransferEvent } from './registry-options.ts';
import { scriptedServer, type SeenRequest, testClient } from './registry-test-server.ts';

const CONTENT = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
const BLOB: Descriptor = { mediaType: MediaType.ociLayer, digest: sha256(CONTENT), size: CONTENT.length };

interface Outcome {
  readonly bytes?: Buffer;
  readonly error?: OciError;
  readonly ranges: readonly (string | undefined)[];
  readonly pauses: readonly number[];
  readonly events: readonly TransferEvent[];
}

async function read(
  t: TestContext,
  script: (request: SeenRequest, response: ServerResponse, count: number) => void,
  options: RegistryOptions = {},
): Promise<Outcome> {
  const server = await scriptedServer(t, script);
  const events: TransferEvent[] = [];
  const { client, pauses } = testClient(t, { onTransfer: (event) => events.push(event), ...options });
  const facts = {
    pauses,
    events,
    get ranges() {
      return server.seen.map(({ headers }) => headers.range);
    },
  };
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of client.getBlob(parseReference(`${server.address}/os`), BLOB))
      chunks.push(chunk);
  } catch (error) {
    assert.ok(error instanceof OciError, String(error));
    return { error, ...facts, ranges: facts.ranges };
  }
  return { bytes: Buffer.concat(chunks), ...facts, ranges: facts.ranges };
}

function dropAfter(response: ServerResponse, bytes: Buffer): void {
  response.write(bytes, () => setImmediate(() => response.socket?.resetAndDestroy()));
}

test('getBlob() yields the content and reports progress', async (t) => {
  const { bytes, events, pauses } = await read(t, (_, response) => response.end(CONTENT));
  assert.deepEqual(bytes, CONTENT);
  assert.deepEqual(pauses, []);
  assert.equal(events.at(-1)?.bytes, CONTENT.length);
  assert.equal(events.at(-1)?.size, CONTENT.length);
});

test('getBlob() refuses content of another digest', async (t) => {
  const { error } = await read(t, (_, response) => response.end(Buffer.alloc(CONTENT.length)));
  assert.equal(error?.code, 'digest-mismatch');
  assert.match(
    error.message,
    /^cannot read blob sha256:\S+ of 127\S+\/os: its content has the digest sha256:/u,
  );
});

test('getBlob() refuses a Content-Length that contradicts the descriptor, without a retry', async (t) => {
  const short = await read(t, (_, response) => response.end(CONTENT.subarray(1)));
  assert.equal(short.error?.code, 'truncated');
  const long = await read(t, (_, response) => response.end(Buffer.concat([CONTENT, Buffer.of(0)])));
  assert.equal(long.error?.code, 'digest-mismatch');
  assert.deepEqual([short.pauses, long.pauses], [[], []]);
});

test('getBlob() stops at the first byte beyond the descriptor', async (t) => {
  const { error } = await read(t, (_, response) => {
    response.write(CONTENT);
    response.end(Buffer.alloc(10));
  });
  assert.equal(error?.code, 'digest-mismatch');
  assert.match(error.message, /longer than the 200000 bytes/u);
});

test('getBlob() resumes with Range after the connection dropped', async (t) => {
  const { bytes, ranges, pauses } = await read(t, (request, response, count) => {
    const start = Number(/bytes=(\d+)-/u.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = CONTENT.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': rest.length,
      ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}` }),
    });
    if (count < 3) dropAfter(response, rest.subarray(0, 60_000));
    else response.end(rest);
  });
  assert.deepEqual(bytes, CONTENT);
  assert.deepEqual(ranges, [undefined, 'bytes=60000-', 'bytes=120000-']);
  assert.deepEqual(pauses, [125, 125]);
});

test('getBlob() skips what it has when the server begins anew', async (t) => {
  const { bytes, ranges } = await read(t, (_, response, count) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    if (count === 1) dropAfter(response, CONTENT.subarray(0, 60_000));
    else response.end(CONTENT);
  });
  assert.deepEqual(bytes, CONTENT);
  assert.deepEqual(ranges, [undefined, 'bytes=60000-']);
});

test('getBlob() catches a resumed body with other content', async (t) => {
  const { error } = await read(t, (_, response, count) => {
    if (count === 1) {
      response.writeHead(200, { 'content-length': CONTENT.length });
      return dropAfter(response, CONTENT.subarray(0, 60_000));
    }
    response.writeHead(206, { 'content-range': `bytes 60000-199999/200000` });
    response.end(Buffer.alloc(140_000));
  });
  assert.equal(error?.code, 'digest-mismatch');
});

test('getBlob() refuses a resumed body from another place', async (t) => {
  const { error } = await read(t, (_, response, count) => {
    if (count === 1) {
      response.writeHead(200, { 'content-length': CONTENT.length });
      return dropAfter(response, CONTENT.subarray(0, 60_000));
    }
    response.writeHead(206, { 'content-range': `bytes 0-139999/200000` });
    response.end(CONTENT.subarray(0, 140_000));
  });
  assert.match(error?.message ?? '', /continued at another place/u);
});

test('getBlob() names a blob that ends early as truncated', async (t) => {
  const { error } = await read(t, (_, response, count) => {
    if (count > 1) return response.writeHead(416).end();
    response.write(CONTENT.subarray(0, 60_000));
    return response.end();
  });
  assert.equal(error?.code, 'truncated');
  assert.match(error.message, /has only 60000 of 200000 bytes/u);
});

test('getBlob() gives up after five tries without progress', async (t) => {
  const { error, ranges, pauses } = await read(t, (_, response) => response.socket?.resetAndDestroy());
  assert.equal(error?.code, 'unreachable');
  assert.equal(error.retryable, true);
  assert.ok(ranges.length >= 5);
  assert.ok(pauses.length >= 4);
});

test('getBlob() takes a silent server for a dead one', async (t) => {
  const { bytes, pauses } = await read(
    t,
    (request, response, count) => {
      if (count > 1) {
        const start = Number(/\d+/u.exec(request.headers.range ?? '')?.[0]);
        response.writeHead(206, { 'content-range': `bytes ${start}-199999/200000` });
        return response.end(CONTENT.subarray(start));
      }
      response.writeHead(200, { 'content-length': CONTENT.length });
      return response.write(CONTENT.subarray(0, 60_000));
    },
    { inactivity: 1000 },
  );
  assert.deepEqual(bytes, CONTENT);
  assert.equal(pauses.length, 1);
});

test('getBlob() does not count the time that its consumer takes', async (t) => {
  const server = await scriptedServer(t, (_, response) => response.end(CONTENT));
  const { client, pauses } = testClient(t, { inactivity: 500 });
  let length = 0;
  for await (const chunk of client.getBlob(parseReference(`${server.address}/os`), BLOB)) {
    if (length === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
    length += chunk.length;
  }
  assert.equal(length, CONTENT.length);
  assert.deepEqual(pauses, []);
});

test('getBlob() ends with code aborted when its signal fires', async (t) => {
  const server = await scriptedServer(t, (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, 10));
  });
  const { client, pauses } = testClient(t);
  const abort = new AbortController();
  await assert.rejects(
    async () => {
      for await (const _ of client.getBlob(parseReference(`${server.address}/os`), BLOB, abort.signal))
        abort.abort();
    },
    { code: 'aborted', retryable: false },
  );
  assert.deepEqual(pauses, []);
});

test('getBlobBytes() refuses a blob beyond the limit without asking for it', async (t) => {
  const server = await scriptedServer(t, (_, response) => response.end(CONTENT));
  const { client } = testClient(t);
  const ref = parseReference(`${server.address}/os`);
  await assert.rejects(client.getBlobBytes(ref, BLOB, 1000), { code: 'too-large' });
  assert.equal(server.seen.length, 0);
  assert.deepEqual(Buffer.from(await client.getBlobBytes(ref, BLOB, 200_000)), CONTENT);
});
