import { isJsonObject, numberAt, objectsAt, textAt } from '../../schema/index.ts';
import type { Json, JsonObject } from '../../schema/index.ts';
import { ageOf } from './human-duration.ts';
import { JsonPathError, findAll, parseJsonPath } from './json-path.ts';
import type { JsonPath } from './json-path.ts';
import type { TableColumn, TableFormat } from './kind.ts';
import { compareText } from '../../ignition/index.ts';
import { AGE_DESCRIPTION, NAME_DESCRIPTION, ageCell, nameCell } from './table.ts';
import type { Cell } from './table.ts';

const NAME: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME_DESCRIPTION,
  priority: 0,
};

const AGE: TableColumn = {
  name: 'Age',
  type: 'date',
  format: '',
  description: AGE_DESCRIPTION,
  priority: 0,
};

/** The table of a version of a CustomResourceDefinition: its additionalPrinterColumns, or the age if it has none. */
export function customTable(version: JsonObject): TableFormat {
  const definitions = objectsAt(version, 'additionalPrinterColumns');
  if (definitions.length === 0) {
    return { columns: [NAME, AGE], cells: (object, now) => [nameCell(object), ageCell(object, now)] };
  }
  const columns = definitions.map((definition) => ({
    column: columnOf(definition),
    path: pathOf(textAt(definition, 'jsonPath')),
  }));
  return {
    columns: [NAME, ...columns.map(({ column }) => column)],
    cells: (object, now) => [
      nameCell(object),
      ...columns.map(({ column, path }) => {
        const [first] = path === undefined ? [] : findAll(path, object);
        return first === undefined ? null : customCell(column.type, first, now);
      }),
    ],
  };
}

function columnOf(definition: JsonObject): TableColumn {
  return {
    name: textAt(definition, 'name'),
    type: textAt(definition, 'type'),
    format: textAt(definition, 'format'),
    description:
      textAt(definition, 'description') ||
      `Custom resource definition column (in JSONPath format): ${textAt(definition, 'jsonPath')}`,
    priority: numberAt(definition, 'priority') ?? 0,
  };
}

/** A definition with a path that cannot be read shows nothing there. */
function pathOf(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

/** A value as its column's type shows it; null where it is of another type. */
function customCell(type: string, value: Json, now: number): Cell {
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date': {
      if (typeof value !== 'string') return null;
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, now);
    }
    case 'string':
      return goText(value, 0);
    default:
      return null;
  }
}

/** How deep a value is printed. */
const MAX_DEPTH = 20;

/** A value as Go's fmt prints it: `map[a:1 b:2]`, `[x y]`. */
function goText(value: Json, depth: number): string {
  if (depth > MAX_DEPTH) return '...';
  if (value === null) return depth === 0 ? '<no value>' : '<nil>';
  if (Array.isArray(value)) return `[${value.map((item) => goText(item, depth + 1)).join(' ')}]`;
  if (!isJsonObject(value)) return String(value);
  const members = Object.entries(value).sort(([left], [right]) => compareText(left, right));
  return `map[${members.map(([key, member]) => `${key}:${goText(member, depth + 1)}`).join(' ')}]`;
}
