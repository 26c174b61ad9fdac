/** A Pod, as far as a drain looks at it. */
export interface DrainPod {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly deletionGracePeriodSeconds?: number;
    readonly ownerReferences?: readonly PodOwner[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface PodOwner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** Of a pod that a kubelet runs from a file, and that the API only shows. */
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/**
 * Whether a drained node may keep the pod, as `kubectl drain --force --ignore-daemonsets --delete-emptydir-data` has it: one that
 * is only the mirror of a file, and one of a DaemonSet, which would put it back at once. Pods that use emptyDir and pods of no
 * controller go.
 *
 * @param isThere whether the DaemonSet with this uid still exists: without it the pod goes as one of no controller does
 */
export function mayStay(pod: DrainPod, isThere: (uid: string) => boolean): boolean {
  if (pod.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) return true;
  const daemonSet = daemonSetOf(pod);
  return daemonSet !== undefined && !isFinished(pod) && isThere(daemonSet.uid);
}

/** The DaemonSet that controls the pod. */
export function daemonSetOf({ metadata }: DrainPod): PodOwner | undefined {
  const controller = metadata.ownerReferences?.find(({ controller: is }) => is === true);
  return controller?.kind === 'DaemonSet' ? controller : undefined;
}

/** Whether it has run to its end, so that nobody is served by it. */
export function isFinished({ status }: DrainPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether it is ready to serve, which is what budgets count. */
export function isPodReady({ status }: DrainPod): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
}

/** `namespace/name`. */
export function podName({ metadata }: DrainPod): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}
