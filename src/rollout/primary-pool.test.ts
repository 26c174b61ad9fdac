import assert from 'node:assert/strict';
import { test } from 'node:test';
import { primaryPool, type Membership, type NodeSelection } from './primary-pool.ts';

function role(name: string): string {
  return `node-role.kubernetes.io/${name}`;
}

/** Pools that select the nodes of their role. */
function pools(...names: readonly string[]): ReadonlyMap<string, NodeSelection> {
  return new Map(names.map((name) => [name, { nodeSelector: { matchLabels: { [role(name)]: '' } } }]));
}

function roles(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [role(name), '']));
}

const ALL = pools('master', 'worker', 'arbiter', 'infra', 'gpu');
const NONE: Membership = { kind: 'none' };

function member(pool: string, passedOver?: string): Membership {
  return { kind: 'member', pool, ...(passedOver === undefined ? {} : { passedOver }) };
}

// Contract §3.1, in its order.
const RULES: Readonly<Record<string, [Membership, Membership]>> = {
  'Windows is nobody’s': [primaryPool({ ...roles('worker'), 'kubernetes.io/os': 'windows' }, ALL), NONE],
  'Windows of old is nobody’s': [
    primaryPool({ ...roles('worker'), 'beta.kubernetes.io/os': 'windows' }, ALL),
    NONE,
  ],
  'Linux is': [primaryPool({ ...roles('worker'), 'kubernetes.io/os': 'linux' }, ALL), member('worker')],
  'an empty selector selects nothing': [
    primaryPool(roles('worker'), new Map([['infra', { nodeSelector: {} }]])),
    NONE,
  ],
  'no selector selects nothing': [primaryPool(roles('worker'), new Map([['infra', {}]])), NONE],
  'a node without labels is nobody’s': [primaryPool(undefined, ALL), NONE],
  'two custom pools are one too many': [
    primaryPool(roles('worker', 'infra', 'gpu'), ALL),
    { kind: 'conflict', pools: ['gpu', 'infra'] },
  ],
  'two custom pools are, for a master too': [
    primaryPool(roles('master', 'infra', 'gpu'), ALL),
    { kind: 'conflict', pools: ['gpu', 'infra'] },
  ],
  'arbiter is a custom pool': [
    primaryPool(roles('arbiter', 'infra'), ALL),
    { kind: 'conflict', pools: ['arbiter', 'infra'] },
  ],
  'master goes before a custom pool': [primaryPool(roles('master', 'infra'), ALL), member('master', 'infra')],
  'master goes before a custom pool and worker': [
    primaryPool(roles('master', 'infra', 'worker'), ALL),
    member('master', 'infra'),
  ],
  'a custom pool goes before worker': [primaryPool(roles('worker', 'infra'), ALL), member('infra')],
  'a custom pool needs no worker': [primaryPool(roles('infra'), ALL), member('infra')],
  'master goes before worker': [primaryPool(roles('master', 'worker'), ALL), member('master')],
  'worker is what remains': [primaryPool(roles('worker'), ALL), member('worker')],
  'a pool that there is not selects nothing': [
    primaryPool(roles('infra', 'worker'), pools('worker')),
    member('worker'),
  ],
};

for (const [rule, [found, expected]] of Object.entries(RULES)) {
  test(`primaryPool(): ${rule}`, () => assert.deepEqual(found, expected));
}
