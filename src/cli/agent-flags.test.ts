import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hostOf,
  nodeName,
  parseObjectKey,
  policyOf,
  stateDirectory,
  STATE_DIRECTORY,
} from './agent-flags.ts';

const environment = { variables: { PATH: '/bin' }, program: [] };

test('the state directory is a path on the host, wherever this process sees the host', () => {
  const at = (flags: { hostPid?: number; hostRoot?: string; state?: string }): string => {
    const all = { state: STATE_DIRECTORY, ...flags };
    return stateDirectory(all, hostOf(all, environment));
  };
  assert.equal(at({}), '/var/lib/varve');
  assert.equal(at({ hostPid: 1 }), '/proc/1/root/var/lib/varve');
  assert.equal(at({ hostRoot: '/machines/n/root/' }), '/machines/n/root/var/lib/varve');
  assert.equal(at({ hostPid: 7, state: 'data' }), '/proc/7/root/data');
});

test('two flags that name two hosts are refused', () => {
  assert.throws(() => hostOf({ hostPid: 1, hostRoot: '/x', state: '/y' }, environment), {
    code: 'input',
    message: 'cannot use --host-pid and --host-root together: they name two hosts',
  });
});

test('the Node is the one that is named, then that of the pod, then the host', () => {
  assert.equal(nodeName('a', { variables: { NODE_NAME: 'b' }, program: [] }), 'a');
  assert.equal(nodeName(undefined, { variables: { NODE_NAME: 'b' }, program: [] }), 'b');
  assert.notEqual(nodeName(undefined, environment), '');
});

test('a secret is named with its namespace', () => {
  assert.deepEqual(parseObjectKey('ns/name'), { namespace: 'ns', name: 'name' });
  for (const text of ['name', '/name', 'ns/', 'a/b/c', ''])
    assert.equal(parseObjectKey(text), undefined, text);
});

test('flags are a policy: what is not said is the careful thing', () => {
  const usual = {
    drain: true,
    takeOver: true,
    discardLayeredPackages: false,
    enforceImage: false,
    dropRollback: false,
  };
  const { drain, takeOver, localChanges, manualChange, dropRollback } = policyOf(usual);
  assert.deepEqual(
    [drain, takeOver, localChanges, manualChange, dropRollback],
    [true, true, 'refuse', 'respect', false],
  );
  const bold = policyOf({
    drain: false,
    takeOver: false,
    discardLayeredPackages: true,
    enforceImage: true,
    dropRollback: true,
  });
  assert.deepEqual([bold.drain, bold.localChanges, bold.manualChange], [false, 'discard', 'enforce']);
});
