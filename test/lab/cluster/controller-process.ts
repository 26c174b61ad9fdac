// Varve's controllers in a process of its own, which fault tests kill. It sees the objects of one test only.
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { Controllers } from '../../../src/controllers/run-controllers.ts';
import { loadKubeconfig } from '../../../src/kube/index.ts';
import { openBuildCache } from '../../../src/osbuild/index.ts';
import type { ControllerProcessOptions } from './controllers-apart.ts';
import { labBuilding } from './lab-building.ts';
import { LAB_SETTINGS } from './lab-controllers.ts';
import { ScopedClient } from './scoped-client.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ControllerProcessOptions;
const client = new ScopedClient(options.test, {
  access: await loadKubeconfig([options.kubeconfig]),
  ...options.client,
});
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const controllers: Controllers = new Controllers({
  client,
  settings: { ...LAB_SETTINGS, namespace: options.namespace, ...options.settings },
  cache: openBuildCache(options.cache),
  log: {
    info: () => {},
    warn: () => {},
    error: (message, fields, error) =>
      process.stderr.write(`${message} ${JSON.stringify(fields)} ${String(error)}\n`),
  },
  identity: options.identity,
  ...(options.containers === undefined ? {} : { containers: labBuilding(options.containers) }),
  ...(options.lease === undefined ? {} : { lease: options.lease }),
});
process.send?.('ready');
// Who is killed does not get to it at its end.
flushCompileCache();
await once(process, 'message');
process.on('message', () => process.send?.({ isLeading: controllers.isLeading }));
await controllers.run(stop.signal);
await client.close();
process.disconnect();
