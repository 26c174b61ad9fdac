import { AdmissionError, validateMetadata, type Kind, type WriteContext } from '../kinds/index.ts';
import {
  copyObject,
  requiredValue,
  textAt,
  formatTime,
  type Json,
  type JsonObject,
} from '../../schema/index.ts';
import { generateName, type ApiEnvironment } from './api-environment.ts';
import { setManagedFields, trackOwnership } from './field-ownership.ts';
import { schemaErrors } from './object-checks.ts';
import { keyOf, readObject, writeContext, writeObject } from './object-store.ts';
import { isBeingDeleted, metadataOf, nameOf, namespaceOf } from './object-metadata.ts';
import type { WriteOptions } from './request-options.ts';
import {
  StatusError,
  alreadyExists,
  badRequest,
  forbidden,
  invalid,
  methodNotAllowed,
  notFound,
  type ResourceName,
} from '../status/index.ts';

/** An object to create, of which the request's part has been read and checked for its type. */
export interface Creation {
  readonly kind: Kind;
  /** From the URL; '' for a cluster-scoped kind. */
  readonly namespace: string;
  readonly object: JsonObject;
  readonly options: WriteOptions;
  readonly warnings: string[];
  /** managedFields as server-side apply made them; counted as an update by the manager otherwise. */
  readonly managed?: Json;
  /** Refuses what the user may not do with this very object (escalation, node restriction). @throws StatusError */
  readonly admit: (object: JsonObject) => void;
}

/** How often a generated name may meet an existing object before the request fails. */
const NAME_ATTEMPTS = 8;

/**
 * Creates an object, as POST and an apply of an absent object do. Inside a transaction only.
 *
 * @returns the object as it is stored, or, in a dry run, as it would be
 * @throws StatusError
 */
export function createObject(environment: ApiEnvironment, creation: Creation): JsonObject {
  const { kind, object, options } = creation;
  // An apply creates, too; and of a kind that is being removed nothing is created any more.
  if (!kind.verbs.includes('create')) throw methodNotAllowed();
  const metadata = metadataOf(object);
  placeInNamespace(kind, creation.namespace, metadata);
  for (const member of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
  ]) {
    delete metadata[member];
  }
  const now = environment.now();
  const prefix = textAt(metadata, 'generateName');
  const isGenerated = nameOf(object) === '' && prefix !== '';
  if (isGenerated) metadata['name'] = freeName(environment, creation, prefix);
  checkNamespace(environment, kind, namespaceOf(object), nameOf(object));
  creation.admit(object);
  const given = copyObject(object);
  const context = writeContext(environment, creation.warnings);
  // Some kinds' labels and selectors name the new object's uid.
  metadata['uid'] = environment.uid();
  metadata['creationTimestamp'] = formatTime(now);
  prepare(kind, object, context);
  if (creation.managed !== undefined) setManagedFields(object, creation.managed);
  else {
    trackOwnership(object, {
      kind,
      live: undefined,
      given,
      manager: options.fieldManager,
      subresource: '',
      now,
    });
  }
  checkNew(kind, object);
  const name = nameOf(object);
  if (!options.dryRun && Number(textAt(metadata, 'resourceVersion')) > 0) {
    throw new StatusError(500, undefined, 'resourceVersion should not be set on objects to be created');
  }
  if (environment.store.get(keyOf(kind, namespaceOf(object), name)) !== undefined)
    throw alreadyExists(kind, name);
  delete metadata['resourceVersion'];
  if (!options.dryRun) writeObject(environment, kind, object);
  return object;
}

/** @throws StatusError 403 where admission refuses the object */
function prepare(kind: Kind, object: JsonObject, context: WriteContext): void {
  try {
    kind.strategy.prepareForCreate(object, context);
  } catch (error) {
    if (error instanceof AdmissionError) throw forbidden(kind, nameOf(object), error.message);
    throw error;
  }
}

function placeInNamespace(kind: Kind, namespace: string, metadata: JsonObject): void {
  const given = textAt(metadata, 'namespace');
  const wanted = kind.namespaced ? namespace : '';
  // A cluster-scoped object that says where it is, is nowhere all the same.
  if (given !== '' && wanted !== '' && given !== wanted) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (wanted === '') delete metadata['namespace'];
  else metadata['namespace'] = wanted;
}

function freeName(environment: ApiEnvironment, { kind, namespace }: Creation, prefix: string): string {
  let name = '';
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    name = generateName(prefix, environment.random);
    if (environment.store.get(keyOf(kind, namespace, name)) === undefined) break;
  }
  return name;
}

const NAMESPACES: ResourceName = { group: '', plural: 'namespaces' };

/** A namespace must be there and stay. @throws StatusError 403, 404 */
function checkNamespace(environment: ApiEnvironment, kind: Kind, namespace: string, name: string): void {
  if (!kind.namespaced) return;
  const namespaceKind = environment.kinds.findByKind('v1', 'Namespace');
  if (namespaceKind === undefined) return;
  const found = readObject(environment, namespaceKind, '', namespace);
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (isBeingDeleted(found)) {
    throw forbidden(
      kind,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }
}

function checkNew(kind: Kind, object: JsonObject): void {
  if (nameOf(object) === '') {
    throw invalid(kind, '', [requiredValue('metadata.name', 'name or generateName is required')]);
  }
  const errors = [
    ...validateMetadata(metadataOf(object), {
      namespaced: kind.namespaced,
      custom: kind.custom,
      nameProblem: (name) => kind.strategy.nameProblem(name),
    }),
    ...kind.strategy.validate(object),
    ...schemaErrors(kind, object, undefined, 'all'),
  ];
  if (errors.length > 0) throw invalid(kind, nameOf(object), errors);
}
