import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { CHECKOUT } from './varve.ts';

export interface AgentInside {
  readonly node: string;
  /** The text of a kubeconfig whose server is on a port of this machine's loopback. */
  readonly kubeconfig: string;
  /** Ports of this machine's loopback that the machine has on its own: of the API server and of the registry. */
  readonly ports: readonly number[];
  readonly registry: string;
}

const HOME = '/var/opt/varve';

/**
 * Puts an agent with its Node into /var of an installed sysroot, and what starts it into the deployment's /etc, as an
 * administrator might: all of it outlives updates. This machine's ports are reached through qemu's user network.
 */
export async function putAgentInside(sysroot: string, inside: AgentInside): Promise<void> {
  const home = join(sysroot, 'ostree/deploy/default', HOME);
  await mkdir(home, { recursive: true });
  await bundle(join(home, 'dist/cli/varve.cjs'));
  await cp(join(CHECKOUT, 'package.json'), join(home, 'package.json'));
  await cp(process.execPath, join(home, 'node'), { dereference: true });
  await writeFile(join(home, 'kubeconfig'), inside.kubeconfig, { mode: 0o600 });
  for (const etc of await etcOfDeployments(sysroot)) {
    const units = join(etc, 'systemd/system');
    const wants = join(units, 'multi-user.target.wants');
    await mkdir(wants, { recursive: true });
    for (const [name, text] of Object.entries(unitsOf(inside))) {
      await writeFile(join(units, name), text);
      if (!name.startsWith('varve-lab-port-') || name.endsWith('.socket')) {
        await symlink(`../${name}`, join(wants, name));
      }
    }
  }
}

/** All of Varve as one file that needs nothing beside it: what bin/varve makes looks for the sources that it was made of. */
async function bundle(file: string): Promise<void> {
  const build = await rolldown({
    input: join(CHECKOUT, 'src/cli/main.ts'),
    platform: 'node',
    logLevel: 'silent',
  });
  await build.write({ file, format: 'cjs', codeSplitting: false });
  await build.close();
}

async function etcOfDeployments(sysroot: string): Promise<readonly string[]> {
  const folder = join(sysroot, 'ostree/deploy/default/deploy');
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.origin'));
  return names.map((name) => join(folder, name, 'etc'));
}

function unitsOf({ node, ports, registry }: AgentInside): Readonly<Record<string, string>> {
  const flags = `--node ${node} --kubeconfig ${HOME}/kubeconfig --insecure-registry ${registry}`;
  const proxies: Record<string, string> = {};
  for (const port of ports) {
    proxies[`varve-lab-port-${port}.socket`] = `[Socket]\nListenStream=127.0.0.1:${port}\n`;
    proxies[`varve-lab-port-${port}.service`] = `[Unit]
Description=Port ${port} of the machine around this one
Requires=varve-lab-network.service
After=varve-lab-network.service

[Service]
ExecStart=/lib/systemd/systemd-socket-proxyd 10.0.2.2:${port}
`;
  }
  return {
    'varve-lab-network.service': `[Unit]
Description=The network of qemu
DefaultDependencies=no
After=systemd-udev-trigger.service systemd-modules-load.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec 'modprobe virtio_net || :; until card=$$(ls -d /sys/class/net/e*); do sleep 0.2; done; card=$$(basename $$card); ip link set $$card up; ip address add 10.0.2.15/24 dev $$card'
`,
    'varve-lab-agent.service': `[Unit]
Description=The agent
After=varve-lab-network.service

[Service]
ExecStart=${HOME}/node ${HOME}/dist/cli/varve.cjs agent ${flags}
StandardError=journal+console
Restart=always
RestartSec=1
`,
    ...proxies,
  };
}
