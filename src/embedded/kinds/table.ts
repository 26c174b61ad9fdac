import { type JsonObject, type Schema, objectsAt, textAt } from '../../schema/index.ts';
import { ageOf } from './human-duration.ts';
import type { TableColumn } from './kind.ts';

export type Cell = string | number | boolean | null;

/** What tells one column; texts about fields are read from the kind's schema (`spec.selector`) if `field` is set. */
export interface ColumnRules {
  readonly name: string;
  readonly type?: string;
  readonly description?: string;
  readonly field?: string;
  /** Shown only with `-o wide`. */
  readonly wide?: boolean;
  readonly format?: string;
}

export interface TableRules {
  /** All columns; the first is usually {@link NAME}. */
  readonly columns: readonly ColumnRules[];
  cells(object: JsonObject, now: number): Cell[];
}

export const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

export const AGE_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

export const NAME: ColumnRules = { name: 'Name', format: 'name', description: NAME_DESCRIPTION };
export const AGE: ColumnRules = { name: 'Age', description: AGE_DESCRIPTION };

/** The last columns of everything that has a pod template. */
export const CONTAINERS: readonly ColumnRules[] = [
  { name: 'Containers', wide: true, description: 'Names of each container in the template.' },
  { name: 'Images', wide: true, description: 'Images referenced by each container in the template.' },
];

/** The table of a kind that Kubernetes has no printer for; its age is a time. */
export const DEFAULT_TABLE: TableRules = {
  columns: [NAME, { name: 'Created At', type: 'date', description: AGE_DESCRIPTION }],
  cells: (object) => [nameCell(object), textAt(object, 'metadata', 'creationTimestamp')],
};

/** The columns as a Table has them. */
export function tableColumns(rules: readonly ColumnRules[], schema: Schema): TableColumn[] {
  return rules.map(({ name, type, format, description, field, wide }) => ({
    name,
    type: type ?? 'string',
    format: format ?? '',
    description: description ?? describe(schema, field ?? ''),
    priority: wide === true ? 1 : 0,
  }));
}

/** `metadata.name`. */
export function nameCell(object: JsonObject): string {
  return textAt(object, 'metadata', 'name');
}

/** How long ago the object was created. */
export function ageCell(object: JsonObject, now: number): string {
  return ageOf(textAt(object, 'metadata', 'creationTimestamp'), now);
}

/** The names, and the images, of containers. */
export function containerCells(podSpec: JsonObject | undefined): [string, string] {
  const containers = objectsAt(podSpec, 'containers');
  return [
    containers.map((container) => textAt(container, 'name')).join(','),
    containers.map((container) => textAt(container, 'image')).join(','),
  ];
}

function describe(schema: Schema, field: string): string {
  let current: Schema | undefined = schema;
  for (const key of field.split('.')) current = current?.properties?.[key];
  return current?.description ?? '';
}
