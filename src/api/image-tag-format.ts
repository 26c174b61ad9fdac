const MAX_LENGTH = 447;
const WITH_DOMAIN =
  /^(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+(?::[0-9]{2,5})?(?:\/[a-zA-Z0-9_-]{1,61})*\/[a-zA-Z0-9_.-]+:[a-zA-Z0-9._-]+$/;
const IN_CLUSTER = /^[^.]+\.[^.]+\.svc:\d+\/[^/]+\/[^/]+:[^/]+$/;

/**
 * What is wrong with an image reference of the API's ImageTagFormat (contract §1.0); undefined if nothing is.
 * The tag is required and the host has a dot; namespaces may nest.
 */
export function imageTagProblem(image: string): string | undefined {
  if (image === '') return 'must not be empty';
  if (image.length > MAX_LENGTH) return `must be no more than ${MAX_LENGTH} characters, has ${image.length}`;
  if (WITH_DOMAIN.test(image) || IN_CLUSTER.test(image)) return undefined;
  const reason = image.includes('@')
    ? 'a digest is not accepted'
    : 'the host needs a dot and the tag is required';
  return `${JSON.stringify(image)} must have the form host[:port][/namespace]/name:tag or service.namespace.svc:port/repository/name:tag; ${reason}`;
}
