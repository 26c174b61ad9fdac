// How a cluster of the model goes on by itself.
import { there } from './test-api.ts';
import type { Cluster } from './test-cluster.ts';

/** One process hears and does all there is to do, and so do some of the machines. */
export function goRound(cluster: Cluster, process: number, machines: number): void {
  const { nodes, pools, goals } = there(cluster.processes[process]);
  for (const cache of [nodes, pools, goals]) cache.sync(Infinity);
  for (const pool of pools.objects.keys()) cluster.pass(process, pool);
  cluster.releasePass(process);
  for (const cache of [nodes, pools, goals]) cache.sync(Infinity);
  for (const name of nodes.objects.keys()) cluster.drain(process, name);
  for (const name of cluster.nodes.objects.keys()) {
    if ((machines & (1 << Number(name.slice(1)))) === 0) continue;
    cluster.agent(name);
    cluster.boot(name);
    cluster.kubelet(name);
  }
}

/** Goes on until nothing happens any more; false if that does not come about. */
export function settle(cluster: Cluster, rounds: number): boolean {
  for (let round = 0; round < rounds; round += 1) {
    const count = (): number => cluster.nodes.log.length + cluster.pools.log.length + cluster.acts;
    const before = count();
    let wakeAt: number | undefined;
    for (const [at, { nodes, pools, goals }] of cluster.processes.entries()) {
      for (const cache of [nodes, pools, goals]) cache.sync(Infinity);
      for (const pool of pools.objects.keys()) {
        const plan = cluster.pass(at, pool);
        if (plan?.wakeAt !== undefined && plan.wakeAt < (wakeAt ?? Infinity)) wakeAt = plan.wakeAt;
      }
      cluster.releasePass(at);
      for (const cache of [nodes, pools, goals]) cache.sync(Infinity);
      for (const name of cluster.nodes.objects.keys()) cluster.drain(at, name);
    }
    for (const name of cluster.nodes.objects.keys()) {
      cluster.agent(name);
      cluster.boot(name);
      cluster.kubelet(name);
    }
    if (count() !== before) continue;
    if (wakeAt === undefined) return true;
    cluster.now = Math.max(cluster.now, wakeAt);
  }
  return false;
}
