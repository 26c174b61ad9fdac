import { MachineConfigError } from '../machineconfig/index.ts';
import type { OciErrorCode } from '../oci/index.ts';
import { OciError } from '../oci/index.ts';
import type { OsBuildErrorCode } from './osbuild-error.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * Why a build failed: the reason of its condition `Failed`.
 *
 * - `BaseUnusable`: the base is no image that a node could boot, or not one at all.
 * - `BuilderRefused`: the cluster, when it was asked to run the builder: a quota, a policy, a missing permission.
 * - `BuilderStorage`: the machine that builds cannot write to its disk.
 * - `BuildUnsupported`: the pool asks for something that no builder here can make.
 * - `CommandFailed`: a command of the Containerfile.
 * - `ConfigurationInvalid`: no image can hold what a MachineConfig asks for.
 * - `ContainerfileInvalid`: its text, before anything of it ran.
 * - `Evicted`: the pod of the builder was, or its node is gone.
 * - `ImageMissing`: the registry has no such image.
 * - `ImageNameInvalid`: the name of a base, or of where to push to.
 * - `InternalError`: a defect of Varve.
 * - `KernelUnusable`: what was built has not exactly one kernel that a node can boot.
 * - `OSConfigInvalid`: a field of the MachineOSConfig.
 * - `OutOfMemory`: the builder's.
 * - `PackageConflict`: packages that do not go together.
 * - `PackageMissing`: an extension or a kernel that was asked for is not in what was built.
 * - `PackageNotFound`: a package that is in no repository.
 * - `RegistryError`: the registry answered with an error, or with something else than it should.
 * - `RegistryRefused`: the registry knows us and says no, or does not know us.
 * - `RegistryUnreachable`: no answer at all.
 * - `RegistryUntrusted`: the registry's certificate, or the authorities that would vouch for it.
 * - `SecretInImage`: the Containerfile copies a secret of the build into what is pushed.
 * - `SecretInvalid`: the form of a secret.
 * - `TimedOut`: the build took longer than it may.
 */
export type BuildFailureReason =
  | 'BaseUnusable'
  | 'BuilderRefused'
  | 'BuilderStorage'
  | 'BuildUnsupported'
  | 'CommandFailed'
  | 'ConfigurationInvalid'
  | 'ContainerfileInvalid'
  | 'Evicted'
  | 'ImageMissing'
  | 'ImageNameInvalid'
  | 'InternalError'
  | 'KernelUnusable'
  | 'OSConfigInvalid'
  | 'OutOfMemory'
  | 'PackageConflict'
  | 'PackageMissing'
  | 'PackageNotFound'
  | 'RegistryError'
  | 'RegistryRefused'
  | 'RegistryUnreachable'
  | 'RegistryUntrusted'
  | 'SecretInImage'
  | 'SecretInvalid'
  | 'TimedOut';

/** Why a build failed, for a condition. */
export interface BuildFailure {
  readonly reason: BuildFailureReason;
  readonly message: string;
}

/**
 * When a failure is worth another try although no object has changed:
 * - `soon`: it passes by itself.
 * - `later`: it may pass by itself, or somebody has to do something at a registry or a builder, of which nobody tells us.
 * - `never`: an object has to change, which starts another build.
 */
export type RetryClass = 'soon' | 'later' | 'never';

const RETRY: Readonly<Record<BuildFailureReason, RetryClass>> = {
  BaseUnusable: 'never',
  BuilderRefused: 'later',
  BuilderStorage: 'soon',
  BuildUnsupported: 'later',
  CommandFailed: 'never',
  ConfigurationInvalid: 'never',
  ContainerfileInvalid: 'never',
  Evicted: 'soon',
  ImageMissing: 'later',
  ImageNameInvalid: 'never',
  InternalError: 'later',
  KernelUnusable: 'never',
  OSConfigInvalid: 'never',
  OutOfMemory: 'soon',
  PackageConflict: 'never',
  PackageMissing: 'never',
  PackageNotFound: 'never',
  RegistryError: 'soon',
  RegistryRefused: 'later',
  RegistryUnreachable: 'soon',
  RegistryUntrusted: 'later',
  SecretInImage: 'never',
  SecretInvalid: 'never',
  TimedOut: 'later',
};

