import type { Kind, Verb } from '../kinds/index.ts';
import { getObject, listCollection, watchCollection } from './read-requests.ts';
import type { RequestInfo } from './request-info.ts';
import type { ApiAnswer } from './request.ts';
import type { ResourceRequest } from './resource-request.ts';
import { methodNotAllowed, noSuchResource, notFound } from '../status/index.ts';
import { handleSubresource } from './subresource-requests.ts';
import type { Watch } from './watch.ts';
import { deleteCollection, deleteResource, patchResource, postObject, putObject } from './write-requests.ts';

export type Handler = (context: ResourceRequest) => ApiAnswer | Watch;

const HANDLERS: Readonly<Record<Verb, Handler>> = {
  create: postObject,
  delete: deleteResource,
  deletecollection: deleteCollection,
  get: getObject,
  list: listCollection,
  patch: patchResource,
  update: putObject,
  watch: watchCollection,
};

/** The one method by which a verb is asked for. */
const METHODS: Readonly<Record<Verb, string>> = {
  create: 'POST',
  delete: 'DELETE',
  deletecollection: 'DELETE',
  get: 'GET',
  list: 'GET',
  patch: 'PATCH',
  update: 'PUT',
  watch: 'GET',
};

/**
 * Which code answers a request. It goes by the verb that the request was authorized for and never by the method alone: a
 * DELETE below `/watch/` was allowed as a watch.
 *
 * @throws StatusError 404, 405 where the kind, or its subresource, does not have the verb
 */
export function handlerFor({ kind, info, request }: ResourceRequest): Handler {
  const verb = verbOf(info);
  if (verb === undefined || METHODS[verb] !== request.method) throw methodNotAllowed();
  if (info.subresource !== '') {
    const subresource = kind.subresources.find(({ name }) => name === info.subresource);
    if (subresource === undefined) throw kind.custom ? notFound(kind, info.name) : noSuchResource();
    if (!subresource.verbs.includes(verb)) throw methodNotAllowed();
    return handleSubresource;
  }
  const isCollection = info.name === '';
  const isOfItems = verb === 'get' || verb === 'update' || verb === 'patch' || verb === 'delete';
  if (!kind.verbs.includes(verb) || (isOfItems ? isCollection : !isCollection && verb !== 'watch'))
    throw methodNotAllowed();
  const isWrite = verb === 'create' || verb === 'deletecollection';
  if (isWrite && kind.namespaced && info.namespace === '') throw methodNotAllowed();
  return HANDLERS[verb];
}

function verbOf({ verb }: RequestInfo): Verb | undefined {
  return Object.hasOwn(HANDLERS, verb) ? (verb as Verb) : undefined;
}

/** Whether a kind's scope has what the path names: a cluster-scoped object is in no namespace, any other is in one. */
export function isInScope(kind: Kind, { namespace, name, verb }: RequestInfo): boolean {
  const isNamespaceItself = kind.group === '' && kind.plural === 'namespaces';
  if (!kind.namespaced) return namespace === '' || isNamespaceItself;
  if (namespace !== '') return true;
  // A real server hands custom kinds on to nobody here, and knows the path of built-in ones.
  return kind.custom ? verb === 'list' || verb === 'watch' : name === '' || verb === 'watch';
}
