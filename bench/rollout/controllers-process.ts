// Varve's controllers in a process of their own, which says what they cost; ended by SIGTERM.
import { randomUUID } from 'node:crypto';
import { Controllers, DEFAULT_SETTINGS } from '../../src/controllers/index.ts';
import { QUICK_LEASE } from '../../src/kube/index.ts';
import { memoryCache } from '../../src/osbuild/index.ts';
import { countedClient } from './counted-client.ts';

const [kubeconfig = '', namespace = ''] = process.argv.slice(2);
const counted = await countedClient(kubeconfig, 'varve-controller');
const stop = new AbortController();
const warn = (message: string, fields: object = {}, error?: unknown): void =>
  void process.stderr.write(
    `controllers: ${message} ${JSON.stringify(fields)} ${error instanceof Error ? error.message : ''}\n`,
  );
const controllers = new Controllers({
  client: counted.client,
  settings: { ...DEFAULT_SETTINGS, namespace },
  cache: memoryCache(),
  log: { info: () => undefined, warn: () => undefined, error: warn },
  identity: randomUUID(),
  lease: QUICK_LEASE,
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpu: (user + system) / 1000,
    rss: process.memoryUsage.rss(),
    peak: process.resourceUsage().maxRSS * 1024,
    requests: counted.take(),
  });
});
const running = controllers.run(stop.signal);
process.once('SIGTERM', () => {
  stop.abort();
  void running.then(() => process.exit(0));
});
process.send?.('ready');
