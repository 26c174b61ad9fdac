import type { FailureClass, FailurePolicy, Remedy } from './host-failure.ts';

const MINUTE = 60;

/** Tried again for ever; a person hears of it after `patience` seconds. */
function forEver(
  first: number,
  most: number,
  patience: number,
  remedy: Remedy,
  advice: string,
): FailurePolicy {
  return { retryable: true, attempts: undefined, wait: [first, most], patience, remedy, advice };
}

/** Tried again so often, then a person is told; the trying goes on at the longest wait. */
function times(
  attempts: number,
  wait: readonly [number, number],
  remedy: Remedy,
  advice: string,
): FailurePolicy {
  return { retryable: true, attempts, wait, patience: 0, remedy, advice };
}

/** Nothing but a change by a person, or of what is wanted, helps. */
function never(remedy: Remedy, advice: string): FailurePolicy {
  return { retryable: false, attempts: 0, wait: [0, 0], patience: 0, remedy, advice };
}

const POLICIES: Readonly<Record<FailureClass, FailurePolicy>> = {
  busy: forEver(5, 10, 30 * MINUTE, 'wait', 'wait until the other transaction on the host has ended'),
  'not-image-host': never(
    'operator',
    'run the agent as root in the mount namespace of a host that was booted from an image',
  ),
  auth: times(
    1,
    [MINUTE, 10 * MINUTE],
    'refresh-credentials',
    "check the pull secret's entry for this registry, and that it may read this repository",
  ),
  'not-found': times(
    3,
    [MINUTE, 10 * MINUTE],
    'wait',
    'check that the image is in the registry: it may have been removed, or not be pushed yet',
  ),
  'rate-limit': forEver(
    MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    'wait',
    'update fewer nodes at once, or use a mirror',
  ),
  'registry-5xx': forEver(10, 5 * MINUTE, 15 * MINUTE, 'wait', "look at the registry's own health"),
  network: forEver(
    10,
    5 * MINUTE,
    15 * MINUTE,
    'wait',
    'check name resolution, proxy and route to the registry',
  ),
  tls: times(
    0,
    [5 * MINUTE, 30 * MINUTE],
    'operator',
    "check the host's clock and the certificates it trusts for this registry",
  ),
  policy: never(
    'operator',
    "sign the image, or change the host's /etc/containers/policy.json and registries.d for its repository",
  ),
  integrity: times(
    2,
    [30, 5 * MINUTE],
    'wait',
    'the registry or the disk damages data: pull the image elsewhere and check the disk',
  ),
  'bad-image': never('give-up-digest', 'the image cannot be used on this host: build another'),
  disk: times(1, [MINUTE, 30 * MINUTE], 'clean-up', 'make room on /sysroot and /boot of the host'),
  layered: never(
    'operator',
    'packages were layered on the host: remove them with `rpm-ostree reset`, or have rpm-ostree carry them over',
  ),
  'nothing-to-do': never('wait', 'nothing is to be done when the status shows what is wanted'),
  'no-rollback': never(
    'operator',
    'the host has no earlier image to go back to: set the image that it is to run',
  ),
  daemon: times(
    10,
    [1, MINUTE],
    'restart-daemon',
    'read `journalctl -u rpm-ostreed`: mostly one deployment that cannot be parsed',
  ),
  'broken-store': times(
    1,
    [30, 30 * MINUTE],
    'repair-store',
    'remove the broken deployment with `ostree admin undeploy`, then pull again; else reinstall the host',
  ),
  proxy: times(
    3,
    [10, 5 * MINUTE],
    'wait',
    'check that the host has skopeo, which bootc and rpm-ostree pull with',
  ),
  unknown: times(3, [10, 5 * MINUTE], 'wait', "read the tool's own words"),
  'other-driver': never(
    'operator',
    'disable the service that the message names: it updates the host by itself',
  ),
  'etc-conflict': never(
    'operator',
    'move the edited file on the host away from the path that the message names',
  ),
  'no-soft-reboot': never('wait', 'only a full reboot starts this image'),
  'nothing-staged': times(1, [1, 10], 'wait', 'stage the image again'),
  'kernel-arguments': times(1, [1, 10], 'wait', 'the kernel arguments changed meanwhile: read them again'),
  'command-line-too-long': never(
    'operator',
    'remove kernel arguments from the MachineConfigs or from the host',
  ),
  usage: never('operator', 'the host tool does not know what it was asked for: update it'),
  'no-such-tool': never('operator', 'install the tool in the image that the host runs'),
  unsupported: never('operator', 'update the host tools, or use another driver'),
  unlocked: never(
    'operator',
    'reboot the host: /usr is not the image, because somebody unlocked it, and an update would hide that',
  ),
  'timed-out': times(3, [30, 5 * MINUTE], 'wait', 'the host is slow or the registry hangs: look at both'),
  killed: times(
    3,
    [30, 5 * MINUTE],
    'wait',
    'see in the journal who killed it: the kernel does when memory is short',
  ),
  unreadable: times(3, [10, 5 * MINUTE], 'wait', 'report the output with the versions of the host tools'),
  'not-shown': times(
    3,
    [10, 5 * MINUTE],
    'wait',
    'see on the host whether another tool changes its deployments at the same time',
  ),
};

/** What to do about a class of failure. */
export function failurePolicy(failure: FailureClass): FailurePolicy {
  return POLICIES[failure];
}
