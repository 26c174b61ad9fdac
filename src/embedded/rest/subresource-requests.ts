import { copyObject, isJsonObject, textAt, type JsonObject } from '../../schema/index.ts';
import { SCALE_TABLE } from '../kinds/index.ts';
import { decodeBody, decodePatch, asObject } from './body.ts';
import { evictPod } from './eviction.ts';
import { metadataOf, nameOf, namespaceOf } from './object-metadata.ts';
import { patchTypeOf, patchedCopy } from './patch-object.ts';
import { answerJson, table } from './presentation.ts';
import { readWriteOptions } from './request-options.ts';
import { existingObject, type ResourceRequest } from './resource-request.ts';
import type { ApiAnswer } from './request.ts';
import { StatusError, badRequest, methodNotAllowed, unsupportedMediaType } from '../status/index.ts';
import { bindPod, checkSubresourceType, scaleOf, withScale } from './subresources.ts';
import { updateObject } from './update-object.ts';
import {
  answerObject,
  patchResource,
  putObject,
  readPatchOptions,
  withoutKubelet,
} from './write-requests.ts';
import { getObject } from './read-requests.ts';

/** A request below an object. The kind has the subresource, and the verb is one of those that it allows. @throws StatusError */
export function handleSubresource(context: ResourceRequest): ApiAnswer {
  const { info } = context;
  switch (info.subresource) {
    case 'status':
      return handleStatus(context);
    case 'scale':
      return handleScale(context);
    case 'eviction':
      return postEviction(context);
    case 'binding':
      return postBinding(context);
    case 'finalize':
      return putFinalize(context);
    case 'log':
    case 'exec':
    case 'attach':
    case 'portforward':
      existingObject(context);
      throw withoutKubelet();
    case 'proxy':
      existingObject(context);
      throw new StatusError(503, undefined, 'no endpoints are reachable from this control plane');
    default:
      // What is shown below the object is the object; what is changed there only its node could change.
      if (context.request.method === 'GET') return getObject(context);
      existingObject(context);
      throw withoutKubelet();
  }
}

function handleStatus(context: ResourceRequest): ApiAnswer {
  switch (context.request.method) {
    case 'GET':
      return getObject(context);
    case 'PUT':
      return putObject(context);
    case 'PATCH':
      return patchResource(context);
    default:
      throw methodNotAllowed();
  }
}

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

function handleScale(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, presentation, warnings } = context;
  const old = existingObject(context);
  if (request.method === 'GET') return answerScale(context, scaleOf(kind, old));
  const isPatch = request.method === 'PATCH';
  if (!isPatch && request.method !== 'PUT') throw methodNotAllowed();
  const type = isPatch ? patchTypeOf(kind, request.headers['content-type']) : 'merge';
  const options = isPatch
    ? readPatchOptions(context, type)
    : readWriteOptions('UpdateOptions', request.query, request.headers['user-agent']);
  const scale = isPatch ? patchedScale(context, old) : readPlainBody(context, SCALE);
  const { object } = updateObject(environment, {
    kind,
    old,
    next: withScale(kind, copyObject(old), scale),
    subresource: 'scale',
    options,
    warnings,
    isReplacement: false,
    admit: context.admit,
  });
  return answerJson(200, JSON.stringify(scaleOf(kind, object)), presentation, warnings);
}

function answerScale({ kind, presentation, warnings }: ResourceRequest, scale: JsonObject): ApiAnswer {
  const resourceVersion = textAt(scale, 'metadata', 'resourceVersion');
  const shown =
    presentation.as === 'table' && !kind.custom
      ? table({ table: SCALE_TABLE }, [scale], { resourceVersion }, presentation)
      : scale;
  return answerJson(200, JSON.stringify(shown), presentation, warnings);
}

function patchedScale({ request, kind }: ResourceRequest, old: JsonObject): JsonObject {
  const type = patchTypeOf(kind, request.headers['content-type']);
  if (type === 'apply')
    throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json']);
  const { value } = decodePatch(request.body);
  // A Scale without a count can be patched into having one, though it cannot be read; it has no lists to merge.
  return patchedCopy(shownScale(kind, old), type === 'strategic' ? 'merge' : type, value, {});
}

function shownScale(kind: ResourceRequest['kind'], object: JsonObject): JsonObject {
  try {
    return scaleOf(kind, object);
  } catch {
    return { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: {}, spec: {} };
  }
}

const CREATED = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

function postEviction(context: ResourceRequest): ApiAnswer {
  const { environment, kind, presentation, request, warnings } = context;
  const { dryRun } = readWriteOptions('CreateOptions', request.query, request.headers['user-agent']);
  const eviction = readPlainBody(context, { group: 'policy', version: 'v1', kind: 'Eviction' }, [
    'policy/v1beta1',
  ]);
  const pod = existingObject(context);
  context.admit(eviction, pod);
  evictPod(environment, kind, pod, eviction, dryRun);
  return answerJson(201, JSON.stringify(CREATED), presentation, warnings);
}

function postBinding(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, presentation, warnings } = context;
  const options = readWriteOptions('CreateOptions', request.query, request.headers['user-agent']);
  const binding = readPlainBody(context, { group: '', version: 'v1', kind: 'Binding' });
  const old = existingObject(context);
  const next = bindPod(copyObject(old), binding, environment.now());
  updateObject(environment, {
    kind,
    old,
    next,
    subresource: 'binding',
    options,
    warnings,
    isReplacement: false,
    admit: context.admit,
  });
  return answerJson(201, JSON.stringify(CREATED), presentation, warnings);
}

/** `/api/v1/namespaces/X/finalize`: what the namespace's own finalizers are. */
function putFinalize(context: ResourceRequest): ApiAnswer {
  const { environment, request, kind, warnings } = context;
  if (request.method !== 'PUT') throw methodNotAllowed();
  const options = readWriteOptions('UpdateOptions', request.query, request.headers['user-agent']);
  const wanted = readPlainBody(context, { group: '', version: 'v1', kind: 'Namespace' });
  const old = existingObject(context);
  const next = copyObject(old);
  const spec = wanted['spec'];
  next['spec'] = isJsonObject(spec) ? spec : {};
  const { object } = updateObject(environment, {
    kind,
    old,
    next,
    subresource: 'finalize',
    options,
    warnings,
    isReplacement: false,
    admit: context.admit,
  });
  return answerObject(context, 200, object);
}

/** The body as an object of a kind that is not stored. @throws StatusError 400, 415 */
function readPlainBody(
  { request, info }: ResourceRequest,
  wanted: { readonly group: string; readonly version: string; readonly kind: string },
  alsoVersions: readonly string[] = [],
): JsonObject {
  const { value } = decodeBody(request.body, request.headers['content-type'], wanted.kind);
  const object = asObject(value, wanted.kind, request.body);
  if (!alsoVersions.includes(textAt(object, 'apiVersion'))) checkSubresourceType(object, wanted);
  const name = nameOf(object);
  if (name !== '' && name !== info.name && info.name !== '') {
    throw badRequest(
      request.method === 'POST'
        ? `name in URL does not match name in ${wanted.kind} object`
        : `the name of the object (${name}) does not match the name on the URL (${info.name})`,
    );
  }
  const namespace = namespaceOf(object);
  if (namespace !== '' && namespace !== info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (Object.keys(metadataOf(object)).length === 0) delete object['metadata'];
  return object;
}
