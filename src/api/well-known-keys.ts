// Labels and annotations of the contract (contract §1.13), as far as Varve reads or writes them.

/** Label of a MachineConfig: the pool that it is meant for. */
export const ROLE_LABEL = 'machineconfiguration.openshift.io/role';

/** Annotation of a MachineConfig that a controller generated: that controller's version. */
export const GENERATED_BY_ANNOTATION = 'machineconfiguration.openshift.io/generated-by-controller-version';

/** Annotation of a rendered MachineConfig, `true`: its osImageURL comes from a user's MachineConfig. */
export const OS_IMAGE_OVERRIDDEN_ANNOTATION = 'machineconfiguration.openshift.io/os-image-url-overridden';

/** Label of a pool, empty: its nodes run images, from a default MachineOSConfig unless there is one. */
export const LAYERED_LABEL = 'machineconfiguration.openshift.io/layered';

/** Annotation of a MachineOSConfig: the name of the build in force. */
export const CURRENT_BUILD_ANNOTATION = 'machineconfiguration.openshift.io/current-machine-os-build';

/** Annotation of a MachineOSConfig by which a person asks to build once more. */
export const REBUILD_ANNOTATION = 'machineconfiguration.openshift.io/rebuild';

/**
 * Annotation of a MachineOSConfig, an image by its digest: what its pool's nodes run until something is built (contract
 * §4.10). As a label of a build, `true`: nobody built its image, and nobody ever will.
 */
export const PRE_BUILT_IMAGE_KEY = 'machineconfiguration.openshift.io/pre-built-image';

/** Annotations of a Node: the rendered MachineConfigs and the images that it runs and that it is to run. */
export const CURRENT_CONFIG_ANNOTATION = 'machineconfiguration.openshift.io/currentConfig';
export const DESIRED_CONFIG_ANNOTATION = 'machineconfiguration.openshift.io/desiredConfig';
export const CURRENT_IMAGE_ANNOTATION = 'machineconfiguration.openshift.io/currentImage';
export const DESIRED_IMAGE_ANNOTATION = 'machineconfiguration.openshift.io/desiredImage';

/** Annotation of a Node: how its agent is doing, `Done`, `Working`, `Degraded` or `Unreconcilable`; and why, for people. */
export const STATE_ANNOTATION = 'machineconfiguration.openshift.io/state';
export const REASON_ANNOTATION = 'machineconfiguration.openshift.io/reason';

/**
 * Annotations of a Node: what its agent asks of whoever drains nodes, `drain-CONFIG` or `uncordon-CONFIG`, and what was
 * done of that last.
 */
export const DESIRED_DRAIN_ANNOTATION = 'machineconfiguration.openshift.io/desiredDrain';
export const LAST_APPLIED_DRAIN_ANNOTATION = 'machineconfiguration.openshift.io/lastAppliedDrain';

/** Annotation of a Node: `Rebooting` while its agent reboots it. */
export const POST_CONFIG_ACTION_ANNOTATION = 'machineconfiguration.openshift.io/post-config-action';

/** Annotation of a Node: why the last shutdown did not make the staged image bootable. */
export const FINALIZE_FAILURE_ANNOTATION = 'machineconfiguration.openshift.io/ostree-finalize-staged-failure';

/** Annotation of a Node: `SingleReplica` where there is no other node to drain it to. */
export const TOPOLOGY_ANNOTATION = 'machineconfiguration.openshift.io/controlPlaneTopology';

/** Annotation of a Node by which a person has its agent try again what it gave up; any new value. Not of the contract. */
export const RETRY_ANNOTATION = 'varve.dev/retry';

/** Annotation of a Node: the rendered MachineConfig that it first booted with. */
export const FIRST_CONFIG_ANNOTATION = 'machineconfiguration.openshift.io/firstPivotConfig';

/** Annotations of a Node: what it would go back to if it were rolled back now. Not of the contract. */
export const ROLLBACK_CONFIG_ANNOTATION = 'varve.dev/rollback-config';
export const ROLLBACK_IMAGE_ANNOTATION = 'varve.dev/rollback-image';

/**
 * Annotation of a MachineOSBuild, for people: which builder made its container build, and why that one. Absent where none was
 * needed, or the same had been built before. Not of the contract.
 */
export const BUILDER_ANNOTATION = 'varve.dev/builder';

/**
 * Annotation of a MachineOSBuild, for people: what its image has otherwise than somebody may think, a line each, such as a path that
 * the container build and a MachineConfig both write. Absent where there is nothing. Not of the contract.
 */
export const WARNINGS_ANNOTATION = 'varve.dev/warnings';

/** Annotation of a MachineOSConfig, `true`: Varve made it, as the default of its pool. Not of the contract. */
export const DEFAULT_OS_CONFIG_ANNOTATION = 'varve.dev/default';

/**
 * Annotation of a pool, `true`: its label {@link LAYERED_LABEL} has been answered with a default MachineOSConfig, so that
 * the absence of one means that a person deleted it. Not of the contract.
 */
export const LAYERED_ANSWERED_ANNOTATION = 'varve.dev/layered-answered';

/**
 * Annotation of a Node, an image by its digest: what the node is asked to pull before its turn comes. It is locked, or only
 * pulled, and never booted for that. Not of the contract.
 */
export const PREFETCH_IMAGE_ANNOTATION = 'varve.dev/prefetch-image';

