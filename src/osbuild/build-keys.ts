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

/** Labels of the objects that a build has for a while: that they are some, and whose. The value of either of the first two is empty. */
export const ON_CLUSTER_LAYERING_LABEL = 'machineconfiguration.openshift.io/on-cluster-layering';
export const EPHEMERAL_LABEL = 'machineconfiguration.openshift.io/ephemeral-build-object';

/** Label and annotation of such an object: the MachineOSBuild. As a label it is cut where it is too long for one. */
export const OS_BUILD_KEY = 'machineconfiguration.openshift.io/machine-os-build';

/** Annotation of a MachineOSBuild: the uid of the Job that makes it. */
export const JOB_UID_ANNOTATION = 'machineconfiguration.openshift.io/job-uid';

/** Annotations of a secret that a build has been given: that it has the one form that tools read, and the secret that it was made of. */
export const CANONICAL_SECRET_ANNOTATION = 'machineconfiguration.openshift.io/canonicalizedSecret';
export const ORIGINAL_SECRET_ANNOTATION = 'machineconfiguration.openshift.io/originalSecretName';

/** Label of an object that a Job writes: the Job's name. Not of the contract. */
export const BUILD_JOB_LABEL = 'varve.dev/build-job';

/** Annotation of a Secret of a build: a hash of all that the build is made of, what is secret included. Not of the contract. */
export const REQUEST_ANNOTATION = 'varve.dev/build-request';
