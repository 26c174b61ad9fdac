import {
  bad,
  badRequest,
  invalid,
  LABEL,
  LABEL_VALUE,
  merge,
  NAME_PART,
  NOT_NEGATIVE,
  post,
  put,
  SUBDOMAIN,
  type BadObjects,
} from './bad-object.ts';

const configMap = (metadata: object): ReturnType<typeof post> =>
  post('configmaps', { metadata: { name: 'x', ...metadata } });

/** What every object has: names, labels, owners, finalizers (k8s.io/apimachinery/pkg/api/validation). */
export const badMetadata: BadObjects = {
  'no name': bad(
    post('configmaps', { metadata: {} }),
    invalid('ConfigMap', '', ['metadata.name', 'Required value: name or generateName is required']),
  ),
  'no metadata at all': bad(
    post('configmaps', { data: {} }),
    invalid('ConfigMap', '', ['metadata.name', 'Required value: name or generateName is required']),
  ),
  'a name with capitals': bad(
    configMap({ name: 'Bad_Name' }),
    invalid('ConfigMap', 'Bad_Name', ['metadata.name', `Invalid value: "Bad_Name": ${SUBDOMAIN}`]),
  ),
  'a name with a slash': bad(
    configMap({ name: 'a/b' }),
    invalid('ConfigMap', 'a/b', ['metadata.name', `Invalid value: "a/b": ${SUBDOMAIN}`]),
  ),
  'a name of 254 bytes': bad(
    configMap({ name: 'a'.repeat(254) }),
    invalid('ConfigMap', 'a'.repeat(254), [
      'metadata.name',
      `Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`,
    ]),
  ),
  'a name prefix with capitals': bad(
    configMap({ generateName: 'Bad_' }),
    invalid('ConfigMap', 'x', ['metadata.generateName', `Invalid value: "Bad_": ${SUBDOMAIN}`]),
  ),
  'a namespace name of 64 bytes, which is a label too': bad(
    post('namespaces', { metadata: { name: 'a'.repeat(64) } }),
    invalid(
      'Namespace',
      'a'.repeat(64),
      ['metadata.name', `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`],
      ['metadata.labels', `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`],
    ),
  ),
  'a namespace name with a dot': bad(
    post('namespaces', { metadata: { name: 'a.b' } }),
    invalid('Namespace', 'a.b', ['metadata.name', `Invalid value: "a.b": ${LABEL}`]),
  ),
  'a label with blanks': bad(
    configMap({ labels: { 'a b': 'c d' } }),
    invalid(
      'ConfigMap',
      'x',
      ['metadata.labels', `Invalid value: "a b": ${NAME_PART}`],
      ['metadata.labels', `Invalid value: "c d": ${LABEL_VALUE}`],
    ),
  ),
  'a label value of 64 bytes': bad(
    configMap({ labels: { a: 'b'.repeat(64) } }),
    invalid('ConfigMap', 'x', [
      'metadata.labels',
      `Invalid value: "${'b'.repeat(64)}": must be no more than 63 characters`,
    ]),
  ),
  'a label key whose name has 64 bytes': bad(
    configMap({ labels: { ['b'.repeat(64)]: '' } }),
    invalid('ConfigMap', 'x', [
      'metadata.labels',
      `Invalid value: "${'b'.repeat(64)}": name part must be no more than 63 characters`,
    ]),
  ),
  'a label key with a bad prefix': bad(
    configMap({ labels: { 'Bad/a': '' } }),
    invalid('ConfigMap', 'x', ['metadata.labels', `Invalid value: "Bad/a": prefix part ${SUBDOMAIN}`]),
  ),
  'a label key with an empty prefix': bad(
    configMap({ labels: { '/a': '' } }),
    invalid('ConfigMap', 'x', ['metadata.labels', 'Invalid value: "/a": prefix part must be non-empty']),
  ),
  'a label key with an empty name': bad(
    configMap({ labels: { 'example.com/': '' } }),
    invalid(
      'ConfigMap',
      'x',
      ['metadata.labels', 'Invalid value: "example.com/": name part must be non-empty'],
      ['metadata.labels', `Invalid value: "example.com/": ${NAME_PART}`],
    ),
  ),
  'a label key with two slashes': bad(
    configMap({ labels: { 'a/b/c': '' } }),
    invalid('ConfigMap', 'x', [
      'metadata.labels',
      `Invalid value: "a/b/c": a qualified name ${NAME_PART.replace('name part ', '')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]),
  ),
  'an annotation key with a blank': bad(
    configMap({ annotations: { 'a b': 'c' } }),
    invalid('ConfigMap', 'x', ['metadata.annotations', `Invalid value: "a b": ${NAME_PART}`]),
  ),
  'annotations of more than 256 KiB': bad(
    configMap({ annotations: { a: 'b'.repeat(262_144) } }),
    invalid('ConfigMap', 'x', ['metadata.annotations', 'Too long: may not be more than 262144 bytes']),
  ),
  'a finalizer without a domain': bad(
    configMap({ finalizers: ['nodomain'] }),
    invalid('ConfigMap', 'x', [
      'metadata.finalizers[0]',
      'Invalid value: "nodomain": name is neither a standard finalizer name nor is it fully qualified',
    ]),
  ),
  'a negative generation': bad(
    configMap({ generation: -1 }),
    invalid('ConfigMap', 'x', ['metadata.generation', `Invalid value: -1: ${NOT_NEGATIVE}`]),
  ),
  'an owner without version and uid': bad(
    configMap({ ownerReferences: [{ kind: 'ConfigMap', name: 'a' }] }),
    invalid(
      'ConfigMap',
      'x',
      ['metadata.ownerReferences.apiVersion', 'Invalid value: "": version must not be empty'],
      ['metadata.ownerReferences.uid', 'Invalid value: "": must not be empty'],
    ),
  ),
  'an owner without kind and name': bad(
    configMap({ ownerReferences: [{ apiVersion: 'v1', uid: '1' }] }),
    invalid(
      'ConfigMap',
      'x',
      ['metadata.ownerReferences.kind', 'Invalid value: "": must not be empty'],
      ['metadata.ownerReferences.name', 'Invalid value: "": must not be empty'],
    ),
  ),
  'two owners that both control': bad(
    configMap({
      ownerReferences: ['a', 'b'].map((name) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name,
        uid: name,
        controller: true,
      })),
    }),
    invalid('ConfigMap', 'x', [
      'metadata.ownerReferences',
      'Invalid value: [{"apiVersion":"v1","kind":"ConfigMap","name":"a","uid":"a","controller":true},{"apiVersion":"v1","kind":"ConfigMap","name":"b","uid":"b","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for ConfigMap/a and ConfigMap/b',
    ]),
  ),
  'an event as owner': bad(
    configMap({ ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'a', uid: '1' }] }),
    invalid('ConfigMap', 'x', [
      'metadata.ownerReferences',
      'Invalid value: {"apiVersion":"v1","kind":"Event","name":"a","uid":"1"}: /v1, Kind=Event is disallowed from being an owner',
    ]),
  ),
  'another namespace than the request has': bad(
    configMap({ namespace: 'default' }),
    badRequest('the namespace of the provided object does not match the namespace sent on the request'),
  ),
  'a resourceVersion before there is one': bad(configMap({ resourceVersion: '5' }), {
    status: 500,
    reason: undefined,
    message: 'resourceVersion should not be set on objects to be created',
  }),
  'a new uid': bad(
    merge('configmaps/meta', { metadata: { uid: '1' } }),
    invalid(
      'ConfigMap',
      'meta',
      ['metadata.uid', 'Invalid value: "1": field is immutable'],
      ['metadata.uid', 'Invalid value: "1": field is immutable'],
    ),
    post('configmaps', { metadata: { name: 'meta' } }),
  ),
  'another name than the URL has': bad(
    put('configmaps/meta', { metadata: { name: 'other' } }),
    badRequest('the name of the object (other) does not match the name on the URL (meta)'),
  ),
  'no name where the URL has one': bad(
    put('configmaps/meta', { metadata: {} }),
    badRequest('the name of the object (meta based on URL) was undeterminable: name must be provided'),
  ),
  'a patch that renames': bad(
    merge('configmaps/meta', { metadata: { name: 'other' } }),
    badRequest('the name of the object (other) does not match the name on the URL (meta)'),
  ),
  'an older resourceVersion': bad(merge('configmaps/meta', { metadata: { resourceVersion: '1' } }), {
    status: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on configmaps "meta": the object has been modified; please apply your changes to the latest version and try again',
    details: { name: 'meta', kind: 'configmaps' },
  }),
  'a name that is taken': bad(post('configmaps', { metadata: { name: 'meta' } }), {
    status: 409,
    reason: 'AlreadyExists',
    message: 'configmaps "meta" already exists',
    details: { name: 'meta', kind: 'configmaps' },
  }),
  'a namespace that is not there': bad(
    { ...post('configmaps', { metadata: { name: 'x' } }), path: '/api/v1/namespaces/nowhere/configmaps' },
    {
      status: 404,
      reason: 'NotFound',
      message: 'namespaces "nowhere" not found',
      details: { name: 'nowhere', kind: 'namespaces' },
    },
  ),
};
