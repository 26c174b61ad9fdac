import type { BuiltInKind } from './built-in-kind.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';
import { type JsonObject, listAt, objectsAt, textAt } from '../../schema/index.ts';

/** core/v1 ServiceAccount. */
export const serviceAccount: BuiltInKind = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  subresources: [
    {
      name: 'token',
      responseKind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      verbs: ['create'],
    },
  ],
  strategy: {
    returnsDeleted: true,
    create: keepSecretNames,
    update: keepSecretNames,
  },
  table: {
    columns: [NAME, { name: 'Secrets', field: 'secrets' }, AGE],
    cells: (object, now) => [nameCell(object), listAt(object, 'secrets').length, ageCell(object, now)],
  },
};

/** Of a reference to a secret, only the name counts. */
function keepSecretNames(object: JsonObject): void {
  const secrets = objectsAt(object, 'secrets');
  if (secrets.length > 0) object['secrets'] = secrets.map((secret) => ({ name: textAt(secret, 'name') }));
}
