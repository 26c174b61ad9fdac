import { KubeClient, loadKubeconfig, type ResourceType } from '../../src/kube/index.ts';

/** Requests by verb and kind, since they were last asked for. */
export type Requests = Readonly<Record<string, number>>;

const VERBS: ReadonlySet<string> = new Set([
  'get',
  'list',
  'create',
  'update',
  'replace',
  'patch',
  'delete',
  'evict',
  'watch',
]);

/** A client that counts what it asks of the API server. */
export interface CountedClient {
  readonly client: KubeClient;
  /** What was asked since the last time. */
  take(): Requests;
}

export async function countedClient(kubeconfig: string, userAgent: string): Promise<CountedClient> {
  const client = new KubeClient({ access: await loadKubeconfig([kubeconfig]), userAgent });
  let counts = new Map<string, number>();
  const counting = new Proxy(client, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== 'function') return found;
      const bound = found.bind(target) as (...given: readonly unknown[]) => unknown;
      if (typeof name !== 'string' || !VERBS.has(name)) return bound;
      return (...given: readonly unknown[]) => {
        const [type] = given as readonly [ResourceType | undefined];
        const options = given.find(
          (value) => typeof value === 'object' && value !== null && 'subresource' in value,
        ) as { readonly subresource?: string } | undefined;
        const key = `${name} ${type?.plural ?? ''}${options?.subresource === undefined ? '' : `/${options.subresource}`}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return bound(...given);
      };
    },
  });
  return {
    client: counting,
    take: () => {
      const taken = Object.fromEntries(counts);
      counts = new Map();
      return taken;
    },
  };
}
