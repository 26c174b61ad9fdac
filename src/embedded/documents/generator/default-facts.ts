/**
 * Members whose absence the schema itself fills: of the keys of list maps, since server-side apply tells items apart before
 * anything else is defaulted.
 */
export const DEFAULTS: Readonly<Record<string, string>> = {
  'core.v1.ContainerPort.protocol': 'TCP',
  'core.v1.ServicePort.protocol': 'TCP',
};
