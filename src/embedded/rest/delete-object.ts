import {
  isJsonObject,
  unsupportedValue,
  textAt,
  formatTime,
  type FieldError,
  type JsonObject,
  type Json,
} from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { type ApiEnvironment } from './api-environment.ts';
import { isDefinition, terminateDefinition } from './definition-deletion.ts';
import {
  countGeneration,
  finalizersOf,
  isBeingDeleted,
  metadataOf,
  nameOf,
  setFinalizers,
  shownText,
} from './object-metadata.ts';
import { removeObject, writeObject } from './object-store.ts';
import { dryRunErrors } from './request-options.ts';
import { StatusError, badRequest, forbidden, invalidOptions } from '../status/index.ts';

type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** DeleteOptions, from a body or a query. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  /** Undefined: the kind's own default. */
  readonly propagation: Propagation | undefined;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const PROPAGATIONS: readonly Propagation[] = ['Foreground', 'Background', 'Orphan'];

/** Reads DeleteOptions; what the body leaves out may be in the query. @throws StatusError 400, 422 */
export function readDeleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const errors: FieldError[] = [];
  const listed = body?.['dryRun'];
  const dryRun = Array.isArray(listed)
    ? listed.map(String)
    : query.getAll('dryRun').filter((value) => value !== '');
  errors.push(...dryRunErrors(dryRun));
  const policy = body?.['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  const propagation = PROPAGATIONS.find((candidate) => candidate === policy);
  if (policy !== undefined && propagation === undefined) {
    errors.push(unsupportedValue('propagationPolicy', shownText(policy), [...PROPAGATIONS, 'nil']));
  }
  const orphan = body?.['orphanDependents'] ?? query.get('orphanDependents') ?? undefined;
  if (orphan !== undefined && policy !== undefined) {
    errors.push({
      reason: 'FieldValueInvalid',
      field: 'propagationPolicy',
      message: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  const preconditions = body?.['preconditions'];
  const conditions = isJsonObject(preconditions) ? preconditions : {};
  return {
    dryRun: dryRun.length > 0,
    propagation: propagation ?? orphaning(orphan),
    gracePeriodSeconds: readGrace(
      body?.['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds') ?? undefined,
    ),
    uid: textOrNothing(conditions, 'uid'),
    resourceVersion: textOrNothing(conditions, 'resourceVersion'),
  };
}

function orphaning(orphan: unknown): Propagation | undefined {
  if (orphan === undefined) return undefined;
  return orphan === true || orphan === 'true' ? 'Orphan' : 'Background';
}

function readGrace(value: Json | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds)) {
    throw badRequest(
      `strconv.ParseInt: parsing ${JSON.stringify(shownText(value).slice(0, 40))}: invalid syntax`,
    );
  }
  // A negative period is taken for the shortest (kubernetes: 1 second).
  return seconds < 0 ? 1 : seconds;
}

function textOrNothing(object: JsonObject, key: string): string | undefined {
  const text = textAt(object, key);
  return text === '' ? undefined : text;
}

/** What a delete did. */
export interface Deleted {
  /** The object: gone with this last state, or still there and waiting. */
  readonly object: JsonObject;
  readonly isGone: boolean;
}

/** Namespaces without which nothing works. */
const PROTECTED: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/**
 * Deletes an object, or marks it where finalizers or a grace period hold it (kubernetes-api §10). Inside a transaction
 * only.
 *
 * @param object the object now; changed in place
 * @throws StatusError
 */
export function deleteObject(
  environment: ApiEnvironment,
  kind: Kind,
  object: JsonObject,
  options: DeleteOptions,
  warnings: string[],
): Deleted {
  checkPreconditions(kind, object, options);
  const name = nameOf(object);
  const isNamespace = kind.group === '' && kind.kind === 'Namespace';
  if (isNamespace && PROTECTED.has(name)) throw forbidden(kind, name, 'this namespace may not be deleted');
  const isMarked = isBeingDeleted(object);
  if (isDefinition(kind) && !isMarked) {
    terminateDefinition(object, formatTime(environment.now()));
    if (!options.dryRun) writeObject(environment, kind, object);
    return { object, isGone: false };
  }
  const before = finalizersOf(object);
  const finalizers = withPropagation(kind, before, options, warnings);
  const grace = kind.strategy.gracePeriodSeconds(object, options.gracePeriodSeconds);
  const metadata = metadataOf(object);
  const stays = finalizers.length > 0 || grace > 0 || isNamespace;
  if (isMarked && stays) {
    const current = metadata['deletionGracePeriodSeconds'];
    const isShorter = typeof current === 'number' && grace < current;
    if (!isShorter) return { object, isGone: false };
  }
  const isShown = stays || kind.strategy.deletesGracefully;
  if (isShown && (!isMarked || grace > 0 || metadata['deletionGracePeriodSeconds'] !== 0)) {
    mark(environment, kind, object, grace, isMarked);
  }
  if (isNamespace) terminateNamespace(object);
  setFinalizers(object, finalizers);
  if (stays) {
    if (!options.dryRun) writeObject(environment, kind, object);
    return { object, isGone: false };
  }
  if (!options.dryRun) removeObject(environment, kind, object);
  return { object, isGone: true };
}

function mark(
  environment: ApiEnvironment,
  kind: Kind,
  object: JsonObject,
  grace: number,
  again: boolean,
): void {
  const metadata = metadataOf(object);
  metadata['deletionTimestamp'] = formatTime(environment.now() + grace * 1000);
  if (!(kind.group === '' && kind.kind === 'Namespace')) metadata['deletionGracePeriodSeconds'] = grace;
  if (!again) countGeneration(object);
}

function terminateNamespace(object: JsonObject): void {
  const status = object['status'];
  object['status'] = { ...(isJsonObject(status) ? status : {}), phase: 'Terminating' };
}

function withPropagation(
  kind: Kind,
  finalizers: readonly string[],
  options: DeleteOptions,
  warnings: string[],
): readonly string[] {
  const policy = options.propagation ?? inherited(finalizers) ?? kind.strategy.defaultPropagation;
  if (
    options.propagation === undefined &&
    policy === 'Orphan' &&
    kind.strategy.defaultPropagation === 'Orphan'
  ) {
    warnings.push(
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    );
  }
  const own = finalizers.filter((name) => name !== 'orphan' && name !== 'foregroundDeletion');
  if (policy === 'Foreground') return [...own, 'foregroundDeletion'];
  return policy === 'Orphan' ? [...own, 'orphan'] : own;
}

/** A request that names no policy leaves the one that an earlier request chose. */
function inherited(finalizers: readonly string[]): Propagation | undefined {
  if (finalizers.includes('orphan')) return 'Orphan';
  return finalizers.includes('foregroundDeletion') ? 'Foreground' : undefined;
}

function checkPreconditions(kind: Kind, object: JsonObject, options: DeleteOptions): void {
  const metadata = metadataOf(object);
  const uid = textAt(metadata, 'uid');
  const version = textAt(metadata, 'resourceVersion');
  if (options.uid !== undefined && options.uid !== uid) {
    throw unmetPrecondition(
      kind,
      nameOf(object),
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== version) {
    throw unmetPrecondition(
      kind,
      nameOf(object),
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}

/** Here, and only here, the Kind stands where other conflicts have the plural (kubernetes-api §4). */
function unmetPrecondition(kind: Kind, name: string, why: string): StatusError {
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${subject} ${JSON.stringify(name)}: ${why}`,
    { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.kind },
  );
}
