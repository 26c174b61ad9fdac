import {
  copyObject,
  forbiddenValue,
  isJsonObject,
  requiredValue,
  textAt,
  type FieldError,
  type JsonObject,
} from '../../schema/index.ts';
import type { Kind } from '../kinds/index.ts';
import { decodeBody } from './body.ts';
import { createObject } from './create-object.ts';
import { deleteObject } from './delete-object.ts';
import { readDeleteOptions, type DeleteOptions } from './delete-options.ts';
import { apiVersionOf } from './kind-registry.ts';
import { listObjects } from './list-objects.ts';
import { readListOptions } from './list-options.ts';
import { metadataOf, nameOf, namespaceOf } from './object-metadata.ts';
import { keyOf, readObject } from './object-store.ts';
import { checkType } from './object-checks.ts';
import { patchObject, patchTypeOf, readPatch, type PatchType } from './patch-object.ts';
import { answerJson, metadataOnly, objectText, objectValue, table } from './presentation.ts';
import { isTrue, readWriteOptions, type WriteOptions } from './request-options.ts';
import { existingObject, readObjectBody, type ResourceRequest } from './resource-request.ts';
import type { ApiAnswer } from './request.ts';
import { StatusError, badRequest, notFound } from '../status/index.ts';
import { updateObject } from './update-object.ts';

/** POST to a collection. @throws StatusError */
export function postObject(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, info, warnings } = context;
  const options = readWriteOptions('CreateOptions', request.query, request.headers['user-agent']);
  const object = readObjectBody(context, kind, options);
  const created = createObject(environment, {
    kind,
    namespace: info.namespace,
    object,
    options,
    warnings,
    admit: (candidate) => context.admit(candidate, undefined),
  });
  return answerObject(context, 201, created, !options.dryRun);
}

/** PUT of an object, or of its status. @throws StatusError */
export function putObject(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, info, warnings } = context;
  const options = readWriteOptions('UpdateOptions', request.query, request.headers['user-agent']);
  const next = readObjectBody(context, kind, options);
  const given = nameOf(next);
  if (given === '') {
    throw badRequest(
      `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (given !== info.name) {
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${info.name})`);
  }
  checkNamespaceOf(context, next);
  const old = readObject(environment, kind, info.namespace, info.name);
  if (old === undefined) {
    const createsIt = kind.strategy.createsOnUpdate && info.subresource === '';
    if (!createsIt || textAt(metadataOf(next), 'resourceVersion') !== '') throw notFound(kind, info.name);
    const created = createObject(environment, {
      kind,
      namespace: info.namespace,
      object: next,
      options,
      warnings,
      admit: (candidate) => context.admit(candidate, undefined),
    });
    return answerObject(context, 201, created, !options.dryRun);
  }
  const { object } = updateObject(environment, {
    kind,
    old,
    next,
    subresource: info.subresource,
    options,
    warnings,
    isReplacement: true,
    admit: context.admit,
  });
  return answerObject(context, 200, object, !options.dryRun);
}

function checkNamespaceOf({ kind, info }: ResourceRequest, object: JsonObject): void {
  const given = namespaceOf(object);
  if (kind.namespaced && given !== '' && given !== info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** The options of a patch. @throws StatusError 422 */
export function readPatchOptions(
  { request }: Pick<ResourceRequest, 'request'>,
  type: PatchType,
): WriteOptions {
  const errors: FieldError[] = [];
  const { query } = request;
  if (type === 'apply') {
    if ((query.get('fieldManager') ?? '') === '')
      errors.push(requiredValue('fieldManager', 'is required for apply patch'));
  } else if (query.get('force') !== null) {
    errors.push(forbiddenValue('force', 'may not be specified for non-apply patch'));
  }
  return readWriteOptions('PatchOptions', query, request.headers['user-agent'], errors);
}

/** PATCH of an object, or of its status. @throws StatusError */
export function patchResource(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, info, warnings } = context;
  const type = patchTypeOf(kind, request.headers['content-type']);
  const options = readPatchOptions(context, type);
  const patch = readPatch(type, request.body);
  const live = readObject(environment, kind, info.namespace, info.name);
  const mayCreate = type === 'apply' && info.subresource === '';
  if (live === undefined && !mayCreate) throw notFound(kind, info.name);
  const force = isTrue(request.query.get('force'));
  const target = { kind, name: info.name, subresource: info.subresource, live, options, force };
  const patched = patchObject(environment, target, patch);
  for (const text of patched.warnings) warnings.push(text);
  const managed = patched.managed === undefined ? {} : { managed: patched.managed };
  if (live === undefined) {
    const created = createObject(environment, {
      kind,
      namespace: info.namespace,
      object: patched.object,
      options,
      warnings,
      ...managed,
      admit: (candidate) => context.admit(candidate, undefined),
    });
    return answerObject(context, 201, created, !options.dryRun);
  }
  checkNamespaceOf(context, patched.object);
  checkType(kind, patched.object);
  const { object } = updateObject(environment, {
    kind,
    old: live,
    next: patched.object,
    subresource: info.subresource,
    options,
    warnings,
    ...managed,
    isReplacement: false,
    admit: context.admit,
  });
  return answerObject(context, 200, object, !options.dryRun);
}

/** DELETE of an object. @throws StatusError */
export function deleteResource(context: ResourceRequest): ApiAnswer {
  const { environment, kind, warnings } = context;
  const options = readDeletion(context);
  const object = existingObject(context);
  context.admit(object, object);
  const { object: last, isGone } = deleteObject(environment, kind, object, options, warnings);
  if (!isGone || kind.strategy.returnsDeleted) return answerObject(context, 200, last);
  return answerJson(200, JSON.stringify(deletedStatus(kind, last)), context.presentation, warnings);
}

function deletedStatus(kind: Kind, object: JsonObject): JsonObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: nameOf(object),
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.plural,
      uid: textAt(metadataOf(object), 'uid'),
    },
  };
}

