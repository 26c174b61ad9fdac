import { bad, invalid, merge, post, type BadObject, type BadObjects, type Cause } from './bad-object.ts';

const MCO = 'machineconfiguration.openshift.io';

/** A ControllerConfig whose platform is described so. */
function platform(name: string, platformSpec: object, platformStatus: object): ReturnType<typeof post> {
  return post('controllerconfigs', {
    metadata: { name },
    spec: {
      clusterDNSIP: '',
      cloudProviderConfig: '',
      kubeAPIServerServingCAData: 'YWJj',
      rootCAData: 'YWJj',
      cloudProviderCAData: null,
      additionalTrustBundle: null,
      images: {},
      baseOSContainerImage: '',
      releaseImage: '',
      proxy: null,
      dns: null,
      ipFamilies: 'IPv4',
      network: null,
      infra: {
        apiVersion: 'config.openshift.io/v1',
        kind: 'Infrastructure',
        spec: { platformSpec },
        status: { platformStatus },
      },
    },
  });
}

/** A change of what the platform's status says. */
function statusChange(name: string, before: object, after: object, ...causes: Cause[]): BadObject {
  return bad(
    merge(`controllerconfigs/${name}`, { spec: { infra: { status: { platformStatus: after } } } }),
    invalid(`ControllerConfig.${MCO}`, name, ...causes),
    platform(name, {}, before),
  );
}

/** A change of what the platform's spec says. */
function specChange(name: string, before: object, after: object, ...causes: Cause[]): BadObject {
  return bad(
    merge(`controllerconfigs/${name}`, { spec: { infra: { spec: { platformSpec: after } } } }),
    invalid(`ControllerConfig.${MCO}`, name, ...causes),
    platform(name, before, {}),
  );
}

const SPEC = 'spec.infra.spec.platformSpec';
const STATUS = 'spec.infra.status.platformStatus';
const ADDRESSES = ['10.0.0.1', '10.0.0.2'];

/** Platforms whose addresses, once set, stay set. */
const keepAddresses: BadObjects = Object.fromEntries(
  ['baremetal', 'openstack', 'vsphere'].flatMap((name) =>
    ['apiServerInternalIPs', 'ingressIPs'].map((member) => [
      `${name} without the ${member} that it had`,
      specChange(
        `keep-${name}-${member.toLowerCase()}`,
        { [name]: { [member]: ['10.0.0.1'] } },
        { [name]: { [member]: null } },
        [`${SPEC}.${name}`, `Invalid value: ${member} list is required once set`],
      ),
    ]),
  ),
);

/** Platforms with at most one address of each family. */
const addressFamilies: BadObjects = Object.fromEntries(
  ['baremetal', 'nutanix', 'openstack', 'ovirt', 'vsphere'].flatMap((name) =>
    ['apiServerInternalIPs', 'ingressIPs'].map((member) => [
      `${name} with two ${member} of one family`,
      statusChange(
        `family-${name}-${member.toLowerCase()}`,
        { [name]: { [member]: ['10.0.0.1'] } },
        { [name]: { [member]: ADDRESSES } },
        [
          `${STATUS}.${name}.${member}`,
          `Invalid value: ${member} must contain at most one IPv4 address and at most one IPv6 address`,
        ],
      ),
    ]),
  ),
);

const balancers: BadObjects = Object.fromEntries(
  ['baremetal', 'nutanix', 'openstack', 'ovirt', 'vsphere'].map((name) => [
    `another load balancer of ${name}`,
    statusChange(`balancer-${name}`, { [name]: {} }, { [name]: { loadBalancer: { type: 'UserManaged' } } }, [
      `${STATUS}.${name}.loadBalancer.type`,
      'Invalid value: "UserManaged": type is immutable once set',
    ]),
  ]),
);

const resolvers: BadObjects = Object.fromEntries(
  ['aws', 'azure', 'gcp'].map((name) => [
    `another DNS of ${name}`,
    statusChange(
      `dns-${name}`,
      { [name]: {} },
      { [name]: { cloudLoadBalancerConfig: { dnsType: 'ClusterHosted' } } },
      [
        `${STATUS}.${name}.cloudLoadBalancerConfig.dnsType`,
        'Invalid value: "ClusterHosted": dnsType is immutable',
      ],
    ),
  ]),
);

const tag = (value: string): object => ({ key: 'k', value });
const gcpTag = (value: string): object => ({ parentID: '1', key: 'k', value });
const ONCE = 'may only be configured during installation';

