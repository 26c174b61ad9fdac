import {
  type JsonObject,
  isTrueAt,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  valueAt,
} from '../../schema/index.ts';
import { hasCondition } from './conditions.ts';
import { ageOf } from './human-duration.ts';
import { AGE, NAME, ageCell, nameCell } from './table.ts';
import type { TableRules } from './table.ts';

/** What `kubectl get pods` shows. */
export const podTable: TableRules = {
  columns: [
    NAME,
    { name: 'Ready', description: 'The aggregate readiness state of this pod for accepting traffic.' },
    { name: 'Status', description: 'The aggregate status of the containers in this pod.' },
    {
      name: 'Restarts',
      description:
        'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    },
    AGE,
    {
      name: 'IP',
      wide: true,
      description:
        'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.',
    },
    {
      name: 'Node',
      wide: true,
      description:
        'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
    },
    {
      name: 'Nominated Node',
      wide: true,
      description:
        'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
    },
    {
      name: 'Readiness Gates',
      wide: true,
      description:
        'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
    },
  ],
  cells(pod, now) {
    const { ready, total, status, restarts, lastRestart } = summarize(pod);
    return [
      nameCell(pod),
      `${ready}/${total}`,
      status,
      restarts > 0 && lastRestart !== '' ? `${restarts} (${ageOf(lastRestart, now)} ago)` : String(restarts),
      ageCell(pod, now),
      textAt(objectsAt(pod, 'status', 'podIPs')[0], 'ip') || textAt(pod, 'status', 'podIP') || '<none>',
      textAt(pod, 'spec', 'nodeName') || '<none>',
      textAt(pod, 'status', 'nominatedNodeName') || '<none>',
      gatesCell(pod),
    ];
  },
};

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** The newest end of a container that was restarted; '' if none is known. */
  readonly lastRestart: string;
}

/** The rules of a pod's one line, from its init containers to its deletion (printPod). */
function summarize(pod: JsonObject): Summary {
  const phase = textAt(pod, 'status', 'phase');
  const sidecars = new Set(
    objectsAt(pod, 'spec', 'initContainers')
      .filter((container) => textAt(container, 'restartPolicy') === 'Always')
      .map((container) => textAt(container, 'name')),
  );
  const initial = initialization(pod, sidecars);
  let { ready } = initial;
  let { restarts, lastRestart } = initial.all;
  let status = initial.reason ?? beginning(pod);
  if (initial.reason === undefined || hasCondition(pod, 'Initialized')) {
    const running = runningContainers(pod);
    status = running.reason ?? status;
    ready += running.ready;
    restarts = initial.sidecars.restarts + running.restarts;
    lastRestart = later(initial.sidecars.lastRestart, running.lastRestart);
    if (status === 'Completed' && running.any) status = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
  }
  if (valueAt(pod, 'metadata', 'deletionTimestamp') !== undefined) {
    if (textAt(pod, 'status', 'reason') === 'NodeLost') status = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') status = 'Terminating';
  }
  const total = objectsAt(pod, 'spec', 'containers').length + sidecars.size;
  return { ready, total, status, restarts, lastRestart };
}

function beginning(pod: JsonObject): string {
  const gated = objectsAt(pod, 'status', 'conditions').some(
    (condition) =>
      textAt(condition, 'type') === 'PodScheduled' && textAt(condition, 'reason') === 'SchedulingGated',
  );
  return gated ? 'SchedulingGated' : textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase');
}

interface Restarts {
  readonly restarts: number;
  readonly lastRestart: string;
}

interface Initialization {
  /** Why the pod is still initializing; undefined once it is not. */
  readonly reason: string | undefined;
  readonly ready: number;
  readonly all: Restarts;
  readonly sidecars: Restarts;
}

function initialization(pod: JsonObject, sidecarNames: ReadonlySet<string>): Initialization {
  const statuses = objectsAt(pod, 'status', 'initContainerStatuses');
  let all: Restarts = { restarts: 0, lastRestart: '' };
  let sidecars = all;
  let ready = 0;
  for (const [index, container] of statuses.entries()) {
    const sidecar = sidecarNames.has(textAt(container, 'name'));
    all = addRestarts(all, container);
    if (sidecar) sidecars = addRestarts(sidecars, container);
    const terminated = objectAt(container, 'state', 'terminated');
    if (terminated !== undefined && (numberAt(terminated, 'exitCode') ?? 0) === 0) continue;
    if (sidecar && isTrueAt(container, 'started')) {
      if (isTrueAt(container, 'ready')) ready += 1;
      continue;
    }
    const waiting = textAt(container, 'state', 'waiting', 'reason');
    const count = objectsAt(pod, 'spec', 'initContainers').length;
    const reason =
      terminated === undefined
        ? waiting !== '' && waiting !== 'PodInitializing'
          ? waiting
          : `${index}/${count}`
        : endReason(terminated);
    return { reason: `Init:${reason}`, ready, all, sidecars };
  }
  return { reason: undefined, ready, all, sidecars };
}

function runningContainers(
  pod: JsonObject,
): Restarts & { readonly reason: string | undefined; readonly ready: number; readonly any: boolean } {
  let sum: Restarts = { restarts: 0, lastRestart: '' };
  let reason: string | undefined;
  let ready = 0;
  for (const container of objectsAt(pod, 'status', 'containerStatuses').reverse()) {
    sum = addRestarts(sum, container);
    const waiting = textAt(container, 'state', 'waiting', 'reason');
    const terminated = objectAt(container, 'state', 'terminated');
    if (waiting !== '') reason = waiting;
    else if (terminated !== undefined) reason = endReason(terminated);
    else if (isTrueAt(container, 'ready') && objectAt(container, 'state', 'running') !== undefined)
      ready += 1;
  }
  return { ...sum, reason, ready, any: ready > 0 };
}

function addRestarts(sum: Restarts, container: JsonObject): Restarts {
  return {
    restarts: sum.restarts + (numberAt(container, 'restartCount') ?? 0),
    lastRestart: later(sum.lastRestart, textAt(container, 'lastState', 'terminated', 'finishedAt')),
  };
}

function endReason(terminated: JsonObject): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = numberAt(terminated, 'signal') ?? 0;
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode') ?? 0}` : `Signal:${signal}`;
}

function later(left: string, right: string): string {
  return left > right ? left : right;
}

function gatesCell(pod: JsonObject): string {
  const gates = objectsAt(pod, 'spec', 'readinessGates');
  if (gates.length === 0) return '<none>';
  const open = gates.filter((gate) => hasCondition(pod, textAt(gate, 'conditionType')));
  return `${open.length}/${gates.length}`;
}
