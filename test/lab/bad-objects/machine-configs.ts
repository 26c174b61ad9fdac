import {
  bad,
  badRequest,
  invalid,
  merge,
  post,
  put,
  RULES_NOT_CHECKED,
  strict,
  SUBDOMAIN,
  unreadable,
  type BadObjects,
  type Cause,
  type Refusal,
} from './bad-object.ts';

const MCO = 'machineconfiguration.openshift.io';
const of =
  (kind: string) =>
  (...causes: Cause[]): Refusal =>
    invalid(`${kind}.${MCO}`, 'x', ...causes);

const config = (spec: unknown): ReturnType<typeof post> =>
  post('machineconfigs', { metadata: { name: 'x' }, spec });
const badConfig = of('MachineConfig');
const pool = (spec?: object): ReturnType<typeof post> =>
  post('machineconfigpools', { metadata: { name: 'x' }, ...(spec && { spec }) });
const badPool = of('MachineConfigPool');
const osConfig = (more: object = {}): ReturnType<typeof post> =>
  post('machineosconfigs', {
    metadata: { name: 'x' },
    spec: {
      machineConfigPool: { name: 'x' },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/os/x:latest',
      ...more,
    },
  });
const badOsConfig = of('MachineOSConfig');
const build = (more: object = {}): ReturnType<typeof post> =>
  post('machineosbuilds', {
    metadata: { name: 'x' },
    spec: {
      machineConfig: { name: 'rendered-x' },
      machineOSConfig: { name: 'x' },
      renderedImagePushSpec: 'registry.example.com/os/x:latest',
      ...more,
    },
  });
const node = (more: object = {}): ReturnType<typeof post> =>
  post('machineconfignodes', {
    metadata: { name: 'x' },
    spec: {
      node: { name: 'x' },
      pool: { name: 'worker' },
      configVersion: { desired: 'rendered-worker-1' },
      ...more,
    },
  });
const runtime = (containerRuntimeConfig: object): ReturnType<typeof post> =>
  post('containerruntimeconfigs', { metadata: { name: 'x' }, spec: { containerRuntimeConfig } });
const badRuntime = of('ContainerRuntimeConfig');
const kubelet = (spec?: object): ReturnType<typeof post> =>
  post('kubeletconfigs', { metadata: { name: 'x' }, ...(spec && { spec }) });
const badKubelet = of('KubeletConfig');
const images = (...names: string[]): ReturnType<typeof post> =>
  post('pinnedimagesets', {
    metadata: { name: 'x' },
    spec: { pinnedImages: names.map((name) => ({ name })) },
  });

/** Texts of the definitions' own rules. */
const RFC_1123 =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character.";
const STREAM = RFC_1123.replace('a lowercase RFC', 'a RFC');
const PUSH_SPEC =
  'the OCI Image name should follow the host[:port][/namespace]/name format, resembling a valid URL without the scheme. Or it must be a valid .svc followed by a port, repository, image name, and tag.';
const DIGEST =
  "the OCI Image reference must end with a valid '@sha256:<digest>' suffix, where '<digest>' is 64 characters long";
const IMAGE_NAME =
  'the OCI Image name should follow the host[:port][/namespace]/name format, resembling a valid URL without the scheme';
const SAME_NAME =
  'MachineOSConfig name must match the referenced MachineConfigPool name; can only have one MachineOSConfig per MachineConfigPool';

const type = (path: string, wanted: string, given: string): Cause => [
  path,
  `Invalid value: "${given}": ${path} in body must be of type ${wanted}: "${given}"`,
];

