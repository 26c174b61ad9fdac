import { goQuote } from '../../schema/index.ts';
import { forbidden, forbiddenPath, type StatusError } from '../status/index.ts';
import type { User } from './user.ts';

/** What a request wants to do, as far as authorization asks. */
export interface RequestAttributes {
  readonly user: User;
  /** `get`, `list`, `watch`, `create`, … for a resource; the HTTP method in lower case for a path. */
  readonly verb: string;
  /** False for a path outside the API groups, such as `/healthz` or `/apis`. */
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly subresource: string;
  /** Empty for cluster-scoped resources and for requests over all namespaces. */
  readonly namespace: string;
  /** Empty for create, list, watch and deletecollection. */
  readonly name: string;
  /** Of a request outside the API groups. */
  readonly path: string;
  /** The fieldSelector's requirements of the form `field=value`. */
  readonly fieldRequirements?: readonly FieldRequirement[];
}

export interface FieldRequirement {
  readonly field: string;
  readonly value: string;
}

/** What an authorizer says. `reason` is empty where there is nothing to add. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

export type Authorize = (attributes: RequestAttributes) => Decision;

/** The attributes of a request for a resource; what is left out is empty. */
export function resourceAttributes(
  facts: Pick<RequestAttributes, 'user' | 'verb' | 'resource'> & Partial<RequestAttributes>,
): RequestAttributes {
  return {
    group: '',
    version: 'v1',
    subresource: '',
    namespace: '',
    name: '',
    path: '',
    ...facts,
    isResource: true,
  };
}

/** The attributes of a request for a path outside the API groups. */
export function pathAttributes(user: User, verb: string, path: string): RequestAttributes {
  const nothing = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };
  return { ...nothing, user, verb, path, isResource: false };
}

/**
 * The object's name that rules look at: for a list or watch of one object, the name that the field selector demands
 * (k8s.io/apiserver/pkg/endpoints/request: only if it could stand in a path).
 */
export function requestedName(attributes: RequestAttributes): string {
  if (attributes.name !== '' || (attributes.verb !== 'list' && attributes.verb !== 'watch'))
    return attributes.name;
  const wanted = attributes.fieldRequirements?.find(({ field }) => field === 'metadata.name')?.value ?? '';
  return wanted === '.' || wanted === '..' || /[/%]/.test(wanted) ? '' : wanted;
}

/** The answer to a request that is not allowed. */
export function forbiddenRequest(attributes: RequestAttributes, reason: string): StatusError {
  const why = reason === '' ? forbiddenMessage(attributes) : `${forbiddenMessage(attributes)}: ${reason}`;
  if (!attributes.isResource) return forbiddenPath(why);
  const resource = { group: attributes.group, plural: attributes.resource };
  return forbidden(resource, requestedName(attributes), why);
}

/** `User "U" cannot VERB resource "R" in API group "G" in the namespace "N"`, and its variants. */
function forbiddenMessage(attributes: RequestAttributes): string {
  const { verb, resource, subresource, namespace } = attributes;
  const subject = `User ${goQuote(attributes.user.username)} cannot ${verb}`;
  if (!attributes.isResource) return `${subject} path ${goQuote(attributes.path)}`;
  const target = goQuote(subresource === '' ? resource : `${resource}/${subresource}`);
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(namespace)}`;
  return `${subject} resource ${target} in API group ${goQuote(attributes.group)} ${scope}`;
}