const infrastructure: BadObjects = {
  ...keepAddresses,
  ...addressFamilies,
  ...balancers,
  ...resolvers,
  'two vcenters after the installation': specChange(
    'vcenters',
    { type: 'VSphere' },
    { vsphere: { vcenters: ['a', 'b'].map((server) => ({ server, datacenters: ['d'] })) } },
    [SPEC, 'Invalid value: vcenters can have at most 1 item when configured post-install'],
  ),
  'another name of an external platform': specChange(
    'external-name',
    { external: { platformName: 'Mine' } },
    { external: { platformName: 'Other' } },
    [`${SPEC}.external.platformName`, 'Invalid value: "Other": platform name cannot be changed once set'],
  ),
  'another address family of aws': statusChange(
    'aws-family',
    { aws: {} },
    { aws: { ipFamily: 'DualStackIPv4Primary' } },
    [`${STATUS}.aws.ipFamily`, 'Invalid value: "DualStackIPv4Primary": ipFamily is immutable once set'],
  ),
  'tags of azure that come later': statusChange(
    'azure-tags',
    { azure: {} },
    { azure: { resourceTags: [tag('a')] } },
    [`${STATUS}.azure`, `Invalid value: resourceTags ${ONCE}`],
  ),
  'other tags of azure': statusChange(
    'azure-other-tags',
    { azure: { resourceTags: [tag('a')] } },
    { azure: { resourceTags: [tag('b')] } },
    [`${STATUS}.azure.resourceTags`, `Invalid value: resourceTags are immutable and ${ONCE}`],
  ),
  'labels of gcp that come later': statusChange(
    'gcp-labels',
    { gcp: {} },
    { gcp: { resourceLabels: [tag('a')] } },
    [`${STATUS}.gcp`, `Invalid value: resourceLabels ${ONCE}`],
  ),
  'other labels of gcp': statusChange(
    'gcp-other-labels',
    { gcp: { resourceLabels: [tag('a')] } },
    { gcp: { resourceLabels: [tag('b')] } },
    [`${STATUS}.gcp.resourceLabels`, `Invalid value: resourceLabels are immutable and ${ONCE}`],
  ),
  'tags of gcp that come later': statusChange(
    'gcp-tags',
    { gcp: {} },
    { gcp: { resourceTags: [gcpTag('a')] } },
    [`${STATUS}.gcp`, `Invalid value: resourceTags ${ONCE}`],
  ),
  'other tags of gcp': statusChange(
    'gcp-other-tags',
    { gcp: { resourceTags: [gcpTag('a')] } },
    { gcp: { resourceTags: [gcpTag('b')] } },
    [`${STATUS}.gcp.resourceTags`, `Invalid value: resourceTags are immutable and ${ONCE}`],
  ),
  'a cloud controller manager that comes later': statusChange(
    'external-manager',
    { external: {} },
    { external: { cloudControllerManager: {} } },
    [`${STATUS}.external`, 'Invalid value: cloudControllerManager may not be added or removed once set'],
  ),
  'a state of the cloud controller manager that goes': statusChange(
    'external-state',
    { external: { cloudControllerManager: { state: 'None' } } },
    { external: { cloudControllerManager: { state: null } } },
    [
      `${STATUS}.external.cloudControllerManager`,
      'Invalid value: state may not be added or removed once set',
    ],
  ),
  'another state of the cloud controller manager': statusChange(
    'external-other-state',
    { external: { cloudControllerManager: { state: 'None' } } },
    { external: { cloudControllerManager: { state: 'External' } } },
    [
      `${STATUS}.external.cloudControllerManager.state`,
      'Invalid value: "External": state is immutable once set',
    ],
  ),
  'a resource group of powervs that goes': statusChange(
    'powervs-group',
    { powervs: { resourceGroup: 'a' } },
    { powervs: { resourceGroup: null } },
    [`${STATUS}.powervs`, 'Invalid value: cannot unset resourceGroup once set'],
  ),
  'another resource group of powervs': statusChange(
    'powervs-other-group',
    { powervs: { resourceGroup: 'a' } },
    { powervs: { resourceGroup: 'b' } },
    [`${STATUS}.powervs.resourceGroup`, 'Invalid value: "b": resourceGroup is immutable once set'],
  ),
};

const osConfig = (name: string): ReturnType<typeof post> =>
  post('machineosconfigs', {
    metadata: { name },
    spec: {
      machineConfigPool: { name },
      imageBuilder: { imageBuilderType: 'Job' },
      renderedImagePushSecret: { name: 'push' },
      renderedImagePushSpec: 'registry.example.com/os/x:latest',
    },
  });
