import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type EmbeddedRegistry, startRegistry } from '../../src/embedded/index.ts';
import { pushOddBases } from '../lab/odd-bases.ts';
import { skipWithout } from '../lab/requirements.ts';
import { run, type RunResult } from '../lab/run.ts';
import {
  listen,
  portOf,
  type Reply,
  type Script,
  startTamperingRegistry,
} from '../lab/tampering-registry.ts';
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
const BASE = /^\/v2\/base\//u;
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
  'a tab in the indentation': {
    site: machineConfig('config:', '\tignition: {}'),
    says: 'cannot read FOLDER/objects/site.yaml:9:3: tab characters must not be used in indentation',
  },
  'indentation that fits nowhere': {
    site: machineConfig('fips: true', ' kernelType: default'),
    says: 'cannot read FOLDER/objects/site.yaml:9:14: bad indentation of a mapping entry',
  },
  'a key twice in a mapping': {
    site: machineConfig('fips: true', 'fips: false'),
    says: 'cannot read FOLDER/objects/site.yaml:9:3: duplicated mapping key',
  },
  'a quote that is never closed': {
    site: machineConfig('kernelType: "default'),
    says: 'cannot read FOLDER/objects/site.yaml:9:1: deficient indentation; is a quote or bracket left open above?',
  },
  'a bracket that is never closed': {
    site: machineConfig('kernelArguments: [a, b'),
    says: 'cannot read FOLDER/objects/site.yaml:9:1: deficient indentation; is a quote or bracket left open above?',
  },
  'an anchor that nobody set': {
    site: machineConfig('kernelType: *type'),
    says: 'cannot read FOLDER/objects/site.yaml:8:16: unidentified alias "type"',
  },
  'more aliases than a person writes': {
    site: `a: &a [x]\nb: [${Array.from({ length: 101 }, () => '*a').join(', ')}]\n`,
    says: 'cannot read FOLDER/objects/site.yaml:2:406: aliases exceeded maxAliases (100)',
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
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:19:16: MachineConfig "site": spec.config.storage.files: expected a list, received a string',
  },
  'nesting deeper than any object': {
    site: `${'['.repeat(200)}${']'.repeat(200)}\n`,
    says: 'cannot read FOLDER/objects/site.yaml:1:100: nesting exceeded maxDepth (100)',
  },
  'a merge key that merges a string': {
    site: machineConfig('<<: text'),
    says: 'cannot read FOLDER/objects/site.yaml:8:3: cannot merge mappings; the provided source object is unacceptable',
  },
  'a mapping as a key': {
    site: machineConfig('{ a: b }: c'),
    says: 'cannot read FOLDER/objects/site.yaml:1:1: object-based map does not support complex keys',
  },
  'bytes that are not UTF-8': {
    files: { 'objects/latin.yaml': Buffer.from('name: caf\xe9', 'latin1') },
    says: 'cannot read FOLDER/objects/latin.yaml: it is not UTF-8 text; save it as UTF-8',
  },
  'a document that is a list': {
    site: '- apiVersion: v1\n',
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:1:1: the document: expected an object, received a list',
  },
  'a document that is a sentence': {
    site: 'hello\n',
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:1:1: the document: expected an object, received a string',
  },
  'an empty file in place of the pool': {
    pool: '',
    says: 'cannot find MachineConfigPool "layered" in the files: they have no MachineConfigPool; add one with -f',
  },
  'a file of comments in place of the pool': {
    pool: '# nothing\n---\n# yet\n',
    says: 'cannot find MachineConfigPool "layered" in the files: they have no MachineConfigPool; add one with -f',
  },
  'a missing brace in JSON': {
    files: { 'objects/more.json': '{"apiVersion": "v1", "kind": "List"' },
    says: 'cannot read FOLDER/objects/more.json:1:36: unexpected end of the stream within a flow collection',
  },
  'a missing comma in JSON': {
    files: { 'objects/more.json': '{"apiVersion": "v1"\n "kind": "List"}' },
    says: 'cannot read FOLDER/objects/more.json:2:2: missed comma between flow collection entries',
  },
  'a second document that is broken': {
    site: `${SOUND}---\nkind: [\n`,
    says: 'cannot read FOLDER/objects/site.yaml:15:1: deficient indentation; is a quote or bracket left open above?',
  },
  'a file larger than any set of objects': {
    prepare: async (folder) => {
      const file = await open(join(folder, 'objects/huge.yaml'), 'w');
      await file.truncate(80 * 1024 * 1024);
      await file.close();
    },
    says: 'cannot read FOLDER/objects/huge.yaml: it has more than the 67108864 bytes that a file of objects may have; split it',
  },
  'a device that never ends': {
    flags: { filename: '/dev/zero' },
    says: 'cannot read /dev/zero: it has more than the 67108864 bytes that a file of objects may have; split it',
  },
  'a file that does not exist': {
    flags: { filename: 'FOLDER/none.yaml' },
    says: 'cannot read FOLDER/none.yaml: no such file or directory',
  },
  'a directory without objects': {
    files: { 'objects/deeper/': '' },
    flags: { filename: 'FOLDER/objects/deeper' },
    says: 'cannot read FOLDER/objects/deeper: the directory has no .yaml, .yml or .json files (subdirectories are not read)',
  },
  'standard input that is broken': {
    flags: { filename: '-' },
    stdin: 'kind: "',
    says: 'cannot read standard input:1:8: unexpected end of the stream within a double quoted scalar',
  },
};

