export type { Digest, DigestAlgorithm, RunningDigest } from './digest.ts';
export {
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
  sha256,
  startDigest,
} from './digest.ts';
export type {
  Descriptor,
  HistoryEntry,
  ImageConfig,
  ImageDocument,
  ImageIndex,
  ImageSettings,
  Manifest,
  Platform,
} from './documents.ts';
export {
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  parseDocument,
  parseImageConfig,
  parseImageIndex,
  parseManifest,
} from './documents.ts';
export type { MediaFamily } from './media-type.ts';
export { bareMediaType, isIndexType, isManifestType, mediaFamilyOf, MediaType } from './media-type.ts';
export type { OciErrorCode, OciErrorFacts } from './oci-error.ts';
export { OciError } from './oci-error.ts';
export type { AppendedImage, BaseImage, ImageChange } from './append-layers.ts';
export { appendLayers, CONTENT_LABEL } from './append-layers.ts';
export { compressionOf, decompress } from './decompress.ts';
export type { BuildLayerOptions, Compression, Layer } from './layer.ts';
export { buildLayer } from './layer.ts';
export type { BuiltIndex, RebuiltChild } from './platform.ts';
export { buildIndex, selectManifests } from './platform.ts';
export type { TarEntry } from './tar-entry.ts';
export type { TarHeader, TarMemberType } from './tar-header.ts';
export type { ReadTarOptions, TarMember } from './tar-reader.ts';
export { readTar } from './tar-reader.ts';
export type { BodySink, MemberVisitor, TarScannerOptions } from './tar-scanner.ts';
export { TarScanner } from './tar-scanner.ts';
export { writeTar } from './tar-writer.ts';
export type { Credential, CredentialLookup } from './auth-file.ts';
export type { AuthEnvironment, AuthSource } from './auth-source.ts';
export { authDocument, authFiles, loadAuthFiles } from './auth-source.ts';
export type { Reference } from './reference.ts';
export { formatReference, formatRepository, parseReference, withDigest, withTag } from './reference.ts';
export type { RegistryClient } from './registry-client.ts';
export { openRegistry } from './registry-client.ts';
export type { ResolvedManifest, StoredManifest } from './registry-manifests.ts';
export type { OptionNames, RegistryOptions, TransferEvent } from './registry-options.ts';
export type { Traffic } from './registry-transport.ts';
export type { BlobSource } from './registry-upload.ts';
