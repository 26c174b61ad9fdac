import { isTrueAt, numberAt, objectsAt, requiredValue, textAt, valueAt } from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { setDefault } from './members.ts';
import { unlessNonNegative, unlessSame } from './problems.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';

/** apps/v1 ControllerRevision. */
export const controllerRevision: BuiltInKind = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
  strategy: {
    defaults: (object) => setDefault(object, 'revision', 0),
    validate: (object) => [
      ...unlessNonNegative('revision', numberAt(object, 'revision')),
      ...(valueAt(object, 'data') === undefined ? [requiredValue('data', 'data is mandatory')] : []),
    ],
    validateUpdate: (object, old) => unlessSame('data', valueAt(object, 'data'), valueAt(old, 'data')),
  },
  table: {
    columns: [
      NAME,
      { name: 'Controller', description: 'Controller of the object' },
      { name: 'Revision', field: 'revision' },
      AGE,
    ],
    cells(object, now) {
      const owner = objectsAt(object, 'metadata', 'ownerReferences').find((reference) =>
        isTrueAt(reference, 'controller'),
      );
      const controller =
        owner === undefined
          ? '<none>'
          : `${resourceName(textAt(owner, 'apiVersion'), textAt(owner, 'kind'))}/${textAt(owner, 'name')}`;
      return [nameCell(object), controller, numberAt(object, 'revision') ?? 0, ageCell(object, now)];
    },
  },
};

/** `deployment.apps`, `node`: as events and tables name an object's kind. */
function resourceName(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  const lower = kind.toLowerCase();
  return slash === -1 ? lower : `${lower}.${apiVersion.slice(0, slash)}`;
}
