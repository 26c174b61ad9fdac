export { AGENT_ANNOTATIONS, AGENT_SERVICE_ACCOUNT } from './agent-annotations.ts';
export { agentSecretPermissions } from './agent-permissions.ts';
export { ApiError } from './api-error.ts';
export { API_GROUP, API_VERSION, OPERATOR_NAMESPACE } from './api-version.ts';
export { buildStateOf, isTerminalState } from './build-state.ts';
export { controllerPermissions } from './controller-permissions.ts';
export { findCondition, isConditionTrue, mergeConditions } from './conditions.ts';
export { imageTagProblem } from './image-tag-format.ts';
export { loadCustomResourceDefinitions } from './load-definitions.ts';
export { formatField } from './field-path.ts';
export { KUBERNETES_YAML, YAML_LIMITS } from './kubernetes-yaml.ts';
export { isEmptySelector, labelSelectorProblems, matchesSelector } from './label-selector.ts';
export { compareNewestFirst } from './newest-first.ts';
export { decodeMachineConfig, decodeObject, decodeObjects } from './object.ts';
export {
  BUILDER_ANNOTATION,
  CORDON_ANNOTATION,
  CURRENT_BUILD_ANNOTATION,
  CURRENT_CONFIG_ANNOTATION,
  CURRENT_IMAGE_ANNOTATION,
  DEFAULT_OS_CONFIG_ANNOTATION,
  DESIRED_CONFIG_ANNOTATION,
  DESIRED_DRAIN_ANNOTATION,
  DESIRED_IMAGE_ANNOTATION,
  DISRUPTION_ANNOTATION,
  DISRUPTION_LEASE_ANNOTATION,
  DRAIN_POLICY_ANNOTATION,
  DRAIN_STARTED_ANNOTATION,
  DRAIN_TIMEOUT_ANNOTATION,
  DRIFT_POLICY_ANNOTATION,
  FAILURE_BUDGET_ANNOTATION,
  FINALIZE_FAILURE_ANNOTATION,
  FIRST_CONFIG_ANNOTATION,
  GENERATED_BY_ANNOTATION,
  HOST_TOOL_ANNOTATION,
  LAST_APPLIED_DRAIN_ANNOTATION,
  LAYERED_ANSWERED_ANNOTATION,
  LAYERED_LABEL,
  MACHINE_CONFIG_NODE_ANNOTATION,
  MAX_PULLS_ANNOTATION,
  NOT_PREFETCHED,
  OS_IMAGE_OVERRIDDEN_ANNOTATION,
  PERMITS_ANNOTATION,
  PERMIT_ANNOTATION,
  POOL_LABELS_APPLIED_ANNOTATION,
  POST_CONFIG_ACTION_ANNOTATION,
  PREFETCHED_IMAGE_ANNOTATION,
  PREFETCH_IMAGE_ANNOTATION,
  PRE_BUILT_IMAGE_KEY,
  REASON_ANNOTATION,
  REBOOT_ANNOTATION,
  REBUILD_ANNOTATION,
  RETRY_ANNOTATION,
  REVISION_ANNOTATION,
  ROLE_LABEL,
  ROLLBACK_CONFIG_ANNOTATION,
  ROLLBACK_IMAGE_ANNOTATION,
  ROLLBACK_TO_ANNOTATION,
  SOAK_ANNOTATION,
  STAGED_IMAGE_ANNOTATION,
  STATE_ANNOTATION,
  STUCK_AFTER_ANNOTATION,
  TOPOLOGY_ANNOTATION,
  UPDATE_TAINT,
  UPDATE_TAINT_EFFECT,
  WARNINGS_ANNOTATION,
} from './well-known-keys.ts';
export { describeType } from './object-reader.ts';
export type { ApiErrorCode, FieldProblem } from './api-error.ts';
export type { BuildState } from './build-state.ts';
export type { Condition, StoredCondition } from './conditions.ts';
export type { FieldPath } from './field-path.ts';
export type { ContainerRuntimeConfig } from './definitions/container-runtime-config.ts';
export type { ControllerConfig } from './definitions/controller-config.ts';
export type { CustomResourceDefinition } from './definitions/custom-resource-definition.ts';
export type { KubeletConfig } from './definitions/kubelet-config.ts';
export type { LabelSelector } from './definitions/label-selector.ts';
export type { MachineConfigNode } from './definitions/machine-config-node.ts';
export type { MachineConfigPool } from './definitions/machine-config-pool.ts';
export type { MachineConfig, MachineConfigSpec } from './definitions/machine-config.ts';
export type { MachineConfiguration } from './definitions/machine-configuration.ts';
export type { MachineOSBuild } from './definitions/machine-os-build.ts';
export type { MachineOSConfig } from './definitions/machine-os-config.ts';
export type { OSImageStream } from './definitions/os-image-stream.ts';
export type { PinnedImageSet } from './definitions/pinned-image-set.ts';
export type { ObjectMeta } from './object-meta.ts';
export type { ApiObject } from './object.ts';
export { BUILDER_SERVICE_ACCOUNT, builderPermissions, WRITERS_ANNOTATION } from './builder-permissions.ts';
