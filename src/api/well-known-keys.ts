// Labels and annotations of the contract (contract §1.13), as far as Varve reads or writes them.

/** Label of a MachineConfig: the pool that it is meant for. */
export const ROLE_LABEL = 'machineconfiguration.openshift.io/role';

/** Annotation of a MachineConfig that a controller generated: that controller's version. */
export const GENERATED_BY_ANNOTATION = 'machineconfiguration.openshift.io/generated-by-controller-version';

/** Annotation of a rendered MachineConfig, `true`: its osImageURL comes from a user's MachineConfig. */
export const OS_IMAGE_OVERRIDDEN_ANNOTATION = 'machineconfiguration.openshift.io/os-image-url-overridden';
