import type { MachineConfigPool } from '../api/index.ts';
import { clusterKey, POOLS } from '../controllers/index.ts';
import { isKubeError, type KubeClient } from '../kube/index.ts';
import { CliError } from './cli-error.ts';

/** The pool of this name. @throws CliError if there is none */
export async function findPool(
  client: KubeClient,
  name: string,
  signal: AbortSignal,
): Promise<MachineConfigPool> {
  try {
    return await client.get(POOLS, clusterKey(name), { signal });
  } catch (error) {
    if (isKubeError(error, 'not-found')) throw noPool(name);
    throw error;
  }
}

export function noPool(name: string): CliError {
  return new CliError('cluster', `there is no MachineConfigPool ${name}; varve status lists them`);
}
