import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { digestOf, sha256 } from './digest.ts';
import { MediaType } from './media-type.ts';
import { OciError } from './oci-error.ts';
import { parseReference, withDigest } from './reference.ts';
import { scriptedServer, testClient } from './registry-test-server.ts';

const INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }));
const DIGEST = sha256(INDEX);

async function failure(promise: Promise<unknown>): Promise<OciError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof OciError, String(error));
    return error;
  }
  return assert.fail('no error');
}

function index(response: ServerResponse, headers: Record<string, string> = {}): void {
  response
    .writeHead(200, { 'content-type': MediaType.ociIndex, 'content-length': INDEX.length, ...headers })
    .end(INDEX);
}

test('resolve() takes one HEAD, with the tag latest for a bare reference', async (t) => {
  const server = await scriptedServer(t, (_, response) =>
    index(response, { 'docker-content-digest': DIGEST }),
  );
  const { client } = testClient(t);
  const found = await client.resolve(parseReference(`${server.address}/team/os`));
  assert.deepEqual(found, { digest: DIGEST, mediaType: MediaType.ociIndex, size: INDEX.length });
  assert.deepEqual(server.lines(), ['HEAD /v2/team/os/manifests/latest']);
  assert.match(
    server.seen[0]?.headers.accept ?? '',
    /oci\.image\.index\.v1\+json.*docker\.distribution\.manifest\.v2/u,
  );
});

test('resolve() reads the manifest when HEAD says too little', async (t) => {
  const { client } = testClient(t);
  for (const script of [
    (response: ServerResponse) => index(response),
    (response: ServerResponse) => index(response, { 'docker-content-digest': 'sha256:short' }),
    (response: ServerResponse, head: boolean) => (head ? response.writeHead(405).end() : index(response)),
  ]) {
    const server = await scriptedServer(t, (request, response) =>
      script(response, request.method === 'HEAD'),
    );
    assert.equal((await client.resolve(parseReference(`${server.address}/os:1`)))?.digest, DIGEST);
    assert.equal(server.seen.length, 2);
  }
});

test('resolve() and getManifest() refuse another digest than the one asked for', async (t) => {
  const other = sha256(Buffer.of(1));
  const server = await scriptedServer(t, (_, response) =>
    index(response, { 'docker-content-digest': DIGEST }),
  );
  const { client } = testClient(t);
  const ref = withDigest(parseReference(`${server.address}/os`), other);
  assert.equal((await failure(client.resolve(ref))).code, 'digest-mismatch');
  assert.equal((await failure(client.getManifest(ref))).code, 'digest-mismatch');
});

test('getManifest() catches a Docker-Content-Digest that lies', async (t) => {
  const server = await scriptedServer(t, (_, response) =>
    index(response, { 'docker-content-digest': sha256(Buffer.of(1)) }),
  );
  const { client } = testClient(t);
  const error = await failure(client.getManifest(parseReference(`${server.address}/os:1`)));
  assert.equal(error.code, 'digest-mismatch');
});

test('getManifest() verifies a sha512 reference', async (t) => {
  const server = await scriptedServer(t, (_, response) => index(response));
  const { client } = testClient(t);
  const digest = digestOf(INDEX, 'sha512');
  const found = await client.getManifest(withDigest(parseReference(`${server.address}/os`), digest));
  assert.equal(found?.digest, digest);
});

test('getManifest() takes the type of the document when the header is vague, and refuses other types', async (t) => {
  const { client } = testClient(t);
  for (const [type, code] of [
    ['application/json', undefined],
    ['text/plain; charset=utf-8', undefined],
    ['Application/VND.oci.image.index.v1+json; charset=utf-8', undefined],
    ['text/html', 'unsupported'],
    ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'unsupported'],
  ] as const) {
    const server = await scriptedServer(t, (_, response) => index(response, { 'content-type': type }));
    const ref = parseReference(`${server.address}/os:1`);
    if (code === undefined) assert.equal((await client.getManifest(ref))?.mediaType, MediaType.ociIndex);
    else assert.equal((await failure(client.getManifest(ref))).code, code);
  }
});

test('getManifest() stops reading at 4 MiB', async (t) => {
  const server = await scriptedServer(t, (_, response) => response.end(Buffer.alloc(4 * 1024 * 1024 + 1)));
  const { client } = testClient(t);
  const error = await failure(client.getManifest(parseReference(`${server.address}/os:1`)));
  assert.equal(error.code, 'too-large');
  assert.match(
    error.message,
    /^cannot read manifest 127\S+: the answer of 127\S+ has more than the 4194304 bytes allowed$/u,
  );
});

test('putManifest() sends the type and verifies the answer', async (t) => {
  const server = await scriptedServer(t, (_, response, count) =>
    response.writeHead(201, { 'docker-content-digest': count === 1 ? DIGEST : sha256(Buffer.of(1)) }).end(),
  );
  const { client } = testClient(t);
  const ref = parseReference(`${server.address}/os:1`);
  assert.equal(await client.putManifest(ref, INDEX, MediaType.ociIndex), DIGEST);
  assert.equal(server.seen[0]?.headers['content-type'], MediaType.ociIndex);
  assert.deepEqual(server.seen[0].body, INDEX);
  assert.equal((await failure(client.putManifest(ref, INDEX, MediaType.ociIndex))).code, 'digest-mismatch');
  const wrong = withDigest(ref, sha256(Buffer.of(1)));
  assert.equal((await failure(client.putManifest(wrong, INDEX, MediaType.ociIndex))).code, 'digest-mismatch');
  assert.equal(server.seen.length, 2);
  const digested = withDigest(ref, DIGEST);
  await failure(client.putManifest(digested, INDEX, MediaType.ociIndex));
  assert.equal(server.lines()[2], `PUT /v2/os/manifests/${DIGEST}`);
});

