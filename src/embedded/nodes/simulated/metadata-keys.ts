/** Keys of a commit's metadata that tell which image it is (host-contract §3.1). */
export const MANIFEST_DIGEST = 'ostree.manifest-digest';
export const MANIFEST = 'ostree.manifest';
export const IMAGE_CONFIG = 'ostree.container.image-config';
