import { listAt, objectAt, objectsAt, valueAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { formatSelector, selectorErrors } from './label-selector.ts';
import { ensureObject, setDefaultText } from './members.ts';
import { specChanged } from './strategy.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** networking.k8s.io/v1 NetworkPolicy: stored; there is no network. */
export const networkPolicy: BuiltInKind = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  namespaced: true,
  strategy: {
    counts: specChanged,
    defaults(object) {
      const spec = ensureObject(object, 'spec');
      ensureObject(spec, 'podSelector');
      if (listAt(spec, 'policyTypes').length === 0) {
        spec['policyTypes'] = listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
      }
      for (const rule of [...objectsAt(spec, 'ingress'), ...objectsAt(spec, 'egress')]) {
        for (const port of objectsAt(rule, 'ports')) setDefaultText(port, 'protocol', 'TCP');
      }
    },
    validate: (object) => selectorErrors('spec.podSelector', valueAt(object, 'spec', 'podSelector')),
  },
  table: {
    columns: [NAME, { name: 'Pod-Selector', field: 'spec.podSelector' }, AGE],
    cells: (object, now) => [
      nameCell(object),
      formatSelector(objectAt(object, 'spec', 'podSelector')) || '<none>',
      ageCell(object, now),
    ],
  },
};
