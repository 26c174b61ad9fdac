import { isDeepStrictEqual } from 'node:util';
import type { Condition, MachineOSConfig } from '../api/index.ts';
import { API_GROUP, mergeConditions } from '../api/index.ts';
import { SEEDED } from './build-status.ts';

type Status = NonNullable<MachineOSConfig['status']>;

/** The image of a build, which takes effect. */
export interface ImageInForce {
  readonly build: string;
  /** By its digest. */
  readonly image: string;
  /** It had been built before (contract §4.10). */
  readonly isSeeded: boolean;
  readonly now: Date;
}

/**
 * The status of a MachineOSConfig whose build has made this image (contract §4.8); undefined if it says so already. That
 * its first image had been built before stays said.
 */
export function osConfigStatus(
  osConfig: MachineOSConfig,
  { build, image, isSeeded, now }: ImageInForce,
): Status | undefined {
  const { metadata, status = {} } = osConfig;
  const { generation } = metadata;
  // The API refuses a generation that goes back, as the one of a cache that lags behind might.
  const observed = Math.max(typeof generation === 'number' ? generation : 0, status.observedGeneration ?? 0);
  const next: Status = {
    ...status,
    observedGeneration: observed,
    currentImagePullSpec: image,
    machineOSBuild: { group: API_GROUP, resource: 'machineosbuilds', name: build },
    ...(isSeeded ? { conditions: mergeConditions(status.conditions ?? [], [seeded(image)], now) } : {}),
  };
  return isDeepStrictEqual(next, status) ? undefined : next;
}

function seeded(image: string): Condition {
  const message = `Began with ${image}, which had been built before`;
  return { type: 'Seeded', status: 'True', reason: SEEDED, message };
}
