/** Labels of the images that Varve makes; all that say what an image is are in the config, where hosts read them. */
export const Label = {
  /** As the reference system's builds have them (host-contract §5.9). */
  machineConfig: 'machineconfig',
  machineConfigPool: 'machineconfigpool',
  baseImage: 'baseOSContainerImage',
  baseName: 'org.opencontainers.image.base.name',
  baseDigest: 'org.opencontainers.image.base.digest',
  created: 'org.opencontainers.image.created',
  version: 'org.opencontainers.image.version',
  /** Of a base: which operating system it is, such as `rhel-10` (contract §1.11). */
  streamClass: 'io.openshift.os.streamclass',
  /** diff id of the layer that holds the pool's configuration and the provenance map. */
  configLayer: 'dev.varve.config-layer',
  /** Of what a container build has made, and of all that stands on it: the key of all that it depends on. */
  customisation: 'dev.varve.customisation',
} as const;

/** Annotation of the configuration layer's descriptor: the rendered MachineConfig in it. */
export const LAYER_ANNOTATION = 'dev.varve.rendered-config';
