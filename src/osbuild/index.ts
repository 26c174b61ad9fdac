export type { Architectures, Base, FoundImage, ResolvedBase } from './base-catalog.ts';
export type { BaseIndexHeader } from './base-index-header.ts';
export type { BaseIndex } from './base-index.ts';
export type { BuildFailure, BuildFailureReason } from './build-failure.ts';
export { buildFailure } from './build-failure.ts';
export { REPLACES_ANNOTATION } from './build-keys.ts';
export { formatReplacement } from './build-replacement.ts';
export type { TaggedImage } from './build-retention.ts';
export { disposableBuilds, disposableCustomisations, disposableImages } from './build-retention.ts';
export type { BuildNews } from './build-status.ts';
export { buildStatus, SEEDED } from './build-status.ts';
export type { BuildSituation, BuildStep } from './build-step.ts';
export { buildStep } from './build-step.ts';
export type {
  BuildInputObject,
  BuildInputSources,
  InputConfigMap,
  InputSecret,
} from './build-input-objects.ts';
export { buildInputObjects, readBuildInputs } from './build-input-objects.ts';
export type { CertificateField } from './certificate-authorities.ts';
export { readCertificates } from './certificate-authorities.ts';
export { buildCircumstances, buildSecrets } from './build-circumstances.ts';
export { isCustomisationTag } from './customisation-tags.ts';
export type { CustomisationWish } from './customisation.ts';
export { memoryCache, openBuildCache } from './build-cache.ts';
export type { BuildCache } from './build-cache.ts';
export { buildahBuilders } from './buildah.ts';
export type { BuildInputs } from './build-inputs.ts';
export type { ContainerBuilders } from './container-builder.ts';
export { withoutOutput } from './container-failure.ts';
export { containerWish, mayNeedContainer, refuseEarly } from './container-build-needs.ts';
export {
  type ExtensionCatalogue,
  type ExtensionPackages,
  extensionCatalogue,
  parseExtension,
  parsePackageSets,
} from './extension-packages.ts';
export type { ConfigurationDifference, PathDifference } from './image-diff.ts';
export { diffConfigurations } from './image-diff.ts';
export { Label } from './image-labels.ts';
export { isSeed } from './image-seed.ts';
export { makeDirectory } from './make-directory.ts';
export type { PoolRegistryOptions } from './open-pool-registry.ts';
export { openPoolRegistry } from './open-pool-registry.ts';
export { OpenedBases } from './opened-bases.ts';
export type { OsBuildErrorCode } from './osbuild-error.ts';
export { OsBuildError } from './osbuild-error.ts';
export { osConfigStatus } from './os-config-status.ts';
export { nextRevision, numberBuilds } from './build-revisions.ts';
export { pushRepository } from './new-build.ts';
export type { AskedBuild, BuilderEvents, BuiltImage } from './pool-builder.ts';
export { PoolBuilder } from './pool-builder.ts';
export { poolCredentials } from './pool-credentials.ts';
export type { ConfigurationLayer, ImageDescription, ImageLayer, LayerPath } from './pool-image.ts';
export { describeImage, readConfiguration } from './pool-image.ts';
export type { ProvenanceItem, ProvenanceMap } from './provenance-map.ts';
export { PROVENANCE_PATH, provenanceMap, readProvenanceMap } from './provenance-map.ts';
export type {
  PoolBuildRequest,
  PoolBuildResult,
  PoolContainers,
  PoolRegistry,
  RegistryAccess,
  ResolvedBaseName,
  SecretDocument,
} from './pool-registry.ts';
export { tagConflict } from './pool-tags.ts';
export { redactedBuilders } from './redacted-builders.ts';
export type { RegistrySecret } from './registry-secret.ts';
export { registryCredentials } from './registry-secret.ts';
export {
  JOB_UID_ANNOTATION,
  BUILD_JOB_LABEL,
  ON_CLUSTER_LAYERING_LABEL,
  REQUEST_ANNOTATION,
} from './build-keys.ts';
export type { JobNames } from './job-names.ts';
export { jobNames } from './job-names.ts';
export type { JobOutput } from './job-output.ts';
export { formatOutput, MOST_OUTPUT, outputKey, OutputReader } from './job-output.ts';
export type { BuildJob } from './job-object.ts';
export { jobObject } from './job-object.ts';
export type { JobConfigMap, JobSecret } from './job-objects.ts';
export { jobObjects } from './job-objects.ts';
export type { JobOrder } from './job-order.ts';
export type { BuildPod } from './job-pod.ts';
export type { JobProgress } from './job-progress.ts';
export { deletedJob, hinderedJob, jobProgress } from './job-progress.ts';
export type { JobReport } from './job-report.ts';
export { DIGEST_KEY, formatReport, JobExit, parseReport, REPORT_KEY, shortReport } from './job-report.ts';
export type { BuildJobSettings } from './job-settings.ts';
export { DEFAULT_JOB_SETTINGS } from './job-settings.ts';
export { requestHash } from './job-request-hash.ts';
export type { ContainerBuilder, ContainerBuildRequest } from './container-builder.ts';
export type { JobRequest } from './job-request.ts';
export { readJobRequest } from './job-request.ts';
export { JobFile, JobFolder } from './job-folders.ts';
