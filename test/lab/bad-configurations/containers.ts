import type { JsonObject } from '../../../src/schema/index.ts';
import { osConfig, set, site, type BadConfiguration, type BadConfigurations } from './bad-configuration.ts';

const CONTAINERFILE = 'cannot build the Containerfile of MachineOSConfig POOL: ';
const LAST =
  '1:1: the last stage becomes the image of the nodes and has to stand on configs: FROM configs AS final';

/** What only a container build could make, and none can: told before any is begun, here by controllers that could not begin one. */
export const CONTAINERS: BadConfigurations = {
  'an instruction that there is not': containerfile(
    'FROM configs AS final\nRUNN dnf install autofs\n',
    '2:1: Unknown instruction: RUNN',
  ),
  'two faults in one file': containerfile(
    'FROM configs AS final\nCOPY a\nENV A\n',
    '2:6: COPY requires at least two arguments; 3:5: ENV must have two arguments',
  ),
  'a Containerfile without FROM': containerfile(
    'RUN dnf install autofs\n',
    '1:1: RUN stands before the first FROM; begin with FROM configs AS final',
  ),
  'a Containerfile of another image': containerfile('FROM fedora:42\nRUN true\n', LAST),
  'a here-document without an end': containerfile(
    'FROM configs AS final\nRUN <<EOF\ndnf install autofs\n',
    '2:1: the here-document EOF has no end: a line that is EOF alone',
  ),
  'one that is wrong for the architecture alone': {
    ...containerfile('', ''),
    bad: [
      osConfig({
        containerFile: [
          { containerfileArch: 'NoArch', content: 'FROM configs AS final\nRUN true\n' },
          ...['AMD64', 'ARM64'].map((containerfileArch) => ({ containerfileArch, content: 'FROM\n' })),
        ],
      }),
    ],
    says: `${CONTAINERFILE}1:1: FROM has no arguments`,
  },
  'a kernel of another architecture': {
    bad: [site({ kernelType: '64k-pages' })],
    condition: 'ImageBuildDegraded',
    reason: 'ConfigurationInvalid',
    // The miniature base of the laboratory is for amd64 alone.
    says: /^cannot build this pool's image: kernelType 64k-pages is for arm64, and the image is for amd64: only there pages can have 64 KiB$/u,
  },
  'an extension of the installation that is said wrong': {
    bad: [
      set('ConfigMap', 'varve-extensions', { data: { 'POOL-agent': 'site-agent' } }),
      site({ extensions: ['POOL-agent'] }),
    ],
    condition: 'ImageBuildDegraded',
    reason: 'ConfigurationInvalid',
    says: 'cannot read the extension "POOL-agent": "site-agent" is no set of packages; write one of rpm:, fedora:, rhel:, deb: with a list after it (data["POOL-agent"] of ConfigMap varve-extensions)',
  },
  'an extensions image that is no name': {
    bad: [site({ extensions: ['usbguard'], baseOSExtensionsContainerImage: 'ada:s3cret@REGISTRY/x' })],
    condition: 'ImageBuildDegraded',
    reason: 'ImageNameInvalid',
    says: "cannot build this pool's image: spec.baseOSExtensionsContainerImage of its MachineConfigs does not name an image; write registry/name@sha256:…",
  },
  'an extensions image that is not there': {
    bad: [site({ extensions: ['usbguard'], baseOSExtensionsContainerImage: 'REGISTRY/no/extensions:1' })],
    condition: 'ImageBuildDegraded',
    reason: 'ImageMissing',
    says: 'cannot find the extensions image REGISTRY/no/extensions:1: the registry has no such repository or tag; check spec.baseOSExtensionsContainerImage',
  },
  'a Containerfile where there is no builder': unbuilt(
    osConfig({
      containerFile: [{ containerfileArch: 'NoArch', content: 'FROM configs AS final\nRUN true' }],
    }),
    [osConfig({ containerFile: null })],
  ),
  'an extension where there is no builder': unbuilt(site({ extensions: ['usbguard'] })),
  'a realtime kernel where there is no builder': unbuilt(site({ kernelType: 'realtime' })),
};

function containerfile(content: string, says: string): BadConfiguration {
  return {
    bad: [osConfig({ containerFile: [{ containerfileArch: 'NoArch', content }] as unknown as JsonObject[] })],
    mend: [osConfig({ containerFile: null })],
    condition: 'ImageBuildDegraded',
    reason: 'ContainerfileInvalid',
    says: CONTAINERFILE + says,
  };
}

function unbuilt(bad: BadConfiguration['bad'][number], mend?: BadConfiguration['bad']): BadConfiguration {
  return {
    bad: [bad],
    ...(mend === undefined ? {} : { mend }),
    condition: 'ImageBuildDegraded',
    reason: 'BuildUnsupported',
    says: "cannot build this pool's image: it needs a container build, for its Containerfile, extensions or kernel, and this controller has no builder; make the image with varve build",
  };
}
