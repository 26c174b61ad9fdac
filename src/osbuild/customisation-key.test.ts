import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageNode } from '../machineconfig/index.ts';
import { sha256 } from '../oci/index.ts';
import { customisationKey, type CustomisationInputs } from './customisation-key.ts';

const FILE: ImageNode = {
  type: 'file',
  path: '/etc/dnf/a',
  mode: 0o644,
  uid: 0,
  gid: 0,
  contents: Buffer.from('a'),
};
const LINK: ImageNode = { type: 'symlink', path: '/etc/dnf/b', target: 'a', uid: 0, gid: 0 };
const DIRECTORY: ImageNode = { type: 'directory', path: '/etc/dnf', mode: 0o755, uid: 0, gid: 0 };
const HARD: ImageNode = { type: 'hardlink', path: '/etc/dnf/c', target: '/etc/dnf/a' };

const INPUTS: CustomisationInputs = {
  base: sha256(Buffer.from('base')),
  architecture: 'amd64',
  containerfile: 'FROM configs AS final\n',
  extensions: ['usbguard', 'ipsec'],
  extensionsImage: sha256(Buffer.from('extensions')),
  extensionPackages: { usbguard: ['usbguard'], ipsec: ['libreswan', 'NetworkManager-libreswan'] },
  kernelType: 'default',
  secrets: { entitlement: 'aa', keys: 'bb' },
  certificateAuthorities: ['PEM'],
  proxyEnvironment: { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'local' },
  configuration: {
    nodes: [DIRECTORY, FILE, LINK, HARD],
    removals: ['/etc/yum.repos.d/x.repo', '/etc/dnf/x'],
  },
};

function withNodes(...nodes: ImageNode[]): Partial<CustomisationInputs> {
  return { configuration: { ...INPUTS.configuration, nodes } };
}

/** A change of every input, and of every fact of a file. */
const CHANGES: Readonly<Record<string, Partial<CustomisationInputs>>> = {
  'the base': { base: sha256(Buffer.from('other')) },
  'the architecture': { architecture: 'arm64' },
  'the Containerfile': { containerfile: 'FROM configs AS final\n\n' },
  'an extension more': { extensions: ['usbguard', 'ipsec', 'sysstat'] },
  'an extension less': { extensions: ['ipsec'] },
  'the image of extensions': { extensionsImage: sha256(Buffer.from('newer')) },
  'no image of extensions': { extensionsImage: undefined },
  'what an extension stands for': {
    extensionPackages: { ...INPUTS.extensionPackages, usbguard: ['usbguard2'] },
  },
  'the kernel': { kernelType: 'realtime' },
  'the content of a secret': { secrets: { entitlement: 'aa', keys: 'cc' } },
  'the mount of a secret': { secrets: { entitlement: 'aa', other: 'bb' } },
  'a secret less': { secrets: { entitlement: 'aa' } },
  'an authority': { certificateAuthorities: ['PEM', 'PEM2'] },
  'a proxy': { proxyEnvironment: { ...INPUTS.proxyEnvironment, HTTPS_PROXY: 'http://other:3128' } },
  'a proxy less': { proxyEnvironment: { NO_PROXY: 'local' } },
  'a file less': withNodes(DIRECTORY, LINK, HARD),
  "a file's content": withNodes(DIRECTORY, { ...FILE, contents: Buffer.from('b') }, LINK, HARD),
  "a file's mode": withNodes(DIRECTORY, { ...FILE, mode: 0o600 }, LINK, HARD),
  "a file's owner": withNodes(DIRECTORY, { ...FILE, uid: 1 }, LINK, HARD),
  "a file's group": withNodes(DIRECTORY, { ...FILE, gid: 1 }, LINK, HARD),
  "a file's path": withNodes(DIRECTORY, { ...FILE, path: '/etc/dnf/aa' }, LINK, HARD),
  "a link's target": withNodes(DIRECTORY, FILE, { ...LINK, target: 'c' }, HARD),
  "a hard link's target": withNodes(DIRECTORY, FILE, LINK, { ...HARD, target: '/etc/dnf/b' }),
  "a directory's mode": withNodes({ ...DIRECTORY, mode: 0o700 }, FILE, LINK, HARD),
  'a removal less': { configuration: { ...INPUTS.configuration, removals: ['/etc/dnf/x'] } },
};

describe('customisationKey() is another one for', () => {
  for (const [what, change] of Object.entries(CHANGES)) {
    test(what, () => assert.notEqual(customisationKey({ ...INPUTS, ...change }), customisationKey(INPUTS)));
  }
});

test('customisationKey() differs between all of these changes', () => {
  const keys = Object.values(CHANGES).map((change) => customisationKey({ ...INPUTS, ...change }));
  assert.equal(new Set(keys).size, keys.length);
});

test('customisationKey() knows every input: one that nobody changes here would be new', () => {
  const changed = new Set(Object.values(CHANGES).flatMap((change) => Object.keys(change)));
  assert.deepEqual([...changed].sort(), Object.keys(INPUTS).sort());
});

/** The same inputs, found in another order or told in other words. */
const SAME: Readonly<Record<string, Partial<CustomisationInputs>>> = {
  'extensions in another order': { extensions: ['ipsec', 'usbguard'] },
  'an extension twice': { extensions: ['usbguard', 'ipsec', 'ipsec'] },
  'the packages of one that is not asked for': {
    extensionPackages: { ...INPUTS.extensionPackages, sysstat: ['sysstat'] },
  },
  'secrets in another order': { secrets: { keys: 'bb', entitlement: 'aa' } },
  'files in another order': withNodes(HARD, LINK, FILE, DIRECTORY),
  'a proxy that is empty': {
    proxyEnvironment: { ...INPUTS.proxyEnvironment, HTTP_PROXY: '', ALL_PROXY: undefined },
  },
};

describe('customisationKey() is the same for', () => {
  for (const [what, change] of Object.entries(SAME)) {
    test(what, () => assert.equal(customisationKey({ ...INPUTS, ...change }), customisationKey(INPUTS)));
  }
});

test('customisationKey() is the one that earlier builds are kept under', () => {
  assert.equal(customisationKey(INPUTS), '85e30e30e3aaa51a1eafd7a68f8454f3');
});
