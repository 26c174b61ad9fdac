import { compareText } from '../../ignition/index.ts';
import { managerId, secondOf, type Manager, type Owners } from './managers.ts';

/** k8s.io/apimachinery managedfields, DefaultMaxUpdateManagers. */
const MAX_UPDATERS = 10;

/**
 * Bounds how many Update entries an object has: beyond ten, the oldest of each version are put together under the name
 * `ancient-changes`, with the time of the youngest of them. Appliers are never put together.
 */
export function foldAncientChanges(owners: Owners): void {
  const updaters = [...owners].filter(([, { operation }]) => operation === 'Update');
  let excess = updaters.length - MAX_UPDATERS;
  if (excess <= 0) return;
  updaters.sort(
    ([oneId, one], [otherId, other]) => secondOf(one) - secondOf(other) || compareText(oneId, otherId),
  );
  const firsts = new Map<string, string>();
  for (const [id, { apiVersion, fields, time }] of updaters) {
    if (excess <= 0) break;
    const first = firsts.get(apiVersion);
    if (first === undefined) {
      firsts.set(apiVersion, id);
      continue;
    }
    const bucket: Manager = { name: 'ancient-changes', operation: 'Update', apiVersion, subresource: '' };
    const bucketId = managerId(bucket);
    const bucketed = owners.get(bucketId) ?? owners.get(first);
    if (!owners.has(bucketId)) owners.delete(first);
    const together = bucketed === undefined ? fields : fields.union(bucketed.fields);
    owners.delete(id);
    owners.set(bucketId, { ...bucket, fields: together, time });
    excess--;
  }
}
