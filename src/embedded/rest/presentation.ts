import { dump } from 'js-yaml';
import type { JsonObject } from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import type { StoredObject } from '../store/index.ts';
import { apiVersionOf } from './kind-registry.ts';
import type { Representation } from './negotiation.ts';
import { badRequest } from '../status/index.ts';
import type { ApiAnswer } from './request.ts';

/** How the objects of one answer are shown. */
export interface Presentation extends Representation {
  /** What a Table's rows have beside their cells. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly pretty: boolean;
  /** Milliseconds since 1970, for ages. */
  readonly now: number;
}

/** The members of a list's `metadata`. */
export interface ListMetadata {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Reads `includeObject` of a Table request. @throws StatusError 400 */
export function readIncludeObject(query: URLSearchParams): 'None' | 'Metadata' | 'Object' {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The JSON of a stored object in the view of this kind, with apiVersion and kind. */
export function objectText(kind: Kind, object: StoredObject): string {
  const text = viewedText(kind, object);
  const head = kind.custom
    ? `{"apiVersion":${JSON.stringify(apiVersionOf(kind))},"kind":${JSON.stringify(kind.kind)}`
    : `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))}`;
  return text === '{}' ? `${head}}` : `${head},${text.slice(1)}`;
}

/** The stored object as a value, with apiVersion and kind. */
export function objectValue(kind: Kind, object: StoredObject): JsonObject {
  if (kind.view !== undefined) return JSON.parse(objectText(kind, object)) as JsonObject;
  // Not from the whole text: it would be copied, and the members before it read, for nothing.
  const value = JSON.parse(object.text) as JsonObject;
  const apiVersion = apiVersionOf(kind);
  return kind.custom ? { apiVersion, kind: kind.kind, ...value } : { kind: kind.kind, apiVersion, ...value };
}

/** The JSON of a stored object in the view of this kind, without apiVersion and kind. */
export function viewedText(kind: Kind, object: StoredObject): string {
  if (kind.view === undefined) return object.text;
  return JSON.stringify(kind.view.fromStored(JSON.parse(object.text) as JsonObject));
}

/** The text of one object in the wanted form. */
export function presentObject(kind: Kind, object: StoredObject, presentation: Presentation): string {
  switch (presentation.as) {
    case 'object':
      return objectText(kind, object);
    case 'metadata':
      return JSON.stringify(metadataOnly(objectValue(kind, object)));
    case 'table':
      return JSON.stringify(
        table(kind, [objectValue(kind, object)], { resourceVersion: String(object.revision) }, presentation),
      );
  }
}

/** A Table of these objects; `columnDefinitions` null in all events of a watch but the first. */
export function table(
  kind: Pick<Kind, 'table'>,
  objects: readonly JsonObject[],
  metadata: ListMetadata | { readonly resourceVersion: string },
  { includeObject, now }: Pick<Presentation, 'includeObject' | 'now'>,
  withColumns = true,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { ...metadata },
    columnDefinitions: withColumns ? kind.table.columns.map((column) => ({ ...column })) : null,
    rows: objects.map((object) => tableRow(kind, object, { includeObject, now })),
  };
}

/** The row of one object in a Table. */
export function tableRow(
  kind: Pick<Kind, 'table'>,
  object: JsonObject,
  { includeObject, now }: Pick<Presentation, 'includeObject' | 'now'>,
): JsonObject {
  return {
    cells: kind.table.cells(object, now),
    object: includeObject === 'None' ? null : includeObject === 'Object' ? object : metadataOnly(object),
  };
}

/** A PartialObjectMetadata. */
export function metadataOnly(object: JsonObject): JsonObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: object['metadata'] ?? {},
  };
}

/** An answer with a JSON text as its body, encoded as the client wants it. */
export function answerJson(
  status: number,
  json: string | readonly Uint8Array[],
  presentation: Pick<Presentation, 'encoding' | 'pretty'>,
  warnings: readonly string[] = [],
): ApiAnswer {
  return {
    status,
    headers: { 'content-type': presentation.encoding === 'yaml' ? 'application/yaml' : 'application/json' },
    warnings,
    body: encoded(json, presentation),
  };
}

function encoded(
  json: string | readonly Uint8Array[],
  { encoding, pretty }: Pick<Presentation, 'encoding' | 'pretty'>,
): string | readonly Uint8Array[] {
  if (encoding !== 'yaml' && !pretty) return typeof json === 'string' ? `${json}\n` : [...json, NEW_LINE];
  const value: unknown = JSON.parse(typeof json === 'string' ? json : Buffer.concat(json).toString());
  return encoding === 'yaml'
    ? dump(value, { sortKeys: true, lineWidth: -1, noRefs: true })
    : JSON.stringify(value, undefined, 2);
}

const NEW_LINE = Buffer.from('\n');

/** People read what these clients get (kubernetes-api §3). */
const PRETTY_AGENTS = ['curl', 'Wget', 'Mozilla/5.0'];

/** Whether an answer is to be indented. */
export function isPretty(query: URLSearchParams, userAgent: string | undefined): boolean {
  const asked = query.get('pretty') ?? '';
  if (asked !== '') return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(asked);
  return PRETTY_AGENTS.some((agent) => userAgent?.startsWith(agent) === true);
}
