import {
  bad,
  invalid,
  LABEL,
  merge,
  NOT_NEGATIVE,
  PORT_RANGE,
  post,
  type BadObjects,
  type Cause,
} from './bad-object.ts';

const pod = (spec: object): ReturnType<typeof post> =>
  post('pods', { metadata: { name: 'x' }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
const container = (more: object, spec: object = {}): ReturnType<typeof post> =>
  pod({ containers: [{ name: 'c', image: 'i', ...more }], ...spec });
const badPod = (...causes: Cause[]): ReturnType<typeof invalid> => invalid('Pod', 'x', ...causes);

const FIRST = 'spec.containers[0]';

/** Pods (k8s.io/kubernetes/pkg/apis/core/validation). */
export const badPods: BadObjects = {
  'no container': bad(pod({ containers: [] }), badPod(['spec.containers', 'Required value'])),
  'a container without a name': bad(
    pod({ containers: [{ image: 'i' }] }),
    badPod([`${FIRST}.name`, 'Required value']),
  ),
  'a container without an image': bad(
    pod({ containers: [{ name: 'c' }] }),
    badPod([`${FIRST}.image`, 'Required value']),
  ),
  'a container name with capitals': bad(
    container({ name: 'Bad_Name' }),
    badPod([`${FIRST}.name`, `Invalid value: "Bad_Name": ${LABEL}`]),
  ),
  'two containers of one name': bad(
    pod({
      containers: [
        { name: 'c', image: 'i' },
        { name: 'c', image: 'i' },
      ],
    }),
    badPod(['spec.containers[1].name', 'Duplicate value: "c"']),
  ),
  'a pull policy that there is not': bad(
    container({ imagePullPolicy: 'Sometimes' }),
    badPod([
      `${FIRST}.imagePullPolicy`,
      'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ]),
  ),
  'a restart policy that there is not': bad(
    pod({ restartPolicy: 'Sometimes' }),
    badPod([
      'spec.restartPolicy',
      'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ]),
  ),
  'a DNS policy that there is not': bad(
    pod({ dnsPolicy: 'Mine' }),
    badPod([
      'spec.dnsPolicy',
      'Unsupported value: "Mine": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ]),
  ),
  'a container port beyond 65535': bad(
    container({ ports: [{ containerPort: 70_000 }] }),
    badPod([`${FIRST}.ports[0].containerPort`, `Invalid value: 70000: ${PORT_RANGE}`]),
  ),
  'a container port of 0': bad(
    container({ ports: [{ containerPort: 0 }] }),
    badPod([`${FIRST}.ports[0].containerPort`, 'Required value']),
  ),
  'a port name with two hyphens': bad(
    container({ ports: [{ name: 'a--b', containerPort: 80 }] }),
    badPod([`${FIRST}.ports[0].name`, 'Invalid value: "a--b": must not contain consecutive hyphens']),
  ),
  'a port name without a letter': bad(
    container({ ports: [{ name: '123', containerPort: 80 }] }),
    badPod([`${FIRST}.ports[0].name`, 'Invalid value: "123": must contain at least one letter (a-z)']),
  ),
  'a port name of 16 bytes': bad(
    container({ ports: [{ name: 'a'.repeat(16), containerPort: 80 }] }),
    badPod([
      `${FIRST}.ports[0].name`,
      `Invalid value: "${'a'.repeat(16)}": must be no more than 15 characters`,
    ]),
  ),
  'two ports of one name': bad(
    container({
      ports: [
        { name: 'a', containerPort: 80 },
        { name: 'a', containerPort: 81 },
      ],
    }),
    badPod([`${FIRST}.ports[1].name`, 'Duplicate value: "a"']),
  ),
  'a mount of a volume that is not there': bad(
    container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    badPod([`${FIRST}.volumeMounts[0].name`, 'Not found: "v"']),
  ),
  'a mount without a path': bad(
    container({ volumeMounts: [{ name: 'v', mountPath: '' }] }, { volumes: [{ name: 'v', emptyDir: {} }] }),
    badPod([`${FIRST}.volumeMounts[0].mountPath`, 'Required value']),
  ),
  'two mounts at one path': bad(
    container(
      {
        volumeMounts: [
          { name: 'v', mountPath: '/v' },
          { name: 'v', mountPath: '/v' },
        ],
      },
      { volumes: [{ name: 'v', emptyDir: {} }] },
    ),
    badPod([`${FIRST}.volumeMounts[1].mountPath`, 'Invalid value: "/v": must be unique']),
  ),
  'two volumes of one name': bad(
    pod({
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'v', emptyDir: {} },
      ],
    }),
    badPod(['spec.volumes[1].name', 'Duplicate value: "v"']),
  ),
  'a volume of two types': bad(
    pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/a' } }] }),
    badPod(['spec.volumes[0].hostPath', 'Forbidden: may not specify more than 1 volume type']),
  ),
  'a request beyond its limit': bad(
    container({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    badPod([
      `${FIRST}.resources.requests`,
      'Invalid value: "2": must be less than or equal to cpu limit of 1',
    ]),
  ),
  'a negative request': bad(
    container({ resources: { requests: { cpu: '-1' } } }),
    badPod([`${FIRST}.resources.requests[cpu]`, `Invalid value: "-1": ${NOT_NEGATIVE}`]),
  ),
  'a variable without a name': bad(
    container({ env: [{ value: 'a' }] }),
    badPod([`${FIRST}.env[0].name`, 'Required value']),
  ),
  'a variable with a value from two sources': bad(
    container({ env: [{ name: 'A', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
    badPod([
      `${FIRST}.env[0].valueFrom`,
      'Invalid value: "": may not be specified when `value` is not empty',
    ]),
  ),
  'a probe of nothing': bad(
    container({ livenessProbe: {} }),
    badPod([`${FIRST}.livenessProbe`, 'Required value: must specify a handler type']),
  ),
  'a liveness probe that has to succeed twice': bad(
    container({ livenessProbe: { exec: { command: ['true'] }, successThreshold: 2 } }),
    badPod([`${FIRST}.livenessProbe.successThreshold`, 'Invalid value: 2: must be 1']),
  ),
  'a deadline of less than a second': bad(
    pod({ activeDeadlineSeconds: 0 }),
    badPod(['spec.activeDeadlineSeconds', 'Invalid value: 0: must be between 1 and 2147483647, inclusive']),
  ),
  'a toleration of no key that does not tolerate all': bad(
    pod({ tolerations: [{ value: 'a', operator: 'Equal' }] }),
    badPod([
      'spec.tolerations[0].operator',
      'Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ]),
  ),
  'a toleration of an effect that there is not': bad(
    pod({ tolerations: [{ key: 'k', effect: 'Bogus' }] }),
    badPod([
      'spec.tolerations[0].effect',
      'Unsupported value: "Bogus": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ]),
  ),
  'a move to another node': bad(
    merge('pods/placed', { spec: { nodeName: 'other' } }),
    {
      status: 422,
      reason: 'Invalid',
      message:
        /^Pod "placed" is invalid: spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n@@ /,
      details: { name: 'placed', kind: 'Pod' },
    },
    post('pods', {
      metadata: { name: 'placed' },
      spec: { nodeName: 'one', containers: [{ name: 'c', image: 'i' }] },
    }),
  ),
  'another container in a running pod': bad(
    merge('pods/placed', {
      spec: {
        containers: [
          { name: 'c', image: 'i' },
          { name: 'd', image: 'i' },
        ],
      },
    }),
    invalid('Pod', 'placed', ['spec.containers', 'Forbidden: pod updates may not add or remove containers']),
  ),
};
