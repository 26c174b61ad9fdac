import { isKubeError, KubeClient, loadKubeconfig, type ResourceType } from '../../src/kube/index.ts';

/** Requests by verb and kind, since they were last asked for; of these, by the same with {@link IN_VAIN}, those that were refused. */
export type Requests = Readonly<Record<string, number>>;

/** At the end of what was asked for in vain, since somebody had written the object meanwhile. */
export const IN_VAIN = ' in vain';

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
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
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
        count(key);
        const answer = bound(...given);
        if (answer instanceof Promise) {
          answer.catch((error: unknown) => {
            if (isKubeError(error, 'conflict')) count(`${key}${IN_VAIN}`);
          });
        }
        return answer;
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
