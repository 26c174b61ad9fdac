import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A pool `worker` whose image takes a container build. */
export interface ContainerPool {
  /** Path → text of files of the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  readonly units?: readonly object[];
  /** Of the MachineConfig, besides `config`. */
  readonly spec?: object;
  /** For all architectures. Absent: none. */
  readonly containerfile?: string | undefined;
  /** Of the MachineOSConfig. */
  readonly annotations?: Readonly<Record<string, string>>;
}

const API = 'machineconfiguration.openshift.io/v1';
const ROLE = { 'machineconfiguration.openshift.io/role': 'worker' };

/** The objects that such a pool is made of: itself, one MachineConfig and a MachineOSConfig. */
export function containerPool(pool: ContainerPool): readonly object[] {
  const { files = {}, units, spec = {}, containerfile, annotations } = pool;
  const config = {
    ignition: { version: '3.2.0' },
    storage: {
      files: Object.entries(files).map(([path, text]) => ({
        path,
        mode: 0o644,
        contents: { source: `data:,${encodeURIComponent(text)}` },
      })),
    },
    ...(units === undefined ? {} : { systemd: { units } }),
  };
  const containerFile = [{ containerfileArch: 'NoArch', content: containerfile }];
  return [
    {
      apiVersion: API,
      kind: 'MachineConfigPool',
      metadata: { name: 'worker' },
      spec: { machineConfigSelector: { matchLabels: ROLE }, nodeSelector: {} },
    },
    {
      apiVersion: API,
      kind: 'MachineConfig',
      metadata: { name: '50-files', labels: ROLE },
      spec: { ...spec, config },
    },
    {
      apiVersion: API,
      kind: 'MachineOSConfig',
      metadata: { name: 'worker', ...(annotations === undefined ? {} : { annotations }) },
      spec: {
        machineConfigPool: { name: 'worker' },
        imageBuilder: { imageBuilderType: 'Job' },
        renderedImagePushSecret: { name: 'push' },
        renderedImagePushSpec: 'registry.example.com/os/worker:latest',
        ...(containerfile === undefined ? {} : { containerFile }),
      },
    },
  ];
}

/** Writes objects into a folder, for `varve build -f`; what the same name had before goes. */
export async function writeObjects(folder: string, objects: readonly object[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await writeFile(join(folder, 'objects.json'), JSON.stringify(list));
}
