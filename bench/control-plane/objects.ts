/** What a pool of the benchmark is called. */
export function poolName(index: number): string {
  return `pool-${String(index).padStart(2, '0')}`;
}

/** A custom pool, which has the MachineConfigs of worker besides its own, and its MachineOSConfig. */
export function poolObjects(pool: string, repository: string): readonly object[] {
  return [
    {
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineConfigPool',
      metadata: { name: pool },
      spec: {
        machineConfigSelector: {
          matchExpressions: [
            {
              key: 'machineconfiguration.openshift.io/role',
              operator: 'In',
              values: ['worker', pool],
            },
          ],
        },
        nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${pool}`]: '' } },
      },
    },
    {
      apiVersion: 'machineconfiguration.openshift.io/v1',
      kind: 'MachineOSConfig',
      metadata: { name: pool },
      spec: {
        machineConfigPool: { name: pool },
        imageBuilder: { imageBuilderType: 'Job' },
        baseImagePullSecret: { name: 'registry' },
        renderedImagePushSecret: { name: 'registry' },
        renderedImagePushSpec: `${repository}:${pool}`,
      },
    },
  ];
}

/** A MachineConfig as people write them: a file of a kilobyte and a unit. */
export function machineConfig(role: string, index: number, version: number): object {
  const name = `50-${role}-${String(index).padStart(3, '0')}`;
  const text = `# ${name}, version ${version}\n${`setting-${index} = value\n`.repeat(40)}`;
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name, labels: { 'machineconfiguration.openshift.io/role': role } },
    spec: {
      config: {
        ignition: { version: '3.4.0' },
        storage: {
          files: [
            {
              path: `/etc/bench.d/${name}.conf`,
              mode: 0o644,
              contents: { source: `data:text/plain;base64,${Buffer.from(text).toString('base64')}` },
            },
          ],
        },
        systemd: {
          units: [
            {
              name: `${name}.service`,
              enabled: true,
              contents: `[Unit]\nDescription=${name}\n[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n`,
            },
          ],
        },
      },
    },
  };
}
