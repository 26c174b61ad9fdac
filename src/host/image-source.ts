import type { FailureClass } from './host-failure.ts';

/** A layer of an image, as its manifest lists it. */
export interface ImageLayer {
  /** Of the layer as it is stored: `sha256:…`. */
  readonly digest: string;
  /** Bytes, as it is stored. */
  readonly size: number;
}

/** What the ostree driver must know of an image. */
export interface HostImage {
  /** The digest of the platform's manifest. */
  readonly digest: string;
  readonly layers: readonly ImageLayer[];
  /** The config's labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** As GOARCH names it. */
  readonly architecture: string;
  /** The image's config as it is stored, a JSON text: a host keeps it with the image (host-contract §3.1). */
  readonly config: string;
}

/**
 * Where the ostree driver gets images from: no tool of the host pulls them. Its errors are `ImageSourceError`s, so
 * that they are classified as those of the other tools.
 */
export interface ImageSource {
  /** The manifest of the host's platform behind a reference by digest. */
  resolve(reference: string, signal: AbortSignal | undefined): Promise<HostImage>;
  /** A layer's bytes as they are stored; whoever reads them verifies the digest. */
  layer(reference: string, layer: ImageLayer, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
}

/** An image that cannot be had, and of which class of failure that is. */
export class ImageSourceError extends Error {
  override readonly name = 'ImageSourceError';
  readonly class: FailureClass;

  constructor(failure: FailureClass, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.class = failure;
  }
}
