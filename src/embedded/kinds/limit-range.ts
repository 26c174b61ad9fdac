import type { BuiltInKind } from './built-in-kind.ts';
import { ensureObject, setDefault } from './members.ts';
import { DEFAULT_TABLE } from './table.ts';

/** core/v1 LimitRange: stored; nothing is limited. */
export const limitRange: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  strategy: {
    createsOnUpdate: true,
    defaults: (object) => setDefault(ensureObject(object, 'spec'), 'limits', null),
  },
  table: DEFAULT_TABLE,
};
