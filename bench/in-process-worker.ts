import { siteMachineConfigs, SITE_POOL_OBJECT } from '../test/lab/site-config.ts';
import type { Measurement } from './measure.ts';
import { openInProcessBuilder } from './varve-in-process.ts';

/**
 * The process that already runs: builds once per message, which is the number of the change, and answers with what
 * that cost. Started by build.ts with the base and the push reference as arguments.
 */
const [base = '', push = ''] = process.argv.slice(2);
const builder = openInProcessBuilder(base, push);

async function build(change: number): Promise<Measurement> {
  // What a watch would have delivered is at hand before the clock starts.
  const objects = { pool: SITE_POOL_OBJECT, machineConfigs: siteMachineConfigs(change) };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await builder.build(objects);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000, rssBytes: process.resourceUsage().maxRSS * 1024 };
}

process.on('message', (change: number) => {
  build(change).then(
    (measurement) => process.send?.(measurement),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => builder.close());
