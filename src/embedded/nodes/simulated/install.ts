import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { firstArguments } from './bootc-arguments.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';
import type { SimulatedMachineOptions } from './machine-options.ts';
import { replaceFile } from './files.ts';
import { pullImage } from './image-pull.ts';
import { treeOf } from './deployment.ts';
import { deploy } from './stage.ts';

/** What installers put on a command line to find the disk. */
const OWN_ARGUMENTS = ['root=LABEL=root', 'rw'];

/** Installs an image on a machine's empty disk, as `bootc install` does. @throws what the signal says, or why not */
export async function installFirst(
  machine: MachineFolder,
  options: SimulatedMachineOptions,
  signal: AbortSignal,
): Promise<void> {
  const { image, kernelArguments = OWN_ARGUMENTS, onProgress, pullSecret, name } = options;
  onProgress?.(`installing ${image} on ${name}`);
  for (const path of ['boot', 'run/ostree', 'proc', `sysroot/ostree/deploy/${STATEROOT}/deploy`]) {
    mkdirSync(machine.at(path), { recursive: true });
  }
  if (pullSecret !== undefined) replaceFile(machine.at('run/ostree/auth.json'), pullSecret, 0o600);
  const { settings, repository, root } = machine;
  const { commit } = await pullImage(image, {
    root,
    repository,
    plainHttp: settings.plainHttp,
    certificateAuthorities: settings.certificateAuthorities,
    environment: {},
    signal,
    step: () => {
      signal.throwIfAborted();
      return Promise.resolve();
    },
    onLayer: () => {},
  });
  const deployment = deploy(machine, {
    commit,
    origin: `[origin]\ncontainer-image-reference=ostree-unverified-registry:${image}\n`,
    options: firstArguments(machine, kernelArguments, commit),
  });
  // What it pulls with later, until somebody gives it something newer: /run is gone at every boot.
  const kept = join(treeOf(machine, deployment), 'etc/ostree/auth.json');
  if (pullSecret !== undefined) replaceFile(kept, pullSecret, 0o600);
}
