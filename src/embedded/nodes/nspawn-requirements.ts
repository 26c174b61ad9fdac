import { accessSync, constants, statfsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { EmbeddedError } from '../embedded-error.ts';

/** The programs that machines of systemd-nspawn need, and Debian's packages that have them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  chattr: 'e2fsprogs',
  nsenter: 'util-linux',
  ostree: 'ostree',
  setpriv: 'util-linux',
  'systemd-nspawn': 'systemd-container',
  unshare: 'util-linux',
};

/** On these a deployment cannot be what it is on a disk: files with several names, extended attributes of any kind. */
const UNFIT: Readonly<Record<number, string>> = {
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x6969: 'NFS',
};

/**
 * Refuses to make a machine where none can be.
 *
 * @param folder where its disk is to be; it exists
 * @throws EmbeddedError `cannot-start`, saying what to install or to choose
 */
export function requireNspawn(folder: string): void {
  const refuse = (reason: string): never => {
    throw new EmbeddedError('cannot-start', `cannot start nodes of systemd-nspawn: ${reason}`);
  };
  if (process.platform !== 'linux') refuse('they need Linux; use simulated nodes');
  if (process.getuid?.() !== 0) refuse('they need root; run varve as root, or use simulated nodes');
  const missing = Object.keys(PROGRAMS).filter((program) => !isOnPath(program));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((program) => PROGRAMS[program]))].join(' ');
    refuse(`this machine has no ${missing.join(', ')}; install with: apt-get install ${packages}`);
  }
  const unfit = UNFIT[statfsSync(folder).type];
  if (unfit !== undefined) {
    refuse(`${folder} is on ${unfit}, which holds no ostree deployments; choose a folder on a disk`);
  }
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
