import { randomUUID } from 'node:crypto';
import { DEFAULT_SETTINGS } from '../../../src/controllers/support.ts';
import type { ContainerBuilding } from '../../../src/controllers/container-building.ts';
import { Controllers } from '../../../src/controllers/run-controllers.ts';
import type { ControllerSettings, Log, LogFields } from '../../../src/controllers/support.ts';
import type { KubeClient, LeaseTimings, Reconciliation } from '../../../src/kube/index.ts';
import { memoryCache, type BuildCache } from '../../../src/osbuild/index.ts';
import type { Cluster } from './cluster.ts';

export interface LabControllersOptions {
  readonly settings?: Partial<ControllerSettings>;
  /** Default: one that sees this test's objects only. */
  readonly client?: KubeClient;
  readonly cache?: BuildCache;
  readonly containers?: ContainerBuilding;
  readonly lease?: LeaseTimings;
  readonly identity?: string;
  readonly onReconciled?: (run: Reconciliation) => void;
}

/** Changes are rendered soon: tests wait for them one by one. */
export const LAB_SETTINGS: Omit<ControllerSettings, 'namespace'> = {
  ...DEFAULT_SETTINGS,
  quiet: { period: 20, longest: 500 },
  registryPoll: 1000,
};

/** Varve's controllers at work in this process. */
export class LabControllers {
  readonly controllers: Controllers;
  /** What they said that is no news but a defect of theirs. */
  readonly defects: string[] = [];
  /** All that they said. */
  readonly lines: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(cluster: Cluster, options: LabControllersOptions = {}) {
    const { settings, containers, lease, onReconciled } = options;
    this.controllers = new Controllers({
      client: options.client ?? cluster.scopedClient(),
      settings: { ...LAB_SETTINGS, namespace: cluster.namespace, ...settings },
      cache: options.cache ?? memoryCache(),
      log: this.#log(),
      identity: options.identity ?? randomUUID(),
      ...(containers === undefined ? {} : { containers }),
      ...(lease === undefined ? {} : { lease }),
      ...(onReconciled === undefined ? {} : { onReconciled }),
    });
    this.#running = this.controllers.run(this.#stop.signal);
  }

  /** Ends them in an orderly way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #log(): Log {
    const say = (level: string, message: string, fields: LogFields = {}, error?: unknown): string => {
      const more = error instanceof Error ? `\n${error.stack ?? error.message}` : '';
      const line = `${level} ${message} ${JSON.stringify(fields)}${more}`;
      this.lines.push(line);
      return line;
    };
    return {
      info: (message, fields) => void say('info', message, fields),
      warn: (message, fields) => void say('warn', message, fields),
      error: (message, fields, error) => void this.defects.push(say('error', message, fields, error)),
    };
  }
}
