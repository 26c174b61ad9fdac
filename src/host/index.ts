export type { CommandOutcome, HostCommand, OutputLine } from './host-command.ts';
export type { HostErrorCode, HostErrorFacts, PartialOutput } from './host-error.ts';
export { HostError } from './host-error.ts';
export type { FailureClass, FailurePolicy, HostFailure, Remedy } from './host-failure.ts';
export { failurePolicy } from './failure-policy.ts';
export type { EnterOptions, HostRunner, Namespace, OwnEnvironment } from './host-runner.ts';
export { hostAtRoot, hostOfProcess, thisHost } from './host-runner.ts';
export type { DeployedImage, Deployment, DeployTool, HostStatus, LocalChanges } from './host-status.ts';
export { allDeployments, isImage, nextBoot } from './host-status.ts';
export type { HostImageReference, ImageSignature } from './image-reference.ts';
export { formatOriginReference, parseOriginReference, pinnedDigest } from './image-reference.ts';
export { readBootcStatus } from './bootc-status.ts';
export { readOstreeStatus, readOstreeStatusText } from './ostree-status.ts';
export { readRpmOstreeStatus } from './rpm-ostree-status.ts';
export { classifyOutput, failureOf, failureOfError } from './classify-failure.ts';
export type { ConfigChange, ConfigDiff } from './config-diff.ts';
export { diffConfig } from './config-diff.ts';
export type { DriverChoice, DriverWish } from './choose-driver.ts';
export { chooseDriver } from './choose-driver.ts';
export type {
  BootcCapabilities,
  HostCapabilities,
  OstreeCapabilities,
  RpmOstreeCapabilities,
} from './host-capabilities.ts';
export { probeCapabilities } from './probe-capabilities.ts';
export type { ToolVersion } from './tool-version.ts';
export { formatToolVersion } from './tool-version.ts';
export type { HostChange } from './host-change.ts';
export type { HostDriver, StageRequest, Tolerance } from './host-driver.ts';
export type { DriverOptions } from './open-driver.ts';
export { openDriver } from './open-driver.ts';
export type { Deadlines } from './host-tool.ts';
export { DEADLINES, HostTool } from './host-tool.ts';
export { LineSplitter } from './line-splitter.ts';
export type { HostImage, ImageLayer, ImageSource } from './image-source.ts';
export { ImageSourceError } from './image-source.ts';
export type { KernelArgumentChange } from './kernel-arguments.ts';
export {
  checkKernelArguments,
  chosenArguments,
  compareKernelArguments,
  excessOfLine,
  isMachineArgument,
  planKernelArguments,
  splitKernelArguments,
} from './kernel-arguments.ts';
export type { BootEntry } from './boot-entries.ts';
export { kernelArgumentsOf, readBootEntries } from './boot-entries.ts';
export type { Amount, ProgressEvent, ProgressListener } from './progress.ts';
export type { StatusReading } from './status-reading.ts';
export { findCompetitors } from './competitors.ts';
export type { LastFinalization } from './last-finalization.ts';
export { readLastFinalization } from './last-finalization.ts';
export type { RebootOptions, UnitChange, UnitReading, UnitStatus, UnitVerb } from './systemctl.ts';
export { Systemctl } from './systemctl.ts';
export type { ImageArguments } from './image-arguments.ts';
export type { Installation, InstallationEnd } from './install-image.ts';
export { installImage } from './install-image.ts';
export { imageArgumentsOf, readImageArguments, withImageArguments } from './image-arguments.ts';
export { parseKargsFile } from './kargs-file.ts';
