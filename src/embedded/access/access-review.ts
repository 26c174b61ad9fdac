import {
  type FieldError,
  invalidValue,
  isJsonObject,
  type Json,
  type JsonObject,
  listAt,
  valueAt,
  objectAt,
  textAt,
  textsAt,
} from '../../schema/index.ts';
import { badRequest, invalid } from '../status/index.ts';
import {
  type Authorize,
  type FieldRequirement,
  pathAttributes,
  type RequestAttributes,
  resourceAttributes,
} from './request-attributes.ts';
import { type Reviewed, withoutEmpty } from './review.ts';
import { user, type User } from './user.ts';

/** Answers a SubjectAccessReview: may that user do this? */
export function reviewAccess(review: JsonObject, authorize: Authorize): Reviewed {
  const errors = [...attributeErrors(review), ...subjectErrors(review), ...metadataErrors(review, [])];
  return answer('SubjectAccessReview', review, errors, subject(review), authorize);
}

/** Answers a SelfSubjectAccessReview (`kubectl auth can-i`): may I do this? */
export function reviewOwnAccess(review: JsonObject, self: User, authorize: Authorize): Reviewed {
  const errors = [...attributeErrors(review), ...metadataErrors(review, [])];
  return answer('SelfSubjectAccessReview', review, errors, self, authorize);
}

/**
 * Answers a LocalSubjectAccessReview: one about the namespace in which it is made.
 * @param namespace from the request's path
 */
export function reviewLocalAccess(review: JsonObject, namespace: string, authorize: Authorize): Reviewed {
  const own = textAt(review, 'metadata', 'namespace') || namespace;
  const attributes = objectAt(review, 'spec', 'resourceAttributes');
  const path = objectAt(review, 'spec', 'nonResourceAttributes');
  const asked = textAt(attributes, 'namespace');
  const errors = [
    ...attributeErrors(review),
    ...subjectErrors(review),
    ...metadataErrors(review, ['namespace']),
  ];
  if (attributes !== undefined && asked !== own) {
    errors.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  }
  if (path !== undefined) {
    const shown = internalPath(path);
    errors.push(invalidValue('spec.nonResourceAttributes', shown, 'disallowed on this kind of request'));
  }
  if (errors.length === 0 && own !== namespace) {
    return { refusal: badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`) };
  }
  return answer('LocalSubjectAccessReview', review, errors, subject(review), authorize, { namespace: own });
}

function answer(
  kind: string,
  review: JsonObject,
  errors: readonly FieldError[],
  user: User,
  authorize: Authorize,
  metadata: JsonObject = {},
): Reviewed {
  const group = 'authorization.k8s.io';
  // Kubernetes forgets the kind in this one message.
  if (errors.length > 0) return { refusal: invalid({ group, kind: '' }, '', errors) };
  const { allowed, reason } = authorize(askedAttributes(review, user));
  return {
    object: {
      kind,
      apiVersion: `${group}/v1`,
      metadata,
      spec: shownSpec(review),
      status: { allowed, ...(reason === '' ? {} : { reason }) },
    },
  };
}

function askedAttributes(review: JsonObject, user: User): RequestAttributes {
  const asked = objectAt(review, 'spec', 'resourceAttributes');
  if (asked === undefined) {
    const path = objectAt(review, 'spec', 'nonResourceAttributes');
    return pathAttributes(user, textAt(path, 'verb'), textAt(path, 'path'));
  }
  return resourceAttributes({
    user,
    verb: textAt(asked, 'verb'),
    group: textAt(asked, 'group'),
    version: textAt(asked, 'version'),
    resource: textAt(asked, 'resource'),
    subresource: textAt(asked, 'subresource'),
    namespace: textAt(asked, 'namespace'),
    name: textAt(asked, 'name'),
    fieldRequirements: fieldRequirements(objectAt(asked, 'fieldSelector')),
  });
}

function fieldRequirements(selector: JsonObject | undefined): FieldRequirement[] {
  const listed = listAt(selector, 'requirements').flatMap((requirement) => {
    const [value, ...others] = textsAt(requirement, 'values');
    const isExact = textAt(requirement, 'operator') === 'In' && value !== undefined && others.length === 0;
    return isExact ? [{ field: textAt(requirement, 'key'), value }] : [];
  });
  const written = textAt(selector, 'rawSelector')
    .split(',')
    .flatMap((term) => {
      const match = /^([^!=]+)==?([^=]*)$/.exec(term);
      return match === null ? [] : [{ field: match[1] ?? '', value: match[2] ?? '' }];
    });
  return [...listed, ...written];
}

function subject(review: JsonObject): User {
  const extra = Object.entries(objectAt(review, 'spec', 'extra') ?? {});
  return user(textAt(review, 'spec', 'user'), {
    uid: textAt(review, 'spec', 'uid'),
    groups: textsAt(review, 'spec', 'groups'),
    extra: new Map(extra.map(([key, values]) => [key, textsAt(values)])),
  });
}

function attributeErrors(review: JsonObject): FieldError[] {
  const resource = objectAt(review, 'spec', 'resourceAttributes');
  const path = objectAt(review, 'spec', 'nonResourceAttributes');
  if (resource !== undefined && path !== undefined) {
    const problem = 'cannot be specified in combination with resourceAttributes';
    return [invalidValue('spec.nonResourceAttributes', internalPath(path), problem)];
  }
  if (resource !== undefined || path !== undefined) return [];
  const problem = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalidValue('spec.resourceAttributes', null, problem)];
}

function subjectErrors(review: JsonObject): FieldError[] {
  const isGiven = textAt(review, 'spec', 'user') !== '' || textsAt(review, 'spec', 'groups').length > 0;
  return isGiven ? [] : [invalidValue('spec.user', '', 'at least one of user or group must be specified')];
}

function metadataErrors(review: JsonObject, allowed: readonly string[]): FieldError[] {
  const metadata = objectAt(review, 'metadata') ?? {};
  const ignored = new Set(['managedFields', 'creationTimestamp', ...allowed]);
  if (Object.keys(metadata).every((member) => ignored.has(member))) return [];
  const problem = allowed.length === 0 ? 'must be empty' : 'must be empty except for namespace';
  return [invalidValue('metadata', metadata, problem)];
}

/** As Kubernetes' own type prints it in a message. */
function internalPath(path: JsonObject): JsonObject {
  return { Path: textAt(path, 'path'), Verb: textAt(path, 'verb') };
}

function shownSpec(review: JsonObject): JsonObject {
  const resource = objectAt(review, 'spec', 'resourceAttributes');
  const path = objectAt(review, 'spec', 'nonResourceAttributes');
  const extra = objectAt(review, 'spec', 'extra');
  return withoutEmpty({
    ...(resource === undefined ? {} : { resourceAttributes: only(resource, resourceMembers) }),
    ...(path === undefined ? {} : { nonResourceAttributes: only(path, ['path', 'verb']) }),
    user: textAt(review, 'spec', 'user'),
    groups: textsAt(review, 'spec', 'groups'),
    ...(extra === undefined ? {} : { extra }),
    uid: textAt(review, 'spec', 'uid'),
  });
}

const resourceMembers = [
  'namespace',
  'verb',
  'group',
  'version',
  'resource',
  'subresource',
  'name',
  'fieldSelector',
  'labelSelector',
];

function only(object: JsonObject, members: readonly string[]): JsonObject {
  const kept: [string, Json][] = [];
  for (const member of members) {
    const value = valueAt(object, member);
    if (typeof value === 'string' || isJsonObject(value)) kept.push([member, value]);
  }
  return withoutEmpty(Object.fromEntries(kept));
}
