import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type EmbeddedRegistry, startRegistry } from '../../src/embedded/index.ts';
import { pushOddBases } from '../lab/odd-bases.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run, type RunResult } from '../lab/run.ts';
import { listen, portOf, type Reply, type Script, startTamperingRegistry } from '../lab/tampering-registry.ts';
import { unmountBelow } from '../lab/unmount.ts';
import { varve } from '../lab/varve.ts';

/**
 * One bad input. Unless the row says otherwise, `varve build` gets a sound pool with one sound MachineConfig, a sound
 * base and a sound registry. In texts, REGISTRY and FOLDER stand for the row's registry and folder.
 */
interface Row {
  /** The one error message, after `error: `; digests are written `sha256:…`. */
  readonly says: string | RegExp;
  /** In place of the sound MachineConfig. */
  readonly site?: string;
  /** In place of the sound pool. */
  readonly pool?: string;
  /** Further files; a name that ends with a slash is a directory. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Flags of `varve build` in place of, or besides, the sound ones. */
  readonly flags?: Readonly<Record<string, string>>;
  /** In place of `build` and its flags. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly script?: Script;
  /** What a further server does with its connections; ELSEWHERE stands for its address. */
  readonly elsewhere?: (socket: Socket) => void;
  /** Prepares what files cannot say. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Default: 1. */
  readonly status?: number;
}

const POOL = `apiVersion: machineconfiguration.openshift.io/v1
kind: MachineConfigPool
metadata:
  name: layered
spec:
  machineConfigSelector:
    matchLabels: { machineconfiguration.openshift.io/role: layered }
`;

/** A MachineConfig whose spec begins at line 8. */
function machineConfig(...spec: readonly string[]): string {
  return [
    'apiVersion: machineconfiguration.openshift.io/v1',
    'kind: MachineConfig',
    'metadata:',
    '  name: site',
    '  labels:',
    '    machineconfiguration.openshift.io/role: layered',
    'spec:',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** A MachineConfig with an Ignition config of which all but the version begins at line 10. */
function ignition(...config: readonly string[]): string {
  return machineConfig('config:', '  ignition: { version: 3.2.0 }', ...config.map((line) => `  ${line}`));
}

function files(...entries: readonly string[]): string {
  return ignition('storage:', '  files:', ...entries.map((entry) => `    - ${entry}`));
}

const osConfig = (...more: readonly string[]): string =>
  [
    'apiVersion: machineconfiguration.openshift.io/v1',
    'kind: MachineOSConfig',
    'metadata: { name: layered }',
    'spec:',
    '  machineConfigPool: { name: layered }',
    '  imageBuilder: { imageBuilderType: Job }',
    '  renderedImagePushSecret: { name: push }',
    '  renderedImagePushSpec: registry.example.com/pools/layered:latest',
    ...more.map((line) => `  ${line}`),
    '',
  ].join('\n');

const SOUND = files('{ path: /etc/motd, contents: { source: "data:,hello" } }');
const BASE_MANIFEST = /^\/v2\/base\/os\/manifests\//u;
const BASE_BLOB = /^\/v2\/base\/os\/blobs\//u;
const UPLOAD = /^\/v2\/row-\d+\/layered\/blobs\/uploads\//u;
const TAG = /^\/v2\/row-\d+\/layered\/manifests\/latest$/u;

/** A script that answers every request to a path in the same way. */
const always =
  (path: RegExp, reply: Reply, method = /./u): Script =>
  (request) =>
    path.test(request.path) && method.test(request.method) ? reply : undefined;

/** A script that changes what the real registry answers to a path. */
const change =
  (path: RegExp, how: (reply: Reply) => Reply, method = /^GET$/u): Script =>
  async (request, pass) =>
    path.test(request.path) && method.test(request.method) ? how(await pass()) : undefined;

const complaint = (status: number, code: string, message: string, headers: Reply['headers'] = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ errors: [{ code, message }] }),
});