const REGISTRY_REASONS: Readonly<Record<OciErrorCode, BuildFailureReason>> = {
  aborted: 'RegistryUnreachable',
  'auth-file': 'SecretInvalid',
  'blob-unknown': 'RegistryError',
  denied: 'RegistryRefused',
  'digest-mismatch': 'RegistryError',
  'invalid-digest': 'RegistryError',
  'invalid-option': 'InternalError',
  'invalid-reference': 'ImageNameInvalid',
  malformed: 'RegistryError',
  'manifest-invalid': 'RegistryError',
  'not-found': 'ImageMissing',
  'rate-limited': 'RegistryError',
  'redirect-loop': 'RegistryError',
  'registry-error': 'RegistryError',
  'tar-rule': 'ConfigurationInvalid',
  tls: 'RegistryUntrusted',
  'too-large': 'RegistryError',
  truncated: 'RegistryError',
  unauthorized: 'RegistryRefused',
  unreachable: 'RegistryUnreachable',
  unsupported: 'RegistryError',
};

const BUILD_REASONS: Readonly<Record<OsBuildErrorCode, BuildFailureReason>> = {
  'base-malformed': 'BaseUnusable',
  'base-not-bootable': 'BaseUnusable',
  'builder-refused': 'BuilderRefused',
  'builder-storage': 'BuilderStorage',
  cache: 'BuilderStorage',
  'command-failed': 'CommandFailed',
  containerfile: 'ContainerfileInvalid',
  evicted: 'Evicted',
  'image-missing': 'ImageMissing',
  'invalid-configuration': 'ConfigurationInvalid',
  'invalid-extension': 'ConfigurationInvalid',
  'invalid-kernel-type': 'ConfigurationInvalid',
  'invalid-os-config': 'OSConfigInvalid',
  'invalid-os-image': 'ImageNameInvalid',
  'invalid-secret': 'SecretInvalid',
  'invalid-trust-bundle': 'RegistryUntrusted',
  'needs-container-build': 'BuildUnsupported',
  network: 'RegistryUnreachable',
  'no-builder': 'BuildUnsupported',
  'not-pushed': 'InternalError',
  'out-of-memory': 'OutOfMemory',
  'package-conflict': 'PackageConflict',
  'package-missing': 'PackageMissing',
  'package-not-found': 'PackageNotFound',
  'provenance-missing': 'InternalError',
  'push-over-base': 'OSConfigInvalid',
  'registry-refused': 'RegistryRefused',
  'secret-in-image': 'SecretInImage',
  timeout: 'TimedOut',
  'wrong-kernels': 'KernelUnusable',
};

/**
 * Says why a build failed. The errors of our rooms say what to do and hold no secrets; of any other error only the class
 * is told, since nobody knows what its message quotes.
 */
export function buildFailure(error: unknown): BuildFailure {
  if (error instanceof OciError) return { reason: REGISTRY_REASONS[error.code], message: error.message };
  if (error instanceof OsBuildError) return { reason: BUILD_REASONS[error.code], message: error.message };
  if (error instanceof MachineConfigError) return { reason: 'ConfigurationInvalid', message: error.message };
  const what = error instanceof Error ? error.constructor.name : typeof error;
  const message = `cannot build the image: an unexpected ${what} in Varve; the log has more`;
  return { reason: 'InternalError', message };
}

/** Whether a build that failed for this reason is tried again by itself; of a reason that is not ours, later. */
export function retryClass(reason: string): RetryClass {
  return isFailureReason(reason) ? RETRY[reason] : 'later';
}

function isFailureReason(reason: string): reason is BuildFailureReason {
  return Object.hasOwn(RETRY, reason);
}

/** Whether this is the code of an error of ours; what a pod reports may be of another version of Varve. */
export function isOsBuildErrorCode(code: string): code is OsBuildErrorCode {
  return Object.hasOwn(BUILD_REASONS, code);
}
