import { isJsonObject, type JsonObject } from '../schema/index.ts';
import { FileProblem, reasonOf } from './file-problem.ts';
import { HostFolder } from './host-folder.ts';

/** The pull secret of an agent, as far as it is known. */
export type PullSecretReading =
  /** It was not heard of yet, or cannot be read: what is on the host stays. */
  | { readonly state: 'unknown' }
  | { readonly state: 'absent' }
  /** The JSON of a `.dockerconfigjson`. */
  | { readonly state: 'present'; readonly document: string };

export interface HostPullSecretOptions {
  /** Where this process sees the host's root. */
  readonly root: string;
  readonly read: () => PullSecretReading;
  /** Told of what keeps the credentials from the host, once for each reason; never with one of them in it. */
  readonly onTrouble?: (doing: string, error: unknown) => void;
}

/** The first file that bootc and rpm-ostree look for; where it is, they look at no other (host-contract §6.1). */
const LOOKED_FOR = { folder: '/run/ostree', name: 'auth.json' } as const;

/** What it is a link to: nobody else's credentials are mistaken for the agent's, or overwritten. */
const WRITTEN = { folder: '/run/varve', name: 'auth.json', link: '../varve/auth.json' } as const;

/** What the tools would use without it, the first that exists; and what the host pulls its pods' images with. */
const HOSTS_OWN = ['/etc/ostree/auth.json', '/usr/lib/ostree/auth.json'] as const;
const KUBELET = '/var/lib/kubelet/config.json';

const LARGEST = 4 * 1024 * 1024;

/**
 * Keeps the credentials of the agent's pull secret where the host's tools look for them. They are below /run: nothing of them
 * outlives the host, an agent that starts writes them anew, and no image's /etc is shadowed (host-contract §3.3). As the tools
 * read one file only, it has what the host's own files have for other registries as well.
 */
export class HostPullSecret {
  readonly #options: HostPullSecretOptions;
  #lastTrouble = '';

  constructor(options: HostPullSecretOptions) {
    this.#options = options;
  }

  /** Writes what is not on the host yet, or takes it away with the secret. It never throws. */
  async refresh(): Promise<void> {
    try {
      const secret = this.#options.read();
      if (secret.state === 'unknown') return;
      if (secret.state === 'absent') await this.#withdraw();
      else await this.#write(secret.document);
      this.#lastTrouble = '';
    } catch (error) {
      const reason = error instanceof FileProblem ? `${error.path}: ${error.message}` : reasonOf(error);
      if (reason === this.#lastTrouble) return;
      this.#lastTrouble = reason;
      this.#options.onTrouble?.("give the host's tools the pull secret", new Error(reason));
    }
  }

  async #write(document: string): Promise<void> {
    const { root } = this.#options;
    await using seen = await this.#folder(LOOKED_FOR.folder, 0o755);
    if ((await linkOf(seen, LOOKED_FOR.name)) === 'foreign') {
      throw new FileProblem(
        `${LOOKED_FOR.folder}/${LOOKED_FOR.name}`,
        "somebody else wrote it, and the host's tools use it in the place of the pull secret: remove it to have the agent write it",
      );
    }
    const text = merged(asObject(document), await firstOf(root, HOSTS_OWN), await firstOf(root, [KUBELET]));
    await using own = await this.#folder(WRITTEN.folder, 0o700);
    if ((await textIn(own, WRITTEN.name)) !== text || !(await isPrivate(own))) {
      await own.putFile(WRITTEN.name, Buffer.from(text), { mode: 0o600, uid: 0, gid: 0 });
    }
    // Last: until it is there, the tools use what they used before.
    if ((await linkOf(seen, LOOKED_FOR.name)) === 'missing')
      await seen.putLink(LOOKED_FOR.name, WRITTEN.link);
  }

  async #withdraw(): Promise<void> {
    const { root } = this.#options;
    await using seen = await HostFolder.open(root, LOOKED_FOR.folder);
    if (seen !== undefined && (await linkOf(seen, LOOKED_FOR.name)) === 'ours')
      await seen.remove(LOOKED_FOR.name);
    await using own = await HostFolder.open(root, WRITTEN.folder);
    if (own !== undefined && (await own.stat(WRITTEN.name)) !== undefined) await own.remove(WRITTEN.name);
    await own?.removeUnfinished();
  }

  async #folder(path: string, mode: number): Promise<HostFolder> {
    const make = (made: string): { mode: number; uid: number; gid: number } => ({
      mode: made === path ? mode : 0o755,
      uid: 0,
      gid: 0,
    });
    const folder = await HostFolder.open(this.#options.root, path, make);
    if (folder === undefined) throw new FileProblem(path, 'it cannot be made');
    await folder.removeUnfinished();
    return folder;
  }
}

async function linkOf(folder: HostFolder, name: string): Promise<'missing' | 'ours' | 'foreign'> {
  const there = await folder.stat(name);
  if (there === undefined) return 'missing';
  return there.isSymbolicLink() && (await folder.readLink(name)) === WRITTEN.link ? 'ours' : 'foreign';
}

async function isPrivate(folder: HostFolder): Promise<boolean> {
  const there = await folder.stat(WRITTEN.name);
  return there !== undefined && (there.mode & 0o7777n) === 0o600n && there.uid === 0n;
}

async function textIn(folder: HostFolder, name: string): Promise<string | undefined> {
  const file = await folder.openFile(name);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    return size > LARGEST ? undefined : await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** The document of the first of these files that exists; one that cannot be understood counts as empty, as for the tools. */
async function firstOf(root: string, paths: readonly string[]): Promise<JsonObject> {
  for (const path of paths) {
    const at = path.lastIndexOf('/');
    await using folder = await HostFolder.open(root, path.slice(0, at));
    const text = folder && (await textIn(folder, path.slice(at + 1)));
    if (text !== undefined) return asObject(text);
  }
  return {};
}

function asObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    // Its text may be a password: it is told to nobody.
    return {};
  }
}

/**
 * One document of several, the first counts most: of the others only what is about registries that none before them names,
 * since within one file the longest name wins.
 */
function merged(...documents: readonly JsonObject[]): string {
  const named = new Set<string>();
  const members: Record<'auths' | 'credHelpers', Record<string, JsonObject[string]>> = {
    auths: {},
    credHelpers: {},
  };
  for (const document of documents) {
    const fresh: string[] = [];
    for (const member of ['auths', 'credHelpers'] as const) {
      const entries = document[member];
      if (!isJsonObject(entries)) continue;
      for (const [key, entry] of Object.entries(entries)) {
        const registry = registryOf(key);
        if (named.has(registry)) continue;
        fresh.push(registry);
        members[member][key] = entry;
      }
    }
    for (const registry of fresh) named.add(registry);
  }
  const { auths, credHelpers } = members;
  return `${JSON.stringify({ auths, ...(Object.keys(credHelpers).length === 0 ? {} : { credHelpers }) })}\n`;
}

/** Of `https://HOST/v1/`, as older tools wrote it, and of `HOST/NAMESPACE`. */
function registryOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
