import { API_GROUP } from '../api-version.ts';
import type { API_VERSION } from '../api-version.ts';
import type { ObjectMeta } from '../object-meta.ts';
import type { Schema, Static, ValidationRule } from '../../schema/index.ts';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'number' | 'date';
  readonly description?: string;
  readonly jsonPath: string;
  /** 1: only with `-o wide`; absent: always. */
  readonly priority?: number;
}

/** A CustomResourceDefinition of one served and stored version, as plain JSON. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly shortNames?: readonly string[];
      readonly singular: string;
    };
    readonly scope: 'Cluster';
    readonly versions: readonly [
      {
        readonly name: 'v1';
        readonly served: true;
        readonly storage: true;
        readonly additionalPrinterColumns?: readonly PrinterColumn[];
        readonly schema: { readonly openAPIV3Schema: Schema };
        readonly subresources?: { readonly status: Record<string, never> };
      },
    ];
  };
}

/** An object of a kind, as a server stores it. */
export interface ApiResource<Kind extends string, Spec, Status = never, Version = typeof API_VERSION> {
  readonly apiVersion: Version;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Static<Spec>;
  readonly status?: Static<Status>;
}

/** What distinguishes one kind from another. */
interface KindDefinition {
  /** By default the group of the contract. */
  readonly group?: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly description: string;
  readonly columns?: readonly PrinterColumn[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: Schema;
  /** A kind with a status has the subresource for it. */
  readonly status?: Schema;
  readonly required?: readonly 'spec'[];
  /** Rules on the whole object. */
  readonly rules?: readonly ValidationRule[];
}

/** The age of an object: the last of the columns that are always shown. */
export const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** Marks a CustomResourceDefinition as an operator's (contract §1.0). */
const OPERATOR_MANAGED = { 'openshift.io/operator-managed': '' };

/** A column with the status of a condition: True, False, Unknown, or nothing. */
export function conditionColumn(
  name: string,
  { condition = name, ...others }: { condition?: string; description?: string; priority?: number } = {},
): PrinterColumn {
  return {
    name,
    type: 'string',
    ...others,
    jsonPath: `.status.conditions[?(@.type=="${condition}")].status`,
  };
}

/** The CustomResourceDefinition of a kind. All kinds are cluster-scoped and have one version (contract §1.0). */
export function defineKind(definition: KindDefinition): CustomResourceDefinition {
  const { group = API_GROUP, kind, shortNames, labels = OPERATOR_MANAGED, columns, status } = definition;
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(Object.keys(labels).length === 0 ? {} : { labels }) },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        ...(shortNames === undefined ? {} : { shortNames }),
        singular,
      },
      scope: 'Cluster',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          ...(columns === undefined ? {} : { additionalPrinterColumns: columns }),
          schema: { openAPIV3Schema: objectSchema(definition) },
          ...(status === undefined ? {} : { subresources: { status: {} } }),
        },
      ],
    },
  };
}

function objectSchema({ description, spec, status, required = ['spec'], rules }: KindDefinition): Schema {
  return {
    description,
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      ...(status === undefined ? {} : { status }),
    },
    ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }),
  };
}
