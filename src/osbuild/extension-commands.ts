import { compareText } from '../ignition/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** What an extension is in the two families of distributions; undefined: it has no such packages. */
interface ExtensionPackages {
  readonly rpm: readonly string[] | undefined;
  readonly deb: readonly string[] | undefined;
}

/** Contract §2.5; what Debian calls the same software. */
const PACKAGES: Readonly<Record<string, ExtensionPackages>> = {
  ipsec: { rpm: ['NetworkManager-libreswan', 'libreswan'], deb: ['libreswan'] },
  kerberos: { rpm: ['krb5-workstation', 'libkadm5'], deb: ['krb5-user'] },
  'kernel-devel': { rpm: ['kernel-devel', 'kernel-headers'], deb: ['linux-libc-dev'] },
  'sandboxed-containers': { rpm: ['kata-containers'], deb: undefined },
  sysstat: { rpm: ['sysstat'], deb: ['sysstat'] },
  'two-node-ha': { rpm: ['pacemaker', 'pcs', 'fence-agents-all'], deb: ['pacemaker', 'pcs', 'fence-agents'] },
  usbguard: { rpm: ['usbguard'], deb: ['usbguard'] },
};

/** For each extension, its packages with the family before their name, as the key of a customisation wants them. */
export function extensionPackages(
  extensions: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    extensions.map((name) => {
      const { rpm = [], deb = [] } = PACKAGES[name] ?? { rpm: [], deb: [] };
      return [name, [...rpm.map((one) => `rpm:${one}`), ...deb.map((one) => `deb:${one}`)]];
    }),
  );
}

/**
 * The commands that install extensions with the distribution's own package manager, from the repositories that the image and the
 * configuration name, and see to it that they are installed; what the package manager downloaded does not stay.
 *
 * @throws OsBuildError `containerfile` for one that there is not
 */
export function extensionCommands(extensions: readonly string[]): readonly string[] {
  if (extensions.length === 0) return [];
  const names = [...new Set(extensions)].sort(compareText);
  const unknown = names.filter((name) => !Object.hasOwn(PACKAGES, name));
  if (unknown.length > 0) {
    throw new OsBuildError(
      'containerfile',
      `cannot install the extensions ${unknown.join(', ')}: Varve does not know their packages`,
      {
        field: 'spec.extensions',
      },
    );
  }
  const rpm = packagesOf(names, 'rpm');
  const deb = packagesOf(names, 'deb');
  return [
    `set -e; if command -v dnf >/dev/null; then ${withDnf(rpm)}; elif command -v apt-get >/dev/null; then ${withApt(deb)}; ` +
      `else echo 'Error: the base image has neither dnf nor apt-get to install extensions with' >&2; exit 1; fi`,
  ];
}

function packagesOf(names: readonly string[], family: keyof ExtensionPackages): readonly string[] | string {
  const without = names.filter((name) => PACKAGES[name]?.[family] === undefined);
  if (without.length > 0) return without.join(', ');
  return [...new Set(names.flatMap((name) => PACKAGES[name]?.[family] ?? []))].sort(compareText);
}

function withDnf(packages: readonly string[] | string): string {
  if (typeof packages === 'string') return refusal(packages);
  const list = packages.join(' ');
  return `dnf -y --setopt=install_weak_deps=False install ${list}; dnf clean all; rpm -q ${list}`;
}

function withApt(packages: readonly string[] | string): string {
  if (typeof packages === 'string') return refusal(packages);
  const list = packages.join(' ');
  return (
    `export DEBIAN_FRONTEND=noninteractive; mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial; apt-get update; apt-get install -y --no-install-recommends ${list}; ` +
    `apt-get clean; rm -rf /var/lib/apt/lists/*; dpkg-query -W ${list}`
  );
}

function refusal(extensions: string): string {
  return `echo 'Error: no package available for the extensions ${extensions} on this distribution' >&2; exit 1`;
}
