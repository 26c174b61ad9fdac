import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Deployment,
  kernelOf,
  Origin,
  STAGED_LOCK_MARKER,
  STAGED_RECORD,
  stagedDeployment,
  treeOf,
  bootableDeployments,
  bootedName,
} from './deployment.ts';
import { linkOf, removeTree, replaceLink, statOf, textOf } from './files.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';

/**
 * Makes deployments what the boot loader boots, the first by default: kernels on /boot, an entry for each, and then the one link
 * that is swapped (host-contract §3.1). Whoever is killed before that has changed nothing that boots.
 */
export function writeBootEntries(machine: MachineFolder, deployments: readonly Deployment[]): void {
  const version = linkOf(machine.at('boot/loader')) === 'loader.1' ? 0 : 1;
  const links = machine.at(`sysroot/ostree/boot.${version}.1/${STATEROOT}`);
  const entries = machine.at(`boot/loader.${version}/entries`);
  removeTree(machine.at(`sysroot/ostree/boot.${version}.1`));
  removeTree(machine.at(`boot/loader.${version}`));
  mkdirSync(entries, { recursive: true });
  const serials = new Map<string, number>();
  for (const [index, deployment] of deployments.entries()) {
    const kernel = kernelOf(treeOf(machine, deployment));
    const boot = `ostree/${STATEROOT}-${kernel.checksum}`;
    copyKernel(kernel, machine.at(`boot/${boot}`));
    const serial = serials.get(kernel.checksum) ?? 0;
    serials.set(kernel.checksum, serial + 1);
    mkdirSync(join(links, kernel.checksum), { recursive: true });
    replaceLink(
      join(links, kernel.checksum, `${serial}`),
      `../../../deploy/${STATEROOT}/deploy/${deployment.name}`,
    );
    const number = deployments.length - index;
    const link = `/ostree/boot.${version}/${STATEROOT}/${kernel.checksum}/${serial}`;
    const sources = Object.entries(deployment.sources).map(
      ([name, value]) => `x-options-source-${name} ${value}\n`,
    );
    writeFileSync(
      join(entries, `ostree-${number}.conf`),
      [
        `title ${titleOf(treeOf(machine, deployment))} (ostree:${index})\n`,
        `version ${number}\n`,
        `options ${[deployment.options, `ostree=${link}`].filter((part) => part !== '').join(' ')}\n`,
        `linux /${boot}/vmlinuz-${kernel.release}\n`,
        `initrd /${boot}/initramfs-${kernel.release}.img\n`,
        ...sources,
      ].join(''),
    );
  }
  replaceLink(machine.at(`sysroot/ostree/boot.${version}`), `boot.${version}.1`);
  replaceLink(machine.at('boot/loader'), `loader.${version}`);
}

function copyKernel(
  { release, folder }: { readonly release: string; readonly folder: string },
  boot: string,
): void {
  mkdirSync(boot, { recursive: true });
  for (const [from, to] of [
    ['vmlinuz', `vmlinuz-${release}`],
    ['initramfs.img', `initramfs-${release}.img`],
  ] as const) {
    if (statOf(join(folder, from)) !== undefined && statOf(join(boot, to)) === undefined) {
      copyFileSync(join(folder, from), join(boot, to));
    }
  }
}

/** The name of the system of a tree, for people. */
export function titleOf(tree: string): string {
  const text = textOf(join(tree, 'usr/lib/os-release')) ?? '';
  return /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(text)?.[1] ?? 'Linux';
}

/** Takes the staged deployment's record away, and its lock: it is then nothing but left over. */
export function dropStaged(machine: MachineFolder): void {
  const staged = stagedDeployment(machine);
  removeTree(machine.at(STAGED_RECORD));
  removeTree(machine.at(STAGED_LOCK_MARKER));
  removeTree(machine.at('run/nextroot'));
  if (staged !== undefined) removeDeployment(machine, staged.name);
}

function removeDeployment(machine: MachineFolder, name: string): void {
  removeTree(join(machine.deployments, name));
  removeTree(join(machine.deployments, `${name}.origin`));
}

/** What a new deployment leaves of the others: what runs, what it was merged with, and what is pinned. */
export function withNewDeployment(
  machine: MachineFolder,
  added: Deployment,
  merge: string,
): readonly Deployment[] {
  const booted = bootedName(machine);
  const kept = bootableDeployments(machine).filter(
    (one) => one.name === booted || one.name === merge || new Origin(machine, one).isPinned,
  );
  return [added, ...kept];
}

/** Removes deployments that nothing boots, kernels that nothing needs, and what the repository holds for nobody. */
export function cleanUp(machine: MachineFolder): void {
  const bootable = bootableDeployments(machine);
  const staged = stagedDeployment(machine);
  const kept = new Set([...bootable, ...(staged === undefined ? [] : [staged])].map(({ name }) => name));
  const booted = bootedName(machine);
  if (booted !== undefined) kept.add(booted);
  for (const name of machine.folders) if (!kept.has(name)) removeDeployment(machine, name);
}
