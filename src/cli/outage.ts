import { POOLS } from '../controllers/index.ts';
import { isKubeError, pause, type KubeClient } from '../kube/index.ts';
import { explainCluster } from './cluster-failure.ts';

/** How often an API server that is away is asked whether it is back, in milliseconds. */
const ASKED_EVERY = 1000;

/**
 * Tells a person who follows a cluster that its API server is away, since what they see is as it was from then on, and that it
 * is back. A watch that only broke is no matter: it is asked first.
 *
 * @param server its address
 * @returns takes what failed
 */
export function outageTeller(
  client: Pick<KubeClient, 'clock' | 'list'>,
  server: string,
  signal: AbortSignal,
  say: (line: string) => void,
): (error: unknown) => void {
  let isAsking = false;
  const ask = async (): Promise<void> => {
    let isSaid = false;
    for (;;) {
      try {
        await client.list(POOLS, { limit: 1, signal });
        break;
      } catch (error) {
        if (signal.aborted) return;
        // Whoever refuses is there.
        if (!isAway(error)) break;
        const explained = explainCluster(error, server);
        if (!isSaid && explained instanceof Error)
          say(`warning: ${explained.message} It is tried again until it answers.`);
        isSaid = true;
      }
      await pause(client.clock, ASKED_EVERY, signal);
    }
    if (isSaid) say(`the API server ${server} answers again`);
  };
  return (error) => {
    if (isAsking || signal.aborted || !isAway(error)) return;
    isAsking = true;
    void ask().finally(() => (isAsking = false));
  };
}

function isAway(error: unknown): boolean {
  return isKubeError(error, 'unavailable', 'timeout');
}
