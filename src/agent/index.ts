export type { AgentPolicy } from './agent-policy.ts';
export { registryImages } from './registry-images.ts';
export { Agent } from './agent.ts';
export type { AgentNews, AgentOptions } from './agent.ts';
export type { AgentHost, HostLook } from './agent-host.ts';
export { DEFAULT_POLICY } from './agent-policy.ts';
export type { ChosenHostOptions } from './chosen-host.ts';
export { ChosenHost } from './chosen-host.ts';
export type { ActOutcome } from './attempt-step.ts';
export { afterAct, afterRemedy } from './attempt-step.ts';
export type { DrivenHostOptions } from './driven-host.ts';
export { DrivenHost } from './driven-host.ts';
export { decide } from './decide.ts';
export type {
  BootedImageFacts,
  HostAbilities,
  HostReading,
  HostView,
  KernelArgumentDifference,
} from './host-view.ts';
export type { JournalReading } from './journal-format.ts';
export type { JournalStore } from './journal-store.ts';
export { JournalFile } from './journal-store.ts';
export type { Attempt, FailedActivation, Journal, Settled, Trouble } from './journal.ts';
export { machineConfigNodeReport } from './machine-config-node-report.ts';
export type { AnnotationChanges } from './node-report.ts';
export { nodeReport } from './node-report.ts';
export type { AgentNode, NodeWishes } from './node-wishes.ts';
export { nodeWishes } from './node-wishes.ts';
export { LocalObjects } from './local-objects.ts';
export { MachineConfigNodeFile } from './machine-config-node-file.ts';
export type { AgentObjects, NodeObject, PullSecret } from './own-objects.ts';
export { OwnObjects } from './own-objects.ts';
export { type AgentFacts, hasArrived, type Phase, type Plan } from './situation.ts';
export type { Act, Step } from './step.ts';
export type { DriftPolicy, DriftReport } from './drift-report.ts';
export { CONFIG_DRIFTED } from './drift-report.ts';
export type { FilesNews, FilesTarget, NodeFilesOptions } from './node-files.ts';
export { NodeFiles } from './node-files.ts';
export { PlaneMemoryFile } from './plane-memory.ts';
export type { PlaneOutcome, PlaneRequest } from './reconcile-plane.ts';
export { reconcilePlane } from './reconcile-plane.ts';
export type { HostPullSecretOptions, PullSecretReading } from './host-pull-secret.ts';
export { HostPullSecret } from './host-pull-secret.ts';
export type { RegistryTrust } from './registry-trust.ts';
export { writeRegistryTrust } from './registry-trust.ts';
export type { DescribedDrift } from './read-drift.ts';
export { readDrift } from './read-drift.ts';