const build = (name: string): ReturnType<typeof post> =>
  post('machineosbuilds', {
    metadata: { name },
    spec: {
      machineConfig: { name: 'rendered-x' },
      machineOSConfig: { name: 'x' },
      renderedImagePushSpec: 'registry.example.com/os/x:latest',
    },
  });
const node = (name: string): ReturnType<typeof post> =>
  post('machineconfignodes', {
    metadata: { name },
    spec: { node: { name }, pool: { name: 'worker' }, configVersion: { desired: 'rendered-worker-1' } },
  });
const condition = (type: string, status = 'True'): object => ({
  type,
  status,
  reason: 'R',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

/** The conditions of a build that has ended. */
const ended: BadObjects = Object.fromEntries(
  [
    ['Failed', 'a'],
    ['Interrupted', 'an'],
    ['Succeeded', 'an'],
  ].map(([type = '', article]) => [
    `a condition after ${type}`,
    bad(
      merge(`machineosbuilds/${type.toLowerCase()}/status`, {
        status: { conditions: [condition(type), condition('Building')] },
      }),
      invalid(`MachineOSBuild.${MCO}`, type.toLowerCase(), [
        'status.conditions',
        `Invalid value: once ${article} ${type} condition is set, conditions are immutable`,
      ]),
      build(type.toLowerCase()),
      merge(`machineosbuilds/${type.toLowerCase()}/status`, { status: { conditions: [condition(type)] } }),
    ),
  ]),
);

const DIGEST = `@sha256:${'0'.repeat(64)}`;
const streams = (...names: string[]): object => ({
  availableStreams: names.map((name) => ({
    name,
    osImage: `registry.example.com/os/${name}${DIGEST}`,
    osExtensionsImage: `registry.example.com/extensions/${name}${DIGEST}`,
  })),
});

/** Generations of a set of pinned images, as a node has them. */
const pinned = (more: object): object => ({
  status: { configVersion: { desired: 'rendered-worker-1' }, pinnedImageSets: [{ name: 'set', ...more }] },
});

const GENERATIONS = {
  currentGeneration: 2,
  desiredGeneration: 3,
  lastFailedGeneration: 2,
  lastFailedGenerationError: 'e',
};

/** What may not become of an object that is there: the definitions' rules on transitions, every one of them. */
export const badTransitions: BadObjects = {
  ...infrastructure,
  ...ended,
  'another pool of a MachineOSConfig': bad(
    merge('machineosconfigs/moving', { spec: { machineConfigPool: { name: 'other' } } }),
    invalid(`MachineOSConfig.${MCO}`, 'moving', [
      '<nil>',
      'Invalid value: MachineOSConfig name must match the referenced MachineConfigPool name; can only have one MachineOSConfig per MachineConfigPool',
    ]),
    osConfig('moving'),
  ),
  'an older generation observed of a MachineOSConfig': bad(
    merge('machineosconfigs/observed/status', { status: { observedGeneration: 4 } }),
    invalid(`MachineOSConfig.${MCO}`, 'observed', [
      'status.observedGeneration',
      'Invalid value: 4: observedGeneration must not move backwards',
    ]),
    osConfig('observed'),
    merge('machineosconfigs/observed/status', { status: { observedGeneration: 5 } }),
  ),
  'another spec of a MachineOSBuild': bad(
    merge('machineosbuilds/fixed', { spec: { renderedImagePushSpec: 'registry.example.com/os/y:latest' } }),
    invalid(`MachineOSBuild.${MCO}`, 'fixed', [
      'spec',
      'Invalid value: machineOSBuildSpec is immutable once set',
    ]),
    build('fixed'),
  ),
  'another start of a build': bad(
    merge('machineosbuilds/fixed/status', { status: { buildStart: '2026-01-01T00:00:01Z' } }),
    invalid(`MachineOSBuild.${MCO}`, 'fixed', [
      'status.buildStart',
      'Invalid value: "2026-01-01T00:00:01Z": buildStart is immutable once set',
    ]),
    merge('machineosbuilds/fixed/status', {
      status: { buildStart: '2026-01-01T00:00:00Z', buildEnd: '2026-01-01T01:00:00Z' },
    }),
  ),
  'another end of a build': bad(
    merge('machineosbuilds/fixed/status', { status: { buildEnd: '2026-01-01T02:00:00Z' } }),
    invalid(`MachineOSBuild.${MCO}`, 'fixed', [
      'status.buildEnd',
      'Invalid value: "2026-01-01T02:00:00Z": buildEnd is immutable once set',
    ]),
  ),
  'a build that ends before it starts': bad(
    merge('machineosbuilds/backwards/status', {
      status: { buildStart: '2026-01-01T01:00:00Z', buildEnd: '2026-01-01T00:00:00Z' },
    }),
    invalid(`MachineOSBuild.${MCO}`, 'backwards', [
      'status',
      'Invalid value: buildEnd must be after buildStart',
    ]),
    build('backwards'),
  ),
  'an older generation observed of a node': bad(
    merge('machineconfignodes/observed/status', { status: { observedGeneration: 4 } }),
    invalid(`MachineConfigNode.${MCO}`, 'observed', [
      'status.observedGeneration',
      'Invalid value: 4: observedGeneration must not decrease',
    ]),
    node('observed'),
    merge('machineconfignodes/observed/status', {
      status: { observedGeneration: 5, configVersion: { desired: 'rendered-worker-1' } },
    }),
  ),
  'an older generation of pinned images, current': bad(
    merge('machineconfignodes/pinned/status', pinned({ ...GENERATIONS, currentGeneration: 1 })),
    invalid(`MachineConfigNode.${MCO}`, 'pinned', [
      'status.pinnedImageSets[0].currentGeneration',
      'Invalid value: 1: currentGeneration must not decrease',
    ]),
    node('pinned'),
    merge('machineconfignodes/pinned/status', pinned(GENERATIONS)),
  ),
  'an older generation of pinned images, desired': bad(
    merge('machineconfignodes/pinned/status', pinned({ ...GENERATIONS, desiredGeneration: 2 })),
    invalid(`MachineConfigNode.${MCO}`, 'pinned', [
      'status.pinnedImageSets[0].desiredGeneration',
      'Invalid value: 2: desiredGeneration must not decrease',
    ]),
  ),
  'an older generation of pinned images, failed': bad(
    merge('machineconfignodes/pinned/status', pinned({ ...GENERATIONS, lastFailedGeneration: 1 })),
    invalid(`MachineConfigNode.${MCO}`, 'pinned', [
      'status.pinnedImageSets[0].lastFailedGeneration',
      'Invalid value: 1: lastFailedGeneration must not decrease',
    ]),
  ),
  'a generation of pinned images beyond the desired one': bad(
    merge('machineconfignodes/pinned/status', pinned({ ...GENERATIONS, currentGeneration: 4 })),
    invalid(`MachineConfigNode.${MCO}`, 'pinned', [
      'status.pinnedImageSets[0]',
      'Invalid value: desired generation must be greater than or equal to the current generation',
    ]),
  ),
  'a failure of pinned images without an error': bad(
    merge('machineconfignodes/pinned/status', pinned({ ...GENERATIONS, lastFailedGenerationError: null })),
    invalid(`MachineConfigNode.${MCO}`, 'pinned', [
      'status.pinnedImageSets[0]',
      'Invalid value: last failed generation error must be defined on image pull and pin failure',
    ]),
  ),
  'an older generation observed of a synchronizer': bad(
    merge('machineconfigpools/synchronized/status', synchronizer(4)),
    invalid(`MachineConfigPool.${MCO}`, 'synchronized', [
      'status.poolSynchronizersStatus[0].observedGeneration',
      'Invalid value: 4: observedGeneration must not move backwards except to zero',
    ]),
    post('machineconfigpools', { metadata: { name: 'synchronized' }, spec: {} }),
    merge('machineconfigpools/synchronized/status', synchronizer(5)),
  ),
  'a stream that is not available': bad(
    merge('osimagestreams/cluster', { spec: { defaultStream: 'absent' } }),
    invalid(`OSImageStream.${MCO}`, 'cluster', [
      '<nil>',
      'Invalid value: spec.defaultStream must reference an existing stream name from status.availableStreams',
    ]),
    post('osimagestreams', { metadata: { name: 'cluster' }, spec: { defaultStream: 'stable' } }),
    merge('osimagestreams/cluster/status', {
      status: { ...streams('stable', 'next'), defaultStream: 'stable' },
    }),
  ),
};

function synchronizer(observedGeneration: number): object {
  return {
    status: {
      poolSynchronizersStatus: [
        {
          poolSynchronizerType: 'PinnedImageSets',
          machineCount: 3,
          updatedMachineCount: 2,
          readyMachineCount: 2,
          availableMachineCount: 2,
          unavailableMachineCount: 1,
          observedGeneration,
        },
      ],
    },
  };
}
