// Labels and annotations of builds: those of the contract (§1.13) and those that only Varve reads.

export const TARGET_POOL_LABEL = 'machineconfiguration.openshift.io/target-machine-config-pool';
export const RENDERED_CONFIG_LABEL = 'machineconfiguration.openshift.io/rendered-machine-config';
export const OS_CONFIG_LABEL = 'machineconfiguration.openshift.io/machine-os-config';

/** Annotation of a build: the secret to push with, and to delete the image with when the build goes. */
export const PUSH_SECRET_ANNOTATION = 'machineconfiguration.openshift.io/rendered-image-push-secret';

/** Annotation of a rendered MachineConfig: the release that its defaults are from. */
export const RELEASE_ANNOTATION = 'machineconfiguration.openshift.io/release-image-version';

/** Annotation of a build: a hash of all that its image depends on by name. */
export const INPUTS_ANNOTATION = 'varve.dev/build-inputs';

/**
 * Annotation of a build: the versions of what it depends on besides, such as its secrets. A build that succeeded does not
 * care; one that failed is worth another try when they change.
 */
export const CIRCUMSTANCES_ANNOTATION = 'varve.dev/build-circumstances';

/** Annotation of a build: the architectures that it is for, `amd64,arm64`, where nodes or a person decide on them and not the base. */
export const ARCHITECTURES_ANNOTATION = 'varve.dev/build-architectures';

/** Annotation of a build: how often it has been tried with the same inputs, counted from 1. */
export const ATTEMPT_ANNOTATION = 'varve.dev/build-attempt';

/** Annotation of a MachineOSConfig: the build that is being replaced by one of the same name; see `Replacement`. */
export const REPLACES_ANNOTATION = 'varve.dev/replaces-build';
