import type { MachineBoot } from './node-machine.ts';

/** A condition of a Node, as far as a kubelet writes them. */
export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
}

/** What a machine has to offer, as Kubernetes writes quantities. */
const CAPACITY = {
  cpu: '2',
  memory: '4Gi',
  'ephemeral-storage': '32Gi',
  pods: '110',
} as const;

/** The version whose behaviour the stand-in for the kubelet has (see `src/embedded/documents`). */
const KUBELET_VERSION = 'v1.30.0';

const PRESSURES = [
  ['MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
] as const;

/** The status of a Node whose machine is up: a patch by which what others wrote stays. */
export function readyStatus(name: string, boot: MachineBoot, architecture: string, now: Date): object {
  return {
    capacity: CAPACITY,
    allocatable: CAPACITY,
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      ...PRESSURES.map(([type, reason, message]) => condition(type, 'False', reason, message, now)),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status', now),
    ],
    nodeInfo: {
      machineID: idOf(name),
      systemUUID: idOf(name),
      bootID: boot.bootId,
      kernelVersion: boot.kernelVersion,
      osImage: boot.osImage,
      containerRuntimeVersion: 'varve://simulated',
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: KUBELET_VERSION,
      operatingSystem: 'linux',
      architecture,
    },
  };
}

/** The status of a Node whose machine goes down in order, as a kubelet says it that is told of the shutdown. */
export function shuttingDownStatus(now: Date): object {
  return { conditions: [condition('Ready', 'False', 'KubeletNotReady', 'node is shutting down', now)] };
}

function condition(
  type: string,
  status: NodeCondition['status'],
  reason: string,
  message: string,
  now: Date,
): NodeCondition {
  // Times of conditions have no fractions.
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return { type, status, reason, message, lastHeartbeatTime: time, lastTransitionTime: time };
}

/** The same for the same node, as a machine id is. */
function idOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
}
