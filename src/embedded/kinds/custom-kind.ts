import {
  copyJson,
  isTrueAt,
  numberAt,
  objectAt,
  objectsAt,
  sameJson,
  setMember,
  textAt,
  textsAt,
  valueAt,
} from '../../schema/index.ts';
import type { JsonObject, Schema } from '../../schema/index.ts';
import { definedSchema } from '../documents/index.ts';
import { ALL_VERBS, PART_VERBS, SCALE } from './built-in-kind.ts';
import { customTable } from './printer-columns.ts';
import { scaleErrors, scalePathsOf, statusScaleErrors } from './custom-scale.ts';
import { toGoForm } from './go-form.ts';
import type { Kind, Strategy, Subresource } from './kind.ts';
import { ensureObject, setOrRemove } from './members.ts';
import { strategyOf } from './strategy.ts';

/** The kinds of all versions that a stored CustomResourceDefinition serves. They share what is stored. */
export function customKinds(definition: JsonObject): Kind[] {
  return objectsAt(definition, 'spec', 'versions')
    .filter((version) => isTrueAt(version, 'served'))
    .map((version) => customKind(definition, version));
}

/** The kind of the version in which objects of a stored CustomResourceDefinition are stored, whether it is served or not. */
export function storedKinds(definition: JsonObject): Kind[] {
  return objectsAt(definition, 'spec', 'versions')
    .filter((version) => isTrueAt(version, 'storage'))
    .map((version) => customKind(definition, version));
}

/** The kind of one version of a stored, and so valid, CustomResourceDefinition. */
function customKind(definition: JsonObject, version: JsonObject): Kind {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const group = textAt(spec, 'group');
  const kind = textAt(names, 'kind');
  const plural = textAt(names, 'plural');
  const schema = wholeSchema(objectAt(version, 'schema', 'openAPIV3Schema') ?? {});
  const scale = scalePathsOf(version);
  const fields = objectsAt(version, 'selectableFields').map((field) => textAt(field, 'jsonPath').slice(1));
  return {
    group,
    version: textAt(version, 'name'),
    kind,
    listKind: textAt(names, 'listKind') || `${kind}List`,
    plural,
    singular: textAt(names, 'singular') || kind.toLowerCase(),
    shortNames: textsAt(names, 'shortNames'),
    categories: textsAt(names, 'categories'),
    namespaced: textAt(spec, 'scope') === 'Namespaced',
    custom: true,
    verbs: ALL_VERBS,
    subresources: subresourcesOf(group, kind, version),
    schema,
    storage: `${group}/${plural}`,
    strategy: customStrategy(version, schema),
    table: customTable(version),
    selectableFields: fields,
    fieldsOf: (object) => Object.fromEntries(fields.map((field) => [field, fieldText(object, field)])),
    ...(scale === undefined ? {} : { scale }),
    ...(isTrueAt(version, 'deprecated') ? { deprecation: deprecationOf(group, kind, version) } : {}),
  };
}

/** The definition's own words, or what Kubernetes says without any. */
function deprecationOf(group: string, kind: string, version: JsonObject): string {
  return textAt(version, 'deprecationWarning') || `${group}/${textAt(version, 'name')} ${kind} is deprecated`;
}

function subresourcesOf(group: string, kind: string, version: JsonObject): Subresource[] {
  const all: Subresource[] = [];
  const responseKind = { group, version: textAt(version, 'name'), kind };
  if (hasStatus(version)) all.push({ name: 'status', responseKind, verbs: PART_VERBS });
  if (scalePathsOf(version) !== undefined)
    all.push({ name: 'scale', responseKind: SCALE, verbs: PART_VERBS });
  return all;
}

function hasStatus(version: JsonObject): boolean {
  return objectAt(version, 'subresources', 'status') !== undefined;
}

/** The definition's schema with what every object has; what it says of metadata (a pattern of the name) stays. */
function wholeSchema(own: JsonObject): Schema {
  // The schema was checked when the definition was written.
  const schema = own as Schema;
  const objectMeta = definedSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  const metadata = schema.properties?.['metadata'];
  return {
    ...schema,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...schema.properties,
      metadata: {
        ...objectMeta,
        ...metadata,
        properties: { ...objectMeta.properties, ...metadata?.properties },
      },
    },
  };
}

function customStrategy(version: JsonObject, schema: Schema): Strategy {
  const withStatus = hasStatus(version);
  const metadataSchema = schema.properties?.['metadata'];
  const base = strategyOf({
    updatesUnconditionally: false,
    defaults(object) {
      const metadata = ensureObject(object, 'metadata');
      if (metadataSchema !== undefined) toGoForm(metadata, metadataSchema);
    },
    validate: (object) => [...scaleErrors(version, object), ...statusScaleErrors(version, object)],
    validateStatusUpdate: (object) => statusScaleErrors(version, object),
  });
  return {
    ...base,
    prepareForCreate(object) {
      if (withStatus) delete object['status'];
      ensureObject(object, 'metadata')['generation'] = 1;
    },
    prepareForUpdate(object, old) {
      if (withStatus) setOrRemove(object, 'status', valueAt(old, 'status'));
      const before = numberAt(old, 'metadata', 'generation') ?? 0;
      const ignored = withStatus ? ['metadata', 'status'] : ['metadata'];
      const changed = !sameJson(without(object, ignored), without(old, ignored));
      ensureObject(object, 'metadata')['generation'] = changed ? before + 1 : before;
    },
    prepareForStatusUpdate(object, old) {
      const status = valueAt(object, 'status');
      const managed = valueAt(object, 'metadata', 'managedFields');
      const resourceVersion = valueAt(object, 'metadata', 'resourceVersion');
      for (const key of Object.keys(object)) delete object[key];
      for (const [key, value] of Object.entries(old)) setMember(object, key, copyJson(value));
      const metadata = ensureObject(object, 'metadata');
      setOrRemove(metadata, 'managedFields', managed);
      setOrRemove(metadata, 'resourceVersion', resourceVersion);
      setOrRemove(object, 'status', status);
    },
  };
}

function without(object: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !members.includes(key)));
}

/** What a selector compares: texts, numbers and booleans as they print. */
function fieldText(object: JsonObject, field: string): string {
  const value = valueAt(object, ...field.split('.'));
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}
