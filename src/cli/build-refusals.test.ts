import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type EmbeddedRegistry, pushMiniatureBase, startRegistry } from '../embedded/index.ts';
import { openRegistry, parseReference } from '../oci/index.ts';
import type { BuildFlags } from './build-command.ts';
import { build } from './build-command.ts';

/** One thing that no container build can make, as a person writes it. */
interface Bad {
  /** Lines of the one Containerfile. */
  readonly containerfile?: string;
  /** `spec.containerFile`, where it is no list of one text. */
  readonly containerFile?: unknown;
  /** `spec` of the pool's MachineConfig. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Members of the MachineOSConfig's `spec`, in place of sound ones. */
  readonly osConfig?: Readonly<Record<string, unknown>>;
  readonly flags?: Partial<BuildFlags>;
  /** The message, where REGISTRY is the registry, and FILE the file of the objects. */
  readonly says: string | RegExp;
}

const CONTAINERFILE = 'cannot build the Containerfile of MachineOSConfig worker: ';

function containerfile(text: string, says: string): Bad {
  return { containerfile: text, says: CONTAINERFILE + says };
}

const CONTAINERFILES: Readonly<Record<string, Bad>> = {
  'an unknown instruction': containerfile(
    'FROM configs AS final\nRUNN true',
    '2:1: Unknown instruction: RUNN',
  ),
  'a word that is no instruction': containerfile(
    'FROM configs AS final\ndnf install autofs',
    '2:1: Unknown instruction: DNF',
  ),
  'nothing to stand on': containerfile(
    'RUN true',
    '1:1: RUN stands before the first FROM; begin with FROM configs AS final',
  ),
  'a FROM without an image': containerfile('FROM', '1:1: FROM has no arguments'),
  'a FROM with a word too many': containerfile(
    'FROM configs final',
    '1:14: FROM requires either one or three arguments',
  ),
  'an image without a tag after its colon': containerfile(
    'FROM fedora: AS a\nFROM configs',
    '1:6: invalid reference format',
  ),
  'an image that is a variable of nobody': containerfile(
    'FROM $BASE AS a\nFROM configs',
    '1:6: base name ($BASE) should not be blank',
  ),
  'another operating system': containerfile(
    'FROM fedora:42\nRUN true',
    '1:1: the last stage becomes the image of the nodes and has to stand on configs: FROM configs AS final',
  ),
  'the operating system in an earlier stage alone': containerfile(
    'FROM configs AS a\nFROM fedora AS b',
    '2:1: the last stage becomes the image of the nodes and has to stand on configs: FROM configs AS final',
  ),
  'a stage of its own called configs': containerfile(
    'FROM fedora AS configs\nFROM configs',
    '1:1: the stage configs is there already: it is the base image with the configuration',
  ),
  'two stages of one name': containerfile(
    'FROM fedora AS a\nFROM fedora AS a\nFROM configs',
    '2:1: the stage a is there already, on line 1',
  ),
  'RUN of nothing': containerfile('FROM configs\nRUN', '2:1: RUN needs a command'),
  'RUN with a mount of no kind': containerfile(
    'FROM configs\nRUN --mount=type=volume,target=/x ls',
    '2:1: RUN has a mount of type volume; there are bind, cache, secret, ssh, tmpfs',
  ),
  'COPY to nowhere': containerfile('FROM configs\nCOPY a', '2:6: COPY requires at least two arguments'),
  'COPY with an unknown flag': containerfile('FROM configs\nCOPY --chwon=1 a /b', '2:6: Unknown flag: chwon'),
  'COPY out of its own stage': containerfile(
    'FROM configs AS a\nCOPY --from=a /a /b',
    '2:1: COPY --from=a is the stage that it is in',
  ),
  'COPY out of a later stage': containerfile(
    'FROM configs AS a\nCOPY --from=7 /a /b',
    '2:1: COPY --from=7: there is no such stage before it',
  ),
  'ENV without a value': containerfile('FROM configs\nENV A', '2:5: ENV must have two arguments'),
  'ARG without a name': containerfile('FROM configs\nARG =1', '2:5: ARG names cannot be blank'),
  'a here-document without an end': containerfile(
    'FROM configs\nRUN <<EOF\ntrue',
    '2:1: the here-document EOF has no end: a line that is EOF alone',
  ),
  'a NUL byte': containerfile(
    'FROM configs\nRUN a\0b',
    '2:6: the text holds a character that is none (a NUL byte, or bytes that are not UTF-8)',
  ),
  'several faults, all of which are told': containerfile(
    'FROM configs\nCOPY a\nRUNN b\nENV A',
    '2:6: COPY requires at least two arguments; 3:1: Unknown instruction: RUNN; 4:5: ENV must have two arguments',
  ),
  'a fault for an architecture that is asked for': {
    containerFile: [
      { containerfileArch: 'NoArch', content: 'FROM configs\nRUN true' },
      { containerfileArch: 'ARM64', content: 'FROM configs\nRUN' },
    ],
    flags: { arch: 'arm64' },
    says: `${CONTAINERFILE}2:1: RUN needs a command`,
  },
  'a fault for an architecture that the base may have': {
    containerFile: [{ containerfileArch: 'S390X', content: 'FROM configs\nRUN' }],
    flags: { arch: 'all' },
    says: `${CONTAINERFILE}2:1: RUN needs a command`,
  },
};

