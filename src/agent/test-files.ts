import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { thisHost } from '../host/index.ts';
import { parseValue } from '../ignition/index.ts';
import { type BaseEntry, type BaseFacts, place } from '../machineconfig/index.ts';
import { PROVENANCE_PATH, provenanceMap } from '../osbuild/index.ts';
import type { FilesTarget } from './node-files.ts';
import { PlaneMemoryFile } from './plane-memory.ts';

const DIRECTORY: BaseEntry = { type: 'directory', mode: 0o755, uid: 0, gid: 0 };

const ENTRIES: Readonly<Record<string, BaseEntry>> = {
  '/': DIRECTORY,
  '/etc': DIRECTORY,
  '/usr': DIRECTORY,
  '/usr/lib': DIRECTORY,
  '/var': DIRECTORY,
  '/home': { type: 'symlink', target: 'var/home' },
  '/etc/of-the-base': { type: 'file' },
};

/** What matters of the tree of a CoreOS-like host (host-contract §3.6). */
const BASE: BaseFacts = {
  entry: (path) => (Object.hasOwn(ENTRIES, path) ? ENTRIES[path] : undefined),
  unit: () => undefined,
  dropins: () => [],
  users: new Map([
    ['root', { uid: 0, gid: 0, home: '/root' }],
    ['core', { uid: 1000, gid: 1000, home: '/home/core' }],
  ]),
  groups: new Map([
    ['root', 0],
    ['core', 1000],
  ]),
  unitLinks: [],
  keepsToplevels: false,
  readsKeyDirectory: false,
};

/** Files of a pool's configuration, as Ignition has them. */
export interface TestConfig {
  readonly files?: readonly object[];
  readonly directories?: readonly object[];
  readonly links?: readonly object[];
}

/** A file with its content in it; it replaces what is there. */
export function inlineFile(path: string, text: string, more: object = {}): object {
  return { path, overwrite: true, contents: { source: `data:,${encodeURIComponent(text)}` }, ...more };
}

/**
 * The files of a host in a folder: deployments with the trees that Varve's own placement makes, a `/etc` and a `/var`, and boots
 * that only switch `/usr`. What systemd-tmpfiles does at a boot is left to the agent.
 */
export class TestFiles {
  readonly root: string;
  readonly memory: PlaneMemoryFile;
  readonly runner;
  booted = '';
  #boots = 0;

  constructor(t: Pick<TestContext, 'after'>) {
    this.root = mkdtempSync(join(tmpdir(), 'varve-files-'));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
    for (const folder of ['etc', 'var', 'run', 'tmp']) mkdirSync(this.at(folder));
    this.write('/etc/passwd', 'root:x:0:0::/root:/bin/sh\ncore:x:1000:1000::/var/home/core:/bin/sh\n');
    this.write('/etc/group', 'root:x:0:\ncore:x:1000:\nwheel:x:10:\n');
    this.memory = new PlaneMemoryFile(this.at('/var/lib/varve/files.json'));
    this.runner = thisHost({ PATH: '/nowhere' }, this.root);
  }

  at(path: string): string {
    return join(this.root, path);
  }

  /** The folder of a deployment. */
  folder(image: string): string {
    return `/sysroot/ostree/deploy/lab/deploy/${image}.0`;
  }

  /** Deploys an image; its `/usr/etc` has what the configuration puts in `/etc`. */
  install(image: string, config: TestConfig, machineConfig = `50-${image}`): void {
    const outcome = parseValue({ ignition: { version: '3.5.0' }, storage: config });
    assert.ok(outcome.ok, JSON.stringify(outcome.report));
    const placement = place({
      config: outcome.config,
      kernelArguments: [],
      fips: false,
      provenance: { of: () => [machineConfig], field: () => undefined },
      base: BASE,
    });
    const made = { pool: 'worker', renderedConfig: image, base: `sha256:${'0'.repeat(64)}` } as const;
    const tree = this.folder(image);
    this.write(`${tree}${PROVENANCE_PATH}`, JSON.stringify(provenanceMap(placement, made)));
    mkdirSync(this.at(`${tree}/usr/etc`), { recursive: true });
    for (const node of placement.nodes) {
      const path = node.path.startsWith('/etc/') ? `${tree}/usr${node.path}` : `${tree}${node.path}`;
      mkdirSync(dirname(this.at(path)), { recursive: true });
      if (node.type === 'directory') mkdirSync(this.at(path), { recursive: true });
      else if (node.type === 'file') writeFileSync(this.at(path), node.contents);
      else if (node.type === 'symlink') symlinkSync(node.target, this.at(path));
      if (node.type === 'file' || node.type === 'directory') {
        chownSync(this.at(path), node.uid, node.gid);
        chmodSync(this.at(path), node.mode);
      }
    }
  }

  /** Boots an image: `/usr` is its own, and so is `/etc`, but for what is there already. */
  boot(image: string): FilesTarget {
    this.#boots += 1;
    this.booted = image;
    rmSync(this.at('/usr'), { recursive: true, force: true });
    cpSync(this.at(`${this.folder(image)}/usr`), this.at('/usr'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    return this.target();
  }

  target(): FilesTarget {
    const folders = readdirSync(this.at('/sysroot/ostree/deploy/lab/deploy'));
    const former = folders
      .filter((folder) => folder !== `${this.booted}.0`)
      .map((folder) => this.folder(folder.replace(/\.0$/, '')));
    return { tree: '', image: this.booted, bootId: `boot-${this.#boots}`, former };
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  /** What is at a path, in one line; undefined when nothing is. */
  show(path: string): string | undefined {
    const at = this.at(path);
    if (!existsSync(at) && !isLink(at)) return undefined;
    const { mode, uid, gid } = lstatSync(at);
    const attributes = `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    if (isLink(at)) return `-> ${readlinkSync(at)}`;
    return lstatSync(at).isDirectory() ? `${attributes} /` : `${attributes} ${readFileSync(at, 'utf8')}`;
  }

  /** Every path below a folder with what is there. */
  list(path: string): Readonly<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const entry of readdirSync(this.at(path), { recursive: true }) as string[]) {
      const one = join(path, entry);
      if (!one.startsWith('/var/lib/varve')) found[one] = this.show(one) ?? '';
    }
    return found;
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
