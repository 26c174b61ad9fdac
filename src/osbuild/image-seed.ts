import type { MachineOSBuild, MachineOSConfig } from '../api/index.ts';
import { CURRENT_BUILD_ANNOTATION, PRE_BUILT_IMAGE_KEY } from '../api/index.ts';
import { OciError, parseReference } from '../oci/index.ts';
import { newBuild } from './new-build.ts';
import type { BuildInputs, BuildOrigin } from './new-build.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What the API takes where an image is recorded (contract §1.0); a tag besides the digest is none of it. */
const RECORDABLE =
  /^(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+(?::[0-9]{2,5})?\/(?:[\w-]{0,61}\/)*[\w.-]*@sha256:[a-f0-9]{64}$/u;
const MAX_IMAGE = 447;

/**
 * The image that a MachineOSConfig is to begin with, which somebody has built already (contract §4.10): its annotation
 * `pre-built-image` as long as no build is named as the current one. Nothing is built before it is in force.
 *
 * @throws OsBuildError `invalid-os-config` where it is no image by its digest
 */
export function awaitedSeed({ metadata }: MachineOSConfig): string | undefined {
  const image = metadata.annotations?.[PRE_BUILT_IMAGE_KEY];
  if (image === undefined || metadata.annotations?.[CURRENT_BUILD_ANNOTATION] !== undefined) return undefined;
  const problem = problemOf(image);
  if (problem === undefined) return image;
  const field = `metadata.annotations[${PRE_BUILT_IMAGE_KEY}]`;
  throw new OsBuildError(
    'invalid-os-config',
    `cannot begin with the image that MachineOSConfig ${JSON.stringify(metadata.name)} names: ${field}: ${problem}; write HOST/NAME@sha256:DIGEST, or remove it to have an image built`,
    { field },
  );
}

/** The build that stands for an image which was built elsewhere: the one of these inputs, and never to be run. */
export function seedBuild(inputs: BuildInputs, origin: BuildOrigin): MachineOSBuild {
  const build = newBuild(inputs, origin);
  const labels = { ...build.metadata.labels, [PRE_BUILT_IMAGE_KEY]: 'true' };
  return { ...build, metadata: { ...build.metadata, labels } };
}

/** Whether a build only stands for an image which was built elsewhere. */
export function isSeed({ metadata }: MachineOSBuild): boolean {
  return metadata.labels?.[PRE_BUILT_IMAGE_KEY] !== undefined;
}

/**
 * What is said of an image to begin with where something has been built. What is no reference is not repeated here: it may
 * hold a password.
 */
export function lateSeedProblem(image: string): string {
  const shown = unreadable(image) === undefined ? image : 'its value';
  return `Annotation ${PRE_BUILT_IMAGE_KEY} is for a MachineOSConfig that has no build yet, this one has; ${shown} is not used and the annotation removed. To run it, delete the MachineOSConfig and make it with the annotation`;
}

/** Why an image cannot be recorded. */
function problemOf(image: string): string | undefined {
  const problem = unreadable(image);
  if (problem !== undefined) return problem;
  if (image.length <= MAX_IMAGE && RECORDABLE.test(image)) return undefined;
  return `${JSON.stringify(image)} is not an image by its sha256 digest alone, as builds record it`;
}

/** Why an image is no reference. It is not repeated here: it may hold a password. */
function unreadable(image: string): string | undefined {
  try {
    parseReference(image);
    return undefined;
  } catch (error) {
    if (error instanceof OciError) return error.message;
    throw error;
  }
}
