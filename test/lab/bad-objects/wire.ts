import {
  apply,
  bad,
  badRequest,
  invalid,
  json,
  merge,
  post,
  put,
  strategic,
  strict,
  unreadable,
  yaml,
  type BadObjects,
  type Refusal,
} from './bad-object.ts';

const target = post('configmaps', { metadata: { name: 'wire' }, data: { a: '1', b: '2' } });

const unrecognized = (why: string): Refusal =>
  badRequest(
    `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ${why}`,
  );

/** 422 of a patch that fits, but not on this object. */
const patchFails: Refusal = {
  status: 422,
  reason: 'Invalid',
  message: 'the server rejected our request due to an error in our request',
  details: {},
};

/** What cannot be read, or not be patched: the bytes, the types, the fields. */
export const badOnTheWire: BadObjects = {
  'no body': bad(post('configmaps', ''), unrecognized('unexpected end of JSON input (<empty>)')),
  'half a body': bad(post('configmaps', '{"a":'), unrecognized('unexpected end of JSON input ({"a":)')),
  'a media type that nobody reads': bad(
    { ...post('configmaps', 'x'), contentType: 'text/plain' },
    {
      status: 415,
      reason: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    },
  ),
  'a body of more than 3 MiB': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { a: 'b'.repeat(3_200_000) } }),
    {
      status: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    },
  ),
  'another kind': bad(
    post('configmaps', { kind: 'Secret', metadata: { name: 'x' } }),
    badRequest(
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ),
  ),
  'a version that there is not': bad(
    post('configmaps', { apiVersion: 'v9', metadata: { name: 'x' } }),
    unreadable(
      'ConfigMap',
      'no kind "ConfigMap" is registered for version "v9" in scheme "pkg/api/legacyscheme/scheme.go:30"',
      'v9',
    ),
  ),
  'a number where a text is wanted': bad(
    post('configmaps', { metadata: { name: 'x' }, data: { a: 1 } }),
    unreadable(
      'ConfigMap',
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ),
  ),
  'a text where a number is wanted': bad(
    post('deployments', { metadata: { name: 'x' }, spec: { replicas: '2' } }),
    unreadable(
      'Deployment',
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ),
  ),
  'a boolean in a label': bad(
    post('configmaps', { metadata: { name: 'x', labels: { a: true } } }),
    unreadable(
      'ConfigMap',
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ),
  ),
  'a number in the environment of a container': bad(
    post('pods', {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'c', image: 'i', env: [{ name: 'a', value: 1 }] }] },
    }),
    unreadable(
      'Pod',
      'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
    ),
  ),
  'a text where a list of texts is wanted': bad(
    post('pods', {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'c', image: 'i', command: 'sh -c true' }] },
    }),
    unreadable(
      'Pod',
      'json: cannot unmarshal string into Go struct field Container.spec.containers.command of type []string',
    ),
  ),
  'a list where an object is wanted': bad(
    post('pods', { metadata: { name: 'x' }, spec: [] }),
    unreadable('Pod', 'json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'),
  ),
  'an object where a list is wanted': bad(
    post('pods', { metadata: { name: 'x' }, spec: { containers: { name: 'c' } } }),
    unreadable(
      'Pod',
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ),
  ),
  'a quantity that is none': bad(
    post('pods', {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: 'much' } } }] },
    }),
    unreadable(
      'Pod',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ),
  ),
  'a time that is none': bad(
    post('pods', { metadata: { name: 'x', creationTimestamp: 'yesterday' }, spec: {} }),
    unreadable(
      'Pod',
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ),
  ),
  'base64 that is none': bad(
    post('secrets', { metadata: { name: 'x' }, data: { p: '***' } }),
    unreadable('Secret', 'illegal base64 data at input byte 0'),
  ),
  'a fraction where a whole number is wanted': bad(
    post('deployments', { metadata: { name: 'x' }, spec: { replicas: 1.5 } }),
    unreadable(
      'Deployment',
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ),
  ),
  'unknown and repeated fields, strictly': bad(
    post(
      'configmaps?fieldValidation=Strict',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","foo":"bar"},"data":{"a":"1","a":"2"},"bogus":{"x":1}}',
    ),
    strict('ConfigMap', 'unknown field "metadata.foo"', 'duplicate field "data.a"', 'unknown field "bogus"'),
  ),
  'an unknown field in a container, strictly': bad(
    post('pods?fieldValidation=Strict', {
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'c', image: 'i', imagePullPolcy: 'Always' }] },
    }),
    strict('Pod', 'unknown field "spec.containers[0].imagePullPolcy"'),
  ),
  'an unknown field in YAML, strictly': bad(
    yaml(
      'configmaps?fieldValidation=Strict',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndta: {a: b}\n',
    ),
    strict('ConfigMap', 'unknown field "dta"'),
  ),
  'a validation that there is not': bad(
    post('configmaps?fieldValidation=Nope', { metadata: { name: 'x' } }),
    invalid('CreateOptions.meta.k8s.io', '', [
      'fieldValidation',
      'Unsupported value: "Nope": supported values: "", "Ignore", "Strict", "Warn"',
    ]),
  ),
  'a dry run of some': bad(
    post('configmaps?dryRun=Some', { metadata: { name: 'x' } }),
    invalid('CreateOptions.meta.k8s.io', '', [
      'dryRun',
      'Unsupported value: ["Some"]: supported values: "All"',
    ]),
  ),
  'a JSON patch whose test fails': bad(
    json('configmaps/wire', [{ op: 'test', path: '/data/a', value: 'zzz' }]),
    patchFails,
    target,
  ),
  'a JSON patch that removes what is not there': bad(
    json('configmaps/wire', [{ op: 'remove', path: '/data/zzz' }]),
    patchFails,
  ),
  'a JSON patch that adds below nothing': bad(
    json('configmaps/wire', [{ op: 'add', path: '/binaryData/zzz', value: 'MQ==' }]),
    patchFails,
  ),
  'a JSON patch of an unknown operation': bad(
    json('configmaps/wire', [{ op: 'frob', path: '/data' }]),
    patchFails,
  ),
  'a JSON patch that is no list': bad(
    json('configmaps/wire', { op: 'add' }),
    badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ),
  ),
  'half a merge patch': bad(
    merge('configmaps/wire', '{'),
    badRequest('error decoding patch: unexpected end of JSON input'),
  ),
  'a merge patch that is a list': bad(
    merge('configmaps/wire', '[]'),
    badRequest(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ),
  ),
  'a merge patch with a wrong type': bad(merge('configmaps/wire', { data: { a: 1 } }), {
    status: 422,
    reason: 'Invalid',
    message:
      /^ "" is invalid: patch: Invalid value: "\{.*": json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
  }),
  'a strategic merge patch with an unknown field, strictly': bad(
    strategic('configmaps/wire?fieldValidation=Strict', { nope: 1 }),
    {
      status: 422,
      reason: 'Invalid',
      message:
        ' "" is invalid: patch: Invalid value: "map[nope:1]": strict decoding error: unknown field "nope"',
    },
  ),
  'a patch type that there is not': bad(
    { ...merge('configmaps/wire', '{}'), contentType: 'application/json' },
    { status: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', details: {} },
  ),
  'a strategic merge patch of a custom resource': bad(strategic('machineconfigpools/worker', { spec: {} }), {
    status: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  }),
  'a patch of what is not there': bad(merge('configmaps/nothing', {}), {
    status: 404,
    reason: 'NotFound',
    message: 'configmaps "nothing" not found',
    details: { name: 'nothing', kind: 'configmaps' },
  }),
  'an update of what is not there': bad(put('configmaps/nothing', { metadata: { name: 'nothing' } }), {
    status: 404,
    reason: 'NotFound',
    message: 'configmaps "nothing" not found',
    details: { name: 'nothing', kind: 'configmaps' },
  }),
  'an apply without a manager': bad(
    apply('configmaps/wire', { metadata: { name: 'wire' } }),
    invalid('PatchOptions.meta.k8s.io', '', ['fieldManager', 'Required value: is required for apply patch']),
  ),
  'an apply by a manager with a long name': bad(
    apply(`configmaps/wire?fieldManager=${'m'.repeat(129)}`, { metadata: { name: 'wire' } }),
    invalid('PatchOptions.meta.k8s.io', '', ['fieldManager', 'Too long: may not be more than 128 bytes']),
  ),
  'a merge patch by force': bad(
    merge('configmaps/wire?force=true', {}),
    invalid('PatchOptions.meta.k8s.io', '', ['force', 'Forbidden: may not be specified for non-apply patch']),
  ),
  'an apply that names managers': bad(
    apply('configmaps/wire?fieldManager=m', {
      metadata: {
        name: 'wire',
        managedFields: [
          { manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} },
        ],
      },
    }),
    badRequest('metadata.managedFields must be nil'),
  ),
  'an apply without a kind': bad(
    { ...apply('configmaps/wire?fieldManager=m', ''), body: { metadata: { name: 'wire' } } },
    badRequest('invalid object type: /, Kind='),
  ),
  'an apply of an unknown field': bad(
    apply('configmaps/wire?fieldManager=m', { metadata: { name: 'wire' }, nope: 1 }),
    {
      status: 500,
      reason: undefined,
      message:
        'failed to create typed patch object (/wire; /v1, Kind=ConfigMap): .nope: field not declared in schema',
    },
  ),
  'an apply of what another manager has': bad(
    apply('configmaps/applied?fieldManager=second', { metadata: { name: 'applied' }, data: { a: '2' } }),
    {
      status: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "first": .data.a',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.data.a' }],
      },
    },
    apply('configmaps/applied?fieldManager=first', { metadata: { name: 'applied' }, data: { a: '1' } }),
  ),
};
