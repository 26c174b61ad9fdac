/** The media types of image documents and layers that this room reads or writes. */
export const MediaType = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** The two families of document types; one manifest holds types of one family only (host-contract §5.5). */
export type MediaFamily = 'oci' | 'docker';

/** What {@link MediaType} manifest requests accept: images and indexes of both families. */
export const MANIFEST_TYPES: readonly string[] = [
  MediaType.ociManifest,
  MediaType.ociIndex,
  MediaType.dockerManifest,
  MediaType.dockerManifestList,
];

/** Tells whether the media type is that of an image manifest (OCI or Docker schema 2). */
export function isManifestType(mediaType: string): boolean {
  return mediaType === MediaType.ociManifest || mediaType === MediaType.dockerManifest;
}

/** Tells whether the media type is that of an index (OCI index or Docker manifest list). */
export function isIndexType(mediaType: string): boolean {
  return mediaType === MediaType.ociIndex || mediaType === MediaType.dockerManifestList;
}

/** The family of a manifest or index type; every type that is not Docker's counts as OCI. */
export function mediaFamilyOf(mediaType: string): MediaFamily {
  return mediaType.startsWith('application/vnd.docker.') ? 'docker' : 'oci';
}

/** A `Content-Type` value without parameters, in lower case: `Application/JSON; charset=utf-8` → `application/json`. */
export function bareMediaType(contentType: string): string {
  const [bare = ''] = contentType.split(';', 1);
  return bare.trim().toLowerCase();
}
