import { k } from '../../schema/index.ts';
import type { ValidationRule } from '../../schema/index.ts';

const count = k.int64({ minimum: 0 });

/** How far the nodes of a pool are with what is kept in step beside their configuration. */
export const poolSynchronizers = k.listMap(
  k.object(
    {
      poolSynchronizerType: k.enum(['PinnedImageSets'], { maxLength: 256 }),
      machineCount: count,
      updatedMachineCount: count,
      readyMachineCount: count,
      availableMachineCount: count,
      unavailableMachineCount: count,
      observedGeneration: k.int64({
        minimum: 0,
        rules: [
          {
            rule: 'self >= oldSelf || (self == 0 && oldSelf > 0)',
            message: 'observedGeneration must not move backwards except to zero',
          },
        ],
      }),
    },
    {
      required: [
        'availableMachineCount',
        'machineCount',
        'poolSynchronizerType',
        'readyMachineCount',
        'unavailableMachineCount',
        'updatedMachineCount',
      ],
      rules: [
        atLeast('machineCount', 'updatedMachineCount'),
        atLeast('machineCount', 'availableMachineCount'),
        atLeast('machineCount', 'unavailableMachineCount'),
        atLeast('machineCount', 'readyMachineCount'),
        atLeast('availableMachineCount', 'readyMachineCount'),
      ],
    },
  ),
  ['poolSynchronizerType'],
);

function atLeast(greater: string, smaller: string): ValidationRule {
  return {
    rule: `self.${greater} >= self.${smaller}`,
    message: `${greater} must be greater than or equal to ${smaller}`,
  };
}