test('putManifest() names the blobs that are missing', async (t) => {
  const first = sha256(Buffer.of(1));
  const second = sha256(Buffer.of(2));
  for (const [status, errors, digests] of [
    [400, [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: first }], [first]],
    [
      400,
      [
        { code: 'MANIFEST_BLOB_UNKNOWN', detail: { digest: first } },
        { code: 'MANIFEST_BLOB_UNKNOWN', detail: [second] },
      ],
      [first, second],
    ],
    [404, [{ code: 'BLOB_UNKNOWN' }], []],
    [404, [{ code: 'MANIFEST_UNKNOWN', message: 'child' }], []],
  ] as const) {
    const server = await scriptedServer(t, (_, response) =>
      response.writeHead(status).end(JSON.stringify({ errors })),
    );
    const { client } = testClient(t);
    const error = await failure(
      client.putManifest(parseReference(`${server.address}/os:1`), INDEX, MediaType.ociIndex),
    );
    assert.equal(error.code, 'blob-unknown');
    assert.deepEqual(error.digests, digests);
  }
});

test('putManifest() passes on that the manifest is invalid', async (t) => {
  const errors = [{ code: 'MANIFEST_INVALID', message: 'mixed types' }];
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(400).end(JSON.stringify({ errors })),
  );
  const { client } = testClient(t);
  const error = await failure(
    client.putManifest(parseReference(`${server.address}/os:1`), INDEX, MediaType.ociIndex),
  );
  assert.equal(error.code, 'manifest-invalid');
  assert.match(error.message, /does not accept the manifest \(400 MANIFEST_INVALID: mixed types\)/u);
});

test('listTags() follows the pages of its own origin only', async (t) => {
  const links = ['</v2/os/tags/list?n=2&last=b>; rel="next"', '<http://127.0.0.1:1/evil>; rel="next"'];
  const server = await scriptedServer(t, (_, response, count) => {
    response.writeHead(200, { link: links[count - 1]! });
    response.end(JSON.stringify({ name: 'os', tags: count === 1 ? ['a', 'b'] : ['c'] }));
  });
  const { client } = testClient(t);
  assert.deepEqual(await client.listTags(parseReference(`${server.address}/os`)), ['a', 'b', 'c']);
  assert.deepEqual(server.lines(), ['GET /v2/os/tags/list', 'GET /v2/os/tags/list?n=2&last=b']);
});

test('listTags() ends on a list that goes in a circle, and refuses a malformed one', async (t) => {
  const circle = await scriptedServer(t, (_, response) =>
    response.writeHead(200, { link: '</v2/os/tags/list>; rel=next' }).end('{"tags":null}'),
  );
  const { client } = testClient(t);
  assert.match(
    (await failure(client.listTags(parseReference(`${circle.address}/os`)))).message,
    /does not end/u,
  );
  const odd = await scriptedServer(t, (_, response) => response.end('{"tags":[1]}'));
  assert.equal((await failure(client.listTags(parseReference(`${odd.address}/os`)))).code, 'malformed');
});

test('referrers() uses the API where there is one, and filters', async (t) => {
  const entry = { mediaType: MediaType.ociManifest, digest: DIGEST, size: 3 };
  const manifests = [
    { ...entry, artifactType: 'a/b' },
    { ...entry, artifactType: 'c/d' },
  ];
  const server = await scriptedServer(t, (_, response) =>
    response
      .writeHead(200, { 'content-type': MediaType.ociIndex })
      .end(JSON.stringify({ schemaVersion: 2, manifests })),
  );
  const { client } = testClient(t);
  const ref = parseReference(`${server.address}/os`);
  assert.equal((await client.referrers(ref, DIGEST)).length, 2);
  assert.deepEqual(await client.referrers(ref, DIGEST, 'a/b'), [manifests[0]]);
  assert.equal(server.lines()[1], `GET /v2/os/referrers/${DIGEST}?artifactType=a%2Fb`);
});

test('referrers() falls back to the tag on a 404 and on an answer that is no index', async (t) => {
  const entry = { mediaType: MediaType.ociManifest, digest: DIGEST, size: 3 };
  for (const status of [404, 200]) {
    const server = await scriptedServer(t, (request, response) => {
      if (request.url.includes('/referrers/'))
        response.writeHead(status, { 'content-type': 'text/html' }).end('<html>');
      else {
        response.writeHead(200, { 'content-type': MediaType.ociIndex });
        response.end(JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
      }
    });
    const { client } = testClient(t);
    assert.deepEqual(await client.referrers(parseReference(`${server.address}/os`), DIGEST), [entry]);
    assert.equal(server.lines()[1], `GET /v2/os/manifests/${DIGEST.replace(':', '-')}`);
  }
});

test('deleteManifest() says when the registry forbids it', async (t) => {
  const errors = [{ code: 'UNSUPPORTED', message: 'The operation is unsupported.' }];
  const server = await scriptedServer(t, (_, response) =>
    response.writeHead(405).end(JSON.stringify({ errors })),
  );
  const { client } = testClient(t);
  const error = await failure(
    client.deleteManifest(withDigest(parseReference(`${server.address}/os`), DIGEST)),
  );
  assert.equal(error.code, 'unsupported');
});
