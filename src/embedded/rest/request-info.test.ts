import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readRequestInfo, type RequestInfo } from './request-info.ts';

const CASES: Readonly<Record<string, Partial<RequestInfo>>> = {
  'GET /api/v1/pods': { verb: 'list', resource: 'pods', version: 'v1' },
  'GET /api/v1/pods/': { verb: 'list', resource: 'pods', version: 'v1' },
  'POST /api/v1/namespaces/a/pods': { verb: 'create', resource: 'pods', namespace: 'a', version: 'v1' },
  'GET /api/v1/namespaces/a/pods/b': {
    verb: 'get',
    resource: 'pods',
    namespace: 'a',
    name: 'b',
    version: 'v1',
  },
  'DELETE /api/v1/namespaces/a/pods': {
    verb: 'deletecollection',
    resource: 'pods',
    namespace: 'a',
    version: 'v1',
  },
  'PUT /api/v1/namespaces/a/pods/b/status': {
    verb: 'update',
    resource: 'pods',
    namespace: 'a',
    name: 'b',
    subresource: 'status',
    version: 'v1',
  },
  'GET /api/v1/namespaces/a/pods/b/proxy/x/y': {
    verb: 'get',
    resource: 'pods',
    namespace: 'a',
    name: 'b',
    subresource: 'proxy',
    version: 'v1',
    rest: ['x', 'y'],
  },
  'GET /api/v1/namespaces': { verb: 'list', resource: 'namespaces', version: 'v1' },
  'GET /api/v1/namespaces/a': {
    verb: 'get',
    resource: 'namespaces',
    namespace: 'a',
    name: 'a',
    version: 'v1',
  },
  'PUT /api/v1/namespaces/a/finalize': {
    verb: 'update',
    resource: 'namespaces',
    namespace: 'a',
    name: 'a',
    subresource: 'finalize',
    version: 'v1',
  },
  'PATCH /apis/apps/v1/namespaces/a/deployments/b': {
    verb: 'patch',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    namespace: 'a',
    name: 'b',
  },
  'GET /api/v1/watch/namespaces/a/pods/b': {
    verb: 'watch',
    resource: 'pods',
    namespace: 'a',
    name: 'b',
    version: 'v1',
  },
  'DELETE /api/v1/watch/namespaces/a/pods/b': {
    verb: 'watch',
    resource: 'pods',
    namespace: 'a',
    name: 'b',
    version: 'v1',
  },
  'GET /api/v1/namespaces/a/pods/b%2Fc': {
    verb: 'get',
    resource: 'pods',
    namespace: 'a',
    name: 'b/c',
    version: 'v1',
  },
  'HEAD /api/v1/pods/b': { verb: 'get', resource: 'pods', name: 'b', version: 'v1' },
};

describe('readRequestInfo()', () => {
  for (const [line, expected] of Object.entries(CASES)) {
    test(line, () => {
      const [method = '', path = ''] = line.split(' ');
      assert.deepEqual(readRequestInfo(method, path, false), {
        isResource: true,
        path,
        group: '',
        subresource: '',
        namespace: '',
        name: '',
        rest: [],
        ...expected,
      });
    });
  }

  test('a GET of a collection that asks for a watch is one; of an object it is not', () => {
    assert.equal(readRequestInfo('GET', '/api/v1/pods', true).verb, 'watch');
    assert.equal(readRequestInfo('GET', '/api/v1/namespaces/a/pods/b', true).verb, 'get');
  });

  for (const path of [
    '/',
    '/api',
    '/api/v1',
    '/apis/apps/v1',
    '/healthz',
    '/api/v1//pods',
    '/api/v1/%zz',
    '',
  ]) {
    test(`${path} names no resource`, () => {
      const info = readRequestInfo('GET', path, false);
      assert.equal(info.isResource, false);
      assert.equal(info.verb, 'get');
    });
  }

  test('reads any path', () => {
    const segment = fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'watch', 'pods', '', '%2f', '%', 'x');
    fc.assert(
      fc.property(fc.array(segment), fc.boolean(), (segments, watches) => {
        const info = readRequestInfo('GET', `/${segments.join('/')}`, watches);
        assert.equal(info.isResource, info.resource !== '');
      }),
    );
  });
});
