import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { requiredValue } from '../../schema/index.ts';
import {
  alreadyExists,
  conflict,
  forbidden,
  forbiddenPath,
  invalid,
  notFound,
  unauthorized,
  type StatusError,
} from './index.ts';

const LEASES = { group: 'coordination.k8s.io', plural: 'leases' };
const PODS = { group: '', plural: 'pods' };

test('failures are told in the words of Kubernetes', () => {
  const table: [StatusError, number, string, object | undefined][] = [
    [
      notFound(LEASES, 'a'),
      404,
      'leases.coordination.k8s.io "a" not found',
      { name: 'a', group: 'coordination.k8s.io', kind: 'leases' },
    ],
    [alreadyExists(PODS, 'a'), 409, 'pods "a" already exists', { name: 'a', kind: 'pods' }],
    [
      conflict(PODS, 'a', 'of that'),
      409,
      'Operation cannot be fulfilled on pods "a": of that',
      { name: 'a', kind: 'pods' },
    ],
    [forbidden(PODS, '', 'of that'), 403, 'pods is forbidden: of that', { kind: 'pods' }],
    [forbiddenPath('of that'), 403, 'forbidden: of that', {}],
    [unauthorized(), 401, 'Unauthorized', undefined],
  ];
  for (const [error, code, message, details] of table) {
    const { details: shown, ...status } = error.toStatus();
    assert.deepEqual(shown, details, message);
    assert.deepEqual(
      status,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        reason: error.reason,
        code,
      },
      message,
    );
  }
});

test('invalid() tells each error, the same text once', () => {
  const twice = [requiredValue('spec.a'), requiredValue('spec.b'), requiredValue('spec.a')];
  const error = invalid({ group: 'apps', kind: 'Deployment' }, 'd', twice);
  assert.equal(
    error.message,
    'Deployment.apps "d" is invalid: [spec.a: Required value, spec.b: Required value]',
  );
  assert.equal(error.details?.causes?.length, 3);
  assert.equal(
    invalid({ group: '', kind: 'Pod' }, 'p', [requiredValue('spec')]).message,
    'Pod "p" is invalid: spec: Required value',
  );
});

test('any name gives a status that JSON can hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const status = notFound(PODS, name).toStatus();
      assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
    }),
  );
});
