import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeBootEntries } from './boot-loader.ts';
import { bootableDeployments, type Deployment, kernelOf, treeOf } from './deployment.ts';
import { Faults } from './faults.ts';
import { entriesOf, removeTree, replaceFile, replaceLink, textOf, linkOf } from './files.ts';
import { FAILURE_STAMP } from './finalize.ts';
import { MachineJournal } from './journal.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';
import { applySysusers } from './sysusers.ts';
import { applyTmpfiles } from './tmpfiles.ts';
import { Killed } from './tool-error.ts';
import { Units } from './units.ts';

const COMPLETE_UNIT = 'ostree-boot-complete.service';

/** Folders at the top of a host that are no deployment's. */
const HOSTS_OWN = new Set([
  'usr',
  'etc',
  'var',
  'boot',
  'run',
  'proc',
  'sysroot',
  'ostree',
  'sys',
  'dev',
  'tmp',
]);

/** A boot of a machine's kernel, or of its user space only. */
export interface Boot {
  readonly bootId: string;
  readonly deployment: Deployment;
  readonly kernelVersion: string;
}

/**
 * Boots what the boot loader has first, or another deployment of a soft reboot, which keeps the kernel, its boot id and /run
 * (host-contract §7.1).
 *
 * @throws Killed when the power goes meanwhile
 */
export function boot(machine: MachineFolder, soft?: Deployment): Boot | undefined {
  const faults = new Faults(machine);
  const deployment = soft ?? chooseDeployment(machine, faults);
  if (deployment === undefined) return undefined;
  const bootId =
    soft === undefined ? randomUUID() : (textOf(machine.at('proc/sys/kernel/random/boot_id')) ?? '').trim();
  const journal = new MachineJournal(machine);
  if (soft === undefined) startKernel(machine, deployment, bootId, journal);
  if (faults.take('power-cut', ({ phase }) => phase === 'boot') !== undefined)
    throw new Killed('the power is gone');
  mountRoot(machine, deployment);
  startUserSpace(machine, journal, bootId);
  return { bootId, deployment, kernelVersion: kernelOf(treeOf(machine, deployment)).release };
}

/** With a health check that fails, a new deployment is booted once, and the one before comes first again (host-contract §3.7). */
function chooseDeployment(machine: MachineFolder, faults: Faults): Deployment | undefined {
  const bootable = bootableDeployments(machine);
  const [first, second, ...others] = bootable;
  const before = linkOf(machine.at('usr'));
  const isNew = before !== undefined && first !== undefined && !before.includes(`/${first.name}/`);
  if (first === undefined || second === undefined || !isNew || faults.take('boot-falls-back') === undefined) {
    return first;
  }
  writeBootEntries(machine, [second, first, ...others]);
  return second;
}

function startKernel(
  machine: MachineFolder,
  deployment: Deployment,
  bootId: string,
  journal: MachineJournal,
): void {
  removeTree(machine.at('run'));
  mkdirSync(machine.at('run/ostree'), { recursive: true });
  journal.begin(bootId);
  journal.write('init.scope', `Booting deployment ${deployment.name}`);
  const link = commandLineLink(machine, deployment);
  const release = kernelOf(treeOf(machine, deployment)).release;
  replaceFile(machine.at('proc/sys/kernel/random/boot_id'), `${bootId}\n`);
  replaceFile(machine.at('proc/sys/kernel/osrelease'), `${release}\n`);
  replaceFile(
    machine.at('proc/cmdline'),
    `BOOT_IMAGE=/boot/vmlinuz-${release} ${deployment.options} ostree=${link}\n`,
  );
}

function commandLineLink(machine: MachineFolder, { name }: Deployment): string {
  const entries = machine.at('boot/loader/entries');
  for (const entry of entriesOf(entries)) {
    const link = /\sostree=(\S+)/.exec(textOf(join(entries, entry.name)) ?? '')?.[1];
    if (link !== undefined && linkOf(machine.at(`sysroot${link}`))?.endsWith(`/${name}`) === true)
      return link;
  }
  return '/ostree/boot.0/none';
}

/** The host's root: /usr and /etc of the deployment, the /var of all, and what else the image has at the top. */
function mountRoot(machine: MachineFolder, deployment: Deployment): void {
  const tree = `sysroot/ostree/deploy/${STATEROOT}/deploy/${deployment.name}`;
  replaceLink(machine.at('etc'), `${tree}/etc`);
  replaceLink(machine.at('var'), `sysroot/ostree/deploy/${STATEROOT}/var`);
  replaceLink(machine.at('ostree'), 'sysroot/ostree');
  const names = entriesOf(treeOf(machine, deployment)).map(({ name }) => name);
  for (const { name } of entriesOf(machine.root)) {
    if (!HOSTS_OWN.has(name) && !names.includes(name)) removeTree(machine.at(name));
  }
  for (const name of names) {
    if (HOSTS_OWN.has(name)) continue;
    replaceLink(machine.at(name), linkOf(join(treeOf(machine, deployment), name)) ?? `${tree}/${name}`);
  }
  for (const name of ['sys', 'dev', 'tmp']) mkdirSync(machine.at(name), { recursive: true });
  chmodSync(machine.at('tmp'), 0o1777);
  // It is what says which deployment runs.
  replaceLink(machine.at('usr'), `${tree}/usr`);
  replaceFile(machine.at('run/ostree-booted'), '');
}

function startUserSpace(machine: MachineFolder, journal: MachineJournal, bootId: string): void {
  const units = new Units(machine);
  const machineId = machine.at('etc/machine-id');
  if ((textOf(machineId) ?? '').trim() === '') {
    replaceFile(machineId, `${randomUUID().replaceAll('-', '')}\n`, 0o444);
    units.presetAll();
  }
  applySysusers(machine.root);
  const facts: Readonly<Record<string, string | undefined>> = {
    b: bootId.replaceAll('-', ''),
    m: textOf(machineId)?.trim(),
    v: textOf(machine.at('proc/sys/kernel/osrelease'))?.trim(),
    H: machine.settings.name,
    l: machine.settings.name.split('.')[0],
    t: '/run',
    T: '/tmp',
    V: '/var/tmp',
    S: '/var/lib',
    C: '/var/cache',
    L: '/var/log',
    h: '/root',
    u: 'root',
    U: '0',
    g: 'root',
    G: '0',
  };
  for (const complaint of applyTmpfiles(machine.root, (letter) => facts[letter])) {
    journal.write('systemd-tmpfiles-setup.service', complaint);
  }
  replaceFile(machine.at('var/.updated'), '');
  units.startAll();
  completeBoot(machine, units, journal);
}

/** Tells what the last shutdown could not finish, and ends failed then (host-contract §3.4). */
function completeBoot(machine: MachineFolder, units: Units, journal: MachineJournal): void {
  const stamp = textOf(machine.at(FAILURE_STAMP));
  units.set('ostree-finalize-staged.service', 'inactive');
  if (stamp === undefined) {
    units.set(COMPLETE_UNIT, 'inactive');
    return;
  }
  removeTree(machine.at(FAILURE_STAMP));
  journal.write(COMPLETE_UNIT, `error: ostree-finalize-staged.service failed on previous boot: ${stamp}`);
  units.set(COMPLETE_UNIT, 'failed', 'exit-code');
}
