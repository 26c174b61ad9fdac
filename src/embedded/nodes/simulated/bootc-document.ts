import { type DeploymentFacts, isChangedLocally, readDeployments } from './deployment-facts.ts';
import { type MachineFolder, STATEROOT } from './machine-folder.ts';
import { isSince } from './tool-versions.ts';

/** What `bootc status --format=json` prints of a release (host-contract §1.3, §1.4). */
export function bootcDocument(machine: MachineFolder, release: string): unknown {
  const all = readDeployments(machine);
  const staged = all.find((one) => one.isStaged);
  const booted = all.find((one) => one.isBooted);
  const [rollback, ...others] = all.filter((one) => !one.isStaged && !one.isBooted);
  const tracked = staged ?? booted;
  const image = tracked && imageOf(tracked);
  const isQueued =
    staged === undefined && rollback !== undefined && (booted === undefined || rollback.index < booted.index);
  const entry = (one: DeploymentFacts | undefined): unknown => one && entryOf(one, release);
  return sorted({
    apiVersion: isSince(release, '0.1.15') ? 'org.containers.bootc/v1' : 'org.containers.bootc/v1alpha1',
    kind: 'BootcHost',
    metadata: { name: 'host' },
    spec: { image: image ?? null, bootOrder: isQueued && image !== undefined ? 'rollback' : 'default' },
    status: {
      staged: entry(staged) ?? null,
      booted: entry(booted) ?? null,
      rollback: entry(rollback) ?? null,
      ...(others.length > 0 && isSince(release, '1.3.0') ? { otherDeployments: others.map(entry) } : {}),
      rollbackQueued: isQueued,
      type: booted !== undefined && imageOf(booted) !== undefined ? 'bootcHost' : null,
      ...(isSince(release, '1.14.0') ? { usrOverlay: null } : {}),
      ...(isSince(release, '1.16.7') ? { readOnly: false } : {}),
    },
  });
}

function entryOf(one: DeploymentFacts, release: string): unknown {
  const image = imageOf(one);
  const { deployment, version, timestamp, digest, architecture } = one;
  return {
    image:
      image === undefined
        ? null
        : {
            image,
            version: version ?? null,
            timestamp: timestamp ?? null,
            imageDigest: digest,
            ...(isSince(release, '1.1.7') ? { architecture } : {}),
          },
    cachedUpdate: null,
    incompatible: isChangedLocally(one),
    pinned: one.isPinned,
    ...(isSince(release, '1.7.0') ? { softRebootCapable: one.isSoftRebootCapable } : {}),
    // Its own lock is in the staged record; the file that older tools lock by it does not know.
    ...(isSince(release, '1.12.0') ? { downloadOnly: one.isLocked } : {}),
    ...(isSince(release, '0.1.14') ? { store: image === undefined ? null : 'ostreeContainer' } : {}),
    ostree: {
      checksum: deployment.checksum,
      deploySerial: deployment.serial,
      ...(isSince(release, '1.3.0') ? { stateroot: STATEROOT } : {}),
    },
    ...(isSince(release, '1.9.0') ? { composefs: null } : {}),
  };
}

/** What it follows, in bootc's form; undefined for one that was changed on its host, or is no image. */
function imageOf(one: DeploymentFacts): unknown {
  if (isChangedLocally(one) || one.imageReference === undefined || one.digest === undefined) return undefined;
  const [, scheme = '', name = ''] =
    /^([a-z-]+):(?:docker:\/\/|registry:)?(.*)$/.exec(one.imageReference) ?? [];
  const signature = scheme === 'ostree-image-signed' ? { signature: 'containerPolicy' } : {};
  return { image: name, transport: 'registry', ...signature };
}

/** Its JSON is canonical: the members of every object in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sorted(member)]),
  );
}
