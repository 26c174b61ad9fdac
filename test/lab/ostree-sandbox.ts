import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

const STATEROOT = 'default';

/**
 * The real ostree with nothing booted (host-contract §10.3): a deployment is finalized at once, so that its /etc is merged while
 * one waits.
 */
export class OstreeSandbox {
  readonly #folder: string;
  #etc = '';
  #commits = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<OstreeSandbox> {
    const sandbox = new OstreeSandbox(folder);
    await mkdir(sandbox.#sysroot, { recursive: true });
    await run('ostree', ['admin', 'init-fs', sandbox.#sysroot]);
    await run('ostree', ['admin', 'os-init', `--sysroot=${sandbox.#sysroot}`, STATEROOT]);
    for (const [key, value] of [
      ['sysroot.bootloader', 'none'],
      ['core.fsync', 'false'],
    ] as const) {
      await run('ostree', ['config', `--repo=${sandbox.#repository}`, 'set', key, value]);
    }
    return sandbox;
  }

  /** The /etc of the newest deployment. */
  get etc(): string {
    return this.#etc;
  }

  get #sysroot(): string {
    return join(this.#folder, 'sysroot');
  }

  get #repository(): string {
    return join(this.#sysroot, 'ostree/repo');
  }

  /** Deploys a system whose default /etc is a copy of this folder. */
  async deploy(etc: string): Promise<void> {
    this.#commits += 1;
    const tree = join(this.#folder, `tree-${this.#commits}`);
    for (const name of [
      'boot',
      'dev',
      'home',
      'proc',
      'run',
      'sys',
      'sysroot',
      'tmp',
      'var',
      'usr/lib/modules/6.1.0',
    ]) {
      await mkdir(join(tree, name), { recursive: true });
    }
    for (const name of ['vmlinuz', 'initramfs.img'])
      await writeFile(join(tree, 'usr/lib/modules/6.1.0', name), name);
    await writeFile(join(tree, 'usr/lib/os-release'), 'ID=sandbox\nVERSION_ID=1\n');
    await run('cp', ['--archive', etc, join(tree, 'usr/etc')]);
    const ref = `tree/${this.#commits}`;
    await run('ostree', ['commit', `--repo=${this.#repository}`, '-b', ref, `--tree=dir=${tree}`]);
    await run('ostree', ['admin', 'deploy', `--sysroot=${this.#sysroot}`, `--os=${STATEROOT}`, ref]);
    const { stdout } = await run('ostree', ['rev-parse', `--repo=${this.#repository}`, ref]);
    const deployments = join(this.#sysroot, `ostree/deploy/${STATEROOT}/deploy`);
    const names = await readdir(deployments);
    const name = names.find((one) => one.startsWith(stdout.trim()) && !one.endsWith('.origin')) ?? '';
    this.#etc = join(deployments, name, 'etc');
  }

  /** What somebody made of the /etc of the newest deployment. */
  async replaceEtc(live: string): Promise<void> {
    for (const name of await readdir(this.#etc)) await rm(join(this.#etc, name), { recursive: true });
    await run('cp', ['--archive', `${live}/.`, this.#etc]);
    await chmod(this.#etc, 0o755);
  }

  /** `ostree admin config-diff`, sorted. */
  async configDiff(): Promise<readonly string[]> {
    const { stdout } = await run('ostree', [
      'admin',
      'config-diff',
      `--sysroot=${this.#sysroot}`,
      `--os=${STATEROOT}`,
    ]);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .toSorted();
  }

  /** Removes it; deployments are immutable. */
  async close(): Promise<void> {
    const deployments = join(this.#sysroot, `ostree/deploy/${STATEROOT}/deploy`);
    for (const name of await readdir(deployments).catch(() => [])) {
      if (!name.endsWith('.origin')) await run('chattr', ['-i', join(deployments, name)]);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
