import { mkdirSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, dropStaged, withNewDeployment, writeBootEntries } from './boot-loader.ts';
import {
  bootedName,
  type Deployment,
  deploymentNamed,
  Origin,
  STAGED_LOCK_MARKER,
  STAGED_RECORD,
  type StagedDeployment,
  treeOf,
} from './deployment.ts';
import { copyTree, entriesOf, removeTree, replaceFile, replaceLink, statOf, textOf } from './files.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';
import { ToolError } from './tool-error.ts';

export interface NewDeployment {
  /** Of the repository. */
  readonly commit: string;
  /** The text of its origin file. */
  readonly origin: string;
  readonly options: string;
  readonly sources?: Readonly<Record<string, string>>;
  readonly locked: boolean;
}

/**
 * Writes the tree of a new deployment, all but its /etc, and then the record that makes it the staged one: an earlier staged one
 * is gone, and so are its lock and a soft reboot that was prepared (host-contract §1.6, §3.4).
 */
export function stage(machine: MachineFolder, added: NewDeployment): StagedDeployment {
  const merge = bootedName(machine);
  if (merge === undefined) throw new ToolError('Not currently booted into an OSTree system');
  const name = writeTree(machine, added.commit);
  writeOrigin(machine, name, added.origin);
  dropStaged(machine);
  const staged: StagedDeployment = {
    ...deploymentNamed(name),
    options: added.options,
    sources: added.sources ?? {},
    merge,
    locked: added.locked,
  };
  if (added.locked) replaceFile(machine.at(STAGED_LOCK_MARKER), '');
  writeStaged(machine, staged);
  cleanUp(machine);
  return staged;
}

function writeStaged(machine: MachineFolder, staged: StagedDeployment): void {
  replaceFile(machine.at(STAGED_RECORD), JSON.stringify(staged));
}

/** Locks what is staged, or lets it go; both of the locks (host-contract §3.4). */
export function setLocked(machine: MachineFolder, staged: StagedDeployment, locked: boolean): void {
  if (locked) replaceFile(machine.at(STAGED_LOCK_MARKER), '');
  writeStaged(machine, { ...staged, locked });
  if (!locked) removeTree(machine.at(STAGED_LOCK_MARKER));
}

/** Makes a deployment at once, as on a disk that nothing was booted of: the first one, with an /etc of its defaults. */
export function deploy(machine: MachineFolder, added: Omit<NewDeployment, 'locked'>): Deployment {
  const name = writeTree(machine, added.commit);
  writeOrigin(machine, name, added.origin);
  const deployment = { ...deploymentNamed(name), options: added.options, sources: added.sources ?? {} };
  const tree = treeOf(machine, deployment);
  copyTree(join(tree, 'usr/etc'), join(tree, 'etc'));
  fillVar(machine, tree);
  writeBootEntries(machine, withNewDeployment(machine, deployment, ''));
  return deployment;
}

function writeOrigin(machine: MachineFolder, name: string, text: string): void {
  replaceFile(join(machine.deployments, `${name}.origin`), text);
  // A copy of a deployment is not pinned because that one is.
  const origin = new Origin(machine, { name });
  if (!origin.isPinned) return;
  origin.set('libostree-transient', 'pinned', undefined);
  origin.write();
}

function writeTree(machine: MachineFolder, revision: string): string {
  const commit = machine.repository.read(revision);
  if (commit === undefined) throw new ToolError(`No such metadata object ${revision}.commit`);
  if (commit.tree.has('etc') && commit.tree.has('usr/etc')) {
    throw new ToolError('Preparing /etc: Tree contains both /etc and /usr/etc');
  }
  let serial = 0;
  while (statOf(join(machine.deployments, `${commit.checksum}.${serial}`)) !== undefined) serial += 1;
  const name = `${commit.checksum}.${serial}`;
  const tree = join(machine.deployments, name);
  machine.repository.checkout(commit.tree, tree);
  chmodSync(tree, 0o755);
  placeVar(machine, tree);
  return name;
}

/** A host mounts the /var of its stateroot on the deployment's; here a link leads there, and what the image has goes there once. */
function placeVar(machine: MachineFolder, tree: string): void {
  const shipped = join(tree, 'var');
  if (statOf(machine.at(`sysroot/ostree/deploy/${STATEROOT}/var`)) === undefined) {
    mkdirSync(machine.at(`sysroot/ostree/deploy/${STATEROOT}/var`));
  }
  // A link would be followed, and out of the machine.
  if (statOf(shipped)?.isDirectory() === true) copyOnce(machine, shipped);
  removeTree(shipped);
  replaceLink(shipped, '../../var');
}

/** Only a /var that is completely empty gets what the image has there (host-contract §3.6). */
function copyOnce(machine: MachineFolder, shipped: string): void {
  const shared = machine.at(`sysroot/ostree/deploy/${STATEROOT}/var`);
  if (entriesOf(shared).length > 0) return;
  for (const { name } of entriesOf(shipped)) copyTree(join(shipped, name), join(shared, name));
}

/** Folders of /var that every host has. */
function fillVar(machine: MachineFolder, tree: string): void {
  for (const name of ['lib', 'log', 'tmp']) {
    mkdirSync(join(tree, 'var', name), { recursive: true });
  }
  chmodSync(machine.at(`sysroot/ostree/deploy/${STATEROOT}/var/tmp`), 0o1777);
}

/** What bootc notes where a host needs a reboot. */
export function noteReboot(machine: MachineFolder): void {
  if (textOf(machine.at('run/reboot-required')) === undefined)
    replaceFile(machine.at('run/reboot-required'), '');
}
