// Container builds for tests, without a container.
import type { Digest, RegistryClient } from '../oci/index.ts';
import { appendLayers, buildLayer, MAX_CONFIG_BYTES, parseManifest, parseReference } from '../oci/index.ts';
import type { ContainerBuilders, ContainerBuildRequest } from './container-builder.ts';
import { OsBuildError } from './osbuild-error.ts';

/**
 * What stands in the place of container builds: one file on the stage `configs`, with the text of the Containerfile.
 *
 * @param ran is told the tag of each
 * @param own the architectures that there are builders for
 */
export function standInBuilders(
  registry: RegistryClient,
  ran: string[],
  ...own: readonly string[]
): ContainerBuilders {
  const build = async ({ assembled, push }: ContainerBuildRequest): Promise<Digest> => {
    ran.push(push.tag ?? '');
    const configs = parseReference(/^FROM (\S+) AS configs$/m.exec(assembled.text)?.[1] ?? '');
    const { bytes, mediaType } = await registry.requireManifest(configs);
    const { config } = parseManifest(bytes, mediaType);
    const base = {
      manifest: bytes,
      mediaType,
      config: await registry.getBlobBytes(configs, config, MAX_CONFIG_BYTES),
    };
    const contents = Buffer.from(assembled.text);
    const file = { path: 'usr-made', type: 'file', mode: 0o644, uid: 0, gid: 0, contents } as const;
    const layer = buildLayer([file], { compression: 'gzip', mediaFamily: 'oci' });
    const made = appendLayers(base, [layer], {
      labels: { 'com.example.made': 'yes' },
      annotations: {},
      created: '2026-01-01T00:00:00Z',
      history: [{ created_by: 'builder' }],
    });
    await registry.putBlob(push, layer.descriptor, layer.bytes);
    await registry.putBlob(push, made.configDescriptor, made.config);
    await registry.putManifest(push, made.manifest, made.mediaType);
    return made.digest;
  };
  return {
    for: (architecture) => {
      if (own.includes(architecture)) return { description: 'a stand-in', build };
      throw new OsBuildError('no-builder', `this machine is ${own.join(' and ')}, and nothing is emulated`);
    },
  };
}
