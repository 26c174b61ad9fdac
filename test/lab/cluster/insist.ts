import { setTimeout as sleep } from 'node:timers/promises';
import { isKubeError } from '../../../src/kube/index.ts';

/** How long a server may be away, in milliseconds. */
const PATIENCE = 120_000;

/**
 * Does something until the server has answered that it is done, however often it breaks off: `act` is called again where
 * that may help, and must bear having been done already.
 */
export async function insist<T>(act: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + PATIENCE; ;) {
    try {
      return await act();
    } catch (error) {
      if (!isKubeError(error) || !error.retryable || performance.now() > end) throw error;
    }
    await sleep(20);
  }
}
