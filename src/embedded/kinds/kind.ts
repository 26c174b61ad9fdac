import type { FieldError, JsonObject, Schema } from '../../schema/index.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** One column of a kind's Table (`kubectl get`). */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority: number;
}

export interface TableFormat {
  readonly columns: readonly TableColumn[];
  /** The cells of an object, in the order of `columns`. Ages are strings (`5m`), computed with `now` (ms since 1970). */
  cells(object: JsonObject, now: number): (string | number | boolean | null)[];
}

/** A path below an object that is served of its own, for example `status` or `scale`. */
export interface Subresource {
  /** `status`, `scale`, `eviction`, `token`, `binding`, `finalize`, `log`, … */
  readonly name: string;
  /** The kind that requests and answers have. */
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly Verb[];
}

/** Where a kind with a `scale` subresource keeps what its Scale shows: paths of member names (`['spec', 'replicas']`). */
export interface ScalePaths {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** A LabelSelector in built-in kinds, a text in custom ones. */
  readonly selector: readonly string[] | undefined;
}

/** What a write can see beside its object. */
export interface WriteContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A lower-case text of this length from Kubernetes' alphabet of generated names. */
  randomName(length: number): string;
  /** Reads any stored object: `get('v1', 'Namespace', '', 'default')`; undefined if absent. */
  get(apiVersion: string, kind: string, namespace: string, name: string): JsonObject | undefined;
  /** Problems that do not refuse the write; each becomes a Warning header. */
  warn(text: string): void;
}

/** What distinguishes one kind from another when its objects are written. Objects are changed in place. */
export interface Strategy {
  /** Fields that are set where the request left them out. Also applied to patched and updated objects. */
  applyDefaults(object: JsonObject): void;
  /**
   * Sets what a create may not choose (status dropped, generation 1, …), and what admission does. Defaults are applied, and
   * name, namespace and uid are set. Throws AdmissionError. What this changes is in no manager's fields.
   */
  prepareForCreate(object: JsonObject, context: WriteContext): void;
  /** Carries over what an update of the main resource may not change (status, …), and counts the generation. */
  prepareForUpdate(object: JsonObject, old: JsonObject, context: WriteContext): void;
  /** The same for `/status`: by default everything but status comes from `old`. */
  prepareForStatusUpdate(object: JsonObject, old: JsonObject, context: WriteContext): void;
  /** All that is wrong with a new object below the type level; metadata is checked by the caller. */
  validate(object: JsonObject): FieldError[];
  /** All that is wrong with an update: what may not change, and what `validate` would say of the object itself. */
  validateUpdate(object: JsonObject, old: JsonObject): FieldError[];
  /** All that is wrong with a write of `/status`. */
  validateStatusUpdate(object: JsonObject, old: JsonObject): FieldError[];
  /** metadata.name's own rule; undefined when it is fine, else the detail of an Invalid value. */
  nameProblem(name: string): string | undefined;
  /** PUT of an absent object creates it (Lease, Event, Service, Role, …: kubernetes-api §5). */
  readonly createsOnUpdate: boolean;
  /** PUT without resourceVersion is accepted. */
  readonly updatesUnconditionally: boolean;
  /** DELETE answers with the object and not with a Status. */
  readonly returnsDeleted: boolean;
  /** DELETE marks an object of this kind before it goes, however short its grace period: the last state shows the mark. */
  readonly deletesGracefully: boolean;
  /** How long a DELETE without gracePeriodSeconds leaves the object, in seconds; 0: it goes at once. */
  gracePeriodSeconds(object: JsonObject, requested: number | undefined): number;
  /** `Background` for all but Jobs, whose default is `Orphan`. */
  readonly defaultPropagation: 'Background' | 'Orphan';
}

/** One served kind: how it is named, what it looks like, how it behaves. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** From a CustomResourceDefinition. */
  readonly custom: boolean;
  /** What everybody who uses it is warned of. */
  readonly deprecation?: string;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  /** For kinds that have the subresource `scale`. */
  readonly scale?: ScalePaths;
  /** Of the whole object: apiVersion, kind and metadata are in it. */
  readonly schema: Schema;
  /** Where its objects are stored: `pods`, `apps/deployments`. Two views of one object (events) share it. */
  readonly storage: string;
  readonly strategy: Strategy;
  readonly table: TableFormat;
  /** Names of the fields that a fieldSelector may use beside metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  /**
   * What is stored for field selectors; absent values are ''. Has all of `selectableFields`, and for a stored form with two
   * views (events) those of both, whichever form the object has.
   */
  fieldsOf(object: JsonObject): Record<string, string>;
  /** For a kind that is stored in another form (events.k8s.io): between this view and the stored one. */
  readonly view?: { toStored(object: JsonObject): JsonObject; fromStored(object: JsonObject): JsonObject };
}
