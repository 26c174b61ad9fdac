import {
  Informer,
  KubeClient,
  loadKubeconfig,
  resourceType,
  type KubeObject,
} from '../../../src/kube/index.ts';

/**
 * Caches the Nodes of a server, tells what that costs, and has to end by itself. Arguments: a kubeconfig, and `slim`
 * to drop the nodes' images.
 */
interface Node extends KubeObject {
  readonly status?: { readonly images?: unknown };
}

const [config = '', mode = ''] = process.argv.slice(2);
const baseline = process.memoryUsage.rss();
const client = new KubeClient({ access: await loadKubeconfig([config]) });
const informer = new Informer<Node>(client, {
  type: resourceType<Node>({ group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }),
  ...(mode === 'slim'
    ? {
        transform: (node: Node): Node => {
          const { images: _, ...status } = node.status ?? {};
          return { ...node, status };
        },
      }
    : {}),
});
const stop = new AbortController();
const began = performance.now();
const running = informer.run(stop.signal);
await informer.synced;
const took = performance.now() - began;
globalThis.gc?.();
const { rss, heapUsed } = process.memoryUsage();
const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
process.stdout.write(
  `${JSON.stringify({
    size: informer.cache.size,
    milliseconds: Math.round(took),
    peak: Math.round(process.resourceUsage().maxRSS / 1024),
    rss: mebibytes(rss),
    heap: mebibytes(heapUsed),
    baseline: mebibytes(baseline),
  })}\n`,
);
stop.abort();
await running;
await client.close();
