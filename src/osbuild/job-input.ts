import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import { formatReference, parseReference, type MediaFamily, type Reference } from '../oci/index.ts';
import type { AssembledStep } from './containerfile-assembly.ts';
import { isListOf, isString } from './json-shape.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * What the pod of a build has to know besides the contents of its folders and variables. Nothing of it is secret: it is in a
 * ConfigMap.
 */
export interface JobInput {
  /** Of the context, by their paths in it. */
  readonly files: ReadonlyMap<string, string>;
  readonly steps: readonly (readonly AssembledStep[])[];
  readonly mediaFamily: MediaFamily;
  readonly push: Reference;
  readonly images: readonly Reference[];
  readonly insecureRegistries: readonly string[];
  /** Their files are in folders of their own, in this order. */
  readonly mounts: readonly { readonly path: string; readonly source: string }[];
  /** Whether the pool has them; a builder's image may have files of its own in their places. */
  readonly hasRegistries: boolean;
  readonly hasPolicy: boolean;
  /** Names of the variables that have the proxies. */
  readonly proxies: readonly string[];
  /** The secrets that the credentials are from, `namespace/name`, for messages; no pull secret: bases are pulled as anybody. */
  readonly secrets: { readonly pull?: string; readonly push: string };
}

export function formatJobInput(input: JobInput): string {
  const { files, push, images, ...rest } = input;
  return JSON.stringify({
    ...rest,
    files: Object.fromEntries(files),
    push: formatReference(push),
    images: images.map(formatReference),
  });
}

/**
 * Reads {@link formatJobInput}.
 *
 * @throws OsBuildError `no-builder` for what another version of Varve has written in another form
 */
export function parseJobInput(text: string): JobInput {
  const value = parse(text);
  if (value === undefined || !isJobInput(value)) {
    throw new OsBuildError(
      'no-builder',
      "cannot read what the build is made of: the builder's image is of another version than the controllers; give both the same",
    );
  }
  const { files, push, images, ...rest } = value;
  return {
    ...rest,
    files: new Map(Object.entries(files)),
    push: parseReference(push),
    images: images.map(parseReference),
  };
}

interface Written {
  readonly files: Readonly<Record<string, string>>;
  readonly steps: JobInput['steps'];
  readonly mediaFamily: MediaFamily;
  readonly push: string;
  readonly images: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly mounts: JobInput['mounts'];
  readonly hasRegistries: boolean;
  readonly hasPolicy: boolean;
  readonly proxies: readonly string[];
  readonly secrets: JobInput['secrets'];
}

function parse(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isJobInput(value: object): value is Written {
  const members = value as Partial<Record<keyof Written, unknown>>;
  const { files, steps, mediaFamily, push, images, mounts, secrets } = members;
  return (
    isJsonObject(files) &&
    Object.values(files).every(isString) &&
    isListOf(steps, (stage) => isListOf(stage, isStep)) &&
    (mediaFamily === 'oci' || mediaFamily === 'docker') &&
    isString(push) &&
    isListOf(images, isString) &&
    isListOf(members.insecureRegistries, isString) &&
    isListOf(mounts, isMount) &&
    typeof members.hasRegistries === 'boolean' &&
    typeof members.hasPolicy === 'boolean' &&
    isListOf(members.proxies, isString) &&
    isJsonObject(secrets) &&
    isString(secrets['push']) &&
    (secrets['pull'] === undefined || isString(secrets['pull']))
  );
}

/** A step of Varve's has no line. */
function isStep(step: unknown): boolean {
  return (
    isJsonObject(step) &&
    isString(step['text']) &&
    (step['line'] === undefined || typeof step['line'] === 'number')
  );
}

function isMount(mount: unknown): boolean {
  return isJsonObject(mount) && isString(mount['path']) && isString(mount['source']);
}
