import type { TestContext } from 'node:test';
import { Controllers, DEFAULT_SETTINGS, type ControllerSettings } from '../../../src/controllers/index.ts';
import { memoryCache } from '../../../src/osbuild/index.ts';
import type { Cluster } from './cluster.ts';

/**
 * Runs Varve's controllers for the pools of a test until it ends.
 *
 * @returns what stops them before that
 */
export function startControllers(
  t: TestContext,
  cluster: Cluster,
  settings: Partial<ControllerSettings> = {},
): () => Promise<void> {
  const stop = new AbortController();
  const say = (message: string, fields?: object): void =>
    t.diagnostic(`${message} ${JSON.stringify(fields ?? {})}`);
  const controllers = new Controllers({
    client: cluster.scopedClient(),
    settings: { ...DEFAULT_SETTINGS, namespace: cluster.namespace, ...settings },
    cache: memoryCache(),
    log: { info: () => {}, warn: say, error: say },
    identity: cluster.name,
    onReconciled: ({ controller, key, outcome }) => {
      if (outcome.kind === 'failed') say(`${controller} ${key.name}`, { failed: String(outcome.error) });
    },
  });
  const running = controllers.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  cluster.beforeClose(end);
  return end;
}
