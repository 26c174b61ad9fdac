import { compareText } from '../ignition/index.ts';
import { type Extension, extensionProblem } from '../machineconfig/index.ts';
import { OsBuildError } from './osbuild-error.ts';

/** Distributions whose packages have names of their own. RHEL CoreOS and CentOS are `rhel`, Ubuntu is `debian`. */
export type PackageFamily = 'debian' | 'fedora' | 'rhel';

/**
 * The packages that an extension stands for, by distribution; absent: there it has none. One with a question mark after its name is
 * taken where the image of the extensions has it.
 */
export type ExtensionPackages = Readonly<Partial<Record<PackageFamily, readonly string[]>>>;

/** What each extension stands for. */
export type ExtensionCatalogue = ReadonlyMap<string, ExtensionPackages>;

/** The same for all that have rpm. */
function rpm(packages: readonly string[]): ExtensionPackages {
  return { fedora: packages, rhel: packages };
}

/** Contract §2.5; what Fedora and Debian call the same software. */
const BUILT_IN: Readonly<Record<Extension, ExtensionPackages>> = {
  ipsec: {
    // Older streams of the operating system have none of Open vSwitch's, nor do its users' own repositories.
    rhel: ['NetworkManager-libreswan', 'libreswan', 'openvswitch3.5-ipsec?'],
    fedora: ['NetworkManager-libreswan', 'libreswan'],
    debian: ['libreswan'],
  },
  kerberos: { ...rpm(['krb5-workstation', 'libkadm5']), debian: ['krb5-user'] },
  'kernel-devel': {
    ...rpm(['kernel-devel', 'kernel-headers']),
    debian: ['linux-headers-KERNEL', 'linux-libc-dev'],
  },
  'sandboxed-containers': rpm(['kata-containers']),
  sysstat: { ...rpm(['sysstat']), debian: ['sysstat'] },
  'two-node-ha': {
    ...rpm(['pacemaker', 'pcs', 'fence-agents-all']),
    debian: ['pacemaker', 'pcs', 'fence-agents'],
  },
  usbguard: { ...rpm(['usbguard']), debian: ['usbguard'] },
};

/** Those of every installation, and those that this one adds or says otherwise. */
export function extensionCatalogue(configured: ExtensionCatalogue = new Map()): ExtensionCatalogue {
  return new Map([...Object.entries(BUILT_IN), ...configured]);
}

const FAMILIES: Readonly<Record<string, readonly PackageFamily[]>> = {
  deb: ['debian'],
  fedora: ['fedora'],
  rhel: ['rhel'],
  rpm: ['fedora', 'rhel'],
};

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
/** What no package manager takes for an option, a pattern or a command; at Debian a minus at the end would remove the package. */
const PACKAGE = /^[A-Za-z0-9][A-Za-z0-9+._~-]{0,127}(?<!-)\??$/;

/**
 * Reads what a person says of an extension: `NAME=rpm:a,b;deb:c`. `fedora` and `rhel` go before `rpm`.
 *
 * @throws OsBuildError `invalid-extension`
 */
export function parseExtension(text: string): readonly [string, ExtensionPackages] {
  const at = text.indexOf('=');
  if (at < 0) throw invalid(text, 'write NAME=rpm:a,b;deb:c');
  const name = text.slice(0, at);
  return [name, parsePackageSets(name, text.slice(at + 1))];
}

/**
 * Reads what stands for one extension: `rpm:a,b;deb:c`; or one set a line, as in a ConfigMap.
 *
 * @throws OsBuildError `invalid-extension`
 */
export function parsePackageSets(name: string, text: string): ExtensionPackages {
  if (!NAME.test(name))
    throw invalid(name, 'a name has small letters, digits, dots and hyphens, 63 at the most');
  const found = new Map<string, readonly string[]>();
  for (const set of text.split(/[;\n]/).map((part) => part.trim())) {
    if (set === '') continue;
    const [, kind = '', list = ''] = /^([a-z]+)\s*:(.*)$/.exec(set) ?? [];
    if (!Object.hasOwn(FAMILIES, kind)) {
      throw invalid(
        name,
        `${JSON.stringify(set)} is no set of packages; write one of rpm:, fedora:, rhel:, deb: with a list after it`,
      );
    }
    if (found.has(kind)) throw invalid(name, `it says ${kind}: twice`);
    found.set(kind, parsePackages(name, list));
  }
  if (found.size === 0) throw invalid(name, 'it has no packages; write rpm:a,b;deb:c');
  // What is said of one distribution goes before what is said of all that have rpm.
  const order = [...found].sort(([one], [other]) => Number(other === 'rpm') - Number(one === 'rpm'));
  return Object.fromEntries(
    order.flatMap(([kind, packages]) => (FAMILIES[kind] ?? []).map((family) => [family, packages])),
  );
}

function parsePackages(name: string, list: string): readonly string[] {
  const packages = list.split(/[,\s]+/).filter((one) => one !== '');
  if (packages.length === 0) throw invalid(name, 'one of its sets has no packages');
  const wrong = packages.find((one) => !PACKAGE.test(one));
  if (wrong !== undefined) throw invalid(name, `${JSON.stringify(wrong)} is no name of a package`);
  return packages;
}

function invalid(name: string, why: string): OsBuildError {
  return new OsBuildError('invalid-extension', `cannot read the extension ${JSON.stringify(name)}: ${why}`);
}

/**
 * What the extensions of a pool stand for, each once, by name.
 *
 * @throws OsBuildError `invalid-extension` for one that the catalogue has not; the catalogue may have changed since the pool was rendered
 */
export function wantedExtensions(
  extensions: readonly string[],
  catalogue: ExtensionCatalogue,
): readonly (readonly [string, ExtensionPackages])[] {
  const names = [...new Set(extensions)].sort(compareText);
  const problems = names.flatMap((name) =>
    catalogue.has(name) ? [] : [extensionProblem(name, [...catalogue.keys()]) ?? `${name} has no packages`],
  );
  if (problems.length > 0) {
    throw new OsBuildError(
      'invalid-extension',
      `cannot install the extensions of this pool: ${problems.join('; ')}`,
      {
        field: 'spec.extensions',
      },
    );
  }
  return names.map((name) => [name, catalogue.get(name) ?? {}]);
}

/** For each extension, its packages with the family before their name, as the key of a customisation wants them. */
export function packageNames(
  wanted: readonly (readonly [string, ExtensionPackages])[],
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    wanted.map(([name, sets]) => [
      name,
      Object.entries(sets).flatMap(([family, packages]) => packages.map((one) => `${family}:${one}`)),
    ]),
  );
}
