import type { Schema } from '../../schema/index.ts';

/** Which API object a definition describes. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * A definition as the file of built-in definitions has it: a schema whose references are names of other definitions.
 * Formats beyond JSON schema's tell what Kubernetes reads there: `micro-time`, `quantity`,
 * `int-or-string`.
 */
export interface Definition extends Omit<Schema, 'items' | 'properties' | 'additionalProperties'> {
  readonly $ref?: string;
  readonly items?: Definition;
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly additionalProperties?: Definition;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

/** Definitions by their name in OpenAPI documents, for example `io.k8s.api.core.v1.Pod`. */
export type Definitions = Readonly<Record<string, Definition>>;
