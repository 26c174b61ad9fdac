/**
 * Which numbers are 64 bits wide; all others are int32. (The Go types, as the protobuf descriptors of k8s.io/api tell them;
 * JSON schema's own limits, as k8s.io/apiextensions-apiserver has them.)
 */
export const INT64: readonly string[] = [
  'admissionregistration.v1.ValidatingAdmissionPolicyStatus.observedGeneration',
  'apiextensions.v1.JSONSchemaProps.maxItems',
  'apiextensions.v1.JSONSchemaProps.maxLength',
  'apiextensions.v1.JSONSchemaProps.maxProperties',
  'apiextensions.v1.JSONSchemaProps.minItems',
  'apiextensions.v1.JSONSchemaProps.minLength',
  'apiextensions.v1.JSONSchemaProps.minProperties',
  'apps.v1.ControllerRevision.revision',
  'apps.v1.DaemonSetStatus.observedGeneration',
  'apps.v1.DeploymentStatus.observedGeneration',
  'apps.v1.ReplicaSetStatus.observedGeneration',
  'apps.v1.StatefulSetStatus.observedGeneration',
  'authentication.v1.TokenRequestSpec.expirationSeconds',
  'batch.v1.CronJobSpec.startingDeadlineSeconds',
  'batch.v1.JobSpec.activeDeadlineSeconds',
  'core.v1.ContainerImage.sizeBytes',
  'core.v1.LinuxContainerUser.gid',
  'core.v1.LinuxContainerUser.supplementalGroups',
  'core.v1.LinuxContainerUser.uid',
  'core.v1.NodeSwapStatus.capacity',
  'core.v1.PodCondition.observedGeneration',
  'core.v1.PodSecurityContext.fsGroup',
  'core.v1.PodSecurityContext.runAsGroup',
  'core.v1.PodSecurityContext.runAsUser',
  'core.v1.PodSecurityContext.supplementalGroups',
  'core.v1.PodSpec.activeDeadlineSeconds',
  'core.v1.PodSpec.terminationGracePeriodSeconds',
  'core.v1.PodStatus.observedGeneration',
  'core.v1.Probe.terminationGracePeriodSeconds',
  'core.v1.SecurityContext.runAsGroup',
  'core.v1.SecurityContext.runAsUser',
  'core.v1.ServiceAccountTokenProjection.expirationSeconds',
  'core.v1.SleepAction.seconds',
  'core.v1.Toleration.tolerationSeconds',
  'meta.v1.Condition.observedGeneration',
  'meta.v1.DeleteOptions.gracePeriodSeconds',
  'meta.v1.ListMeta.remainingItemCount',
  'meta.v1.ObjectMeta.deletionGracePeriodSeconds',
  'meta.v1.ObjectMeta.generation',
  'policy.v1.PodDisruptionBudgetStatus.observedGeneration',
];

/** Which numbers may have a fraction. */
export const DOUBLE: readonly string[] = [
  'apiextensions.v1.JSONSchemaProps.maximum',
  'apiextensions.v1.JSONSchemaProps.minimum',
  'apiextensions.v1.JSONSchemaProps.multipleOf',
];

/** Which strings are base64; of a map, each of its values. */
export const BYTES: readonly string[] = [
  'apiextensions.v1.WebhookClientConfig.caBundle',
  'core.v1.ConfigMap.binaryData',
  'core.v1.Secret.data',
];
