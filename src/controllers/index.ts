export { BUILD_LOG_KEY, buildLogName } from './build-log-object.ts';
export type { ControllersOptions } from './run-controllers.ts';
export { Controllers } from './run-controllers.ts';
export { OS_BUILDS } from './resources.ts';
export type { ControllerSettings, Log, LogFields } from './support.ts';
export { DEFAULT_SETTINGS } from './support.ts';
