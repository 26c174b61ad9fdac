import { dns1123LabelProblems, invalidValue, listAt, textAt, valueAt } from '../../schema/index.ts';
import { corePart } from './built-in-kind.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { ensureObject, setDefault, setOrRemove } from './members.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** core/v1 Namespace. Its contents are removed, and its finalizer with them, by the namespace controller. */
export const namespace: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [corePart('finalize', 'Namespace', ['update'])],
  strategy: {
    names: dns1123LabelProblems,
    status: () => ({ phase: 'Active' }),
    returnsDeleted: true,
    defaults(object) {
      const metadata = ensureObject(object, 'metadata');
      const name = textAt(metadata, 'name');
      // A namespace can be selected by its name; a generated one is not known yet, and `create` follows.
      if (name !== '') ensureObject(metadata, 'labels')['kubernetes.io/metadata.name'] = name;
      ensureObject(object, 'spec');
      const status = ensureObject(object, 'status');
      if (textAt(status, 'phase') === '') status['phase'] = 'Active';
    },
    create(object) {
      const metadata = ensureObject(object, 'metadata');
      ensureObject(metadata, 'labels')['kubernetes.io/metadata.name'] = textAt(metadata, 'name');
      const spec = ensureObject(object, 'spec');
      if (!listAt(spec, 'finalizers').includes('kubernetes')) {
        spec['finalizers'] = [...listAt(spec, 'finalizers'), 'kubernetes'];
      }
    },
    update(object, old) {
      setOrRemove(ensureObject(object, 'spec'), 'finalizers', valueAt(old, 'spec', 'finalizers'));
    },
    validateStatusUpdate(object) {
      const phase = textAt(object, 'status', 'phase');
      const deleting = valueAt(object, 'metadata', 'deletionTimestamp') !== undefined;
      if (deleting && phase !== 'Terminating') {
        return [
          invalidValue(
            'status.Phase',
            phase,
            "may only be 'Terminating' if `deletionTimestamp` is not empty",
          ),
        ];
      }
      return !deleting && phase !== 'Active'
        ? [invalidValue('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")]
        : [];
    },
    statusUpdate: (object) => setDefault(object, 'status', {}),
  },
  table: {
    columns: [NAME, { name: 'Status', description: 'The status of the namespace' }, AGE],
    cells: (object, now) => [nameCell(object), textAt(object, 'status', 'phase'), ageCell(object, now)],
  },
  fields: { 'status.phase': (object) => textAt(object, 'status', 'phase') },
};
