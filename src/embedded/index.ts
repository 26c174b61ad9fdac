export type { EmbeddedErrorCode, EmbeddedErrorFacts } from './embedded-error.ts';
export { EmbeddedError } from './embedded-error.ts';
export type { EmbeddedRegistry, EmbeddedRegistryOptions } from './registry/index.ts';
export { startRegistry } from './registry/index.ts';
export type {
  MiniatureArchitecture,
  MiniatureBase,
  MiniatureBaseOptions,
  PushMiniatureBaseOptions,
} from './base/index.ts';
export { buildMiniatureBase, pushMiniatureBase } from './base/index.ts';
export type { ClusterFacts } from './cluster-objects.ts';
export { CONTROLLER_USER, REGISTRY_SECRET, clusterObjects, clusterSettings } from './cluster-objects.ts';
export type { ControlPlane, ControlPlaneOptions } from './control-plane.ts';
export { startControlPlane } from './control-plane.ts';
export { agentsGroup } from './access/index.ts';
export type { MachineBoot, MachineListener, NodeMachine } from './nodes/node-machine.ts';
export type { StandInKubeletOptions } from './nodes/stand-in-kubelet.ts';
export { StandInKubelet } from './nodes/stand-in-kubelet.ts';
export type { NspawnMachineOptions } from './nodes/nspawn-machine.ts';
export { createNspawnMachine, NspawnMachine } from './nodes/nspawn-machine.ts';
export type { SimulatedMachineOptions, SimulatedTools } from './nodes/simulated/machine-options.ts';
export type { MachineFault, Phase as MachinePhase } from './nodes/simulated/faults.ts';
export { createSimulatedMachine, type SimulatedMachine } from './nodes/simulated/simulated-machine.ts';
