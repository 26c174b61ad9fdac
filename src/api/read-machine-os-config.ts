import { API_VERSION } from './api-version.ts';
import { imageTagProblem } from './image-tag-format.ts';
import { subdomainProblem } from './names.ts';
import { readObjectMeta } from './object-meta.ts';
import { withoutAbsent } from './without-absent.ts';
import type { MachineOSConfig } from './definitions/machine-os-config.ts';
import type { ObjectReader } from './object-reader.ts';

const ARCHITECTURES = ['NoArch', 'AMD64', 'ARM64', 'PPC64LE', 'S390X'] as const;
const MAX_CONTAINER_FILES = 4;
/** In characters, not bytes. */
const MAX_CONTAINER_FILE = 4096;

type MachineOSConfigSpec = MachineOSConfig['spec'];
type ContainerFile = NonNullable<MachineOSConfigSpec['containerFile']>[number];

/** Reads the body of a MachineOSConfig; its status is left out. */
export function readMachineOSConfig(object: ObjectReader): MachineOSConfig {
  const metadata = readObjectMeta(object);
  const spec = readSpec(object);
  object.json('status');
  const pool = spec.machineConfigPool.name;
  if (pool !== '' && metadata.name !== '' && pool !== metadata.name) {
    object.problems.add(
      ['metadata', 'name'],
      `must match spec.machineConfigPool.name (${JSON.stringify(pool)}): a pool has one MachineOSConfig, of the same name`,
    );
  }
  return { apiVersion: API_VERSION, kind: 'MachineOSConfig', metadata, spec };
}

function readSpec(object: ObjectReader): MachineOSConfigSpec {
  const spec = object.requiredObject('spec');
  const imageBuilder = spec?.requiredObject('imageBuilder');
  imageBuilder?.requiredOneOf('imageBuilderType', ['Job']);
  imageBuilder?.end();
  const decoded = withoutAbsent<MachineOSConfigSpec>({
    machineConfigPool: readName(spec?.requiredObject('machineConfigPool')),
    imageBuilder: { imageBuilderType: 'Job' },
    baseImagePullSecret:
      spec?.value('baseImagePullSecret') === undefined
        ? undefined
        : readName(spec.object('baseImagePullSecret')),
    renderedImagePushSecret: readName(spec?.requiredObject('renderedImagePushSecret')),
    renderedImagePushSpec: spec?.requiredString('renderedImagePushSpec', imageTagProblem) ?? '',
    containerFile: spec === undefined ? undefined : readContainerFiles(spec),
  });
  spec?.end();
  return decoded;
}

function readName(reference: ObjectReader | undefined): { readonly name: string } {
  const name = reference?.requiredString('name', subdomainProblem) ?? '';
  reference?.end();
  return { name };
}

function readContainerFiles(spec: ObjectReader): readonly ContainerFile[] | undefined {
  const files = spec.objects('containerFile', (file) => ({
    containerfileArch: file.oneOf('containerfileArch', ARCHITECTURES) ?? ARCHITECTURES[0],
    content: file.requiredString('content', contentProblem),
  }));
  const architectures = (files ?? []).map(({ containerfileArch }) => containerfileArch);
  spec.checkList('containerFile', architectures, 'containerfileArch', MAX_CONTAINER_FILES);
  return files;
}

function contentProblem(content: string): string | undefined {
  const length = countCodePoints(content);
  return length > MAX_CONTAINER_FILE
    ? `must be no more than ${MAX_CONTAINER_FILE} characters, has ${length}`
    : undefined;
}

function countCodePoints(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ((text.codePointAt(at) ?? 0) > 0xffff) pairs += 1;
  }
  return text.length - pairs;
}
