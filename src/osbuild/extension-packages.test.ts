import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { packageWish } from './extension-build.ts';
import {
  extensionCatalogue,
  packageNames,
  parseExtension,
  parsePackageSets,
  wantedExtensions,
} from './extension-packages.ts';
import { packageLists } from './extension-script.ts';
import { specialKernel } from './kernel-packages.ts';

test('parseExtension() reads a name and its sets of packages', () => {
  assert.deepEqual(parseExtension('autofs=rpm:autofs;deb:autofs'), [
    'autofs',
    { fedora: ['autofs'], rhel: ['autofs'], debian: ['autofs'] },
  ]);
  assert.deepEqual(parseExtension('x=deb:g++ libstdc++6, a.b-c'), [
    'x',
    { debian: ['g++', 'libstdc++6', 'a.b-c'] },
  ]);
});

test('parsePackageSets() takes one set a line, and lets one distribution differ from all that have rpm', () => {
  assert.deepEqual(parsePackageSets('x', 'fedora: a\nrpm: b, c?\n\n'), { fedora: ['a'], rhel: ['b', 'c?'] });
  assert.deepEqual(parsePackageSets('x', 'rpm:b;rhel:a'), { fedora: ['b'], rhel: ['a'] });
});

suite('parseExtension() refuses', () => {
  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    'a name alone': ['autofs', /"autofs": write NAME=rpm:a,b;deb:c/],
    nothing: ['', /"": write NAME=/],
    'no name': ['=rpm:a', /"": a name has small letters/],
    capitals: ['Autofs=rpm:a', /"Autofs": a name has/],
    'a name with a blank': ['auto fs=rpm:a', /a name has/],
    'a name that ends with a hyphen': ['autofs-=rpm:a', /a name has/],
    'no sets': ['autofs=', /it has no packages/],
    'separators alone': ['autofs=;;', /it has no packages/],
    'an empty set': ['autofs=rpm:', /one of its sets has no packages/],
    'a set of nothing': ['autofs=rpm: , ', /one of its sets has no packages/],
    'an unknown family': [
      'autofs=pkg:a',
      /"pkg:a" is no set of packages; write one of rpm:, fedora:, rhel:, deb:/,
    ],
    'packages without a family': ['autofs=autofs', /"autofs" is no set of packages/],
    'a family twice': ['autofs=rpm:a;rpm:b', /it says rpm: twice/],
    'an option': ['autofs=rpm:--nogpgcheck', /"--nogpgcheck" is no name of a package/],
    'a package to be removed': ['autofs=deb:systemd-', /"systemd-" is no name of a package/],
    'a path': ['autofs=rpm:/tmp/x.rpm', /is no name of a package/],
    'an address': ['autofs=rpm:https://example.com/x.rpm', /is no name of a package/],
    'a pattern': ['autofs=rpm:auto*', /is no name of a package/],
    'a command': ['autofs=rpm:$(reboot)', /is no name of a package/],
    'a quote': ["autofs=rpm:a'b", /is no name of a package/],
    'the name of a member of objects': ['x=constructor:a', /is no set of packages/],
  };
  for (const [name, [text, message]] of Object.entries(refused)) {
    test(name, () => {
      assert.throws(
        () => parseExtension(text),
        (error: Error & { readonly code: string }) => {
          assert.equal(error.code, 'invalid-extension');
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

test('wantedExtensions() has each once, by name, and says which there are of those that there are not', () => {
  const catalogue = extensionCatalogue(new Map([['autofs', { debian: ['autofs'] }]]));
  assert.deepEqual(
    wantedExtensions(['usbguard', 'autofs', 'usbguard'], catalogue).map(([name]) => name),
    ['autofs', 'usbguard'],
  );
  assert.throws(() => wantedExtensions(['usbguard', 'toString', 'foo'], catalogue), {
    code: 'invalid-extension',
    field: 'spec.extensions',
    message:
      'cannot install the extensions of this pool: "foo" is not an extension; write one of autofs, ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard; ' +
      '"toString" is not an extension; write one of autofs, ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard',
  });
});

test('packageNames() names the packages of each extension with the distribution, for the key', () => {
  const wanted = wantedExtensions(['kerberos'], extensionCatalogue());
  assert.deepEqual(packageNames(wanted), {
    kerberos: [
      'fedora:krb5-workstation',
      'fedora:libkadm5',
      'rhel:krb5-workstation',
      'rhel:libkadm5',
      'debian:krb5-user',
    ],
  });
});

test('packageLists() has the headers of the kernel that the architecture has at Debian', () => {
  const lists = (architecture: string): string =>
    packageLists(packageWish({ extensions: ['kernel-devel'] }, architecture));
  assert.match(lists('arm64'), /^debian\) packages='linux-headers-arm64 linux-libc-dev' /m);
  assert.match(lists('ppc64le'), /^debian\) packages='linux-headers-powerpc64le linux-libc-dev' /m);
  assert.match(lists('amd64'), /^rhel\) packages='kernel-devel kernel-headers' /m);
});

test("specialKernel() judges by the image's architecture", () => {
  assert.equal(specialKernel(undefined, 'amd64'), undefined);
  assert.equal(specialKernel('', 'amd64'), undefined);
  assert.equal(specialKernel('default', 's390x'), undefined);
  assert.equal(specialKernel('realtime', 'amd64'), 'realtime');
  assert.equal(specialKernel('64k-pages', 'arm64'), '64k-pages');
  for (const [kernelType, architecture, message] of [
    ['64k-pages', 'amd64', /kernelType 64k-pages is for arm64, and the image is for amd64/],
    ['Realtime', 'amd64', /"Realtime" is not a kernel type; write default, realtime or 64k-pages/],
  ] as const) {
    assert.throws(() => specialKernel(kernelType, architecture), {
      code: 'invalid-kernel-type',
      field: 'spec.kernelType',
      message,
    });
  }
});
