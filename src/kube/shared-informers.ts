import { Informer, type InformerOptions } from './informer.ts';
import { KubeError } from './kube-error.ts';
import type { InformerClient } from './reflector.ts';
import { apiVersionOf, type KubeObject } from './resource-type.ts';

/** The informers of a process: one for each kind and selection, whoever asks for it. */
export class SharedInformers {
  readonly #client: InformerClient;
  readonly #report: (error: unknown) => void;
  readonly #informers = new Map<
    string,
    { readonly informer: Informer<KubeObject>; readonly options: unknown }
  >();
  #running: { readonly signal: AbortSignal; readonly tasks: Promise<void>[] } | undefined;

  constructor(client: InformerClient, report: (error: unknown) => void = () => {}) {
    this.#client = client;
    this.#report = report;
  }

  /**
   * The informer of a kind and selection. The first who asks decides how it is kept; others give the same options
   * object or none but type and selection.
   *
   * @throws KubeError `configuration` if two want it differently
   */
  for<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
    const { type, selection = {}, ...rest } = options;
    const { namespace = '', labelSelector = '', fieldSelector = '' } = selection;
    const key = [apiVersionOf(type), type.plural, namespace, labelSelector, fieldSelector].join('\n');
    const known = this.#informers.get(key);
    if (known !== undefined) {
      if (known.options !== options && Object.keys(rest).length > 0) {
        throw new KubeError(
          'configuration',
          `cannot share the cache of ${type.plural}: it has other options`,
        );
      }
      return known.informer as unknown as Informer<T>;
    }
    const informer = new Informer<T>(this.#client, options, this.#report);
    this.#informers.set(key, { informer: informer as unknown as Informer<KubeObject>, options });
    this.#running?.tasks.push(informer.run(this.#running.signal));
    return informer;
  }

  /** Runs all informers, later ones too, until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const tasks = [...this.#informers.values()].map(({ informer }) => informer.run(signal));
    this.#running = { signal, tasks };
    if (!signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
    this.#running = undefined;
    await Promise.all(tasks);
  }

  /** Resolves when all that there are now are complete, or the signal aborts. */
  async synced(signal: AbortSignal): Promise<void> {
    const all = Promise.all([...this.#informers.values()].map(({ informer }) => informer.synced));
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => resolve();
    signal.addEventListener('abort', end, { once: true });
    await Promise.race([all, promise]);
    signal.removeEventListener('abort', end);
  }

  /** All that there are now, for probes and metrics. */
  get all(): readonly Informer<KubeObject>[] {
    return [...this.#informers.values()].map(({ informer }) => informer);
  }

  /** Those that are not complete yet, for a readiness probe. */
  get behind(): readonly string[] {
    return [...this.#informers.values()]
      .filter(({ informer }) => !informer.isSynced)
      .map(({ informer }) => informer.type.plural);
  }
}
