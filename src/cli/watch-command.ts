import { withCluster, type ClusterFlags } from './cluster-access.ts';
import { clusterPicture } from './cluster-picture.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { LivePicture } from './live-picture.ts';
import { writeResult, type OutputFormat } from './output.ts';
import { followRolloutObjects } from './rollout-objects.ts';
import { whenStdinEnds } from './stdin-end.ts';

export interface WatchFlags extends ClusterFlags {
  readonly output: OutputFormat;
  readonly endWithStdin: boolean;
}

/**
 * `varve watch`: pools, builds and nodes and what each waits for, until Ctrl-C: a picture on a terminal, elsewhere a line for what
 * comes about. As JSON, one line for each picture; as YAML, a document for each.
 */
export async function watchCommand(flags: WatchFlags, environment: Environment): Promise<void> {
  await withCluster(flags, environment, (client) =>
    interruptible(async (signal) => {
      // A reader that has gone away, such as head, wants no more.
      const unread = new AbortController();
      process.stdout.once('error', () => unread.abort());
      const live = flags.output === 'text' ? new LivePicture(process.stdout) : undefined;
      // Who started it for itself has the same terminal, and says there what is to be said.
      const alone = flags.endWithStdin ? [whenStdinEnds((line) => live?.say(line))] : [];
      const ends = [signal, unread.signal, ...alone];
      try {
        await followRolloutObjects(client, AbortSignal.any(ends), (objects) => {
          const picture = clusterPicture(objects, Date.now());
          if (live !== undefined) live.show(picture);
          else if (flags.output === 'json') process.stdout.write(`${JSON.stringify(picture)}\n`);
          else writeResult(flags.output, picture, () => '---\n');
        });
      } finally {
        live?.close();
      }
    }),
  );
}
