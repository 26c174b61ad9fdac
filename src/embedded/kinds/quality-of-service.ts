import { type JsonObject, objectAt, objectsAt } from '../../schema/index.ts';
import { quantityOf } from './quantity.ts';

const RESOURCES = ['cpu', 'memory'] as const;

/** The class of a pod: `Guaranteed`, `Burstable` or `BestEffort` (ComputePodQOS). */
export function qualityOfService(spec: JsonObject | undefined): string {
  const own = objectAt(spec, 'resources');
  // Resources of the pod as a whole, where they are given, decide.
  const holders =
    own === undefined
      ? [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')].map((container) =>
          objectAt(container, 'resources'),
        )
      : [own];
  const requests = new Map<string, bigint>();
  const limits = new Map<string, bigint>();
  let limited = true;
  for (const resources of holders) {
    add(requests, objectAt(resources, 'requests'));
    if (add(limits, objectAt(resources, 'limits')) < RESOURCES.length) limited = false;
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const equal =
    requests.size === limits.size &&
    [...requests].every(([resource, amount]) => limits.get(resource) === amount);
  return limited && equal ? 'Guaranteed' : 'Burstable';
}

/** Adds what is asked for of each resource. @returns of how many anything is */
function add(sums: Map<string, bigint>, amounts: JsonObject | undefined): number {
  let count = 0;
  for (const resource of RESOURCES) {
    const amount = quantityOf(amounts?.[resource]) ?? 0n;
    if (amount <= 0n) continue;
    count += 1;
    sums.set(resource, (sums.get(resource) ?? 0n) + amount);
  }
  return count;
}
