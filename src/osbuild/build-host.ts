import type { RegistryClient } from '../oci/index.ts';
import type { BuildCache } from './build-cache.ts';

/** What builds on one machine share: its registry connections and what it keeps between builds. */
export interface BuildHost {
  readonly registry: RegistryClient;
  readonly cache: BuildCache;
}
