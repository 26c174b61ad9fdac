/** One operation of a JSON patch (RFC 6902). */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/**
 * A change to an object.
 *
 * - `merge` (RFC 7386): null deletes, lists are replaced whole.
 * - `strategic`: lists merge by their keys; built-in kinds only.
 * - `apply`: server-side apply of all that this field manager wants; `force` takes fields from other managers.
 */
export type Patch =
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly type: 'merge'; readonly patch: object }
  | { readonly type: 'strategic'; readonly patch: object }
  | {
      readonly type: 'apply';
      readonly object: object;
      readonly fieldManager: string;
      readonly force?: boolean;
    };

/** A patch as HTTP carries it. */
export interface EncodedPatch {
  readonly contentType: string;
  readonly body: string;
  readonly query: Readonly<Record<string, string>>;
}

export function encodePatch(patch: Patch): EncodedPatch {
  switch (patch.type) {
    case 'json':
      return encoded('application/json-patch+json', patch.operations);
    case 'merge':
      return encoded('application/merge-patch+json', patch.patch);
    case 'strategic':
      return encoded('application/strategic-merge-patch+json', patch.patch);
    case 'apply':
      return encoded('application/apply-patch+yaml', patch.object, {
        fieldManager: patch.fieldManager,
        ...(patch.force === true ? { force: 'true' } : {}),
      });
  }
}

function encoded(
  contentType: string,
  content: unknown,
  query: Readonly<Record<string, string>> = {},
): EncodedPatch {
  return { contentType, body: JSON.stringify(content), query };
}
