/** A node of about 4 KB, as a kubelet reports it. */
export function node(index: number): string {
  const name = nodeName(index);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node-role.kubernetes.io/worker': '',
      },
      annotations: {
        'machineconfiguration.openshift.io/currentConfig': 'rendered-worker-0123456789abcdef0123456789abcdef',
        'machineconfiguration.openshift.io/desiredConfig': 'rendered-worker-0123456789abcdef0123456789abcdef',
        'machineconfiguration.openshift.io/state': 'Done',
      },
    },
    spec: {},
    status: {
      capacity: { cpu: '16', memory: '64Gi', pods: '250' },
      allocatable: { cpu: '15500m', memory: '60Gi', pods: '250' },
      conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
        type,
        status: type === 'Ready' ? 'True' : 'False',
        lastHeartbeatTime: '2026-01-01T00:00:00Z',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        reason: 'KubeletHas',
        message: 'kubelet is posting status',
      })),
      addresses: [{ type: 'InternalIP', address: `10.0.${index >> 8}.${index & 255}` }],
      nodeInfo: {
        machineID: 'a'.repeat(32),
        systemUUID: 'b'.repeat(36),
        bootID: 'c'.repeat(36),
        kernelVersion: '6.1.0',
        osImage: 'Varve',
        containerRuntimeVersion: 'cri-o://1.33',
        kubeletVersion: 'v1.33.0',
        kubeProxyVersion: 'v1.33.0',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      images: Array.from({ length: 12 }, (_, image) => ({
        names: [`registry.example/images/app-${image}@sha256:${String(image).repeat(64).slice(0, 64)}`],
        sizeBytes: 123_456_789 + image,
      })),
    },
  });
}

/** A pod of about 1.2 KB, bound to a node. */
export function pod(index: number, nodes: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${String(index).padStart(6, '0')}`, labels: { app: `app-${index % 200}` } },
    spec: {
      nodeName: nodeName(index % nodes),
      containers: [
        { name: 'main', image: 'registry.example/images/app:1', resources: { requests: { cpu: '10m' } } },
      ],
    },
  });
}

/** A lease of about 400 bytes that says when it was renewed, for the watchers. */
export function leaseRenewal(holder: string, sent: number): string {
  return JSON.stringify({
    metadata: { annotations: { 'bench-sent': String(sent) } },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: 40,
      renewTime: new Date(sent).toISOString().replace('Z', '000Z'),
    },
  });
}

/** A patch of a node's status by its kubelet, marked with its time. */
export function heartbeat(sent: number): string {
  const time = new Date(sent).toISOString().replace(/\.\d+/, '');
  return JSON.stringify({
    metadata: { annotations: { 'bench-sent': String(sent) } },
    status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: time }] },
  });
}

export function nodeName(index: number): string {
  return `node-${String(index).padStart(5, '0')}`;
}

/** A lease as a kubelet makes it. */
export function lease(name: string): string {
  return JSON.stringify({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } });
}
