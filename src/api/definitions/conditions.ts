import { k } from '../../schema/index.ts';

/** A condition as in metav1: what holds, since when and why. */
export const condition = k.object(
  {
    type: k.string({
      maxLength: 316,
      pattern:
        '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
    }),
    status: k.enum(['True', 'False', 'Unknown']),
    observedGeneration: k.int64({ minimum: 0 }),
    lastTransitionTime: k.dateTime({ description: 'When the status last changed.' }),
    reason: k.string({
      description: 'Why, in one word for programs.',
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
    message: k.string({ description: 'Why, for people.', maxLength: 32768 }),
  },
  { required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'] },
);

/** Members of the conditions that this API group had before metav1 defined one: nothing is checked. */
export const looseConditionMembers = {
  type: k.string(),
  status: k.string({ description: 'True, False or Unknown.' }),
  lastTransitionTime: k.nullable(k.dateTime({ description: 'When the status last changed.' })),
  reason: k.string(),
  message: k.string(),
};

/** The conditions of the kinds that predate metav1's. */
export const looseConditions = k.list(k.object(looseConditionMembers));