const OBJECTS: Readonly<Record<string, Row>> = {
  'an object without a kind': {
    site: 'apiVersion: v1\nmetadata: { name: x }\n',
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:1:1: "x": kind: required, but missing',
  },
  'an object without an apiVersion': {
    site: 'kind: MachineConfig\nmetadata: { name: x }\n',
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:1:1: MachineConfig "x": apiVersion: required, but missing',
  },
  'a MachineConfig of another version': {
    site: SOUND.replace('openshift.io/v1', 'openshift.io/v2'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:1:1: MachineConfig "site": apiVersion: "machineconfiguration.openshift.io/v2" is not a served version; write machineconfiguration.openshift.io/v1',
  },
  'a MachineConfig of another group': {
    site: SOUND.replace('machineconfiguration.openshift.io/v1', 'example.com/v1'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:1:1: MachineConfig "site": apiVersion: "example.com/v1" is not the API group of this kind; write machineconfiguration.openshift.io/v1',
  },
  'a MachineConfig without a name': {
    site: SOUND.replace('  name: site\n', ''),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:3:1: MachineConfig: metadata.name: required, but missing',
  },
  'a MachineConfig with a generated name': {
    site: SOUND.replace('name: site', 'generateName: site-'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:4:3: MachineConfig: metadata.generateName: not supported; write metadata.name',
  },
  'a name in upper case': {
    site: SOUND.replace('name: site', 'name: Site'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:4:3: MachineConfig "Site": metadata.name: "Site" must consist of lower case alphanumeric characters, \'-\' or \'.\', and must start and end with an alphanumeric character',
  },
  'a label that is a number': {
    site: SOUND.replace('    machineconfiguration', '    rack: 12\n    machineconfiguration'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:6:5: MachineConfig "site": metadata.labels.rack: expected a string, received a number; put it in quotes',
  },
  'a label with a space in it': {
    site: SOUND.replace('    machineconfiguration', '    rack: row 12\n    machineconfiguration'),
    says: "cannot read the objects:\n  FOLDER/objects/site.yaml:6:5: MachineConfig \"site\": metadata.labels.rack: \"row 12\" must be empty or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  },
  'an unknown field of a MachineConfig': {
    site: machineConfig('kernelArgs: [debug]'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:8:3: MachineConfig "site": unknown field "spec.kernelArgs"',
  },
  'two unknown fields': {
    site: machineConfig('kernelArgs: [debug]', 'extension: usbguard'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:8:3: MachineConfig "site": unknown field "spec.kernelArgs"\n  FOLDER/objects/site.yaml:9:3: MachineConfig "site": unknown field "spec.extension"',
  },
  'kernelArguments that are a string': {
    site: machineConfig('kernelArguments: debug'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:8:3: MachineConfig "site": spec.kernelArguments: expected a list, received a string',
  },
  'a kernel argument that is a number': {
    site: machineConfig('kernelArguments: [3]'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:8:21: MachineConfig "site": spec.kernelArguments[0]: expected a string, received a number',
  },
  'fips that is a string': {
    site: machineConfig('fips: "true"'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:8:3: MachineConfig "site": spec.fips: expected true or false, received a string',
  },
  'a spec that is a list': {
    site: SOUND.replace(/spec:[^]*/u, 'spec: []\n'),
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:7:1: MachineConfig "site": spec: expected an object, received a list',
  },
  'an unknown field of a pool': {
    pool: `${POOL}  paussed: true\n`,
    says: 'cannot read the objects:\n  FOLDER/objects/pool.yaml:8:3: MachineConfigPool "layered": unknown field "spec.paussed"',
  },
  'a pool with maxUnavailable of minus one': {
    pool: `${POOL}  maxUnavailable: -1\n`,
    says: 'cannot read the objects:\n  FOLDER/objects/pool.yaml:8:3: MachineConfigPool "layered": spec.maxUnavailable: expected a whole number of nodes or a percentage such as "10%", received a number',
  },
  'a selector with an unknown operator': {
    pool: POOL.replace(
      / {4}matchLabels.*\n/u,
      '    matchExpressions: [{ key: a, operator: Is, values: [b] }]\n',
    ),
    says: 'cannot read the objects:\n  FOLDER/objects/pool.yaml:7:34: MachineConfigPool "layered": spec.machineConfigSelector.matchExpressions[0].operator: expected one of "In", "NotIn", "Exists", "DoesNotExist", received "Is"',
  },
  'a bad object inside a List': {
    site: 'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: machineconfiguration.openshift.io/v1\n    kind: MachineConfig\n    metadata:\n      name: -x\n',
    says: 'cannot read the objects:\n  FOLDER/objects/site.yaml:7:7: MachineConfig "-x": metadata.name: "-x" must consist of lower case alphanumeric characters, \'-\' or \'.\', and must start and end with an alphanumeric character',
  },
  'two MachineConfigs of one name': {
    files: { 'objects/twin.yaml': SOUND },
    says: 'cannot read the objects:\n  FOLDER/objects/twin.yaml:4:3: MachineConfig "site" is defined twice; the other one is at FOLDER/objects/site.yaml:4:3',
  },
  'a pool that is not there': {
    flags: { pool: 'infra' },
    says: 'cannot find MachineConfigPool "infra" in the files: they have layered',
  },
  'files without any pool': {
    pool: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n',
    says: 'cannot find MachineConfigPool "layered" in the files: they have no MachineConfigPool; add one with -f',
  },
  'a pool without a selector': {
    pool: POOL.replace(/ {2}machineConfigSelector:[^]*/u, '  paused: false\n'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/pool.yaml:5:1: spec.machineConfigSelector: missing, so the pool selects no MachineConfig; match the label machineconfiguration.openshift.io/role',
  },
  'a pool with an empty selector': {
    pool: POOL.replace(/ {4}matchLabels.*\n/u, '').replace('Selector:', 'Selector: {}'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/pool.yaml:6:3: spec.machineConfigSelector: empty, which would select every MachineConfig; match the label machineconfiguration.openshift.io/role',
  },
  'a selector that matches nothing': {
    site: SOUND.replace('role: layered', 'role: master'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/pool.yaml:6:3: spec.machineConfigSelector: matches no MachineConfig: there are some with the role master',
  },
  'a selector that only unlabelled MachineConfigs miss': {
    site: SOUND.replace(/ {2}labels:\n.*\n/u, ''),
    says: 'cannot render pool "layered":\n  FOLDER/objects/pool.yaml:6:3: spec.machineConfigSelector: matches no MachineConfig: the label machineconfiguration.openshift.io/role is missing from site',
  },
  'a kernel type that does not exist': {
    site: machineConfig('kernelType: fast'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:8:3: MachineConfig "site": spec.kernelType: "fast" is not a kernel type; write default, realtime or 64k-pages',
  },
  'an extension that is not allowed': {
    site: machineConfig('extensions: [usbguard, nethack]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:8:26: MachineConfig "site": spec.extensions[1]: "nethack" is not an extension; write one of ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard',
  },
  'kernel-devel with a realtime kernel': {
    site: machineConfig('extensions: [kernel-devel]', 'kernelType: realtime'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:8:16: MachineConfig "site": spec.extensions[0]: the extension kernel-devel does not go with kernelType realtime; take one of them out',
  },
  'a rendered MachineConfig that is too large': {
    site: files(`{ path: /etc/big, contents: { source: "data:,${'a'.repeat(1_600_000)}" } }`),
    says: 'cannot render pool "layered": the rendered MachineConfig has 1600439 bytes, the API accepts 1572864; put large files into the base image; the biggest parts are MachineConfig "site": file /etc/big: 1600067 bytes',
  },
  'a MachineOSConfig with another name than its pool': {
    files: {
      'objects/os.yaml': osConfig().replace('metadata: { name: layered }', 'metadata: { name: other }'),
    },
    says: 'cannot read the objects:\n  FOLDER/objects/os.yaml:3:13: MachineOSConfig "other": metadata.name: must match spec.machineConfigPool.name ("layered"): a pool has one MachineOSConfig, of the same name',
  },
  'a MachineOSConfig that pushes to a short name': {
    files: { 'objects/os.yaml': osConfig().replace('registry.example.com/pools/', '') },
    says: 'cannot read the objects:\n  FOLDER/objects/os.yaml:8:3: MachineOSConfig "layered": spec.renderedImagePushSpec: "layered:latest" must have the form host[:port][/namespace]/name:tag or service.namespace.svc:port/repository/name:tag; the host needs a dot and the tag is required',
  },
  'neither --push nor a MachineOSConfig': {
    flags: { push: '' },
    says: 'cannot push the image of pool layered: name where with --push, or add its MachineOSConfig with -f',
  },
};

const IGNITION: Readonly<Record<string, Row>> = {
  'Ignition 2.2.0': {
    site: machineConfig('config:', '  ignition: { version: 2.2.0 }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:9:17: MachineConfig "site": spec.config.ignition.version: "2.2.0" is not accepted; write one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0',
  },
  'Ignition 3.6.0 in a MachineConfig': {
    site: machineConfig('config:', '  ignition: { version: 3.6.0 }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:9:17: MachineConfig "site": spec.config.ignition.version: "3.6.0" is not accepted; write one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0',
  },
  'an Ignition version that is no version': {
    site: machineConfig('config:', '  ignition: { version: latest }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:9:17: MachineConfig "site": spec.config.ignition.version: "latest" is not accepted; write one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0',
  },
  'an Ignition config without a version': {
    site: machineConfig('config:', '  ignition: {}'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:9:5: MachineConfig "site": spec.config.ignition.version: missing; write one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0',
  },
  'an Ignition version that is a number': {
    site: machineConfig('config:', '  ignition: { version: 3.2 }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:9:17: MachineConfig "site": spec.config.ignition.version: expected a string, received a number',
  },
  'a remote URL as contents': {
    site: files('{ path: /etc/a, contents: { source: "https://example.com/a?token=s3cret" } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:39: MachineConfig "site": spec.config.storage.files[0].contents.source: https URLs are not accepted, because nothing is fetched when an image is built; write the contents as a data URL',
  },
  'a data URL that is cut short': {
    site: files('{ path: /etc/a, contents: { source: "data:text/plain;base64" } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:39: MachineConfig "site": spec.config.storage.files[0].contents.source: unterminated parameter sequence',
  },
  'a data URL that is not base64': {
    site: files('{ path: /etc/a, contents: { source: "data:;base64,%%%" } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:39: MachineConfig "site": spec.config.storage.files[0].contents.source: invalid data character',
  },
  'contents that do not have their hash': {
    site: files(
      `{ path: /etc/a, contents: { source: "data:,a", verification: { hash: sha512-${'0'.repeat(128)} } } }`,
    ),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: cannot verify the contents of /etc/a: its sha512 is 1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75, verification.hash says 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000; correct the hash or the contents',
  },
  'a hash of an unknown kind': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", verification: { hash: md5-1 } } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:74: MachineConfig "site": spec.config.storage.files[0].contents.verification.hash: unrecognized hash function',
  },
  'a hash of the wrong length': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", verification: { hash: sha512-12 } } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:74: MachineConfig "site": spec.config.storage.files[0].contents.verification.hash: incorrect size for hash sum',
  },
  'contents that claim to be gzip': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", compression: gzip } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: cannot decompress the contents of /etc/a: unexpected end of file; compress them anew, or leave compression out if they are not gzip',
  },
  'an unknown compression': {
    site: files('{ path: /etc/a, contents: { source: "data:,a", compression: xz } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:58: MachineConfig "site": spec.config.storage.files[0].contents.compression: invalid compression method',
  },
  'a relative path': {
    site: files('{ path: etc/a, contents: { source: "data:,a" } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:13: MachineConfig "site": spec.config.storage.files[0].path: path not absolute',
  },
  'a file without a path': {
    site: files('{ contents: { source: "data:,a" } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0].path: path not specified',
  },
  'one path twice': {
    site: files('{ path: /etc/a }', '{ path: /etc/a }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:13:11: MachineConfig "site": spec.config.storage.files[1]: duplicate entry defined',
  },
  'a path as file and as directory': {
    site: ignition('storage:', '  files: [{ path: /etc/a }]', '  directories: [{ path: /etc/a }]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:15: MachineConfig "site": spec.config.storage.files[0]: duplicate entry defined',
  },
  'a file below a link': {
    site: ignition(
      'storage:',
      '  links: [{ path: /etc/a, target: /etc/b }]',
      '  files: [{ path: /etc/a/c }]',
    ),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:15: MachineConfig "site": spec.config.storage.files[0]: file path includes link in config',
  },
  'a file below a file': {
    site: files('{ path: /etc/a }', '{ path: /etc/a/b }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:13:11: MachineConfig "site": spec.config.storage.files[1]: /etc/a/b: /etc/a of MachineConfig "site" is no directory, so nothing can lie below it; move one of the two',
  },
  'a mode with setuid': {
    site: files('{ path: /etc/a, mode: 04755 }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:27: MachineConfig "site": spec.config.storage.files[0].mode: 2541 (04755) is above 511 (0777)',
  },
  'a mode that was meant to be octal': {
    site: files('{ path: /etc/a, mode: 755 }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:27: MachineConfig "site": spec.config.storage.files[0].mode: 755 (01363) is above 511 (0777); if 0755 is meant, write 493',
  },
  'append and overwrite together': {
    site: files('{ path: /etc/a, overwrite: true, append: [{ source: "data:,a" }] }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:27: MachineConfig "site": spec.config.storage.files[0].overwrite: overwrite must be false if source is unspecified',
  },
  'a user by name and by number': {
    site: files('{ path: /etc/a, user: { name: core, id: 1000 } }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:27: MachineConfig "site": spec.config.storage.files[0].user: cannot set both id and name',
  },
  'a mode that is a string': {
    site: files('{ path: /etc/a, mode: "0644" }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:12:27: MachineConfig "site": spec.config.storage.files[0].mode: expected a whole number, received a string',
  },
  'files that are a mapping': {
    site: ignition('storage:', '  files: { path: /etc/a }'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:7: MachineConfig "site": spec.config.storage.files: expected a list, received an object',
  },
  'a unit without a suffix': {
    site: ignition('systemd:', '  units: [{ name: site, contents: "[Unit]" }]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:17: MachineConfig "site": spec.config.systemd.units[0].name: invalid systemd unit extension',
  },
  'a unit that is no unit file': {
    site: ignition('systemd:', '  units: [{ name: a.service, contents: "[Unit" }]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:34: MachineConfig "site": spec.config.systemd.units[0].contents: invalid unit content: unable to find end of section',
  },
  'a drop-in that does not end in .conf': {
    site: ignition('systemd:', '  units: [{ name: a.service, dropins: [{ name: a, contents: "[Unit]" }] }]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:46: MachineConfig "site": spec.config.systemd.units[0].dropins[0].name: invalid systemd drop-in extension',
  },
  'one unit twice': {
    site: ignition('systemd:', '  units: [{ name: a.service }, { name: a.service }]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:36: MachineConfig "site": spec.config.systemd.units[1]: duplicate entry defined',
  },
  'one user twice': {
    site: ignition('passwd:', '  users: [{ name: core }, { name: core }]'),
    says: 'cannot render pool "layered":\n  FOLDER/objects/site.yaml:11:31: MachineConfig "site": spec.config.passwd.users[1]: duplicate entry defined',
  },
  'two names of one file': {
    site: files(
      '{ path: /home/core/a, contents: { source: "data:,a" } }',
      '{ path: /var/home/core/a, contents: { source: "data:,b" } }',
    ),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:13:11: MachineConfig "site": spec.config.storage.files[1]: /var/home/core/a: the base image makes one path of it and of /home/core/a of MachineConfig "site"; keep one of the two',
  },
  'a user without a name': {
    site: ignition('passwd:', '  users: [{ uid: 5 }]'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:11:15: MachineConfig "site": spec.config.passwd.users[0]: a user: it has no name; give it one',
  },
  'one MachineConfig’s link above another one’s file': {
    site: ignition('storage:', '  links: [{ path: /etc/a, target: /etc/b }]'),
    files: { 'objects/more.yaml': files('{ path: /etc/a/c }').replace('name: site', 'name: more') },
    says: 'cannot render pool "layered":\n  FOLDER/objects/more.yaml:12:11: MachineConfig "more": spec.config.storage.files[0]: merged config: file /etc/a/c: file path includes link in config',
  },
  'ignition validate of a broken config': {
    files: { 'a.ign': '{"ignition": {"version": "3.2.0"}' },
    args: ['ignition', 'tree', 'FOLDER/a.ign'],
    says: 'cannot read FOLDER/a.ign: error at line 0 col 0: unexpected end of JSON input',
  },
};

const PLACEMENT: Readonly<Record<string, Row>> = {
  'a file below /boot': {
    site: files('{ path: /boot/grub.cfg, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /boot/grub.cfg: nothing below /boot can come with an image: the host makes it itself',
  },
  'a file below /proc': {
    site: files('{ path: /proc/sys/a, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /proc/sys/a: nothing below /proc can come with an image: the host makes it itself',
  },
  'a file in a directory of the user’s own at the top': {
    site: files('{ path: /data/a, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /data/a: a host whose base has neither composefs nor a transient root drops everything of an image but /usr, /etc and /var, so /data would be lost silently; use a path below one of them',
  },
  'a file below /usr/etc': {
    site: files('{ path: /usr/etc/a, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /usr/etc/a: /usr/etc is where ostree keeps the image\'s own /etc; write the path below /etc',
  },
  'a file that Varve writes': {
    site: files('{ path: /usr/lib/varve/provenance.json, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /usr/lib/varve/provenance.json: /usr/lib/varve/provenance.json is written by Varve itself; choose another path',
  },
  'a file in place of a directory of the base': {
    site: files('{ path: /etc/ssh, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /etc/ssh: /etc/ssh is a directory in the base image; a file in its place would take away all that lies below it',
  },
  'a file below a file of the base': {
    site: files('{ path: /etc/hosts/a, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /etc/hosts/a: /etc/hosts is a file in the base image, so nothing can lie below it',
  },
  'a file that the base has, without overwrite': {
    site: files('{ path: /etc/hosts, overwrite: false, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /etc/hosts: a file exists there already in the base image and overwrite is false; set overwrite: true',
  },
  'a file appended to one of the base': {
    site: files('{ path: /etc/hosts, append: [{ source: "data:,a" }] }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /etc/hosts: it appends to /etc/hosts of the base image; give the whole contents instead, so that what the node has depends on the image alone',
  },
  'a file of a user that nobody has': {
    site: files('{ path: /etc/a, user: { name: nobody-has-it }, contents: { source: "data:,a" } }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /etc/a: its user "nobody-has-it" is in neither the base image nor, with a fixed id, the configuration; name a user of the base, or declare it below passwd with its id',
  },
  'a hard link to a file of the base': {
    site: ignition('storage:', '  links: [{ path: /etc/a, target: /etc/hosts, hard: true }]'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:11:15: MachineConfig "site": spec.config.storage.links[0]: /etc/a: a hard link can only name a file of the same configuration in the image\'s /usr or /etc, and /etc/hosts is none; use a symbolic link',
  },
  'a kernel argument of the boot loader': {
    site: machineConfig('kernelArguments: ["ostree=/x"]'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:8:21: MachineConfig "site": spec.kernelArguments[0]: kernel argument ostree=/x: ostree belongs to the boot loader and ostree; a second one breaks the boot',
  },
  'two things that have no place': {
    site: files('{ path: /boot/a }', '{ path: /dev/b }'),
    says: 'cannot place the configuration on this base image:\n  FOLDER/objects/site.yaml:12:11: MachineConfig "site": spec.config.storage.files[0]: /boot/a: nothing below /boot can come with an image: the host makes it itself\n  FOLDER/objects/site.yaml:13:11: MachineConfig "site": spec.config.storage.files[1]: /dev/b: nothing below /dev can come with an image: the host makes it itself',
  },
  'a pool with a Containerfile': {
    files: { 'objects/os.yaml': osConfig('containerFile: [{ content: "RUN true" }]') },
    says: 'cannot build the Containerfile of MachineOSConfig layered: 1:1: RUN stands before the first FROM; begin with FROM configs AS final',
  },
};

const REFERENCES: Readonly<Record<string, Row>> = {
  'a base with a short name': {
    flags: { base: 'fedora' },
    says: 'cannot read image reference "fedora": it does not name a registry; write HOST/fedora, for example docker.io/library/NAME or quay.io/NAME',
  },
  'a base in upper case': {
    flags: { base: 'quay.io/Team/os:1' },
    says: 'cannot read image reference "quay.io/Team/os:1": its name must be lower case; write quay.io/team/os',
  },
  'a base with a bad tag': {
    flags: { base: 'quay.io/team/os:-1' },
    says: 'cannot read image reference "quay.io/team/os:-1": its tag must have 1 to 128 letters, digits, "_", "." or "-" and begin with a letter, digit or "_"',
  },
  'a base with a bad digest': {
    flags: { base: 'quay.io/team/os@sha256:12' },
    says: 'cannot read image reference "quay.io/team/os@sha256:12": what follows @ is not a digest; write @sha256: and 64 lower-case hex digits',
  },
  'a base with a scheme': {
    flags: { base: 'https://quay.io/team/os:1' },
    says: 'cannot read image reference "https://quay.io/team/os:1": it begins with https://; write HOST/NAME:TAG without it',
  },
  'a base with a password in it': {
    flags: { base: 'ada:s3cret@quay.io/team/os:1' },
    says: 'cannot read image reference: it holds a user name or password before the host; keep them in an auth file (podman login HOST) and write HOST/NAME:TAG',
  },
  'a base without a name': {
    flags: { base: 'quay.io/' },
    says: 'cannot read image reference "quay.io/": it has no name after the registry; write HOST/NAME:TAG',
  },
  'an empty base': {
    flags: { base: '' },
    says: 'cannot read image reference "": it is empty; write HOST/NAME:TAG',
  },
  'a push to a short name': {
    flags: { push: 'layered:latest' },
    says: 'cannot read image reference "layered:latest": it does not name a registry; write HOST/layered:latest, for example docker.io/library/NAME or quay.io/NAME',
  },
  'a push to a digest': {
    flags: { push: `REGISTRY/pools/layered@sha256:${'0'.repeat(64)}` },
    says: 'cannot push to REGISTRY/pools/layered@sha256:…: a digest names content that exists already; write a tag instead',
  },
  'an osImageURL that is no reference': {
    site: machineConfig('osImageURL: my os'),
    says: 'cannot read image reference "my os": it holds white space or a control character; remove it (FOLDER/objects/site.yaml:8:3: MachineConfig "site": spec.osImageURL)',
  },
  'an unknown architecture': {
    flags: { arch: 'amd65' },
    status: 2,
    says: "option '--arch <list>' argument 'amd65' is invalid. amd65 is no architecture; write all, or names as Go has them: amd64, arm64, ppc64le, s390x, riscv64, arm, 386, loong64\n(see varve --help)",
  },
  'an architecture that the base does not have': {
    flags: { arch: 's390x', base: 'REGISTRY/base/both:1' },
    says: 'cannot find an image for s390x in REGISTRY/base/both:1: it has only amd64, arm64; choose with --arch',
  },
  'an architecture that a base of one image is not for': {
    flags: { arch: 'arm64' },
    says: 'cannot build on REGISTRY/base/os:1 for arm64: it is one image, for amd64; name a base for several architectures, or leave --arch out',
  },
  'a compression that does not exist': {
    flags: { compression: 'lzma' },
    status: 2,
    says: "option '--compression <method>' argument 'lzma' is invalid. Allowed choices are gzip, zstd.\n(see varve --help)",
  },
  'an output format that does not exist': {
    flags: { output: 'xml' },
    status: 2,
    says: "option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are text, json, yaml.\n(see varve --help)",
  },
  'no pool at all': {
    args: ['build', '--base', 'REGISTRY/base/os:1'],
    status: 2,
    says: "required option '--pool <name>' not specified\n(see varve --help)",
  },
  'an unknown command': {
    args: ['biuld'],
    status: 2,
    says: "unknown command 'biuld'\n(Did you mean build?)\n(see varve --help)",
  },
};

/** An auth file with a password for the row's registry. */
const LOGIN = '{"auths": {"REGISTRY": {"auth": "YWRhOnMzY3JldA=="}}}';

const wantsLogin: Script = ({ path, headers }) =>
  !BASE.test(path)
    ? undefined
    : headers['authorization'] === undefined
      ? complaint(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="r"' })
      : complaint(401, 'UNAUTHORIZED', 'wrong password', { 'www-authenticate': 'Basic realm="r"' });

const LOCAL: Readonly<Record<string, Row>> = {
  'an auth file that is not there': {
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: there is no such file; create it with podman login --authfile',
  },
  'an auth file of the environment that is not there': {
    env: { REGISTRY_AUTH_FILE: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: there is no such file; create it with podman login --authfile',
  },
  'an auth file that is a directory': {
    files: { 'auth.json/': '' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: it is a directory',
  },
  'an auth file that is not JSON': {
    files: { 'auth.json': '{"auths": {s3cret' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: it is not JSON in UTF-8; log in again (podman login --authfile) to write it anew',
  },
  'an auth file that is a list': {
    files: { 'auth.json': '[]' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: it is not an object; log in again (podman login --authfile) to write it anew',
  },
  'an auth entry that is not base64': {
    files: { 'auth.json': '{"auths": {"REGISTRY": {"auth": "s3cret!"}}}' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: auths["REGISTRY"] has a member auth that is not base64; log in again (podman login) or remove the entry',
  },
  'an auth entry without a colon': {
    files: { 'auth.json': '{"auths": {"REGISTRY": {"auth": "czNjcmV0"}}}' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot read auth file FOLDER/auth.json: auths["REGISTRY"] has a member auth that is not base64 of USER:PASSWORD; log in again (podman login) or remove the entry',
  },
  'an auth file without an entry for the registry': {
    files: { 'auth.json': '{"auths": {"quay.io": {"auth": "YTpi"}}}' },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY wants credentials (401), and FOLDER/auth.json has none for it; log in with podman login REGISTRY',
  },
  'credentials that are left to a helper': {
    files: { 'home/.docker/config.json': '{"credsStore": "pass"}' },
    script: wantsLogin,
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY wants credentials (401), and FOLDER/home/.docker/config.json leaves them to the credential helper "pass", which is not run here; put them into an auth file with podman login --authfile',
  },
  'no auth file where the registry wants one': {
    script: wantsLogin,
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY wants credentials (401), and there is no auth file; log in with podman login REGISTRY',
  },
  'credentials that the registry refuses': {
    files: { 'auth.json': LOGIN },
    flags: { authfile: 'FOLDER/auth.json' },
    script: wantsLogin,
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY refused the credentials from FOLDER/auth.json (401); check them or log in with podman login REGISTRY',
  },
  'a CA file that is not there': {
    flags: { ca: 'FOLDER/ca.pem' },
    says: 'cannot read the CA file FOLDER/ca.pem of --ca: no such file or directory',
  },
  'a CA file that holds no certificate': {
    files: { 'ca.pem': 'hello\n' },
    flags: { ca: 'FOLDER/ca.pem' },
    says: 'cannot use the CA file FOLDER/ca.pem of --ca: it holds no PEM certificate; write BEGIN and END CERTIFICATE around its base64',
  },
  'a CA file whose certificate is damaged': {
    files: { 'ca.pem': '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n' },
    flags: { ca: 'FOLDER/ca.pem' },
    says: 'cannot use the CA file FOLDER/ca.pem of --ca: its certificate 1 is damaged; export it again',
  },
  'a file in the way of the cache': {
    files: { cache: 'hello\n' },
    says: 'cannot write the build cache in FOLDER/cache: a part of the path is a file; name another directory with --cache',
  },
  'a file in the way inside the cache': {
    files: { 'cache/manifest': 'hello\n' },
    says: 'cannot write the build cache in FOLDER/cache: a part of the path is a file; name another directory with --cache',
  },
  'a cache where no directory can be made': {
    flags: { cache: '/proc/varve' },
    says: 'cannot write the build cache in /proc/varve: no directory can be made there; name another one with --cache',
  },
};

/** They mount file systems. */
const DISKS: Readonly<Record<string, Row>> = {
  'a cache on a full disk': {
    prepare: async (folder) => {
      await mkdir(join(folder, 'cache'));
      await run('mount', [['-t', 'tmpfs'], ['-o', 'size=4k'], 'varve', join(folder, 'cache')]);
    },
    says: 'cannot write the build cache in FOLDER/cache: the disk is full; free some space or name another directory with --cache',
  },
  'a cache on a read-only disk': {
    prepare: async (folder) => {
      await mkdir(join(folder, 'cache'));
      await run('mount', [['-t', 'tmpfs'], ['-o', 'ro'], 'varve', join(folder, 'cache')]);
    },
    says: 'cannot write the build cache in FOLDER/cache: the file system is read-only; name another directory with --cache',
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
  'a base that is not there': {
    flags: { base: 'REGISTRY/base/os:2' },
    says: 'cannot find base image REGISTRY/base/os:2: the registry has no such repository, tag or digest; check the name, or push the base there first',
  },
  'a repository that is not there': {
    flags: { base: 'REGISTRY/base/none:1' },
    says: 'cannot find base image REGISTRY/base/none:1: the registry has no such repository, tag or digest; check the name, or push the base there first',
  },
  'a base digest that is not there': {
    flags: { base: `REGISTRY/base/os@${OTHER_DIGEST}` },
    says: 'cannot find base image REGISTRY/base/os@sha256:…: the registry has no such repository, tag or digest; check the name, or push the base there first',
  },
  'a base without a bootable label': {
    flags: { base: 'REGISTRY/base/unlabelled:1' },
    says: 'cannot build on REGISTRY/base/unlabelled:1: it is not a bootable image, since it has neither the label containers.bootc nor ostree.bootable; use a bootc or ostree base image',
  },
  'a base for Windows': {
    flags: { base: 'REGISTRY/base/windows:1' },
    says: 'cannot build on REGISTRY/base/windows:1: it is not a bootable image, since its operating system is "windows", not linux; use a bootc or ostree base image',
  },
  'a base without a kernel': {
    flags: { base: 'REGISTRY/base/kernelless:1' },
    says: 'cannot build on REGISTRY/base/kernelless:1: it is not a bootable image, since it has no kernel in /usr/lib/modules, and a host boots exactly one; use a bootc or ostree base image',
  },
  'a base with two kernels': {
    flags: { base: 'REGISTRY/base/two-kernels:1' },
    says: 'cannot build on REGISTRY/base/two-kernels:1: it is not a bootable image, since it has 2 kernels in /usr/lib/modules, and a host boots exactly one; use a bootc or ostree base image',
  },
  'a base with more layers than diff_ids': {
    flags: { base: 'REGISTRY/base/diff-ids:1' },
    says: 'cannot build on REGISTRY/base/diff-ids:1: its manifest has 5 layers and its config 4 diff_ids; push the image again',
  },
  'a base whose config is a sentence': {
    flags: { base: 'REGISTRY/base/config-text:1' },
    says: 'cannot read image REGISTRY/base/config-text:1: image config: it is not an object; push the image again',
  },
  'a base whose layers are no tars': {
    flags: { base: 'REGISTRY/base/foreign-layer:1' },
    says: 'cannot read image REGISTRY/base/foreign-layer:1: layer: its media type "application/x-squashfs" is not that of a tar layer; push the image again',
  },
  'a manifest with another digest': {
    script: change(BASE_MANIFEST, damage),
    says: "cannot read manifest REGISTRY/base/os@sha256:…: its digest is sha256:…, not the one asked for; the registry's storage or a proxy is at fault",
  },
  'a config with another digest': {
    script: change(BASE_BLOB, damage),
    says: "cannot read blob sha256:… of REGISTRY/base/os: its content has the digest sha256:…; the registry's storage or a proxy damages it",
  },
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
    says: "cannot read blob sha256:… of REGISTRY/base/os: its content has the digest sha256:…; the registry's storage or a proxy damages it",
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
    says: 'cannot read blob sha256:… of REGISTRY/base/os: the registry has only 40 of 1099 bytes',
  },
  'a blob that announces less than it has': {
    script: change(BASE_BLOB, (reply) => ({ ...reply, body: Buffer.from(reply.body ?? '').subarray(0, 40) })),
    says: 'cannot read blob sha256:… of REGISTRY/base/os: the registry announced 40 of 1099 bytes',
  },
  'a blob that announces more than it has': {
    script: change(BASE_BLOB, (reply) => ({
      ...reply,
      body: `${Buffer.from(reply.body ?? '').toString('latin1')}more`,
    })),
    says: 'cannot read blob sha256:… of REGISTRY/base/os: the registry announced 1103 bytes in place of 1099',
  },
  'a blob that the manifest names and nobody has': {
    script: always(BASE_BLOB, lost),
    says: 'cannot read blob sha256:… of REGISTRY/base/os: REGISTRY does not have it (404 BLOB_UNKNOWN: blob unknown to registry)',
  },
  'a 401 without a challenge': {
    script: always(BASE, { status: 401 }),
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY answered 401 without a challenge, so there is no way to log in; is it a registry?',
  },
  'a 401 with a challenge of an unknown kind': {
    script: always(BASE, { status: 401, headers: { 'www-authenticate': 'Negotiate' } }),
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY answered 401 with challenges that are not supported (negotiate), so there is no way to log in; is it a registry?',
  },
  'a token service that gives no token': {
    script: ({ path, headers }) =>
      path === '/token'
        ? { status: 200, body: '{}' }
        : BASE.test(path)
          ? {
              status: 401,
              headers: {
                'www-authenticate': `Bearer realm="http://${String(headers['host'])}/token",service="s"`,
              },
            }
          : undefined,
    says: 'cannot resolve REGISTRY/base/os:1: the token service REGISTRY answered without a token; is it the right one?',
  },
  'a token service on another host, over plain HTTP': {
    files: { 'auth.json': LOGIN },
    flags: { authfile: 'FOLDER/auth.json' },
    script: always(BASE, {
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="http://auth.invalid/token",service="s"' },
    }),
    says: 'cannot resolve REGISTRY/base/os:1: the token service auth.invalid:80 is another host on plain HTTP; credentials are not sent there',
  },
  'a 403': {
    script: always(BASE_MANIFEST, complaint(403, 'DENIED', 'requested access to the resource is denied')),
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY does not allow it (403); check the rights of the account that is used',
  },
  'a 404 of something that is no registry': {
    script: always(BASE, { status: 404, body: '<html>' }),
    says: 'cannot find base image REGISTRY/base/os:1: the registry has no such repository, tag or digest; check the name, or push the base there first',
  },
  'a 429 for ever': {
    script: always(BASE_MANIFEST, complaint(429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '0' })),
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY is asked too often (429); log in for a higher limit or try again later',
  },
  'a 500 for ever': {
    script: always(BASE_MANIFEST, broken),
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY failed (500); its log says why',
  },
  'a 400': {
    script: always(BASE_MANIFEST, complaint(400, 'NAME_INVALID', 'invalid repository name')),
    says: 'cannot resolve REGISTRY/base/os:1: REGISTRY did not accept the request (400); its log says why',
  },
  'a redirect to itself': {
    script: ({ path }) => (BASE_BLOB.test(path) ? { status: 307, headers: { location: path } } : undefined),
    says: "cannot read blob sha256:… of REGISTRY/base/os: REGISTRY redirects in a circle; tell the registry's operator",
  },
  'redirects without an end': {
    script: ({ path, count }) =>
      BASE_BLOB.test(path) ? { status: 307, headers: { location: `${path}?${count}` } } : undefined,
    says: "cannot read blob sha256:… of REGISTRY/base/os: more than 5 redirects, the last one by REGISTRY; tell the registry's operator",
  },
  'a redirect to a URL with a password in it': {
    script: always(BASE_BLOB, { status: 307, headers: { location: 'http://ada:s3cret@127.0.0.1:1/x' } }),
    says: 'cannot read blob sha256:… of REGISTRY/base/os: REGISTRY leads to a URL with credentials in it',
  },
  'a redirect to another host, which gets no credentials': {
    files: { 'auth.json': LOGIN },
    flags: { authfile: 'FOLDER/auth.json' },
    script: ({ path, headers }) => {
      const { authorization, host } = headers;
      if (String(host).startsWith('localhost'))
        return authorization === undefined ? complaint(403, 'DENIED', 'nobody knows you') : { status: 500 };
      if (authorization === undefined)
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      return BASE_BLOB.test(path)
        ? { status: 307, headers: { location: `http://localhost:${String(host).split(':')[1]}/elsewhere` } }
        : undefined;
    },
    says: 'cannot read blob sha256:… of REGISTRY/base/os: localhost:PORT does not allow it (403 DENIED: nobody knows you); check the rights of the account that is used',
  },
  'a redirect without a place': {
    script: always(BASE_BLOB, { status: 307 }),
    says: 'cannot read blob sha256:… of REGISTRY/base/os: REGISTRY answered without a usable Location; is it a registry?',
  },
  'a redirect to a host that refuses connections': {
    script: always(BASE_BLOB, {
      status: 307,
      headers: { location: 'http://127.0.0.1:1/x?signature=s3cret' },
    }),
    says: 'cannot read blob sha256:… of REGISTRY/base/os: 127.0.0.1:1 refused the connection; check that the registry runs and listens there',
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
    says: 'cannot read image REGISTRY/base/os:1: manifest: it is not JSON in UTF-8; push the image again',
  },
  'a manifest of schema 1': {
    script: always(BASE_MANIFEST, {
      status: 200,
      headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      body: '{"schemaVersion": 1, "name": "base/os", "tag": "1", "fsLayers": []}',
    }),
    says: 'cannot read manifest REGISTRY/base/os:1: its type "application/vnd.docker.distribution.manifest.v1+prettyjws" is neither an OCI nor a Docker schema 2 image or index',
  },
  'a manifest of a type that nobody knows': {
    script: always(BASE_MANIFEST, {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '{"schemaVersion": 2}',
    }),
    says: 'cannot read manifest REGISTRY/base/os:1: its type "text/html" is neither an OCI nor a Docker schema 2 image or index',
  },
  'a manifest without layers': {
    script: always(BASE_MANIFEST, {
      status: 200,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}',
    }),
    says: 'cannot read image REGISTRY/base/os:1: manifest: config is not an object; push the image again',
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
    says: 'cannot read manifest REGISTRY/base/os@sha256:…: the answer of REGISTRY has more than the 4194304 bytes allowed',
  },
  'a mount that is refused': {
    script: always(UPLOAD, complaint(403, 'DENIED', 'no push for you'), /POST/u),
    says: 'cannot push blob sha256:… to REGISTRY/NAME/layered: REGISTRY does not allow it (403 DENIED: no push for you); check the rights of the account that is used',
  },
  'an upload that may not begin': {
    script: always(UPLOAD, complaint(405, 'UNSUPPORTED', 'read-only registry'), /POST/u),
    says: 'cannot push blob sha256:… to REGISTRY/NAME/layered: REGISTRY does not support it (405 UNSUPPORTED: read-only registry)',
  },
  'an upload that is refused at its end': {
    script: always(
      UPLOAD,
      complaint(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content'),
      /PUT/u,
    ),
    says: 'cannot push blob sha256:… to REGISTRY/NAME/layered: REGISTRY did not accept the request (400 DIGEST_INVALID: provided digest did not match uploaded content); its log says why',
  },
  'a registry whose disk is full': {
    script: always(UPLOAD, full, /PUT|PATCH/u),
    says: 'cannot push blob sha256:… to REGISTRY/NAME/layered: REGISTRY failed (507 UNKNOWN: no space left on device); its log says why',
  },
  'a registry that fails at every upload': {
    script: always(UPLOAD, broken, /PUT|PATCH/u),
    says: 'cannot push blob sha256:… to REGISTRY/NAME/layered: REGISTRY failed (500 UNKNOWN: database is locked); its log says why',
  },
  'an upload without a place to go': {
    script: always(UPLOAD, { status: 202 }, /POST/u),
    says: /^cannot (?:mount|push) blob sha256:… .*: REGISTRY answered without a usable Location; is it a registry\?$/u,
  },
  'a manifest that the registry refuses': {
    script: always(TAG, complaint(400, 'MANIFEST_INVALID', 'manifest invalid'), /PUT/u),
    says: 'cannot push manifest REGISTRY/NAME/layered:latest: REGISTRY does not accept the manifest (400 MANIFEST_INVALID: manifest invalid)',
  },
  'a manifest whose blobs the registry lost': {
    script: always(TAG, complaint(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry'), /PUT/u),
    says: 'cannot push manifest REGISTRY/NAME/layered:latest: REGISTRY does not have content that is referred to (400 MANIFEST_BLOB_UNKNOWN: blob unknown to registry); push it first',
  },
  'a manifest that the registry stores as another one': {
    script: always(TAG, { status: 201, headers: { 'docker-content-digest': OTHER_DIGEST } }, /PUT/u),
    says: "cannot push manifest REGISTRY/NAME/layered:latest: its digest is sha256:…, not the one asked for; the registry's storage or a proxy is at fault",
  },
  'a tag that may not be overwritten': {
    script: always(TAG, complaint(409, 'TAG_IMMUTABLE', 'tag is immutable'), /PUT/u),
    says: 'cannot push manifest REGISTRY/NAME/layered:latest: REGISTRY did not accept the request (409 TAG_IMMUTABLE: tag is immutable); its log says why',
  },
  'a registry that is not there': {
    flags: { base: '127.0.0.1:1/base/os:1' },
    says: 'cannot resolve 127.0.0.1:1/base/os:1: 127.0.0.1:1 refused the connection; check that the registry runs and listens there',
  },
  'a push registry that is not there': {
    flags: { push: '127.0.0.1:1/pools/layered:latest' },
    says: 'cannot resolve 127.0.0.1:1/pools/layered:latest: 127.0.0.1:1 refused the connection; check that the registry runs and listens there',
  },
  'a registry that dies in the middle of a push': {
    script: ({ method, path }, _pass, die) => {
      if (method === 'PUT' && UPLOAD.test(path)) die();
      return undefined;
    },
    says: /^cannot (?:mount|push) blob sha256:… .*: REGISTRY refused the connection; check that the registry runs and listens there$/u,
  },
  'a host name that does not exist': {
    flags: { base: 'registry.invalid/base/os:1' },
    says: /^cannot resolve registry\.invalid\/base\/os:1: (?:the host name registry\.invalid does not resolve; check its spelling and the DNS|the DNS does not answer for registry\.invalid \(EAI_AGAIN\))$/u,
  },
  'something that is no registry': {
    flags: { base: 'ELSEWHERE/base/os:1' },
    elsewhere: (socket) => socket.end('220 mail.example.com ESMTP\r\n'),
    says: 'cannot resolve ELSEWHERE/base/os:1: ELSEWHERE does not speak HTTP (HPE_INVALID_CONSTANT); is it a registry?',
  },
  'a registry that hangs up': {
    flags: { base: 'ELSEWHERE/base/os:1' },
    elsewhere: (socket) => socket.destroy(),
    says: 'cannot resolve ELSEWHERE/base/os:1: ELSEWHERE closed the connection in the middle (ECONNRESET)',
  },
  'plain HTTP where TLS is wanted': {
    flags: { base: '0.0.0.0:PORT/base/os:1' },
    says: 'cannot resolve 0.0.0.0:PORT/base/os:1: 0.0.0.0:PORT does not speak TLS (EPROTO); if it serves plain HTTP, list it in --insecure-registry',
  },
  'an image to explain that is not there': {
    args: ['image', 'explain', 'REGISTRY/base/os:9', '/etc/motd'],
    says: 'cannot find image REGISTRY/base/os:9: the registry has no such repository, tag or digest; check the name',
  },
  'an image to explain that Varve did not make': {
    args: ['image', 'explain', 'REGISTRY/base/os:1', '/etc/motd'],
    says: 'cannot explain image REGISTRY/base/os:1: it has no configuration layer, so Varve did not make it',
  },
};

/** They need a certificate of this test's own. */
const SECURE: Readonly<Record<string, Row>> = {
  'a certificate that nobody vouches for': {
    flags: { base: 'SECURE/base/os:1' },
    says: 'cannot resolve SECURE/base/os:1: the certificate of SECURE is not signed by a known CA (DEPTH_ZERO_SELF_SIGNED_CERT); add its CA to --ca',
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
  'a registry with TLS': SECURE,
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
    const skip = (rows === DISKS && skipWithout('mount')) || (rows === SECURE && skipWithout('openssl'));
    for (const [input, row] of Object.entries(rows)) {
      number += 1;
      const name = `row-${number}`;
      test(`${kind}: ${input}`, { skip }, async () => {
        const front = await startTamperingRegistry(registry.address, row.script ?? (() => undefined));
        const elsewhere = createServer(row.elsewhere);
        const secure = createTlsServer(rows === SECURE ? await selfSigned(folder) : {});
        await Promise.all([elsewhere, secure].map(listen));
        try {
          const places: Places = {
            REGISTRY: front.address,
            ELSEWHERE: `127.0.0.1:${portOf(elsewhere)}`,
            SECURE: `127.0.0.1:${portOf(secure)}`,
            PORT: front.address.replace(/^.*:/u, ''),
            FOLDER: join(folder, name),
            NAME: name,
          };
          const { status, stdout, stderr } = await runRow(row, places);
          const error = Object.entries(places)
            .reduce((text, [word, value]) => text.replaceAll(value, word), stderr)
            .replaceAll(/sha256:[0-9a-f]{64}/gu, 'sha256:…');
          if (typeof row.says === 'string') assert.equal(error, `error: ${row.says}\n`);
          else assert.match(error.replace(/^error: /u, '').trimEnd(), row.says);
          assert.equal(status, row.status ?? 1);
          assert.equal(stdout, '');
          assert.doesNotMatch(stderr, /defect of varve|s3cret|czNjcmV0|\n {4}at /u);
          assert.deepEqual(front.tagged, []);
        } finally {
          elsewhere.close();
          secure.close();
          await front.close();
        }
      });
    }
  }
});

/** The words that rows use for what differs from run to run, and what they stand for. */
type Places = Readonly<Record<'ELSEWHERE' | 'FOLDER' | 'NAME' | 'PORT' | 'REGISTRY' | 'SECURE', string>>;

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
  const build = [
    'build',
    '--quiet',
    ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
  ];
  const home = join(places.FOLDER, 'home');
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(row.env ?? {})) environment[name] = fill(value);
  return varve((row.args ?? build).map(fill), {
    accept: [0, 1, 2],
    input: row.stdin ?? '',
    env: { ...OWN_VARIABLES, HOME: home, XDG_RUNTIME_DIR: home, ...environment },
  });
}

async function selfSigned(folder: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await run('openssl', [
    [
      'req',
      '-x509',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ],
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', key, '-out', cert],
  ]);
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
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
