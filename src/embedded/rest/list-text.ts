import type { Kind } from '../kinds/index.ts';
import type { StoredObject } from '../store/index.ts';
import { apiVersionOf } from './kind-registry.ts';
import {
  metadataOnly,
  objectText,
  objectValue,
  tableRow,
  viewedText,
  type ListMetadata,
  type Presentation,
} from './presentation.ts';

/** Characters from which on a part of a list is encoded, and its objects forgotten. */
const PIECE = 256 * 1024;

/**
 * A list in the wanted form: its text or, where it is long, its bytes in pieces. Of a long list there is then only this form
 * in memory: as objects, or as one text, it would take several times as much.
 */
export function listText(
  kind: Kind,
  objects: Iterable<StoredObject>,
  metadata: ListMetadata,
  presentation: Presentation,
): string | readonly Uint8Array[] {
  const { start, item, end } = listForm(kind, metadata, presentation);
  const pieces: Uint8Array[] = [];
  let text = start;
  let separator = '';
  for (const object of objects) {
    text += separator + item(object);
    separator = ',';
    if (text.length < PIECE) continue;
    pieces.push(Buffer.from(text));
    text = '';
  }
  text += end;
  if (pieces.length === 0) return text;
  pieces.push(Buffer.from(text));
  return pieces;
}

/** What a list of a form has around its items, and each item. */
interface ListForm {
  readonly start: string;
  readonly item: (object: StoredObject) => string;
  readonly end: string;
}

function listForm(kind: Kind, metadata: ListMetadata, presentation: Presentation): ListForm {
  switch (presentation.as) {
    case 'object': {
      const listKind = JSON.stringify(kind.listKind);
      const apiVersion = JSON.stringify(apiVersionOf(kind));
      // Items of built-in kinds have no apiVersion and kind (kubernetes-api §11).
      if (!kind.custom)
        return {
          start: `{"kind":${listKind},"apiVersion":${apiVersion},"metadata":${JSON.stringify(metadata)},"items":[`,
          item: (object) => viewedText(kind, object),
          end: ']}',
        };
      const shown = JSON.stringify({ continue: '', ...metadata });
      return {
        start: `{"apiVersion":${apiVersion},"items":[`,
        item: (object) => objectText(kind, object),
        end: `],"kind":${listKind},"metadata":${shown}}`,
      };
    }
    case 'metadata':
      return {
        start: `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(metadata)},"items":[`,
        item: (object) => JSON.stringify(metadataOnly(objectValue(kind, object))),
        end: ']}',
      };
    case 'table': {
      const columns = JSON.stringify(kind.table.columns);
      return {
        start: `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(metadata)},"columnDefinitions":${columns},"rows":[`,
        item: (object) => JSON.stringify(tableRow(kind, objectValue(kind, object), presentation)),
        end: ']}',
      };
    }
  }
}
