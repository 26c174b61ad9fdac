/** Where the pod of a build has what it is given; those of the contract (§4.5) are the contract's. */
export const JobFolder = {
  containerfile: '/tmp/containerfile',
  pull: '/tmp/base-image-pull-creds',
  push: '/tmp/final-image-push-creds',
  authorities: '/etc/pki/ca-trust/source/anchors',
  policy: '/etc/containers/policy.json',
  registries: '/etc/containers/registries.conf',
  /** One folder for each mount, called after its place in the list. */
  mounts: '/run/varve/mounts',
  /** buildah's store. */
  storage: '/home/build/.local/share/containers',
  /** The pool's folder of a volume that outlives the pod. */
  cache: '/var/cache/varve',
} as const;

/** Files in them. */
export const JobFile = {
  containerfile: `${JobFolder.containerfile}/Containerfile`,
  input: `${JobFolder.containerfile}/build.json`,
  pull: `${JobFolder.pull}/config.json`,
  push: `${JobFolder.push}/config.json`,
  authorities: `${JobFolder.authorities}/openshift-config-user-ca-bundle.crt`,
  /** What the kubelet shows of a container that has ended. */
  termination: '/dev/termination-log',
} as const;
