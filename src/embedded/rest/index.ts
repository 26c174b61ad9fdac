export type { ApiEnvironment } from './api-environment.ts';
export { CLEANUP_FINALIZER } from './definition-deletion.ts';
export { KindRegistry } from './kind-registry.ts';
export type { KubernetesApiOptions } from './kubernetes-api.ts';
export { KubernetesApi, statusAnswer } from './kubernetes-api.ts';
export {
  finalizersOf,
  isBeingDeleted,
  labelsOf,
  metadataOf,
  nameOf,
  setFinalizers,
} from './object-metadata.ts';
export { objectValue } from './presentation.ts';
export type { ApiAnswer, ApiCall } from './request.ts';
export { SystemClient } from './system-client.ts';
export type { Pulled } from './watch.ts';
export { Watch } from './watch.ts';
