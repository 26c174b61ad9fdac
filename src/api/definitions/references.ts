import { k } from '../../schema/index.ts';
import { namespaceName, resourceName, subdomain, subdomainOf } from './name-formats.ts';

/** An object of another kind by name. */
export const nameReference = k.object({ name: subdomain }, { required: ['name'] });

/** Any object: the reference of this API group. */
export const objectReference = k.object(
  {
    group: k.describe(subdomain, 'API group; empty for the core group.'),
    resource: k.describe(resourceName, 'Plural name of the kind.'),
    namespace: namespaceName,
    name: subdomainOf(1),
  },
  { required: ['group', 'name', 'resource'] },
);

/** The members of a core ObjectReference. */
export const coreReferenceMembers = {
  apiVersion: k.string(),
  kind: k.string(),
  namespace: k.string(),
  name: k.string(),
  uid: k.string(),
  resourceVersion: k.string(),
  fieldPath: k.string(),
};

/** Any object, or a part of one: the reference of the core group. */
export const coreObjectReference = k.object(coreReferenceMembers, { atomic: true });
