import { setImmediate as turn } from 'node:timers/promises';
import type { Reference, RegistryClient, UploadSession } from '../oci/index.ts';
import type { ResolvedBase } from './base-catalog.ts';
import type { CurrentImage } from './blob-push.ts';

/** A configuration layer and an image config: what a push of one image always uploads. */
const UPLOADS = 2;

/**
 * Uploads that were opened before there was anything to put into them, so that the registry works on them while the
 * image is assembled: an idle one takes as long for that as for storing the layer.
 */
export class OpenedUploads {
  readonly #registry: RegistryClient;
  readonly #push: Reference;
  readonly #opened: Promise<UploadSession | undefined>[];

  constructor(registry: RegistryClient, push: Reference) {
    this.#registry = registry;
    this.#push = push;
    this.#opened = Array.from({ length: UPLOADS }, () => registry.beginUpload(push));
  }

  /** One of the uploads; undefined when none is left or the registry opened none. */
  async take(): Promise<UploadSession | undefined> {
    return this.#opened.shift();
  }

  /** Ends those that nobody took. */
  async cancel(): Promise<void> {
    for (let upload = this.#opened.shift(); upload !== undefined; upload = this.#opened.shift()) {
      const begun = await upload;
      if (begun !== undefined) await this.#registry.cancelUpload(this.#push, begun);
    }
  }
}

/**
 * Opens the uploads of one image, unless nothing seems to have changed: the tag holds a layer of the same rendered
 * configuration. Comes back when the requests are on their way.
 */
export async function openUploads(
  registry: RegistryClient,
  push: Reference,
  base: ResolvedBase,
  current: CurrentImage | undefined,
  renderedConfig: string,
): Promise<OpenedUploads | undefined> {
  if (base.index !== undefined || current?.renderedConfigs.has(renderedConfig) === true) return undefined;
  const uploads = new OpenedUploads(registry, push);
  await turn();
  return uploads;
}
