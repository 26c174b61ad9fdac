// Fields that the package kubernetes-types 1.30 lacks, in its own form: they came later.
/** Which user a container's first process was started as. */
export interface ContainerUser {
    /** On Linux: user, group and supplementary groups. */
    linux?: LinuxContainerUser;
}
/** The identity of a container's first process on Linux. */
export interface LinuxContainerUser {
    /** The process's group. */
    gid: number;
    /** The process's supplementary groups. */
    supplementalGroups?: Array<number>;
    /** The process's user. */
    uid: number;
}
/** How a resource that was given to a container is doing. */
export interface ResourceStatus {
    /** The resource's name. */
    name: string;
    /** The health of each unit of the resource. */
    resources?: Array<ResourceHealth>;
}
/** The health of one unit of a resource, for example of a device. */
export interface ResourceHealth {
    /** Healthy, Unhealthy or Unknown. */
    health?: string;
    /** Which unit. */
    resourceID: string;
}
export interface ContainerStatus {
    /** How the devices that were given to the container are doing. */
    allocatedResourcesStatus?: Array<ResourceStatus>;
    /** The signal with which the container is stopped. */
    stopSignal?: string;
    /** Which user the container's first process was started as. */
    user?: ContainerUser;
}
export interface Lifecycle {
    /** The signal with which the container is stopped; the image's own, or SIGTERM, if not set. */
    stopSignal?: string;
}
/** What the node's container runtime can do, whatever handler is used. */
export interface NodeFeatures {
    /** Whether the runtime honours supplementalGroupsPolicy and tells a container's user. */
    supplementalGroupsPolicy?: boolean;
}
export interface NodeStatus {
    /** What the node's container runtime can do. */
    features?: NodeFeatures;
}
export interface NodeRuntimeHandlerFeatures {
    /** Whether the handler can give a pod a user namespace of its own. */
    userNamespaces?: boolean;
}
/** The node's swap space. */
export interface NodeSwapStatus {
    /** Its size in bytes. */
    capacity?: number;
}
export interface NodeSystemInfo {
    /** The node's swap space. */
    swap?: NodeSwapStatus;
}
export interface PodCondition {
    /** The pod's generation that the condition speaks of. */
    observedGeneration?: number;
}
export interface PodResourceClaim {
    /** The name of a ResourceClaim in the pod's namespace; either this or a template's name is set. */
    resourceClaimName?: string;
    /** The name of a ResourceClaimTemplate in the pod's namespace, from which a claim is made for this pod. */
    resourceClaimTemplateName?: string;
}
export interface PodSecurityContext {
    /** How volumes get their SELinux label: MountOption or Recursive. */
    seLinuxChangePolicy?: string;
    /** Whether groups of the image's /etc/group count too (Merge) or not (Strict). */
    supplementalGroupsPolicy?: string;
}
export interface PodSpec {
    /** The resources of all containers together: requests and limits of cpu, memory and huge pages. */
    resources?: ResourceRequirements;
}
export interface PodStatus {
    /** The pod's generation that the status speaks of. */
    observedGeneration?: number;
}
export interface ResourceClaim {
    /** The one request in the claim that the container uses; all, if not set. */
    request?: string;
}
/** An OCI image or artifact that is mounted as a volume. */
export interface ImageVolumeSource {
    /** Always, Never or IfNotPresent. */
    pullPolicy?: string;
    /** The image, as a container would name it. */
    reference?: string;
}
export interface Volume {
    /** An OCI image or artifact, mounted read-only. */
    image?: ImageVolumeSource;
}
export interface PodSpec {
    /** The host name that the pod's processes see, whatever its name and subdomain are. */
    hostnameOverride?: string;
}
/** What is done when a container exits. */
export interface ContainerRestartRule {
    /** Restart or RestartAllContainers. */
    action: string;
    /** For which exit codes the rule is; for all, if not set. */
    exitCodes?: ContainerRestartRuleOnExitCodes;
}
/** A set of exit codes. */
export interface ContainerRestartRuleOnExitCodes {
    /** In or NotIn. */
    operator: string;
    /** The exit codes. */
    values?: Array<number>;
}
export interface Container {
    /** Rules, tried in order, that go before the restart policy when the container exits. */
    restartPolicyRules?: Array<ContainerRestartRule>;
}
export interface EphemeralContainer {
    /** Not allowed for ephemeral containers. */
    restartPolicyRules?: Array<ContainerRestartRule>;
}
/** Selects a key of a file with environment variables in a volume. */
export interface FileKeySelector {
    /** The key: the variable's name in the file. */
    key: string;
    /** Whether the file and the key may be missing. */
    optional?: boolean;
    /** The file's path below the volume. */
    path: string;
    /** The volume's name. */
    volumeName: string;
}
export interface EnvVarSource {
    /** Selects a key of a file with environment variables in a volume. */
    fileKeyRef?: FileKeySelector;
}
export interface NodeStatus {
    /** Features of the node's kubelet that the scheduler should know of. */
    declaredFeatures?: Array<string>;
}
