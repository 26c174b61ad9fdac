import {
  type JsonObject,
  isTrueAt,
  listAt,
  objectsAt,
  textAt,
  textsAt,
  valueAt,
} from '../../schema/index.ts';
import type { BuiltInKind } from './built-in-kind.ts';
import { definitionErrors, definitionUpdateErrors } from './definition-validation.ts';
import { ensureObject, setDefault, setDefaultText, setOrRemove } from './members.ts';
import { specChanged } from './strategy.ts';
import { DEFAULT_TABLE } from './table.ts';

/** apiextensions.k8s.io/v1 CustomResourceDefinition. Its names are accepted, and it is established, by its controller. */
export const customResourceDefinition: BuiltInKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  strategy: {
    status: () => ({}),
    counts: specChanged,
    updatesUnconditionally: false,
    defaults,
    create(object) {
      statusDefaults(ensureObject(object, 'status'));
      storeVersions(object);
    },
    update: storeVersions,
    statusUpdate(object, old) {
      // Only what the server itself keeps of the metadata comes from the request.
      const metadata = ensureObject(object, 'metadata');
      for (const member of ['labels', 'annotations', 'ownerReferences', 'finalizers']) {
        setOrRemove(metadata, member, valueAt(old, 'metadata', member));
      }
    },
    validate: definitionErrors,
    validateUpdate: definitionUpdateErrors,
  },
  table: DEFAULT_TABLE,
};

function defaults(object: JsonObject): void {
  const spec = ensureObject(object, 'spec');
  const names = ensureObject(spec, 'names');
  const kind = textAt(names, 'kind');
  setDefaultText(names, 'plural', '');
  if (kind !== '') {
    setDefaultText(names, 'singular', kind.toLowerCase());
    setDefaultText(names, 'listKind', `${kind}List`);
  }
  setDefaultText(ensureObject(spec, 'conversion'), 'strategy', 'None');
  statusDefaults(ensureObject(object, 'status'));
}

/** Members that are sent even when they are empty. */
function statusDefaults(status: JsonObject): void {
  setDefault(status, 'conditions', null);
  const accepted = ensureObject(status, 'acceptedNames');
  setDefault(accepted, 'plural', '');
  setDefault(accepted, 'kind', '');
  setDefault(status, 'storedVersions', null);
}

/** In which versions objects were ever stored. */
function storeVersions(object: JsonObject): void {
  const storing = objectsAt(object, 'spec', 'versions').find((version) => isTrueAt(version, 'storage'));
  if (storing === undefined) return;
  const status = ensureObject(object, 'status');
  const name = textAt(storing, 'name');
  if (!textsAt(status, 'storedVersions').includes(name)) {
    status['storedVersions'] = [...listAt(status, 'storedVersions'), name];
  }
}
