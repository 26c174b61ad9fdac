import { builtInName } from './built-in-definitions.ts';
import type { DocumentedKind } from './documented-kind.ts';

/** Definitions of which every document speaks. */
export const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
export const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
export const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
export const PATCH = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
export const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';

/**
 * The name of a kind's schema in OpenAPI documents: `io.k8s.api.core.v1.Pod`, or, for a custom kind, its group reversed:
 * `com.example.lab.v1.Gadget`. Undefined for a kind that has no schema (options of a stream, for example).
 */
export function componentName(
  of: { readonly group: string; readonly version: string; readonly kind: string },
  custom: boolean,
): string | undefined {
  if (!custom) return builtInName(of.group, of.version, of.kind);
  return `${of.group.split('.').toReversed().join('.')}.${of.version}.${of.kind}`;
}

/** The same for a kind's list; undefined if it has none. */
export function listComponentName(kind: DocumentedKind): string | undefined {
  const { group, version } = kind;
  return componentName({ group, version, kind: kind.listKind ?? `${kind.kind}List` }, kind.custom === true);
}
