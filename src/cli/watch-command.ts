import { withCluster, type ClusterFlags } from './cluster-access.ts';
import { clusterPicture } from './cluster-picture.ts';
import type { Environment } from './environment.ts';
import { interruptible } from './interruption.ts';
import { LivePicture } from './live-picture.ts';
import { outageTeller } from './outage.ts';
import { writeResult, type OutputFormat } from './output.ts';
import { followRolloutObjects, type RolloutObjects } from './rollout-objects.ts';
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
  await withCluster(flags, environment, (client, { server }) =>
    interruptible(async (signal) => {
      // A reader that has gone away, such as head, wants no more.
      const unread = new AbortController();
      process.stdout.once('error', () => unread.abort());
      const live = flags.output === 'text' ? new LivePicture(process.stdout) : undefined;
      // Who started it for itself has the same terminal, and says there what is to be said.
      const alone = flags.endWithStdin ? [whenStdinEnds((line) => live?.say(line))] : [];
      const ends = [signal, unread.signal, ...alone];
      const end = AbortSignal.any(ends);
      const show = (objects: RolloutObjects): void => {
        const picture = clusterPicture(objects, Date.now());
        if (live !== undefined) live.show(picture);
        else if (flags.output === 'json') process.stdout.write(`${JSON.stringify(picture)}\n`);
        else writeResult(flags.output, picture, () => '---\n');
      };
      const tell = (line: string): void => {
        if (live !== undefined && process.stdout.isTTY) live.say(line);
        else process.stderr.write(`${line}\n`);
      };
      try {
        await followRolloutObjects(client, end, show, outageTeller(client, server, end, tell));
      } finally {
        live?.close();
      }
    }),
  );
}
