import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

const ROLE = 'machineconfiguration.openshift.io/role';

const POOL = {
  apiVersion: 'machineconfiguration.openshift.io/v1',
  kind: 'MachineConfigPool',
  metadata: { name: 'layered' },
  spec: {
    machineConfigSelector: { matchLabels: { [ROLE]: 'layered' } },
    nodeSelector: { matchLabels: { 'node-role.kubernetes.io/layered': '' } },
  },
};

/** What its unit says on the console: command line, a file of /etc, a key. */
const REPORT = (number: number): string =>
  `echo "varve-report of ${number}: $$(cat /proc/cmdline) conf=$$(cat /etc/varve-test.conf) key=$$(cut -d" " -f2 /var/home/core/.ssh/authorized_keys) " > /dev/console`;

/** One image's configuration: something of each plane, all of it with the image's number in it. */
function machineConfig(number: number): object {
  const text = (value: string): object => ({ source: `data:,${encodeURIComponent(value)}` });
  const unit = `[Unit]\nDescription=Of image ${number}\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo ${number} > /run/varve-unit-${number}; ${REPORT(number)}'\n\n[Install]\nWantedBy=multi-user.target\n`;
  return {
    apiVersion: 'machineconfiguration.openshift.io/v1',
    kind: 'MachineConfig',
    metadata: { name: '50-test', labels: { [ROLE]: 'layered' } },
    spec: {
      kernelArguments: [`varve.image=${number}`],
      config: {
        ignition: { version: '3.4.0' },
        passwd: { users: [{ name: 'core', sshAuthorizedKeys: [`ssh-ed25519 AAAA${number} test`] }] },
        storage: {
          files: [
            { path: '/etc/varve-test.conf', mode: 0o640, contents: text(`image ${number}\n`) },
            { path: '/var/lib/varve-test/data', mode: 0o600, contents: text(`image ${number}\n`) },
            { path: '/usr/local/bin/varve-test', mode: 0o755, contents: text(`#!/bin/sh\necho ${number}\n`) },
            { path: `/var/lib/varve-test/only-${number}`, contents: text('') },
            { path: `/etc/varve-only-${number}`, contents: text('') },
          ],
        },
        systemd: { units: [{ name: `varve-test-${number}.service`, enabled: true, contents: unit }] },
      },
    },
  };
}

/** Writes the objects of the pool `layered` for image `number` into a folder of their own. */
export async function writeNumberedConfig(folder: string, number: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'pool.yaml'), stringify(POOL));
  await writeFile(join(folder, 'config.yaml'), stringify(machineConfig(number)));
}
