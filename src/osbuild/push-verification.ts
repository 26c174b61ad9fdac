import type { Digest, Reference, RegistryClient } from '../oci/index.ts';
import { formatReference, OciError, withDigest } from '../oci/index.ts';
import { inParallel } from './bounded-parallel.ts';
import type { CurrentImage } from './current-image.ts';

/** Requests at once. */
const CONCURRENT_REQUESTS = 8;

/**
 * Asks a registry for everything that it took, manifests as they are and whether the blobs are there; answers the first
 * digest that it has not got.
 *
 * @param trusted blobs that need not be asked for
 */
export async function findLost(
  registry: RegistryClient,
  push: Reference,
  { manifests, blobs }: CurrentImage,
  trusted: ReadonlySet<Digest>,
): Promise<Digest | undefined> {
  const questions = [
    ...Array.from(manifests, (digest) => async (signal: AbortSignal): Promise<Digest | undefined> => {
      const found = await registry.getManifest(withDigest(push, digest), signal);
      return found === undefined ? digest : undefined;
    }),
    ...Array.from(
      blobs.difference(trusted),
      (digest) =>
        async (signal: AbortSignal): Promise<Digest | undefined> =>
          (await registry.hasBlob(push, digest, signal)) ? undefined : digest,
    ),
  ];
  const answers = await inParallel(questions, CONCURRENT_REQUESTS, (ask, signal) => ask(signal));
  return answers.find((lost) => lost !== undefined);
}

/** The error for a registry that took something twice and has not got it. */
export function lostError(push: Reference, lost: Digest): OciError {
  return new OciError(
    'registry-error',
    `cannot push ${formatReference(push)}: ${push.registry} said that it took ${lost} and has not got it; its storage is at fault, its log may say why`,
    { registry: push.registry, retryable: true },
  );
}