const KNOWN = 'ipsec, kerberos, kernel-devel, sandboxed-containers, sysstat, two-node-ha, usbguard';

const PACKAGES: Readonly<Record<string, Bad>> = {
  'an extension that there is not': {
    spec: { extensions: ['usbguard', 'nethack'] },
    says: `FILE:31:6: MachineConfig "50-site": spec.extensions[1]: "nethack" is not an extension; write one of ${KNOWN}`,
  },
  'an extension that this installation has under another name': {
    spec: { extensions: ['auto-fs'] },
    flags: { extension: ['autofs=rpm:autofs;deb:autofs'] },
    says: `FILE:30:6: MachineConfig "50-site": spec.extensions[0]: "auto-fs" is not an extension; write one of autofs, ${KNOWN}`,
  },
  'an extension in capitals': {
    spec: { extensions: ['Usbguard'] },
    says: /FILE:30:6: .*"Usbguard" is not an extension/,
  },
  'an extension without a name': {
    spec: { extensions: [''] },
    says: /spec\.extensions\[0\]: "" is not an extension/,
  },
  'an extension of JavaScript': {
    spec: { extensions: ['constructor'] },
    says: /"constructor" is not an extension/,
  },
  'an extension that is a number': {
    spec: { extensions: [7] },
    says: /FILE:30:6: .*spec\.extensions\[0\].*string/,
  },
  'extensions that are no list': {
    spec: { extensions: 'usbguard' },
    says: /FILE:29:5: .*spec\.extensions.*(?:list|array)/,
  },
  'kernel headers with a realtime kernel': {
    spec: { extensions: ['kernel-devel'], kernelType: 'realtime' },
    says: /spec\.extensions\[0\]: the extension kernel-devel does not go with kernelType realtime/,
  },
  'a kernel that there is not': {
    spec: { kernelType: 'fast' },
    says: /FILE:29:5: MachineConfig "50-site": spec\.kernelType: "fast" is not a kernel type; write default, realtime or 64k-pages/,
  },
  'a kernel in capitals': { spec: { kernelType: 'Realtime' }, says: /"Realtime" is not a kernel type/ },
  'a kernel that is a number': { spec: { kernelType: 64 }, says: /FILE:29:5: .*spec\.kernelType.*string/ },
  'a kernel of another architecture that is asked for': {
    spec: { kernelType: '64k-pages' },
    flags: { arch: 'amd64' },
    says: "cannot build this pool's image: kernelType 64k-pages is for arm64, and the image is for amd64: only there pages can have 64 KiB",
  },
  'a kernel of another architecture than the base has': {
    spec: { kernelType: '64k-pages' },
    says: /kernelType 64k-pages is for arm64, and the image is for amd64/,
  },
  'an extensions image that is no name': {
    spec: { extensions: ['usbguard'], baseOSExtensionsContainerImage: 'ada:s3cret@REGISTRY/x' },
    says: "cannot build this pool's image: spec.baseOSExtensionsContainerImage of its MachineConfigs does not name an image; write registry/name@sha256:…",
  },
  'an extensions image that is not there': {
    spec: { extensions: ['usbguard'], baseOSExtensionsContainerImage: 'REGISTRY/no/such:1' },
    says: 'cannot find the extensions image REGISTRY/no/such:1: the registry has no such repository or tag; check spec.baseOSExtensionsContainerImage',
  },
  'an extension of one’s own without packages': {
    flags: { extension: ['autofs='] },
    says: 'cannot read the extension "autofs": it has no packages; write rpm:a,b;deb:c',
  },
  'an extension of one’s own without sets': {
    flags: { extension: ['autofs=autofs'] },
    says: /"autofs": "autofs" is no set of packages; write one of rpm:, fedora:, rhel:, deb:/,
  },
  'an extension of one’s own that runs a command': {
    flags: { extension: ['autofs=deb:$(reboot)'] },
    says: 'cannot read the extension "autofs": "$(reboot)" is no name of a package',
  },
  'an extension of one’s own twice': {
    flags: { extension: ['autofs=rpm:autofs', 'autofs=deb:autofs'] },
    says: 'cannot take --extension autofs twice: write all of its sets in one',
  },
  'packages that are tried and not built': {
    spec: { extensions: ['usbguard'] },
    flags: { dryRun: true },
    says: /cannot tell without building what a container build makes: leave --dry-run out/,
  },
};

