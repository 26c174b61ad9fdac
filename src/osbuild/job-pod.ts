import type { KubeObject } from '../kube/index.ts';

/** How the container of a pod is, as the kubelet has it. */
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly message?: string;
    readonly signal?: number;
  };
}

/** A Pod of a build's Job, as far as Varve looks at it. */
export interface BuildPod extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly { readonly name: string; readonly state?: ContainerState }[];
  };
}

/** The oldest first. */
export function inOrder(pods: readonly BuildPod[]): readonly BuildPod[] {
  const key = ({ metadata }: BuildPod): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return pods.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function stateOf({ status }: BuildPod): ContainerState {
  return status?.containerStatuses?.[0]?.state ?? {};
}

/** Why somebody else than the build ended a pod: its eviction in the words of whoever evicted it; undefined if nobody did. */
export function disruptionOf({ status }: BuildPod): string | undefined {
  const target = status?.conditions?.find(
    ({ type, status: is }) => type === 'DisruptionTarget' && is === 'True',
  );
  if (target !== undefined) return says(target.reason, target.message);
  return status?.reason === 'Evicted' ? says('Evicted', status.message) : undefined;
}

/** Why a pod does not run yet. */
export interface Hindrance {
  /** Whether it waits for a node, of which there may be another one soon; else something about it is wrong. */
  readonly isUnscheduled: boolean;
  /** The cluster makes no pod at all. */
  readonly isRefused?: boolean;
  /** In the words of the scheduler or the kubelet. */
  readonly message: string;
}

/** Undefined where it is not known, or the pod runs. */
export function hindranceOf(pod: BuildPod): Hindrance | undefined {
  const { status, spec } = pod;
  if (status?.phase !== undefined && status.phase !== 'Pending') return undefined;
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (spec?.nodeName === undefined && scheduled?.status === 'False') {
    const message = `no node takes it: ${says(scheduled.reason, scheduled.message)}`;
    return { isUnscheduled: true, message };
  }
  const { waiting } = stateOf(pod);
  if (waiting?.reason === undefined || BEGINNING.has(waiting.reason)) return undefined;
  return { isUnscheduled: false, message: says(waiting.reason, waiting.message) };
}

/** Reasons of a container that is about to start. */
const BEGINNING: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

function says(reason = 'no reason', message = ''): string {
  return message === '' ? reason : `${reason}: ${message}`;
}
