import type { KubeObject } from '../../kube/index.ts';

/** A pod, as far as the stand-in for a kubelet looks at it. */
export interface NodePod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly deletionGracePeriodSeconds?: number };
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount?: number; readonly containerID?: string }[];
  };
}

/** How long a pod takes to end, as seconds, once it is told to; it has no more than its grace period. Not of the contract. */
const TERMINATION_ANNOTATION = 'varve.dev/termination-seconds';

/** Containers that end when they are told to need about so long; milliseconds. */
const USUAL_END = 500;

/** Milliseconds from the request to end a pod until it has ended. */
export function terminationTime({ metadata }: NodePod): number {
  const grace = (metadata.deletionGracePeriodSeconds ?? 30) * 1000;
  const asked = Number(metadata.annotations?.[TERMINATION_ANNOTATION] ?? Number.NaN) * 1000;
  return Math.min(grace, asked >= 0 ? asked : USUAL_END);
}

/** Whether nothing of the pod will run any more. */
export function isFinished({ status }: NodePod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether the pod's status says that it runs in this boot of the node. */
export function runsIn({ status }: NodePod, bootId: string): boolean {
  const isReady = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return isReady === true && status?.containerStatuses?.[0]?.containerID?.endsWith(`/${bootId}`) === true;
}

/** The status of a pod whose containers run; those that had run before an earlier boot ended were restarted. */
export function runningStatus(pod: NodePod, bootId: string, now: Date): object {
  const time = timeOf(now);
  const before = pod.status?.containerStatuses?.[0];
  const restarts = before === undefined ? 0 : (before.restartCount ?? 0) + 1;
  return {
    phase: 'Running',
    startTime: pod.status?.startTime ?? time,
    hostIP: '127.0.0.1',
    podIP: '127.0.0.1',
    podIPs: [{ ip: '127.0.0.1' }],
    conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: time,
    })),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: restarts,
      containerID: `varve://${name}/${bootId}`,
      state: { running: { startedAt: time } },
    })),
  };
}

/** The status of a pod whose node has gone down under it. */
export function stoppedStatus(now: Date): object {
  const lastTransitionTime = timeOf(now);
  return {
    conditions: ['Ready', 'ContainersReady'].map((type) => ({
      type,
      status: 'False',
      reason: 'NodeNotReady',
      lastTransitionTime,
    })),
  };
}

function timeOf(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, 'Z');
}
