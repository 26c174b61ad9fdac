import { OsBuildError } from './osbuild-error.ts';

const ANY = [{ type: 'insecureAcceptAnything' }];

/** A policy that trusts everything: the machine's own is about its own containers. */
export const ACCEPT_ANYTHING: string = JSON.stringify({ default: ANY });

/**
 * The policy of a builder: the pool's, for the images that its Containerfile names. What Varve itself has made of the base, and stages
 * of the build, are nobody's to sign.
 *
 * @param own references that the policy is not about
 * @throws OsBuildError `invalid-configuration` where it is no policy
 */
export function builderPolicy(policy: string | undefined, own: readonly string[]): string {
  if (policy === undefined) return ACCEPT_ANYTHING;
  const document = parse(policy);
  const transports = objectIn(document, 'transports');
  const docker = objectIn(transports, 'docker');
  return JSON.stringify({
    ...document,
    transports: {
      ...transports,
      docker: { ...docker, ...Object.fromEntries(own.map((reference) => [reference, ANY])) },
      'containers-storage': { '': ANY },
    },
  });
}

type Json = Readonly<Record<string, unknown>>;

function parse(text: string): Json {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed('is not JSON');
  }
  if (!isObject(document)) throw malformed('must be an object');
  if (!Array.isArray(document['default'])) throw malformed('has no list "default"');
  return document;
}

function objectIn(document: Json, name: string): Json {
  const value = document[name] ?? {};
  if (!isObject(value)) throw malformed(`${name} must be an object`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(reason: string): OsBuildError {
  return new OsBuildError(
    'invalid-configuration',
    `cannot build the image with the pool's /etc/containers/policy.json: ${reason}; no node could pull an image with it either`,
  );
}