const YAML: Readonly<Record<string, Row>> = {
  'a tab in the indentation': { site: machineConfig('config:', '\tignition: {}'), says: '' },
  'indentation that fits nowhere': { site: machineConfig('fips: true', ' kernelType: default'), says: '' },
  'a key twice in a mapping': { site: machineConfig('fips: true', 'fips: false'), says: '' },
  'a quote that is never closed': { site: machineConfig('kernelType: "default'), says: '' },
  'a bracket that is never closed': { site: machineConfig('kernelArguments: [a, b'), says: '' },
  'an anchor that nobody set': { site: machineConfig('kernelType: *type'), says: '' },
  'more aliases than a person writes': {
    site: `a: &a [x]\nb: [${Array.from({ length: 101 }, () => '*a').join(', ')}]\n`,
    says: '',
  },
  'aliases that unfold to millions of values': {
    site: ignition(
      'x:',
      '  - &a [x, x, x, x, x, x, x, x, x, x]',
      ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
        (name, n) => `  - &${name} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[n]}`).join(', ')}]`,
      ),
      'storage: { files: text }',
    ),
    says: '',
  },
  'nesting deeper than any object': { site: `${'['.repeat(200)}${']'.repeat(200)}\n`, says: '' },
  'a merge key that merges a string': { site: machineConfig('<<: text'), says: '' },
  'a mapping as a key': { site: machineConfig('{ a: b }: c'), says: '' },
  'bytes that are not UTF-8': {
    files: { 'objects/latin.yaml': Buffer.from('name: caf\xe9', 'latin1') },
    says: '',
  },
  'a document that is a list': { site: '- apiVersion: v1\n', says: '' },
  'a document that is a sentence': { site: 'hello\n', says: '' },
  'an empty file in place of the pool': { pool: '', says: '' },
  'a file of comments in place of the pool': { pool: '# nothing\n---\n# yet\n', says: '' },
  'a missing brace in JSON': {
    files: { 'objects/more.json': '{"apiVersion": "v1", "kind": "List"' },
    says: '',
  },
  'a missing comma in JSON': {
    files: { 'objects/more.json': '{"apiVersion": "v1"\n "kind": "List"}' },
    says: '',
  },
  'a second document that is broken': { site: `${SOUND}---\nkind: [\n`, says: '' },
  'a file larger than any set of objects': {
    prepare: async (folder) => {
      const file = await open(join(folder, 'objects/huge.yaml'), 'w');
      await file.truncate(80 * 1024 * 1024);
      await file.close();
    },
    says: '',
  },
  'a device that never ends': { flags: { filename: '/dev/zero' }, says: '' },
  'a file that does not exist': { flags: { filename: 'FOLDER/none.yaml' }, says: '' },
  'a directory without objects': {
    files: { 'objects/deeper/': '' },
    flags: { filename: 'FOLDER/objects/deeper' },
    says: '',
  },
  'standard input that is broken': { flags: { filename: '-' }, stdin: 'kind: "', says: '' },
};

const OBJECTS: Readonly<Record<string, Row>> = {
  'an object without a kind': { site: 'apiVersion: v1\nmetadata: { name: x }\n', says: '' },
  'an object without an apiVersion': { site: 'kind: MachineConfig\nmetadata: { name: x }\n', says: '' },
  'a MachineConfig of another version': {
    site: SOUND.replace('openshift.io/v1', 'openshift.io/v2'),
    says: '',
  },
  'a MachineConfig of another group': {
    site: SOUND.replace('machineconfiguration.openshift.io/v1', 'example.com/v1'),
    says: '',
  },
  'a MachineConfig without a name': { site: SOUND.replace('  name: site\n', ''), says: '' },
  'a MachineConfig with a generated name': {
    site: SOUND.replace('name: site', 'generateName: site-'),
    says: '',
  },
  'a name in upper case': { site: SOUND.replace('name: site', 'name: Site'), says: '' },
  'a label that is a number': {
    site: SOUND.replace('    machineconfiguration', '    rack: 12\n    machineconfiguration'),
    says: '',
  },
  'a label with a space in it': {
    site: SOUND.replace('    machineconfiguration', '    rack: row 12\n    machineconfiguration'),
    says: '',
  },
  'an unknown field of a MachineConfig': { site: machineConfig('kernelArgs: [debug]'), says: '' },
  'two unknown fields': { site: machineConfig('kernelArgs: [debug]', 'extension: usbguard'), says: '' },
  'kernelArguments that are a string': { site: machineConfig('kernelArguments: debug'), says: '' },
  'a kernel argument that is a number': { site: machineConfig('kernelArguments: [3]'), says: '' },
  'fips that is a string': { site: machineConfig('fips: "true"'), says: '' },
  'a spec that is a list': { site: SOUND.replace(/spec:[^]*/u, 'spec: []\n'), says: '' },
  'an unknown field of a pool': { pool: `${POOL}  paussed: true\n`, says: '' },
  'a pool with maxUnavailable of minus one': { pool: `${POOL}  maxUnavailable: -1\n`, says: '' },
  'a selector with an unknown operator': {
    pool: POOL.replace(
      / {4}matchLabels.*\n/u,
      '    matchExpressions: [{ key: a, operator: Is, values: [b] }]\n',
    ),
    says: '',
  },
  'a bad object inside a List': {
    site: 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: machineconfiguration.openshift.io/v1\n    kind: MachineConfig\n    metadata:\n      name: -x\n',
    says: '',
  },
  'two MachineConfigs of one name': { files: { 'objects/twin.yaml': SOUND }, says: '' },
  'a pool that is not there': { flags: { pool: 'infra' }, says: '' },
  'files without any pool': { pool: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n', says: '' },
  'a pool without a selector': {
    pool: POOL.replace(/ {2}machineConfigSelector:[^]*/u, '  paused: false\n'),
    says: '',
  },
  'a pool with an empty selector': {
    pool: POOL.replace(/ {4}matchLabels.*\n/u, '').replace('Selector:', 'Selector: {}'),
    says: '',
  },
  'a selector that matches nothing': { site: SOUND.replace('role: layered', 'role: master'), says: '' },
  'a selector that only unlabelled MachineConfigs miss': {
    site: SOUND.replace(/ {2}labels:\n.*\n/u, ''),
    says: '',
  },
  'a kernel type that does not exist': { site: machineConfig('kernelType: fast'), says: '' },
  'an extension that is not allowed': { site: machineConfig('extensions: [usbguard, nethack]'), says: '' },
  'kernel-devel with a realtime kernel': {
    site: machineConfig('extensions: [kernel-devel]', 'kernelType: realtime'),
    says: '',
  },
  'a rendered MachineConfig that is too large': {
    site: files(`{ path: /etc/big, contents: { source: "data:,${'a'.repeat(1_600_000)}" } }`),
    says: '',
  },
  'a MachineOSConfig with another name than its pool': {
    files: {
      'objects/os.yaml': osConfig().replace('metadata: { name: layered }', 'metadata: { name: other }'),
    },
    says: '',
  },
  'a MachineOSConfig that pushes to a short name': {
    files: { 'objects/os.yaml': osConfig().replace('registry.example.com/pools/', '') },
    says: '',
  },
  'neither --push nor a MachineOSConfig': { flags: { push: '' }, says: '' },
};

const IGNITION: Readonly<Record<string, Row>> = {
  'Ignition 2.2.0': { site: machineConfig('config:', '  ignition: { version: 2.2.0 }'), says: '' },
  'Ignition 3.6.0 in a MachineConfig': {
    site: machineConfig('config:', '  ignition: { version: 3.6.0 }'),
    says: '',
  },
  'an Ignition version that is no version': {
    site: machineConfig('config:', '  ignition: { version: latest }'),
    says: '',
  },
  'an Ignition config without a version': { site: machineConfig('config:', '  ignition: {}'), says: '' },
  'an Ignition version that is a number': {
    site: machineConfig('config:', '  ignition: { version: 3.2 }'),
    says: '',
  },
  'a remote URL as contents': {
    site: files('{ path: /etc/a, contents: { source: "https://example.com/a?token=s3cret" } }'),
    says: '',
  },
  'a data URL that is cut short': {
    site: files('{ path: /etc/a, contents: { source: "data:text/plain;base64" } }'),
    says: '',
  },
  'a data URL that is not base64': {
    site: files('{ path: /etc/a, contents: { source: "data:;base64,%%%" } }'),
    says: '',
  },
  'contents that do not have their hash': {
    site: files(
      `{ path: /etc/a, contents: { source: "data:,a", verification: { hash: sha512-${'0'.repeat(128)} } } }`,
    ),
    says: '',
  },
  'a hash of an unknown kind': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", verification: { hash: md5-1 } } }'),
    says: '',
  },
  'a hash of the wrong length': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", verification: { hash: sha512-12 } } }'),
    says: '',
  },
  'contents that claim to be gzip': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", compression: gzip } }'),
    says: '',
  },
  'an unknown compression': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", compression: xz } }'),
    says: '',
  },
  'a relative path': { site: files('{ path: etc/a, contents: { source: "data:,a" } }'), says: '' },
  'a file without a path': { site: files('{ contents: { source: "data:,a" } }'), says: '' },
  'one path twice': { site: files('{ path: /etc/a }', '{ path: /etc/a }'), says: '' },
  'a path as file and as directory': {
    site: ignition('storage:', '  files: [{ path: /etc/a }]', '  directories: [{ path: /etc/a }]'),
    says: '',
  },
  'a file below a link': {
    site: ignition(
      'storage:',
      '  links: [{ path: /etc/a, target: /etc/b }]',
      '  files: [{ path: /etc/a/c }]',
    ),
    says: '',
  },
  'a file below a file': { site: files('{ path: /etc/a }', '{ path: /etc/a/b }'), says: '' },
  'a mode with setuid': { site: files('{ path: /etc/a, mode: 04755 }'), says: '' },
  'a mode that was meant to be octal': { site: files('{ path: /etc/a, mode: 755 }'), says: '' },
  'append and overwrite together': {
    site: files('{ path: /etc/a, overwrite: true, append: [{ source: "data:,a" }] }'),
    says: '',
  },
  'a user by name and by number': {
    site: files('{ path: /etc/a, user: { name: core, id: 1000 } }'),
    says: '',
  },
  'a mode that is a string': { site: files('{ path: /etc/a, mode: "0644" }'), says: '' },
  'files that are a mapping': { site: ignition('storage:', '  files: { path: /etc/a }'), says: '' },
  'a unit without a suffix': {
    site: ignition('systemd:', '  units: [{ name: site, contents: "[Unit]" }]'),
    says: '',
  },
  'a unit that is no unit file': {
    site: ignition('systemd:', '  units: [{ name: a.service, contents: "[Unit" }]'),
    says: '',
  },
  'a drop-in that does not end in .conf': {
    site: ignition('systemd:', '  units: [{ name: a.service, dropins: [{ name: a, contents: "[Unit]" }] }]'),
    says: '',
  },
  'one unit twice': {
    site: ignition('systemd:', '  units: [{ name: a.service }, { name: a.service }]'),
    says: '',
  },
  'one user twice': { site: ignition('passwd:', '  users: [{ name: core }, { name: core }]'), says: '' },
  'two names of one file': {
    site: files(
      '{ path: /home/core/a, contents: { source: "data:,a" } }',
      '{ path: /var/home/core/a, contents: { source: "data:,b" } }',
    ),
    says: '',
  },
  'a user without a name': { site: ignition('passwd:', '  users: [{ uid: 5 }]'), says: '' },
  'one MachineConfig’s link above another one’s file': {
    site: ignition('storage:', '  links: [{ path: /etc/a, target: /etc/b }]'),
    files: { 'objects/more.yaml': files('{ path: /etc/a/c }').replace('name: site', 'name: more') },
    says: '',
  },
  'ignition validate of a broken config': {
    files: { 'a.ign': '{"ignition": {"version": "3.2.0"}' },
    args: ['ignition', 'tree', 'FOLDER/a.ign'],
    says: '',
  },
};

const PLACEMENT: Readonly<Record<string, Row>> = {
  'a file below /boot': {
    site: files('{ path: /boot/grub.cfg, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a file below /proc': { site: files('{ path: /proc/sys/a, contents: { source: "data:,a" } }'), says: '' },
  'a file in a directory of the user’s own at the top': {
    site: files('{ path: /data/a, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a file below /usr/etc': { site: files('{ path: /usr/etc/a, contents: { source: "data:,a" } }'), says: '' },
  'a file that Varve writes': {
    site: files('{ path: /usr/lib/varve/provenance.json, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a file in place of a directory of the base': {
    site: files('{ path: /etc/ssh, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a file below a file of the base': {
    site: files('{ path: /etc/hosts/a, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a file that the base has, without overwrite': {
    site: files('{ path: /etc/hosts, overwrite: false, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a file appended to one of the base': {
    site: files('{ path: /etc/hosts, append: [{ source: "data:,a" }] }'),
    says: '',
  },
  'a file of a user that nobody has': {
    site: files('{ path: /etc/a, user: { name: nobody-has-it }, contents: { source: "data:,a" } }'),
    says: '',
  },
  'a hard link to a file of the base': {
    site: ignition('storage:', '  links: [{ path: /etc/a, target: /etc/hosts, hard: true }]'),
    says: '',
  },
  'a kernel argument of the boot loader': { site: machineConfig('kernelArguments: ["ostree=/x"]'), says: '' },
  'two things that have no place': {
    site: files('{ path: /boot/a }', '{ path: /dev/b }'),
    says: '',
  },
  'a pool with an extension': { site: machineConfig('extensions: [usbguard]'), says: '' },
  'a pool with a realtime kernel': { site: machineConfig('kernelType: realtime'), says: '' },
  'a pool with a Containerfile': {
    files: { 'objects/os.yaml': osConfig('containerFile: [{ content: "RUN true" }]') },
    says: '',
  },
};

const REFERENCES: Readonly<Record<string, Row>> = {
  'a base with a short name': { flags: { base: 'fedora' }, says: '' },
  'a base in upper case': { flags: { base: 'quay.io/Team/os:1' }, says: '' },
  'a base with a bad tag': { flags: { base: 'quay.io/team/os:-1' }, says: '' },
  'a base with a bad digest': { flags: { base: 'quay.io/team/os@sha256:12' }, says: '' },
  'a base with a scheme': { flags: { base: 'https://quay.io/team/os:1' }, says: '' },
  'a base with a password in it': { flags: { base: 'ada:s3cret@quay.io/team/os:1' }, says: '' },
  'a base without a name': { flags: { base: 'quay.io/' }, says: '' },
  'an empty base': { flags: { base: '' }, says: '' },
  'a push to a short name': { flags: { push: 'layered:latest' }, says: '' },
  'a push to a digest': { flags: { push: `REGISTRY/pools/layered@sha256:${'0'.repeat(64)}` }, says: '' },
  'an osImageURL that is no reference': { site: machineConfig('osImageURL: my os'), says: '' },
  'an unknown architecture': { flags: { arch: 'amd65' }, status: 2, says: '' },
  'an architecture that the base does not have': {
    flags: { arch: 's390x', base: 'REGISTRY/base/both:1' },
    says: '',
  },
  'an architecture that a base of one image is not for': { flags: { arch: 'arm64' }, says: '' },
  'a compression that does not exist': { flags: { compression: 'lzma' }, status: 2, says: '' },
  'an output format that does not exist': { flags: { output: 'xml' }, status: 2, says: '' },
  'no pool at all': { args: ['build', '--base', 'REGISTRY/base/os:1'], status: 2, says: '' },
  'an unknown command': { args: ['biuld'], status: 2, says: '' },
};

/** An auth file with a password for the row's registry. */
const LOGIN = '{"auths": {"REGISTRY": {"auth": "YWRhOnMzY3JldA=="}}}';

const wantsLogin: Script = ({ headers }) =>
  headers['authorization'] === undefined
    ? complaint(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="r"' })
    : complaint(401, 'UNAUTHORIZED', 'wrong password', { 'www-authenticate': 'Basic realm="r"' });

const LOCAL: Readonly<Record<string, Row>> = {
  'an auth file that is not there': { flags: { authfile: 'FOLDER/auth.json' }, script: wantsLogin, says: '' },
  'an auth file of the environment that is not there': {
    env: { REGISTRY_AUTH_FILE: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'an auth file that is a directory': {
    files: { 'auth.json/': '' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'an auth file that is not JSON': {
    files: { 'auth.json': '{"auths": {s3cret' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'an auth file that is a list': {
    files: { 'auth.json': '[]' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'an auth entry that is not base64': {
    files: { 'auth.json': '{"auths": {"REGISTRY": {"auth": "s3cret!"}}}' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'an auth entry without a colon': {
    files: { 'auth.json': '{"auths": {"REGISTRY": {"auth": "czNjcmV0"}}}' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'an auth file without an entry for the registry': {
    files: { 'auth.json': '{"auths": {"quay.io": {"auth": "YTpi"}}}' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'credentials that are left to a helper': {
    files: { 'home/.docker/config.json': '{"credsStore": "pass"}' },
    script: wantsLogin,
    says: '',
  },
  'no auth file where the registry wants one': { script: wantsLogin, says: '' },
  'credentials that the registry refuses': {
    files: { 'auth.json': LOGIN },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: '',
  },
  'a CA file that is not there': { flags: { ca: 'FOLDER/ca.pem' }, says: '' },
  'a CA file that holds no certificate': {
    files: { 'ca.pem': 'hello\n' },
    flags: { ca: 'FOLDER/ca.pem' },
    says: '',
  },
  'a CA file whose certificate is damaged': {
    files: { 'ca.pem': '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n' },
    flags: { ca: 'FOLDER/ca.pem' },
    says: '',
  },
  'a file in the way of the cache': { files: { cache: 'hello\n' }, says: '' },
  'a file in the way inside the cache': { files: { 'cache/manifest': 'hello\n' }, says: '' },
  'a cache where no directory can be made': { flags: { cache: '/proc/varve' }, says: '' },
};

/** They mount file systems. */
const DISKS: Readonly<Record<string, Row>> = {
  'a cache on a full disk': {
    prepare: async (folder) => {
      await mkdir(join(folder, 'cache'));
      await run('mount', [['-t', 'tmpfs'], ['-o', 'size=4k'], 'varve', join(folder, 'cache')]);
    },
    says: '',
  },
  'a cache on a read-only disk': {
    prepare: async (folder) => {
      await mkdir(join(folder, 'cache'));
      await run('mount', [['-t', 'tmpfs'], ['-o', 'ro'], 'varve', join(folder, 'cache')]);
    },
    says: '',
  },
};

const lost = complaint(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
const full = complaint(507, 'UNKNOWN', 'no space left on device');
const broken = complaint(500, 'UNKNOWN', 'database is locked', { 'retry-after': '0' });
const OTHER_DIGEST = `sha256:${'1'.repeat(64)}`;
const damage = (reply: Reply): Reply => ({
  ...reply,
  body: Buffer.from(reply.body ?? '').map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
});

const REGISTRY: Readonly<Record<string, Row>> = {
  'a base that is not there': { flags: { base: 'REGISTRY/base/os:2' }, says: '' },
  'a repository that is not there': { flags: { base: 'REGISTRY/base/none:1' }, says: '' },
  'a base digest that is not there': { flags: { base: `REGISTRY/base/os@${OTHER_DIGEST}` }, says: '' },
  'a base without a bootable label': { flags: { base: 'REGISTRY/base/unlabelled:1' }, says: '' },
  'a base for Windows': { flags: { base: 'REGISTRY/base/windows:1' }, says: '' },
  'a base without a kernel': { flags: { base: 'REGISTRY/base/kernelless:1' }, says: '' },
  'a base with two kernels': { flags: { base: 'REGISTRY/base/two-kernels:1' }, says: '' },
  'a base with more layers than diff_ids': { flags: { base: 'REGISTRY/base/diff-ids:1' }, says: '' },
  'a base whose config is a sentence': { flags: { base: 'REGISTRY/base/config-text:1' }, says: '' },
  'a base whose layers are no tars': { flags: { base: 'REGISTRY/base/foreign-layer:1' }, says: '' },
  'a manifest with another digest': { script: change(BASE_MANIFEST, damage), says: '' },
  'a config with another digest': { script: change(BASE_BLOB, damage), says: '' },
  'a layer with another digest': {
    script: async ({ method, path }, pass) => {
      if (method !== 'GET' || !BASE_BLOB.test(path)) return undefined;
      const reply = await pass();
      return Buffer.from(reply.body ?? '')
        .subarray(0, 1)
        .toString() === '{'
        ? reply
        : damage(reply);
    },
    says: '',
  },
  'a blob that ends too early': {
    script: async ({ method, path, headers }, pass) => {
      if (method !== 'GET' || !BASE_BLOB.test(path)) return undefined;
      const reply = await pass();
      const body = Buffer.from(reply.body ?? '');
      return headers['range'] === undefined
        ? {
            ...reply,
            headers: { 'content-length': String(body.length) },
            body: body.subarray(0, 40),
            cut: true,
          }
        : { status: 416 };
    },
    says: '',
  },
  'a blob that announces less than it has': {
    script: change(BASE_BLOB, (reply) => ({ ...reply, body: Buffer.from(reply.body ?? '').subarray(0, 40) })),
    says: '',
  },
  'a blob that announces more than it has': {
    script: change(BASE_BLOB, (reply) => ({
      ...reply,
      body: `${Buffer.from(reply.body ?? '').toString('latin1')}more`,
    })),
    says: '',
  },
  'a blob that the manifest names and nobody has': { script: always(BASE_BLOB, lost), says: '' },
  'a 401 without a challenge': { script: always(/./u, { status: 401 }), says: '' },
  'a 401 with a challenge of an unknown kind': {
    script: always(/./u, { status: 401, headers: { 'www-authenticate': 'Negotiate' } }),
    says: '',
  },
  'a token service that gives no token': {
    script: ({ path, headers }) =>
      path === '/token'
        ? { status: 200, body: '{}' }
        : {
            status: 401,
            headers: {
              'www-authenticate': `Bearer realm="http://${String(headers['host'])}/token",service="s"`,
            },
          },
    says: '',
  },
  'a token service on another host, over plain HTTP': {
    files: { 'auth.json': LOGIN },
    flags: { authfile: 'FOLDER/auth.json' },
    script: always(/./u, {
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="http://auth.invalid/token",service="s"' },
    }),
    says: '',
  },
  'a 403': {
    script: always(BASE_MANIFEST, complaint(403, 'DENIED', 'requested access to the resource is denied')),
    says: '',
  },
  'a 404 of something that is no registry': {
    script: always(/./u, { status: 404, body: '<html>' }),
    says: '',
  },
  'a 429 for ever': {
    script: always(BASE_MANIFEST, complaint(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '0' })),
    says: '',
  },
  'a 500 for ever': { script: always(BASE_MANIFEST, broken), says: '' },
  'a 400': {
    script: always(BASE_MANIFEST, complaint(400, 'NAME_INVALID', 'invalid repository name')),
    says: '',
  },
  'a redirect to itself': {
    script: ({ path }) => (BASE_BLOB.test(path) ? { status: 307, headers: { location: path } } : undefined),
    says: '',
  },
  'redirects without an end': {
    script: ({ path, count }) =>
      BASE_BLOB.test(path) ? { status: 307, headers: { location: `${path}?${count}` } } : undefined,
    says: '',
  },
  'a redirect to a URL with a password in it': {
    script: always(BASE_BLOB, { status: 307, headers: { location: 'http://ada:s3cret@127.0.0.1:1/x' } }),
    says: '',
  },
  'a redirect to another host, which gets no credentials': {
    files: { 'auth.json': LOGIN },
    flags: { authfile: 'FOLDER/auth.json' },
    script: ({ path, headers }) => {
      const { authorization, host } = headers;
      if (String(host).startsWith('localhost'))
        return authorization === undefined ? complaint(403, 'DENIED', 'nobody knows you') : { status: 500 };
      if (authorization === undefined) return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      return BASE_BLOB.test(path)
        ? { status: 307, headers: { location: `http://localhost:${String(host).split(':')[1]}/elsewhere` } }
        : undefined;
    },
    says: '',
  },
  'a redirect without a place': { script: always(BASE_BLOB, { status: 307 }), says: '' },
  'a redirect to a host that refuses connections': {
    script: always(BASE_BLOB, {
      status: 307,
      headers: { location: 'http://127.0.0.1:1/x?signature=s3cret' },
    }),
    says: '',
  },
  'a manifest that is not JSON': {
    script: ({ path, method }) =>
      BASE_MANIFEST.test(path)
        ? {
            status: 200,
            headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
            body: method === 'HEAD' ? '' : '<html>',
          }
        : undefined,
    says: '',
  },
  'a manifest of schema 1': {
    script: always(BASE_MANIFEST, {
      status: 200,
      headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      body: '{"schemaVersion": 1, "name": "base/os", "tag": "1", "fsLayers": []}',
    }),
    says: '',
  },
  'a manifest of a type that nobody knows': {
    script: always(BASE_MANIFEST, {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '{"schemaVersion": 2}',
    }),
    says: '',
  },
  'a manifest without layers': {
    script: always(BASE_MANIFEST, {
      status: 200,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}',
    }),
    says: '',
  },
  'a manifest of ten megabytes': {
    script: always(
      BASE_MANIFEST,
      {
        status: 200,
        headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
        body: Buffer.alloc(10_000_000, 0x20),
      },
      /GET/u,
    ),
    says: '',
  },
  'a mount that is refused': {
    script: always(UPLOAD, complaint(403, 'DENIED', 'no push for you'), /POST/u),
    says: '',
  },
  'an upload that may not begin': {
    script: always(UPLOAD, complaint(405, 'UNSUPPORTED', 'read-only registry'), /POST/u),
    says: '',
  },
  'an upload that is refused at its end': {
    script: always(
      UPLOAD,
      complaint(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content'),
      /PUT/u,
    ),
    says: '',
  },
  'a registry whose disk is full': { script: always(UPLOAD, full, /PUT|PATCH/u), says: '' },
  'a registry that fails at every upload': { script: always(UPLOAD, broken, /PUT|PATCH/u), says: '' },
  'an upload without a place to go': { script: always(UPLOAD, { status: 202 }, /POST/u), says: '' },
  'a manifest that the registry refuses': {
    script: always(TAG, complaint(400, 'MANIFEST_INVALID', 'manifest invalid'), /PUT/u),
    says: '',
  },
  'a manifest whose blobs the registry lost': {
    script: always(TAG, complaint(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry'), /PUT/u),
    says: '',
  },
  'a manifest that the registry stores as another one': {
    script: always(TAG, { status: 201, headers: { 'docker-content-digest': OTHER_DIGEST } }, /PUT/u),
    says: '',
  },
  'a tag that may not be overwritten': {
    script: always(TAG, complaint(409, 'TAG_IMMUTABLE', 'tag is immutable'), /PUT/u),
    says: '',
  },
  'a registry that is not there': { flags: { base: '127.0.0.1:1/base/os:1' }, says: '' },
  'a push registry that is not there': { flags: { push: '127.0.0.1:1/pools/layered:latest' }, says: '' },
  'a registry that dies in the middle of a push': {
    script: ({ method, path }, _pass, die) => {
      if (method === 'PUT' && UPLOAD.test(path)) die();
      return undefined;
    },
    says: '',
  },
  'a host name that does not exist': {
    flags: { base: 'registry.invalid/base/os:1' },
    says: /^cannot resolve registry\.invalid\/base\/os:1: (?:the host name registry\.invalid does not resolve; check its spelling and the DNS|the DNS does not answer for registry\.invalid \(EAI_AGAIN\))$/u,
  },
  'TLS where plain HTTP is expected': {
    flags: { base: 'ELSEWHERE/base/os:1' },
    // What a registry written in Go answers to plain HTTP, and the alert of a server that wants a client's certificate.
    elsewhere: (socket) =>
      socket.once('data', (hello) =>
        socket.end(
          hello[0] === 0x16
            ? Buffer.from('15030300020228', 'hex')
            : 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
        ),
      ),
    says: '',
  },
  'something that is no registry': {
    flags: { base: 'ELSEWHERE/base/os:1' },
    elsewhere: (socket) => socket.end('220 mail.example.com ESMTP\r\n'),
    says: '',
  },
  'a registry that hangs up': {
    flags: { base: 'ELSEWHERE/base/os:1' },
    elsewhere: (socket) => socket.destroy(),
    says: '',
  },
  'plain HTTP where TLS is wanted': { flags: { base: '0.0.0.0:PORT/base/os:1' }, says: '' },
  'an image to explain that is not there': {
    args: ['image', 'explain', 'REGISTRY/base/os:9', '/etc/motd'],
    says: '',
  },
  'an image to explain that Varve did not make': {
    args: ['image', 'explain', 'REGISTRY/base/os:1', '/etc/motd'],
    says: '',
  },
};

const TABLE: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  'a file of objects': YAML,
  'an object': OBJECTS,
  'an Ignition config': IGNITION,
  'the place of an item': PLACEMENT,
  'a reference': REFERENCES,
  'this machine': LOCAL,
  'a registry': REGISTRY,
  'a disk': DISKS,
};

suite('varve refuses', { concurrency: 3 }, () => {
  let folder: string;
  let registry: EmbeddedRegistry;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-bad-input-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    await pushOddBases(registry.address);
    // The command bundles itself at its first use.
    await varve(['--version']);
  });
  after(async () => {
    await registry.close();
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  });

  let number = 0;
  for (const [kind, rows] of Object.entries(TABLE)) {
    const skip = rows === DISKS && skipWithout('mount');
    for (const [input, row] of Object.entries(rows)) {
      number += 1;
      const name = `row-${number}`;
      test(`${kind}: ${input}`, { skip }, async () => {
        const front = await startTamperingRegistry(registry.address, row.script ?? (() => undefined));
        const elsewhere = createServer(row.elsewhere);
        await listen(elsewhere);
        try {
          const places: Places = {
            REGISTRY: front.address,
            ELSEWHERE: `127.0.0.1:${portOf(elsewhere)}`,
            PORT: front.address.replace(/^.*:/u, ''),
            FOLDER: join(folder, name),
            NAME: name,
          };
          const { status, stdout, stderr } = await runRow(row, places);
          const error = Object.entries(places)
            .reduce((text, [word, value]) => text.replaceAll(value, word), stderr)
            .replaceAll(/sha256:[0-9a-f]{64}/gu, 'sha256:…');
          if (process.env['SHOW']) {
            const { appendFileSync } = await import('node:fs');
            appendFileSync(process.env['SHOW'], `${JSON.stringify({ key: input, kind, error, status, stdout, tagged: front.tagged })}\n`);
          }
          if (typeof row.says === 'string') assert.equal(error, `error: ${row.says}\n`);
          else assert.match(error.replace(/^error: /u, '').trimEnd(), row.says);
          assert.equal(status, row.status ?? 1);
          assert.equal(stdout, '');
          assert.doesNotMatch(stderr, /defect of varve|s3cret|czNjcmV0|\n {4}at /u);
          assert.deepEqual(front.tagged, []);
        } finally {
          elsewhere.close();
          await front.close();
        }
      });
    }
  }
});

