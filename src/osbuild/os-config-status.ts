import { isDeepStrictEqual } from 'node:util';
import type { MachineOSConfig } from '../api/index.ts';
import { API_GROUP } from '../api/index.ts';

type Status = NonNullable<MachineOSConfig['status']>;

/**
 * The status of a MachineOSConfig whose build has made this image (contract §4.8); undefined if it says so already.
 *
 * @param image by its digest
 */
export function osConfigStatus(osConfig: MachineOSConfig, build: string, image: string): Status | undefined {
  const { metadata, status = {} } = osConfig;
  const { generation } = metadata;
  // The API refuses a generation that goes back, as the one of a cache that lags behind might.
  const observed = Math.max(typeof generation === 'number' ? generation : 0, status.observedGeneration ?? 0);
  const next: Status = {
    ...status,
    observedGeneration: observed,
    currentImagePullSpec: image,
    machineOSBuild: { group: API_GROUP, resource: 'machineosbuilds', name: build },
  };
  return isDeepStrictEqual(next, status) ? undefined : next;
}
