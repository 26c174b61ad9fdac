import type { Event } from 'js-yaml';
import {
  constructFromEvents,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  getScalarValue,
  parseEvents,
  YAMLException,
} from 'js-yaml';
import { KUBERNETES_YAML, YAML_LIMITS } from '../api/index.ts';
import { CliError } from './cli-error.ts';

/** Where something stands in a text file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One YAML (or JSON) document of a file. */
export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /** The position of the key or item at a path, or of its nearest parent that is there. */
  position(path: readonly (string | number)[]): Position;
}

/**
 * Reads every document of a file; empty documents are passed over.
 *
 * @throws CliError `input` with file, line and column of the first error.
 */
export function readYamlDocuments(file: string, text: string): readonly YamlDocument[] {
  let events: Event[];
  let values: readonly unknown[];
  try {
    events = parseEvents(text, { maxDepth: YAML_LIMITS.maxDepth });
    values = constructFromEvents(events, {
      source: text,
      schema: KUBERNETES_YAML,
      maxAliases: YAML_LIMITS.maxAliases,
    });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const at = cause.mark === undefined ? '' : `:${cause.mark.line + 1}:${cause.mark.column + 1}`;
    throw new CliError('input', `cannot read ${file}${at}: ${explain(cause.reason)}`, { cause });
  }
  const starts = [...events.keys()].filter((index) => events[index]?.type === EVENT_DOCUMENT);
  return values.flatMap((value, index): readonly YamlDocument[] => {
    if (value === null || value === undefined) return [];
    const root = (starts[index] ?? 0) + 1;
    return [{ file, value, position: (path) => positionAt(text, offsetOf(events, root, text, path)) }];
  });
}

/** The parser's reason, with the usual cause where it speaks of a mere consequence. */
function explain(reason: string): string {
  return reason === 'deficient indentation' ? `${reason}; is a quote or bracket left open above?` : reason;
}

/** The offset of the key or item at a path below the node that begins at event `root`. */
function offsetOf(
  events: readonly Event[],
  root: number,
  text: string,
  path: readonly (string | number)[],
): number {
  let at = root;
  let offset = startOf(events[at], text) ?? 0;
  for (const step of path) {
    const found = childOf(events, at, text, step);
    if (found === undefined) break;
    offset = startOf(events[found.label], text) ?? offset;
    at = found.node;
  }
  return offset;
}

/** The event of a member's value or of an item, and the event where a person looks for it: its key, or itself. */
function childOf(
  events: readonly Event[],
  parent: number,
  text: string,
  step: string | number,
): { readonly label: number; readonly node: number } | undefined {
  const isMapping = events[parent]?.type === EVENT_MAPPING;
  if (!isMapping && events[parent]?.type !== EVENT_SEQUENCE) return undefined;
  let at = parent + 1;
  for (let position = 0; at < events.length && events[at]?.type !== EVENT_POP; position += 1) {
    const node = isMapping ? endOf(events, at) : at;
    const key = events[at];
    const name = isMapping && key?.type === EVENT_SCALAR ? getScalarValue(text, key) : position;
    if (String(name) === String(step)) return { label: at, node };
    at = endOf(events, node);
  }
  return undefined;
}

/** The index after the node that begins at an event. */
function endOf(events: readonly Event[], start: number): number {
  let depth = 0;
  for (let at = start; at < events.length; at += 1) {
    const type = events[at]?.type;
    if (type === EVENT_MAPPING || type === EVENT_SEQUENCE) depth += 1;
    else if (type === EVENT_POP) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return events.length;
}

function startOf(event: Event | undefined, text: string): number | undefined {
  if (event === undefined) return undefined;
  if ('start' in event) return event.start;
  // The value of a quoted scalar begins after its quote.
  if ('valueStart' in event) return event.valueStart - Number(/["']/u.test(text[event.valueStart - 1] ?? ''));
  return 'anchorStart' in event ? event.anchorStart : undefined;
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