/** What the definitions' schemas refuse, and those of their rules that need no earlier object. */
export const badMachineConfigs: BadObjects = {
  'a config that is a text': bad(
    config({ config: 'text' }),
    badConfig(type('spec.config', 'object', 'string')),
  ),
  'kernel arguments that are a text': bad(
    config({ kernelArguments: 'nosmt' }),
    badConfig(type('spec.kernelArguments', 'array', 'string')),
  ),
  'a number among the kernel arguments': bad(
    config({ kernelArguments: ['a', 1] }),
    badConfig(type('spec.kernelArguments[1]', 'string', 'integer')),
  ),
  'fips that is a text': bad(config({ fips: 'yes' }), badConfig(type('spec.fips', 'boolean', 'string'))),
  'a spec that is a list': bad(config([]), badConfig(type('spec', 'object', 'array'))),
  'an unknown field of a MachineConfig, strictly': bad(
    post('machineconfigs?fieldValidation=Strict', { metadata: { name: 'x' }, spec: { files: [] } }),
    strict('MachineConfig', 'unknown field "spec.files"'),
  ),
  'an unknown field of its metadata, strictly': bad(
    post('machineconfigs?fieldValidation=Strict', { metadata: { name: 'x', role: 'worker' }, spec: {} }),
    strict('MachineConfig', 'unknown field "metadata.role"'),
  ),
  'a MachineConfig with a number as label': bad(
    post('machineconfigs', { metadata: { name: 'x', labels: { a: 1 } }, spec: {} }),
    unreadable(
      'MachineConfig',
      'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    ),
  ),
  'a MachineConfig name with capitals': bad(
    post('machineconfigs', { metadata: { name: '99_Worker' }, spec: {} }),
    invalid(`MachineConfig.${MCO}`, '99_Worker', [
      'metadata.name',
      `Invalid value: "99_Worker": ${SUBDOMAIN}`,
    ]),
  ),
  'a pool among the MachineConfigs': bad(
    post('machineconfigs', { kind: 'MachineConfigPool', metadata: { name: 'x' }, spec: {} }),
    invalid(`MachineConfigPool.${MCO}`, 'x', [
      'kind',
      'Invalid value: "MachineConfigPool": must be MachineConfig',
    ]),
  ),
  'a MachineConfig of another version': bad(
    post('machineconfigs', { apiVersion: `${MCO}/v2`, metadata: { name: 'x' }, spec: {} }),
    badRequest(`the API version in the data (${MCO}/v2) does not match the expected API version (${MCO}/v1)`),
  ),
  'a pool without a spec': bad(pool(), badPool(['spec', 'Required value'], RULES_NOT_CHECKED)),
  'a pool that is paused by a text': bad(
    pool({ paused: 'true' }),
    badPool(type('spec.paused', 'boolean', 'string'), RULES_NOT_CHECKED),
  ),
  'a fraction of a node unavailable': bad(
    pool({ maxUnavailable: 1.5 }),
    badPool(
      type('spec.maxUnavailable', 'integer,string', 'number'),
      ['<nil>', 'Invalid value: "": "spec.maxUnavailable" must validate at least one schema (anyOf)'],
      type('spec.maxUnavailable', 'integer', 'number'),
      [
        '<nil>',
        'Invalid value: "": Checked value must be of type integer (default format) in spec.maxUnavailable',
      ],
      RULES_NOT_CHECKED,
    ),
  ),
  'a selector without a key': bad(
    pool({ nodeSelector: { matchExpressions: [{ operator: 'In' }] } }),
    badPool(['spec.nodeSelector.matchExpressions[0].key', 'Required value'], RULES_NOT_CHECKED),
  ),
  'a stream without a name': bad(
    pool({ osImageStream: { name: '' } }),
    badPool(
      [
        'spec.osImageStream.name',
        'Invalid value: "": spec.osImageStream.name in body should be at least 1 chars long',
      ],
      ['spec.osImageStream.name', `Invalid value: "": ${STREAM}`],
    ),
  ),
  'a stream name with capitals': bad(
    pool({ osImageStream: { name: 'Bad_Stream' } }),
    badPool(['spec.osImageStream.name', `Invalid value: "Bad_Stream": ${STREAM}`]),
  ),
  'one set of images twice': bad(
    pool({ pinnedImageSets: [{ name: 'a' }, { name: 'a' }] }),
    badPool(['spec.pinnedImageSets[1]', 'Duplicate value: {"name":"a"}']),
  ),
  'more sets of images than there may be': bad(
    pool({ pinnedImageSets: Array.from({ length: 101 }, (_, index) => ({ name: `s${index}` })) }),
    badPool(['spec.pinnedImageSets', 'Too many: 101: must have at most 100 items'], RULES_NOT_CHECKED),
  ),
  'a replaced pool that does not say which': bad(
    put('machineconfigpools/worker', { metadata: { name: 'worker' }, spec: {} }),
    {
      status: 422,
      reason: 'Invalid',
      message: `machineconfigpools.${MCO} "worker" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
      details: { name: 'worker', group: MCO, kind: 'machineconfigpools' },
    },
  ),
  'a MachineOSConfig without its fields': bad(
    post('machineosconfigs', { metadata: { name: 'x' }, spec: {} }),
    badOsConfig(
      ['spec.imageBuilder', 'Required value'],
      ['spec.machineConfigPool', 'Required value'],
      ['spec.renderedImagePushSecret', 'Required value'],
      ['spec.renderedImagePushSpec', 'Required value'],
      RULES_NOT_CHECKED,
    ),
  ),
  'a MachineOSConfig of another pool': bad(
    osConfig({ machineConfigPool: { name: 'infra' } }),
    badOsConfig(['<nil>', `Invalid value: ${SAME_NAME}`]),
  ),
  'a MachineOSConfig of a pool that cannot be': bad(
    osConfig({ machineConfigPool: { name: 'Bad Pool' } }),
    badOsConfig(
      ['<nil>', `Invalid value: ${SAME_NAME}`],
      ['spec.machineConfigPool.name', `Invalid value: "Bad Pool": ${RFC_1123}`],
    ),
  ),
  'a builder that there is not': bad(
    osConfig({ imageBuilder: { imageBuilderType: 'PodImageBuilder' } }),
    badOsConfig(
      ['spec.imageBuilder.imageBuilderType', 'Unsupported value: "PodImageBuilder": supported values: "Job"'],
      RULES_NOT_CHECKED,
    ),
  ),
  'a push to a URL': bad(
    osConfig({ renderedImagePushSpec: 'https://registry.example.com/os/x:latest' }),
    badOsConfig([
      'spec.renderedImagePushSpec',
      `Invalid value: "https://registry.example.com/os/x:latest": ${PUSH_SPEC}`,
    ]),
  ),
  'a push without a tag': bad(
    osConfig({ renderedImagePushSpec: 'registry.example.com/os/x' }),
    badOsConfig(['spec.renderedImagePushSpec', `Invalid value: "registry.example.com/os/x": ${PUSH_SPEC}`]),
  ),
  'a push to nowhere': bad(
    osConfig({ renderedImagePushSpec: '' }),
    badOsConfig(
      [
        'spec.renderedImagePushSpec',
        'Invalid value: "": spec.renderedImagePushSpec in body should be at least 1 chars long',
      ],
      ['spec.renderedImagePushSpec', `Invalid value: "": ${PUSH_SPEC}`],
    ),
  ),
  'a push to a place with too long a name': bad(
    osConfig({ renderedImagePushSpec: `registry.example.com/${'a'.repeat(440)}:latest` }),
    badOsConfig(
      ['spec.renderedImagePushSpec', 'Too long: may not be more than 447 bytes'],
      RULES_NOT_CHECKED,
    ),
  ),
  'a secret name with capitals': bad(
    osConfig({ renderedImagePushSecret: { name: 'Bad_Secret' } }),
    badOsConfig(['spec.renderedImagePushSecret.name', `Invalid value: "Bad_Secret": ${RFC_1123}`]),
  ),
  'a pull secret name with capitals': bad(
    osConfig({ baseImagePullSecret: { name: 'Bad_Secret' } }),
    badOsConfig(['spec.baseImagePullSecret.name', `Invalid value: "Bad_Secret": ${RFC_1123}`]),
  ),
  'an architecture that there is not': bad(
    osConfig({ containerFile: [{ containerfileArch: 'amd64', content: 'FROM configs' }] }),
    badOsConfig(
      [
        'spec.containerFile[0].containerfileArch',
        'Unsupported value: "amd64": supported values: "ARM64", "AMD64", "PPC64LE", "S390X", "NoArch"',
      ],
      RULES_NOT_CHECKED,
    ),
  ),
  'two containerfiles for one architecture': bad(
    osConfig({
      containerFile: [
        { containerfileArch: 'NoArch', content: 'FROM configs' },
        { containerfileArch: 'NoArch', content: 'FROM configs' },
      ],
    }),
    badOsConfig(['spec.containerFile[1]', 'Duplicate value: {"containerfileArch":"NoArch"}']),
  ),
  'a containerfile of more than 4 KiB': bad(
    osConfig({ containerFile: [{ content: 'a'.repeat(4097) }] }),
    badOsConfig(
      ['spec.containerFile[0].content', 'Too long: may not be more than 4096 bytes'],
      RULES_NOT_CHECKED,
    ),
  ),
  'a containerfile without content': bad(
    osConfig({ containerFile: [{ containerfileArch: 'NoArch' }] }),
    badOsConfig(['spec.containerFile[0].content', 'Required value'], RULES_NOT_CHECKED),
  ),
  'a build of a MachineConfig that cannot be': bad(
    build({ machineConfig: { name: 'Bad_Config' } }),
    of('MachineOSBuild')(['spec.machineConfig.name', `Invalid value: "Bad_Config": ${RFC_1123}`]),
  ),
  'a build of a MachineOSConfig that cannot be': bad(
    build({ machineOSConfig: { name: 'Bad_Config' } }),
    of('MachineOSBuild')(['spec.machineOSConfig.name', `Invalid value: "Bad_Config": ${RFC_1123}`]),
  ),
  'a build that is pushed to a URL': bad(
    build({ renderedImagePushSpec: 'https://registry.example.com/x:latest' }),
    of('MachineOSBuild')([
      'spec.renderedImagePushSpec',
      `Invalid value: "https://registry.example.com/x:latest": ${PUSH_SPEC}`,
    ]),
  ),
  'a MachineConfigNode of another node': bad(
    node({ node: { name: 'other' } }),
    of('MachineConfigNode')(['<nil>', 'Invalid value: spec.node.name should match metadata.name']),
  ),
  'a MachineConfigNode that desires what cannot be': bad(
    node({ configVersion: { desired: 'NotYetSet' } }),
    of('MachineConfigNode')(['spec.configVersion.desired', `Invalid value: "NotYetSet": ${RFC_1123}`]),
  ),
  'a log level beyond the highest': bad(
    kubelet({ logLevel: 11 }),
    badKubelet([
      'spec.logLevel',
      'Invalid value: 11: spec.logLevel in body should be less than or equal to 10',
    ]),
  ),
  'a TLS profile that there is not': bad(
    kubelet({ tlsSecurityProfile: { type: 'Ancient' } }),
    badKubelet([
      'spec.tlsSecurityProfile.type',
      'Unsupported value: "Ancient": supported values: "Old", "Intermediate", "Modern", "Custom"',
    ]),
  ),
  'a KubeletConfig without a spec': bad(kubelet(), badKubelet(['spec', 'Required value'])),
  'a runtime that there is not': bad(
    runtime({ defaultRuntime: 'kata' }),
    badRuntime(
      [
        'spec.containerRuntimeConfig.defaultRuntime',
        'Unsupported value: "kata": supported values: "crun", "runc"',
      ],
      RULES_NOT_CHECKED,
    ),
  ),
  'a log size that is none': bad(
    runtime({ logSizeMax: 'ten' }),
    badRuntime([
      'spec.containerRuntimeConfig.logSizeMax',
      'Invalid value: "ten": spec.containerRuntimeConfig.logSizeMax in body should match \'^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$\'',
    ]),
  ),
  'stores at paths that are none': bad(
    runtime({ additionalImageStores: [{ path: 'relative' }, { path: '/a//b' }] }),
    badRuntime(
      [
        'spec.containerRuntimeConfig.additionalImageStores[0].path',
        "Invalid value: \"relative\": path must be absolute and contain only alphanumeric characters, '/', '.', '_', and '-'",
      ],
      [
        'spec.containerRuntimeConfig.additionalImageStores[1].path',
        'Invalid value: "/a//b": path must not contain consecutive forward slashes',
      ],
    ),
  ),
  'one store twice': bad(
    runtime({ additionalImageStores: [{ path: '/a' }, { path: '/a' }] }),
    badRuntime([
      'spec.containerRuntimeConfig.additionalImageStores',
      'Invalid value: additionalImageStores must not contain duplicate paths',
    ]),
  ),
  'an image that is pinned by its tag': bad(
    images('registry.example.com/os/x:latest'),
    of('PinnedImageSet')(
      ['spec.pinnedImages[0].name', `Invalid value: "registry.example.com/os/x:latest": ${DIGEST}`],
      ['spec.pinnedImages[0].name', `Invalid value: "registry.example.com/os/x:latest": ${IMAGE_NAME}`],
    ),
  ),
  'one pinned image twice': bad(
    images(...Array.from({ length: 2 }, () => `registry.example.com/os/x@sha256:${'0'.repeat(64)}`)),
    of('PinnedImageSet')([
      'spec.pinnedImages[1]',
      `Duplicate value: {"name":"registry.example.com/os/x@sha256:${'0'.repeat(64)}"}`,
    ]),
  ),
  'a second OSImageStream': bad(
    post('osimagestreams', { metadata: { name: 'x' }, spec: { defaultStream: 'stable' } }),
    of('OSImageStream')([
      '<nil>',
      "Invalid value: osimagestream is a singleton, .metadata.name must be 'cluster'",
    ]),
  ),
  'an empty ControllerConfig': bad(
    post('controllerconfigs', { metadata: { name: 'x' }, spec: {} }),
    of('ControllerConfig')(
      ...[
        'additionalTrustBundle',
        'baseOSContainerImage',
        'cloudProviderCAData',
        'cloudProviderConfig',
        'clusterDNSIP',
        'dns',
        'images',
        'infra',
        'ipFamilies',
        'kubeAPIServerServingCAData',
        'network',
        'proxy',
        'releaseImage',
        'rootCAData',
      ].map((member) => [`spec.${member}`, 'Required value'] as const),
      RULES_NOT_CHECKED,
    ),
  ),
  'a status with a text for a number': bad(
    merge('machineconfigpools/worker/status', { status: { machineCount: '3' } }),
    invalid(
      `MachineConfigPool.${MCO}`,
      'worker',
      [
        'status.machineCount',
        'Invalid value: "string": machineCount in body must be of type integer: "string"',
      ],
      RULES_NOT_CHECKED,
    ),
  ),
  'a status with a number beyond 32 bits': bad(
    merge('machineconfigpools/worker/status', { status: { machineCount: 2_147_483_648 } }),
    invalid(`MachineConfigPool.${MCO}`, 'worker', [
      'status',
      'Invalid value: "": Checked value must be of type integer with format int32 in machineCount',
    ]),
  ),
  'a status with a time that is none': bad(
    merge('machineconfigpools/worker/status', {
      status: { conditions: [{ type: 'Updated', status: 'True', lastTransitionTime: 'yesterday' }] },
    }),
    invalid(
      `MachineConfigPool.${MCO}`,
      'worker',
      [
        'status.conditions[0].lastTransitionTime',
        'Invalid value: "yesterday": conditions[0].lastTransitionTime in body must be of type date-time: "yesterday"',
      ],
      RULES_NOT_CHECKED,
    ),
  ),
  'a synchronizer with more updated machines than machines': bad(
    merge('machineconfigpools/worker/status', {
      status: {
        poolSynchronizersStatus: [
          {
            poolSynchronizerType: 'PinnedImageSets',
            machineCount: 3,
            updatedMachineCount: 9,
            readyMachineCount: 2,
            availableMachineCount: 2,
            unavailableMachineCount: 1,
          },
        ],
      },
    }),
    invalid(`MachineConfigPool.${MCO}`, 'worker', [
      'status.poolSynchronizersStatus[0]',
      'Invalid value: machineCount must be greater than or equal to updatedMachineCount',
    ]),
  ),
};
