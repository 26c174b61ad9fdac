import type { JsonObject, Schema } from '../../schema/index.ts';
import { toGoForm } from './go-form.ts';
import type { Kind, ScalePaths, Subresource, Verb } from './kind.ts';
import { strategyOf } from './strategy.ts';
import type { StrategyRules } from './strategy.ts';
import { tableColumns } from './table.ts';
import type { TableRules } from './table.ts';

/** The verbs of nearly every kind, in the order of discovery. */
export const ALL_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** The verbs of a subresource that shows and changes a part of the object. */
export const PART_VERBS: readonly Verb[] = ['get', 'patch', 'update'];

/** The verbs of a subresource that hands requests on, one for each HTTP method. */
export const PROXY_VERBS: readonly Verb[] = ['create', 'delete', 'get', 'patch', 'update'];

/** A subresource that takes and gives objects of a kind of the core group. */
export function corePart(name: string, kind: string, verbs: readonly Verb[]): Subresource {
  return { name, responseKind: { group: '', version: 'v1', kind }, verbs };
}

/** What tells one built-in kind from another; its schema comes from the documents. */
export interface BuiltInKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  /** The lower-case kind, if absent. */
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly verbs?: readonly Verb[];
  /** In the order of their names; `status` and `scale` are added where the rules say so. */
  readonly subresources?: readonly Subresource[];
  readonly strategy: StrategyRules;
  readonly table: TableRules;
  /** Fields that are stored for selectors, and how they are read. */
  readonly fields?: Readonly<Record<string, (object: JsonObject) => string>>;
  /** Those of them that this kind can be asked for; all, if absent. */
  readonly selectable?: readonly string[];
  readonly scale?: ScalePaths;
  readonly storage?: string;
  readonly view?: NonNullable<Kind['view']>;
  readonly deprecation?: string;
}

/** The schema of a built-in kind's whole object. */
export type SchemaOf = (group: string, version: string, kind: string) => Schema;

/** The Kind of a built-in kind's rules. */
export function builtInKind(rules: BuiltInKind, schemaOf: SchemaOf): Kind {
  const { group, version, kind, plural, fields, scale, view, deprecation } = rules;
  const schema = schemaOf(group, version, kind);
  const strategy = strategyOf(rules.strategy);
  return {
    group,
    version,
    kind,
    listKind: `${kind}List`,
    plural,
    singular: rules.singular ?? kind.toLowerCase(),
    shortNames: rules.shortNames ?? [],
    categories: rules.categories ?? [],
    namespaced: rules.namespaced,
    custom: false,
    verbs: rules.verbs ?? ALL_VERBS,
    subresources: subresourcesOf(rules),
    schema,
    storage: rules.storage ?? (group === '' ? plural : `${group}/${plural}`),
    strategy: {
      ...strategy,
      applyDefaults(object) {
        toGoForm(object, schema);
        strategy.applyDefaults(object);
      },
    },
    table: {
      columns: tableColumns(rules.table.columns, schema),
      cells: (object, now) => rules.table.cells(object, now),
    },
    selectableFields: rules.selectable ?? Object.keys(fields ?? {}),
    fieldsOf: (object) =>
      Object.fromEntries(Object.entries(fields ?? {}).map(([name, read]) => [name, read(object)])),
    ...(scale === undefined ? {} : { scale }),
    ...(view === undefined ? {} : { view }),
    ...(deprecation === undefined ? {} : { deprecation }),
  };
}

function subresourcesOf(rules: BuiltInKind): Subresource[] {
  const { group, version, kind } = rules;
  const all = [...(rules.subresources ?? [])];
  if (rules.scale !== undefined) all.push({ name: 'scale', responseKind: SCALE, verbs: PART_VERBS });
  if (rules.strategy.status !== undefined) {
    all.push({ name: 'status', responseKind: { group, version, kind }, verbs: PART_VERBS });
  }
  return all;
}

/** The kind of every `/scale`. */
export const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;