/** DELETE of a collection: answers with what was deleted. @throws StatusError */
export function deleteCollection(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, info, warnings } = context;
  const options = readDeletion(context);
  const selected = readListOptions(kind, info.namespace, '', request.query, false);
  const objects = [...listObjects(environment, selected).objects];
  const deleted: JsonObject[] = [];
  for (const stored of objects) {
    const object = objectValue(kind, stored);
    const before = copyObject(object);
    context.admit(object, object);
    const { object: last, isGone } = deleteObject(environment, kind, object, options, warnings);
    deleted.push(isGone ? before : last);
  }
  const items = deleted.map((object) => {
    if (kind.custom) return object;
    const { apiVersion: _, kind: __, ...rest } = object;
    return rest;
  });
  const version = String(
    deleted.reduce(
      (most, object) => Math.max(most, Number(textAt(metadataOf(object), 'resourceVersion'))),
      0,
    ),
  );
  const list = {
    kind: kind.listKind,
    apiVersion: apiVersionOf(kind),
    metadata: { resourceVersion: version === '0' ? String(environment.store.revision) : version },
    items,
  };
  return answerJson(200, JSON.stringify(list), context.presentation, warnings);
}

function readDeletion({ request }: ResourceRequest): DeleteOptions {
  if (request.body.byteLength === 0) return readDeleteOptions(undefined, request.query);
  const { value } = decodeBody(request.body, request.headers['content-type'], 'DeleteOptions');
  if (value !== null && !isJsonObject(value))
    throw badRequest('the body of a DELETE must be a DeleteOptions object');
  return readDeleteOptions(value ?? undefined, request.query);
}

/**
 * An answer with one object, in the form that the client wants.
 *
 * @param isStored the object is as the store has it
 */
export function answerObject(
  context: ResourceRequest,
  status: number,
  object: JsonObject,
  isStored = false,
): ApiAnswer {
  const { kind, presentation, warnings } = context;
  switch (presentation.as) {
    case 'object':
      return answerJson(
        status,
        (isStored ? storedText(context, object) : undefined) ?? JSON.stringify(inOrder(kind, object)),
        presentation,
        warnings,
      );
    case 'metadata':
      return answerJson(status, JSON.stringify(metadataOnly(object)), presentation, warnings);
    case 'table': {
      const resourceVersion = textAt(metadataOf(object), 'resourceVersion');
      return answerJson(
        status,
        JSON.stringify(table(kind, [object], { resourceVersion }, presentation)),
        presentation,
        warnings,
      );
    }
  }
}

/** The text of an object that is stored, which need not be made again; undefined where the object is gone. */
function storedText({ environment, kind }: ResourceRequest, object: JsonObject): string | undefined {
  if (kind.view !== undefined) return undefined;
  const stored = environment.store.get(keyOf(kind, namespaceOf(object), nameOf(object)));
  const version = textAt(metadataOf(object), 'resourceVersion');
  return stored !== undefined && String(stored.revision) === version ? objectText(kind, stored) : undefined;
}

/** Built-in kinds name their kind first (kubernetes-api §11). */
function inOrder(kind: Kind, object: JsonObject): JsonObject {
  const { apiVersion, kind: kindName, ...rest } = object;
  const version = apiVersion ?? apiVersionOf(kind);
  const name = kindName ?? kind.kind;
  return kind.custom
    ? { apiVersion: version, kind: name, ...rest }
    : { kind: name, apiVersion: version, ...rest };
}

/** A subresource that needs the node's kubelet, which a control plane alone has not. */
export function withoutKubelet(): StatusError {
  return new StatusError(500, undefined, 'no preferred addresses found; known addresses: []');
}
