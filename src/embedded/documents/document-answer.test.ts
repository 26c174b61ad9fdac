import assert from 'node:assert/strict';
import test from 'node:test';
import { ApiDocuments } from './api-documents.ts';
import { answerDiscovery, answerOpenApi, discoveryForm } from './document-answer.ts';
import { TEST_KINDS } from './test-kinds.ts';

const documents = new ApiDocuments(TEST_KINDS, 'v1.33.0');
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

test('discoveryForm() is aggregated where v2 is wanted first', () => {
  const older = AGGREGATED.replace('v2', 'v2beta1');
  assert.equal(discoveryForm(`${AGGREGATED},${older},application/json`), 'aggregated');
  assert.equal(discoveryForm(`${older},${AGGREGATED}`), 'aggregated');
  assert.equal(discoveryForm(`${older},application/json`), 'plain');
  assert.equal(discoveryForm(`${AGGREGATED};q=0.5,application/json`), 'plain');
  assert.equal(discoveryForm(undefined), 'plain');
  assert.equal(discoveryForm('*/*'), 'plain');
  assert.equal(discoveryForm(older), undefined);
  assert.equal(discoveryForm('text/plain'), undefined);
});

test('answerDiscovery() has an ETag and answers 304 to it', () => {
  const answer = answerDiscovery(documents, false, undefined);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], AGGREGATED);
  assert.equal(answer.headers['cache-control'], 'public');
  assert.match(answer.headers['etag']!, /^"[0-9A-F]{128}"$/);
  assert.deepEqual(answerDiscovery(documents, false, answer.headers['etag']), {
    status: 304,
    headers: { 'cache-control': 'public', vary: 'Accept', etag: answer.headers['etag'] },
    body: '',
  });
  assert.equal(answerDiscovery(documents, true, answer.headers['etag']).status, 200);
});

test('answerOpenApi() serves version 3 by its hash', () => {
  const index = answerOpenApi(documents, { path: '/openapi/v3' })!;
  assert.equal(index.headers['content-type'], 'text/plain; charset=utf-8');
  const { paths } = JSON.parse(index.body as string) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  assert.deepEqual(Object.keys(paths), [
    'api/v1',
    'apis/apps/v1',
    'apis/authentication.k8s.io/v1',
    'apis/lab.example.com/v1',
  ]);
  const [path = '', hash = ''] = paths['api/v1']!.serverRelativeURL.split('?hash=');
  const answer = answerOpenApi(documents, { path, hash })!;
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers, {
    'cache-control': 'public, immutable',
    'content-type': 'application/json',
    etag: `"${hash}"`,
    vary: 'Accept',
  });
  const without = answerOpenApi(documents, { path })!;
  assert.equal(without.headers['cache-control'], undefined);
  assert.equal(answerOpenApi(documents, { path, ifNoneMatch: `"${hash}"` })!.status, 304);
  const moved = answerOpenApi(documents, { path, hash: 'ABC' })!;
  assert.equal(moved.status, 301);
  assert.equal(moved.headers['location'], `${path}?hash=${hash}`);
  assert.deepEqual(answerOpenApi(documents, { path: '/openapi/v3/apis/nope/v1' }), {
    status: 404,
    headers: {},
    body: '',
  });
  assert.equal(answerOpenApi(documents, { path, accept: 'application/xml' })!.status, 406);
  assert.equal(answerOpenApi(documents, { path: '/openapi/v1' }), undefined);
});

test('answerOpenApi() serves version 2 as JSON and as protobuf', () => {
  const path = '/openapi/v2';
  const json = answerOpenApi(documents, { path, accept: 'application/json, */*' })!;
  assert.equal(json.headers['content-type'], 'application/json');
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  const protobuf = answerOpenApi(documents, { path, accept })!;
  assert.equal(
    protobuf.headers['content-type'],
    'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  );
  assert.equal(protobuf.headers['etag'], json.headers['etag']);
  assert.ok(protobuf.body instanceof Uint8Array);
  assert.equal(answerOpenApi(documents, { path, ifNoneMatch: json.headers['etag'] })!.status, 304);
  assert.deepEqual(answerOpenApi(documents, { path, accept: 'text/plain' }), {
    status: 406,
    headers: { vary: 'Accept' },
    body: '',
  });
});

test('ApiDocuments keeps what did not change', () => {
  const first = documents.openApiV3('api/v1');
  const fewer = TEST_KINDS.filter((kind) => kind.custom !== true);
  const next = new ApiDocuments(fewer, 'v1.33.0', documents);
  assert.equal(next.openApiV3('api/v1'), first);
  assert.equal(next.openApiV3('apis/lab.example.com/v1'), undefined);
  assert.notEqual(next.openApiV2().hash, documents.openApiV2().hash);
});
