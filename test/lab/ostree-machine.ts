import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

const STATEROOT = 'lab';

/**
 * Enters a mount and a process namespace in which the deployment `$2` of the sysroot `$1` is booted: its root is `/`,
 * which is how ostree finds what is booted. /sysroot is read-only, as on modern hosts. The tools are this machine's; `systemctl`, which staging calls to arm the
 * finalization at shutdown, is a word.
 */
const BOOT = String.raw`
set -e
mount --make-rprivate /
mount --bind "$2" "$2"
mount --bind "$1" "$2/sysroot"
mount -o remount,bind,ro "$2/sysroot"
mount --bind "$1/boot" "$2/boot"
mount --bind "$1/ostree/deploy/lab/var" "$2/var"
mount --bind /usr "$2/usr"
mount --bind "$3" "$2/usr/bin/systemctl"
mount -t tmpfs run "$2/run"
mount -t tmpfs tmp "$2/tmp"
mount -t proc proc "$2/proc"
mount --rbind /dev "$2/dev"
touch "$2/run/ostree-booted"
mkdir "$2/run/old"
cd "$2"
pivot_root . run/old
umount -l /run/old
rmdir /run/old
echo booted
exec sleep infinity
`;

/** What a running machine is reached by. */
interface Boot {
  readonly child: ChildProcess;
  /** Its first process, as this machine numbers it. */
  readonly pid: number;
}

/**
 * A machine of a real ostree deployment without an init: what it boots is what the boot loader's entries say, a clean
 * shutdown finalizes what is staged with the real `ostree admin finalize-staged`, and a power cut does not.
 */
export class OstreeMachine {
  readonly #folder: string;
  #boot: Boot | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get sysroot(): string {
    return join(this.#folder, 'sysroot');
  }

  /** The process whose namespaces are the machine's. */
  get pid(): number {
    if (this.#boot === undefined) throw new Error('the machine is off');
    return this.#boot.pid;
  }

  /** Installs a tree, as an ostree commit of no image. */
  async install(tree: string, kernelArguments: readonly string[]): Promise<void> {
    const { sysroot } = this;
    const repository = `--repo=${sysroot}/ostree/repo`;
    await mkdir(sysroot, { recursive: true });
    await run('ostree', ['admin', 'init-fs', sysroot]);
    await run('ostree', ['admin', 'os-init', `--sysroot=${sysroot}`, STATEROOT]);
    await run('ostree', ['config', repository, 'set', 'sysroot.bootloader', 'none']);
    await run('ostree', ['config', repository, 'set', 'core.fsync', 'false']);
    await run('ostree', ['commit', repository, '--branch=installed', `--tree=dir=${tree}`]);
    await run('ostree', [
      ['admin', 'deploy', `--sysroot=${sysroot}`, `--os=${STATEROOT}`],
      [...kernelArguments.map((argument) => `--karg-append=${argument}`), 'installed'],
    ]);
    const systemctl = join(this.#folder, 'systemctl');
    await writeFile(systemctl, '#!/bin/sh\nexit 0\n');
    await chmod(systemctl, 0o755);
  }

  /** Boots the default entry of the boot loader, or the one after it. */
  async boot(entry = 0): Promise<void> {
    const deployment = await this.#deploymentOf(entry);
    const script = [BOOT, 'boot', this.sysroot, deployment, join(this.#folder, 'systemctl')];
    const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ...script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as unknown[];
    if (!(first instanceof Buffer))
      throw new Error(`cannot boot ${deployment}: exit status ${String(first)}`);
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    this.#boot = { child, pid: Number.parseInt(children, 10) };
  }

  /** What systemd does at the end of a clean shutdown. */
  async shutDown(): Promise<void> {
    await run('nsenter', [`--target=${this.pid}`, '--mount', '--pid', 'ostree', 'admin', 'finalize-staged']);
    await this.cutPower();
  }

  async cutPower(): Promise<void> {
    const boot = this.#boot;
    this.#boot = undefined;
    if (boot === undefined) return;
    const ended = once(boot.child, 'exit');
    process.kill(boot.pid, 'SIGKILL');
    await ended;
  }

  async reboot(): Promise<void> {
    await this.shutDown();
    await this.boot();
  }

  /** Removes the machine; its deployments are immutable until told otherwise. */
  async remove(): Promise<void> {
    await this.cutPower();
    await run('chattr', ['-R', '-i', join(this.sysroot, 'ostree/deploy')], { accept: [0, 1] });
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The text of a file of the booted deployment. */
  read(path: string): Promise<string> {
    return readFile(`/proc/${this.pid}/root${path}`, 'utf8');
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(`/proc/${this.pid}/root${path}`, text);
  }

  async #deploymentOf(entry: number): Promise<string> {
    const folder = join(this.sysroot, 'boot/loader/entries');
    const texts = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
    );
    const version = (text: string): number => Number(/^version (\d+)$/m.exec(text)?.[1]);
    const chosen = texts.sort((a, b) => version(b) - version(a))[entry] ?? '';
    const link = join(this.sysroot, /\sostree=(\S+)/.exec(chosen)?.[1] ?? '');
    return join(link, '..', await readlink(link));
  }
}

/** The least tree that ostree deploys: a kernel of one word, and the folders that a root needs. */
export async function writeBootableTree(tree: string): Promise<void> {
  for (const folder of [
    'usr/lib/modules/6.1.0',
    'usr/etc',
    'usr/bin',
    'usr/share/old',
    'usr/share/folder',
    'usr/share/opaque',
  ]) {
    await mkdir(join(tree, folder), { recursive: true });
  }
  for (const folder of ['boot', 'dev', 'home', 'proc', 'run', 'sys', 'sysroot', 'tmp', 'var']) {
    await mkdir(join(tree, folder));
  }
  for (const link of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${link}`, join(tree, link));
  await symlink('sysroot/ostree', join(tree, 'ostree'));
  await writeFile(join(tree, 'usr/lib/modules/6.1.0/vmlinuz'), 'kernel');
  await writeFile(join(tree, 'usr/lib/modules/6.1.0/initramfs.img'), 'initramfs');
  await writeFile(join(tree, 'usr/lib/os-release'), 'ID=lab\nPRETTY_NAME=Lab\n');
  await writeFile(join(tree, 'usr/share/old/file'), 'of the base\n');
  await writeFile(join(tree, 'usr/share/folder/file'), 'of the base\n');
  await writeFile(join(tree, 'usr/share/opaque/file'), 'of the base\n');
  await writeFile(join(tree, 'usr/share/replaced'), 'of the base\n');
  await writeFile(join(tree, 'usr/etc/motd'), 'base\n');
}
