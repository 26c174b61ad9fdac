import type { Kind } from '../kinds/index.ts';

/**
 * What discovery and OpenAPI documents tell of a served resource. Every {@link Kind} is one; so are those that are only
 * answered, never stored (reviews, bindings).
 */
export type DocumentedKind = Pick<
  Kind,
  'group' | 'version' | 'kind' | 'plural' | 'singular' | 'namespaced' | 'verbs'
> &
  Partial<Pick<Kind, 'listKind' | 'shortNames' | 'categories' | 'subresources' | 'custom' | 'schema'>>;

export type Subresource = Kind['subresources'][number];
export type Verb = Kind['verbs'][number];

/** `v1` for the core group, `apps/v1` for others. */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}
