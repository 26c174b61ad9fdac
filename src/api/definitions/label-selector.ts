import { k } from '../../schema/index.ts';
import type { Static } from '../../schema/index.ts';

/** Which objects are meant, by their labels. All of it has to hold. */
export const labelSelector = k.object(
  {
    matchLabels: k.map(k.string()),
    matchExpressions: k.list(
      k.object(
        {
          key: k.string(),
          operator: k.string({ description: 'In, NotIn, Exists or DoesNotExist.' }),
          values: k.list(k.string()),
        },
        { required: ['key', 'operator'] },
      ),
    ),
  },
  { atomic: true },
);

export type LabelSelector = Static<typeof labelSelector>;
