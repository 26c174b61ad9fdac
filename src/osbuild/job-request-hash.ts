import { createHash } from 'node:crypto';
import type { ContainerBuildRequest } from './container-builder.ts';
import type { RegistryAccess } from './pool-registry.ts';

/**
 * Whether a member of a request says what the image is made of, or only how it is made and where it goes. Whoever adds one says it
 * here, and gives it to the pod: {@link jobObjects} and the command that reads them.
 */
const MEMBERS: Readonly<Record<keyof ContainerBuildRequest, 'content' | 'way'>> = {
  assembled: 'content',
  mediaFamily: 'content',
  images: 'content',
  mounts: 'content',
  registriesConf: 'content',
  policy: 'content',
  proxyEnvironment: 'content',
  push: 'way',
  signal: 'way',
  say: 'way',
};

/**
 * A hash of all that an image is made of, so that nobody takes a Job for his own that makes another one. Where the image is pushed
 * to is not in it, nor with whose credentials. What is secret is: it is no hash for everybody to see.
 */
export function requestHash(
  request: ContainerBuildRequest,
  { certificateAuthorities, insecureRegistries }: RegistryAccess,
): string {
  const content = Object.entries(request).filter(
    ([name]) => MEMBERS[name as keyof ContainerBuildRequest] === 'content',
  );
  const sorted = content.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([sorted, certificateAuthorities, insecureRegistries], (_, value: unknown) => {
    if (value instanceof Map) return [...value];
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    return value;
  });
  return createHash('sha256').update(text).digest('hex');
}
