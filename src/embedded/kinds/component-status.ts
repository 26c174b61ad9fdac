import type { BuiltInKind } from './built-in-kind.ts';
import { objectsAt, textAt } from '../../schema/index.ts';
import { NAME, nameCell } from './table.ts';

/** core/v1 ComponentStatus: made up when it is asked for, never stored. */
export const componentStatus: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
  verbs: ['get', 'list'],
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  strategy: {},
  table: {
    columns: [
      NAME,
      { name: 'Status', description: 'Status of the component conditions' },
      { name: 'Message', description: 'Message of the component conditions' },
      { name: 'Error', description: 'Error of the component conditions' },
    ],
    cells(object) {
      const healthy = objectsAt(object, 'conditions').find(
        (condition) => textAt(condition, 'type') === 'Healthy',
      );
      if (healthy === undefined) return [nameCell(object), 'Unknown', '', ''];
      const status = textAt(healthy, 'status') === 'True' ? 'Healthy' : 'Unhealthy';
      return [nameCell(object), status, textAt(healthy, 'message'), textAt(healthy, 'error')];
    },
  },
};
