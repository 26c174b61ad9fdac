export { BUILD_LOG_KEY, BUILD_LOG_WHOLE_KEY, buildLogName } from './build-log-object.ts';
export { clusterTroubles } from './cluster-troubles.ts';
export { Metrics } from './metrics.ts';
export { addProcess, number } from './process-metrics.ts';
export { reportRun } from './report-run.ts';
export { runBuildPod } from './build-pod.ts';
export { jobBuilding } from './job-building.ts';
export type { ContainerBuilding } from './container-building.ts';
export { noBuilding, processBuilding } from './process-building.ts';
export type { ControllersOptions } from './run-controllers.ts';
export { Controllers } from './run-controllers.ts';
export { COMPONENT_LABEL, COMPONENTS, controlPlaneMembers } from './control-plane.ts';
export { ImageChanges } from './image-changes.ts';
export {
  clusterKey,
  CONFIG_MAPS,
  MACHINE_CONFIG_NODES,
  MACHINE_CONFIGS,
  MACHINE_CONFIGURATIONS,
  NODES,
  OS_BUILDS,
  OS_CONFIGS,
  PODS,
  POOLS,
} from './resources.ts';
export type { Pod, PoolNode } from './resources.ts';
export type { ControllerSettings, Log, LogFields } from './support.ts';
export { DEFAULT_SETTINGS } from './support.ts';
export { TroubleReport } from './trouble-report.ts';
