// A control plane in a process of its own, which the fault tests kill. Tells its parent when it serves, and then what it uses.
import { flushCompileCache } from 'node:module';
import { startControlPlane } from '../../../src/embedded/index.ts';
import type { PlaneOptions } from './plane.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as PlaneOptions;
const plane = await startControlPlane({
  ...options,
  report: (message) => process.stderr.write(`${message}\n`),
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ rss: process.memoryUsage.rss(), cpu: (user + system) / 1000 });
});
process.once('SIGTERM', () => {
  void plane.close().then(() => process.exit(0));
});
process.send?.({ url: plane.url, kubeconfig: plane.kubeconfig });
// Who is killed does not get to it at its end.
flushCompileCache();
