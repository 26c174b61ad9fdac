import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderedOwner } from './rendered-owner.ts';
import type { JsonValue } from '../ignition/index.ts';

const OWNER = { kind: 'MachineConfigPool', name: 'infra', uid: 'u', controller: true };
const INFRA = { name: 'infra', uid: 'u' };

const METADATA: Readonly<Record<string, [name: string, owners: JsonValue | undefined, expected: unknown]>> = {
  'of its pool': ['rendered-infra-1', [OWNER], INFRA],
  'of its pool, among others': ['rendered-infra-1', [null, { ...OWNER, controller: false }, OWNER], INFRA],
  'that nobody owns': ['rendered-infra-1', undefined, undefined],
  'that the pool does not control': ['rendered-infra-1', [{ ...OWNER, controller: false }], undefined],
  'of another kind': ['rendered-infra-1', [{ ...OWNER, kind: 'KubeletConfig' }], undefined],
  'whose name is of another pool': ['rendered-gpu-1', [OWNER], undefined],
  'that a person made for a pool': ['50-infra', [OWNER], undefined],
  'whose owner is nobody in particular': ['rendered-infra-1', [{ ...OWNER, uid: null }], undefined],
};

for (const [what, [name, ownerReferences, expected]] of Object.entries(METADATA)) {
  test(`renderedOwner() of a MachineConfig ${what}`, () => {
    const owners = ownerReferences === undefined ? {} : { ownerReferences };
    assert.deepEqual(renderedOwner({ name, ...owners }), expected);
  });
}
