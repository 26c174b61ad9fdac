import type { Informer } from '../kube/index.ts';
import type { ControlPlaneMember } from '../rollout/index.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Pod, PoolNode } from './resources.ts';

const ROLE_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** What a control plane cannot do without, by the label `component` of its pods (kubeadm's, which others have taken over). */
export const COMPONENT_LABEL = 'component';
export const COMPONENTS: readonly string[] = ['etcd', 'kube-apiserver'];

/**
 * The nodes that etcd or the API server run on, and whether they work there: by their pods where those are pods, else by
 * whether the Node is Ready. None where the control plane is no node of the cluster.
 */
export function controlPlaneMembers({
  nodes,
  controlPlanePods,
}: {
  readonly nodes: Pick<ClusterView['nodes'], 'cache'>;
  readonly controlPlanePods: Pick<Informer<Pod>, 'cache'>;
}): readonly ControlPlaneMember[] {
  const pods = Map.groupBy(controlPlanePods.cache.values(), ({ spec }) => spec?.nodeName ?? '');
  return nodes.cache
    .values()
    .filter(
      ({ metadata }) =>
        ROLE_LABELS.some((label) => metadata.labels?.[label] !== undefined) || pods.has(metadata.name),
    )
    .map((node) => memberOf(node, pods.get(node.metadata.name) ?? []))
    .toArray();
}

function memberOf({ metadata, status }: PoolNode, pods: readonly Pod[]): ControlPlaneMember {
  const { name } = metadata;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready !== undefined && ready.status !== 'True') {
    return { node: name, isHealthy: false, problem: `its condition Ready is ${ready.status}` };
  }
  const broken = pods.find((pod) => !isReady(pod));
  if (broken === undefined) return { node: name, isHealthy: true };
  const pod = `${broken.metadata.namespace ?? ''}/${broken.metadata.name ?? ''}`;
  return { node: name, isHealthy: false, problem: `pod ${pod} is not ready` };
}

function isReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
}
