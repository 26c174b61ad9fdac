// The control plane that the benchmark measures, in a process of its own. Prints its kubeconfig's path when it serves.
import { startControlPlane } from '../../src/embedded/index.ts';

const directory = process.argv[2] ?? '';
const plane = await startControlPlane({ directory });
process.stdout.write(`${plane.kubeconfig}\n`);
process.on('message', (message) => {
  if (message === 'memory') process.send?.({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() });
});
process.once('SIGTERM', () => {
  void plane.close().then(() => process.exit(0));
});