const OS_CONFIGS: Readonly<Record<string, Bad>> = {
  'Containerfiles that are no list': {
    containerFile: 'FROM configs',
    says: /FILE:\d+:\d+: MachineOSConfig "worker": spec\.containerFile/,
  },
  'a Containerfile that is a text': {
    containerFile: ['FROM configs'],
    says: /FILE:\d+:\d+: .*spec\.containerFile\[0\]/,
  },
  'a Containerfile without content': {
    containerFile: [{ containerfileArch: 'NoArch' }],
    says: /spec\.containerFile\[0\]\.content/,
  },
  'content that is a number': {
    containerFile: [{ containerfileArch: 'NoArch', content: 1 }],
    says: /FILE:\d+:\d+: .*spec\.containerFile\[0\]\.content/,
  },
  'an architecture that there is not': {
    containerFile: [{ containerfileArch: 'X86', content: 'FROM configs' }],
    says: /FILE:\d+:\d+: .*spec\.containerFile\[0\]\.containerfileArch.*NoArch/,
  },
  'two Containerfiles for one architecture': {
    containerFile: [
      { containerfileArch: 'NoArch', content: 'FROM configs' },
      { containerfileArch: 'NoArch', content: 'FROM configs\nRUN true' },
    ],
    says: /spec\.containerFile\[1\]/,
  },
  'no pool': { osConfig: { machineConfigPool: undefined }, says: /spec\.machineConfigPool/ },
  'a pool that is a number': {
    osConfig: { machineConfigPool: { name: 7 } },
    says: /spec\.machineConfigPool\.name/,
  },
  'an image builder that there is not': {
    osConfig: { imageBuilder: { imageBuilderType: 'PodImageBuilder' } },
    says: /spec\.imageBuilder\.imageBuilderType/,
  },
  'a push specification that is no image': {
    osConfig: { renderedImagePushSpec: 'not an image' },
    flags: { push: undefined },
    says: /spec\.renderedImagePushSpec/,
  },
};

suite('varve build refuses before anything is built', () => {
  let folder: string;
  let registry: EmbeddedRegistry;
  let count = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-refusals-'));
    registry = await startRegistry({ directory: join(folder, 'registry') });
    const client = openRegistry({});
    await pushMiniatureBase(client, parseReference(`${registry.address}/base/os:1`));
    client.close();
    // In the place of a builder: says that it was run.
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'begun'));
    const program = join(folder, 'bin/buildah');
    await writeFile(program, `#!/bin/sh\n: >"$(mktemp '${folder}/begun/XXXXXX')"\nexit 1\n`);
    await chmod(program, 0o755);
  });
  after(async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function attempt(bad: Bad): Promise<string> {
    const file = join(folder, `objects-${count++}.json`);
    const text = JSON.stringify(objects(bad), undefined, 1).replaceAll('REGISTRY', registry.address);
    await writeFile(file, text);
    const flags: BuildFlags = {
      pool: 'worker',
      filename: [file],
      base: `${registry.address}/base/os:1`,
      push: `${registry.address}/pools/worker:1`,
      compression: 'gzip',
      cache: join(folder, 'cache'),
      dryRun: false,
      quiet: true,
      output: 'text',
      ...bad.flags,
    };
    const environment = { variables: { PATH: `${folder}/bin:/usr/bin:/bin` }, program: [] };
    const message = await build(flags, environment).then(
      () => assert.fail('built'),
      (error: Error) => error.message,
    );
    assert.deepEqual(await readdir(join(folder, 'begun')), [], 'no builder was started');
    assert.doesNotMatch(message, /s3cret/);
    return message
      .replaceAll(file, 'FILE')
      .replaceAll(registry.address, 'REGISTRY')
      .replace(/^cannot (?:render pool "worker"|read the objects):\n {2}/, '');
  }

  for (const [kind, rows] of Object.entries({ CONTAINERFILES, PACKAGES, OS_CONFIGS })) {
    for (const [what, bad] of Object.entries(rows)) {
      test(`${kind.toLowerCase()}: ${what}`, async () => {
        const message = await attempt(bad);
        if (typeof bad.says === 'string') assert.equal(message, bad.says);
        else assert.match(message, bad.says);
      });
    }
  }

  test('the table is as long as it has to be, and a sound pool does begin a build', async () => {
    const rows = [CONTAINERFILES, PACKAGES, OS_CONFIGS].flatMap((table) => Object.keys(table));
    assert.ok(rows.length >= 40, String(rows.length));
    await assert.rejects(
      attempt({ containerfile: 'FROM configs\nRUN true', says: '' }),
      /no builder was started/,
    );
  });
});

function objects(bad: Bad): object {
  const apiVersion = 'machineconfiguration.openshift.io/v1';
  const role = { 'machineconfiguration.openshift.io/role': 'worker' };
  const { containerfile: content, spec = {} } = bad;
  const containerFile =
    bad.containerFile ?? (content === undefined ? undefined : [{ containerfileArch: 'NoArch', content }]);
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion,
        kind: 'MachineConfigPool',
        metadata: { name: 'worker' },
        spec: { machineConfigSelector: { matchLabels: role } },
      },
      { apiVersion, kind: 'MachineConfig', metadata: { name: '50-site', labels: role }, spec },
      {
        apiVersion,
        kind: 'MachineOSConfig',
        metadata: { name: 'worker' },
        spec: {
          machineConfigPool: { name: 'worker' },
          imageBuilder: { imageBuilderType: 'Job' },
          renderedImagePushSecret: { name: 'push' },
          renderedImagePushSpec: 'registry.example.com/os/worker:latest',
          containerFile,
          ...bad.osConfig,
        },
      },
    ],
  };
}