/**
 * Annotation of a Node, JSON: what the change to its desired image costs it, as the disruption policy has it. Without one,
 * or with one about another change than the one at hand, it costs a reboot. Not of the contract.
 */
export const DISRUPTION_ANNOTATION = 'varve.dev/disruption';

/**
 * Annotations that a person sets on a pool and the rollout repeats on its nodes. What becomes of image-owned files that were
 * changed on the node, `Heal` or `Report`; which tool deploys images there if the host has several, `bootc`, `rpm-ostree`
 * or `ostree`; whether a reboot may be one of the user space alone, `Soft`. Not of the contract.
 */
export const DRIFT_POLICY_ANNOTATION = 'varve.dev/drift-policy';
export const HOST_TOOL_ANNOTATION = 'varve.dev/host-tool';
export const REBOOT_ANNOTATION = 'varve.dev/reboot';

/** Annotations of a pool: how its nodes are drained. A duration (`15m`), and `Wait` or `Force`. Not of the contract. */
export const DRAIN_TIMEOUT_ANNOTATION = 'varve.dev/drain-timeout';
export const DRAIN_POLICY_ANNOTATION = 'varve.dev/drain-policy';

/**
 * Annotation of a Node, an image by its digest: what its agent has pulled of {@link PREFETCH_IMAGE_ANNOTATION};
 * {@link NOT_PREFETCHED} where it cannot, or has given it up.
 */
export const PREFETCHED_IMAGE_ANNOTATION = 'varve.dev/prefetched-image';
export const NOT_PREFETCHED = 'none';

/**
 * Annotation of a Node: the uid of its MachineConfigNode, by which the node's agent hears that there is a new one without watching
 * it. Not of the contract.
 */
export const MACHINE_CONFIG_NODE_ANNOTATION = 'varve.dev/machine-config-node';

/**
 * Annotation of a Node, an image by its digest: it is staged there and locked, and takes nothing but a drained node to be rebooted into,
 * as its agent says. Such a node is told to run it, cordoned and drained in one go, and the word that it is drained says as well that it
 * reboots. Not of the contract.
 */
export const STAGED_IMAGE_ANNOTATION = 'varve.dev/staged-image';

/** Annotation of a Node, `true`: it has been given the labels of the custom pool that it first booted with (contract §3.5). */
export const POOL_LABELS_APPLIED_ANNOTATION = 'machineconfiguration.openshift.io/customPoolLabelsApplied';

/** Taint of a Node that does not run yet what its pool wants: new pods rather go elsewhere (contract §3.6). */
export const UPDATE_TAINT = 'UpdateInProgress';
export const UPDATE_TAINT_EFFECT = 'PreferNoSchedule';

/**
 * Annotation of a pool, JSON: which of its nodes may be out of service for an update, by name. A node gets its turn only
 * after it is written here, in a write that names the version of the pool that was read; so two controllers never let more
 * nodes go than may. One that is to take another one's place, `after`, is written here before that one is done. Not of the contract.
 */
export const PERMITS_ANNOTATION = 'varve.dev/permits';

/**
 * Annotation of a Node, JSON `{"id":…,"told":…}`: the permit ({@link PERMITS_ANNOTATION}) under which it was last told what to
 * run, and when. Not of the contract.
 */
export const PERMIT_ANNOTATION = 'varve.dev/permit';

/**
 * Annotation of a Node, JSON `{"holder":…,"until":…}`: who may take the node out of service now; `until` is a time, absent
 * where the holder gives it back. Varve takes it for each update and waits while somebody else has it. Not of the contract.
 */
export const DISRUPTION_LEASE_ANNOTATION = 'varve.dev/disruption-lease';

/**
 * Annotation of a Node that is cordoned for an update. `Own`: it was schedulable before and will be again. `Kept`: a person
 * had cordoned it, and the cordon stays. A cordon without this annotation is a person's. Not of the contract.
 */
export const CORDON_ANNOTATION = 'varve.dev/cordon';

/**
 * Annotations that a person sets on a pool. How long a node has to be well after its update before the next one begins (a
 * duration, `10m`); how many nodes may fail before no further one begins (a number or a percentage); how long a node may show no
 * progress before it counts as failed (a duration); how many nodes may pull an image at once (a number). Not of the contract.
 */
export const SOAK_ANNOTATION = 'varve.dev/soak';
export const FAILURE_BUDGET_ANNOTATION = 'varve.dev/failure-budget';
export const STUCK_AFTER_ANNOTATION = 'varve.dev/stuck-after';
export const MAX_PULLS_ANNOTATION = 'varve.dev/max-pulls';

/** Annotation of a Node: since when it has been drained, so that a restart forgets nothing; a time. Not of the contract. */
export const DRAIN_STARTED_ANNOTATION = 'varve.dev/drain-started';

/**
 * Annotation of a pool: the rendered MachineConfig that its nodes are to go back to and stay at, whatever its MachineConfigs say
 * by now. A person sets it, as `varve rollback` does; without it the pool follows its MachineConfigs again. Not of the contract.
 */
export const ROLLBACK_TO_ANNOTATION = 'varve.dev/rollback-to';

/**
 * Annotation of a MachineOSBuild: the number under which `varve history` and `varve rollback --to` know its image, one more than
 * that of every build of its MachineOSConfig before it. It stays when older ones go. Not of the contract.
 */
export const REVISION_ANNOTATION = 'varve.dev/revision';
