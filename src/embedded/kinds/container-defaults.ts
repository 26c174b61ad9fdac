import { type JsonObject, objectAt, objectsAt, textAt, valueAt } from '../../schema/index.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];

/** Fields of a container that are set where they were left out. */
export function containerDefaults(container: JsonObject): void {
  setDefaultText(container, 'imagePullPolicy', pullPolicy(textAt(container, 'image')));
  setDefaultText(container, 'terminationMessagePath', '/dev/termination-log');
  setDefaultText(container, 'terminationMessagePolicy', 'File');
  requestDefaults(ensureObject(container, 'resources'));
  for (const port of objectsAt(container, 'ports')) setDefaultText(port, 'protocol', 'TCP');
  for (const variable of objectsAt(container, 'env')) {
    const reference = objectAt(variable, 'valueFrom', 'fieldRef');
    if (reference !== undefined) setDefaultText(reference, 'apiVersion', 'v1');
  }
  for (const name of PROBES) {
    const probe = objectAt(container, name);
    if (probe !== undefined) probeDefaults(probe);
  }
  for (const moment of ['postStart', 'preStop']) {
    const request = objectAt(container, 'lifecycle', moment, 'httpGet');
    if (request !== undefined) requestLineDefaults(request);
  }
}

/** A tag that moves is pulled each time. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]*)$/.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Who limits a resource without asking for an amount asks for the limit. */
function requestDefaults(resources: JsonObject): void {
  const limits = objectAt(resources, 'limits');
  if (limits === undefined) return;
  const requests = objectAt(resources, 'requests') ?? {};
  const missing = Object.entries(limits).filter(([resource]) => valueAt(requests, resource) === undefined);
  if (missing.length > 0) resources['requests'] = { ...requests, ...Object.fromEntries(missing) };
}

function probeDefaults(probe: JsonObject): void {
  for (const [member, value] of [
    ['timeoutSeconds', 1],
    ['periodSeconds', 10],
    ['successThreshold', 1],
    ['failureThreshold', 3],
  ] as const) {
    if (valueAt(probe, member) === 0) delete probe[member];
    setDefault(probe, member, value);
  }
  const request = objectAt(probe, 'httpGet');
  if (request !== undefined) requestLineDefaults(request);
  const grpc = objectAt(probe, 'grpc');
  if (grpc !== undefined) setDefault(grpc, 'service', '');
}

function requestLineDefaults(request: JsonObject): void {
  setDefaultText(request, 'path', '/');
  setDefaultText(request, 'scheme', 'HTTP');
}