/** The words that rows use for what differs from run to run, and what they stand for. */
type Places = Readonly<Record<'ELSEWHERE' | 'FOLDER' | 'NAME' | 'PORT' | 'REGISTRY', string>>;

/** Runs the command of a row; whatever its exit status, that is the answer. */
async function runRow(row: Row, places: Places): Promise<RunResult> {
  const fill = (text: string): string =>
    Object.entries(places).reduce((filled, [word, value]) => filled.replaceAll(word, value), text);
  const written = {
    'objects/pool.yaml': row.pool ?? POOL,
    'objects/site.yaml': row.site ?? SOUND,
    'home/': '',
    ...row.files,
  };
  for (const [path, content] of Object.entries(written)) {
    const target = join(places.FOLDER, path);
    const isDirectory = path.endsWith('/');
    await mkdir(isDirectory ? target : dirname(target), { recursive: true });
    if (!isDirectory) await writeFile(target, typeof content === 'string' ? fill(content) : content);
  }
  await row.prepare?.(places.FOLDER);
  const flags: Record<string, string> = {
    pool: 'layered',
    filename: 'FOLDER/objects',
    base: 'REGISTRY/base/os:1',
    push: 'REGISTRY/NAME/layered:latest',
    cache: 'FOLDER/cache',
    ...row.flags,
  };
  if (flags['push'] === '') delete flags['push'];
  const build = ['build', '--quiet', ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
  const home = join(places.FOLDER, 'home');
  const environment = Object.entries(row.env ?? {}).map(([name, value]) => [name, fill(value)]);
  return varve((row.args ?? build).map(fill), {
    accept: [0, 1, 2],
    input: row.stdin ?? '',
    env: { ...OWN_VARIABLES, HOME: home, XDG_RUNTIME_DIR: home, ...Object.fromEntries(environment) },
  });
}

/** Nothing of the user's or the machine's own settings. */
const OWN_VARIABLES: Readonly<Record<string, undefined>> = {
  DOCKER_CONFIG: undefined,
  HTTPS_PROXY: undefined,
  HTTP_PROXY: undefined,
  REGISTRY_AUTH_FILE: undefined,
  VARVE_CACHE: undefined,
  XDG_CACHE_HOME: undefined,
  XDG_CONFIG_HOME: undefined,
  http_proxy: undefined,
  https_proxy: undefined,
};
