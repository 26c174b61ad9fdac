export { ControllerRunner } from './controller.ts';
export type { Controller, ControllerSupport } from './controller.ts';
export { DefinitionController } from './definition-controller.ts';
export { DisruptionController } from './disruption-controller.ts';
export { ExpiryController } from './expiry-controller.ts';
export { GarbageCollector } from './garbage-collector.ts';
export { NamespaceController } from './namespace-controller.ts';
export { NodeController } from './node-controller.ts';
export { NodeLifecycleController } from './node-lifecycle-controller.ts';
