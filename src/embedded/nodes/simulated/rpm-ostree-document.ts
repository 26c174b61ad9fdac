import { type DeploymentFacts, readDeployments } from './deployment-facts.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';

/** What `rpm-ostree status --json` prints (host-contract §2.2). */
export function rpmOstreeDocument(machine: MachineFolder, transaction: string | undefined): unknown {
  return {
    deployments: readDeployments(machine).map(entryOf),
    transaction:
      transaction === undefined ? null : [transaction, ':1.42', `/org/projectatomic/rpmostree1/${STATEROOT}`],
    'cached-update': null,
    'update-driver': null,
  };
}

function entryOf(one: DeploymentFacts): unknown {
  const { deployment, digest, version, timestamp, layered, imageReference, origin, base } = one;
  const image = {
    'container-image-reference': imageReference,
    ...(digest === undefined ? {} : { 'container-image-reference-digest': digest }),
  };
  return {
    id: `${STATEROOT}-${deployment.name}`,
    osname: STATEROOT,
    checksum: deployment.checksum,
    serial: deployment.serial,
    booted: one.isBooted,
    staged: one.isStaged,
    pinned: one.isPinned,
    unlocked: 'none',
    'requested-packages': layered,
    'requested-local-packages': [],
    'requested-local-fileoverride-packages': [],
    'requested-base-removals': [],
    'requested-base-local-replacements': [],
    'regenerate-initramfs': false,
    ...(timestamp === undefined ? {} : { timestamp: Math.floor(Date.parse(timestamp) / 1000) }),
    ...(imageReference === undefined ? { origin: origin.get('origin', 'refspec') ?? '' } : image),
    ...(version === undefined ? {} : { version }),
    ...(base === undefined
      ? {}
      : { 'base-checksum': base, ...(version === undefined ? {} : { 'base-version': version }) }),
    packages: layered,
    'base-removals': [],
    'base-local-replacements': [],
    'base-remote-replacements': {},
    // It knows the file only that older tools lock by.
    ...(one.isMarked ? { 'finalization-locked': true } : {}),
  };
}
