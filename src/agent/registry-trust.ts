import { hash } from 'node:crypto';
import { HostFolder } from './host-folder.ts';

/** What a host's own tools are to take from a registry beyond what its image says (host-contract §6.2). */
export interface RegistryTrust {
  /** PEM texts of authorities that sign the certificates of the registries that images come from. */
  readonly authorities: readonly string[];
  /** Registries without TLS, as HOST[:PORT]. */
  readonly plainHttp: readonly string[];
}

const CERTIFICATES = '/etc/containers/certs.d';

/** Read after all others, whose registries it has the last word on. */
const REGISTRIES = { folder: '/etc/containers/registries.conf.d', name: 'zz-varve-agent.conf' } as const;

/** Names of the agent's own, of which no image has one: nothing of an image is shadowed (host-contract §3.3). */
const OURS = /^varve-agent-[0-9a-f]{16}\.crt$/;

/**
 * Writes what bootc and rpm-ostree need to pull from a registry with these authorities, or without TLS, and removes what the
 * agent once wrote and does not need any longer. What the image itself says stays in force.
 *
 * @param registry where the next image comes from, as HOST[:PORT]
 */
export async function writeRegistryTrust(
  root: string,
  trust: RegistryTrust,
  registry: string,
): Promise<void> {
  const certificates = new Map(
    trust.authorities.map((text) => [`varve-agent-${hash('sha256', text, 'hex').slice(0, 16)}.crt`, text]),
  );
  const isPlain = trust.plainHttp.includes(registry);
  const wanted = isPlain ? new Map<string, string>() : certificates;
  const path = `${CERTIFICATES}/${registry}`;
  await using folder = await HostFolder.open(root, path, wanted.size === 0 ? undefined : made);
  if (folder !== undefined) {
    for (const name of await folder.names()) {
      if (OURS.test(name) && !wanted.has(name)) await folder.remove(name);
    }
    for (const [name, text] of wanted) await write(folder, name, text);
  }
  const lines = trust.plainHttp.map(
    (host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`,
  );
  await using drops = await HostFolder.open(root, REGISTRIES.folder, lines.length === 0 ? undefined : made);
  if (drops === undefined) return;
  if (lines.length > 0) await write(drops, REGISTRIES.name, lines.join('\n'));
  else if ((await drops.stat(REGISTRIES.name)) !== undefined) await drops.remove(REGISTRIES.name);
}

function made(): { mode: number; uid: number; gid: number } {
  return { mode: 0o755, uid: 0, gid: 0 };
}

async function write(folder: HostFolder, name: string, text: string): Promise<void> {
  const file = await folder.openFile(name);
  if (file !== undefined) {
    try {
      if ((await file.readFile('utf8')) === text) return;
    } finally {
      await file.close();
    }
  }
  await folder.putFile(name, Buffer.from(text), { mode: 0o644, uid: 0, gid: 0 });
}
