// The control plane that the benchmark measures, in a process of its own; ended by SIGTERM.
import { startControlPlane } from '../../src/embedded/index.ts';

const plane = await startControlPlane({ directory: process.argv[2] ?? '' });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    rss: process.memoryUsage.rss(),
    peak: process.resourceUsage().maxRSS * 1024,
    cpu: (user + system) / 1000,
  });
});
process.once('SIGTERM', () => {
  void plane.close().then(() => process.exit(0));
});
process.send?.({ kubeconfig: plane.kubeconfig });
