import { API_VERSION } from '../api/index.ts';
import type { MachineConfigPool } from '../api/index.ts';
import type { Rendered } from './render.ts';

type PoolConfiguration = NonNullable<MachineConfigPool['spec']['configuration']>;

/** `spec.configuration` of a pool: the rendered MachineConfig, and what it was made of by name (contract §2.2). */
export function poolConfiguration({ name, sources }: Pick<Rendered, 'name' | 'sources'>): PoolConfiguration {
  return {
    name,
    source: sources.map((source) => ({ apiVersion: API_VERSION, kind: 'MachineConfig', name: source })),
  };
}
