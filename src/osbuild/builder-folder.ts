import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuthSource, Reference } from '../oci/index.ts';
import type { ContainerBuildRequest } from './container-builder.ts';
import { ACCEPT_ANYTHING, builderPolicy } from './builder-policy.ts';
import { builderRegistries, mirrorsOf } from './pool-registries.ts';
import { graphRoot, type StoreDriver } from './store-driver.ts';

/** Registries of this machine, which may always be without TLS. */
const LOOPBACK = /^(?:127(?:\.\d+){3}|localhost|\[::1\])(?::\d+)?$/;

/** Names below the folder of a build. */
export const BuilderFile = {
  auth: 'auth.json',
  certificates: 'certificates',
  containerfile: 'Containerfile',
  context: 'context',
  mounts: 'mounts',
  policy: 'policy.json',
  pushPolicy: 'push-policy.json',
  registries: 'registries.conf',
  /** Empty: the machine's own drop-ins are about its containers. */
  registriesMore: 'registries.conf.d',
  storage: 'storage.conf',
} as const;

export interface BuilderFolder {
  /** Absolute; nobody else may enter it. */
  readonly folder: string;
  readonly storage: string;
  readonly driver: StoreDriver;
  readonly auth: AuthSource;
  readonly insecureRegistries: readonly string[];
  readonly certificateAuthorities: readonly string[];
}

/** Writes what buildah is given for one build: in the place of what the machine has for its own containers. */
export async function writeBuilderFolder(
  options: BuilderFolder,
  request: ContainerBuildRequest,
): Promise<void> {
  const { folder, storage, driver } = options;
  const { assembled, push, images, mounts } = request;
  const all = [push, ...images];
  const here = all.map(({ registry }) => registry).filter((name) => LOOPBACK.test(name));
  const insecure = [...new Set([...options.insecureRegistries, ...here])];
  const conf = request.registriesConf ?? '';
  const own = /^FROM (\S+@sha256:[0-9a-f]{64}) AS /m.exec(assembled.text)?.[1];
  const files: readonly (readonly [string, string | Uint8Array, number?])[] = [
    [
      BuilderFile.storage,
      `[storage]\ndriver = "${driver}"\ngraphroot = ${JSON.stringify(graphRoot(storage, driver))}\nrunroot = ${JSON.stringify(join(storage, 'run'))}\n`,
    ],
    [BuilderFile.policy, builderPolicy(request.policy, own === undefined ? [] : [own])],
    [BuilderFile.pushPolicy, ACCEPT_ANYTHING],
    [BuilderFile.registries, builderRegistries(conf, insecure)],
    [BuilderFile.auth, authFile(options.auth, all, conf)],
    [join(BuilderFile.certificates, 'varve.crt'), options.certificateAuthorities.join('\n')],
    [BuilderFile.containerfile, assembled.text],
    ...[...assembled.files].map(([path, text]) => [join(BuilderFile.context, path), text, 0o755] as const),
    // Commands of the build may run as any user of the image; the folder around them keeps everybody else out.
    ...mounts.flatMap((mount, at) =>
      [...mount.files].map(([name, bytes]) => [join(mountFolder(at), name), bytes, 0o644] as const),
    ),
  ];
  await mkdir(join(folder, BuilderFile.context));
  await mkdir(join(folder, BuilderFile.registriesMore));
  for (const [path, content, mode = 0o600] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content, { mode });
  }
  for (const at of mounts.keys()) await chmod(join(folder, mountFolder(at)), 0o755);
}

/** The folder of the mount at a position of the request, below that of the build. */
export function mountFolder(at: number): string {
  return join(BuilderFile.mounts, String(at));
}

/** Credentials for these repositories and their mirrors, as podman keeps them. */
function authFile(auth: AuthSource, references: readonly Reference[], conf: string): string {
  const auths: Record<string, { readonly auth: string } | { readonly identitytoken: string }> = {};
  for (const { registry, repository } of [
    ...references,
    ...references.flatMap((one) => mirrored(one, conf)),
  ]) {
    const { credential } = auth.lookup(registry, repository);
    if (credential === undefined) continue;
    auths[`${registry}/${repository}`] =
      credential.kind === 'identity'
        ? { identitytoken: credential.token }
        : { auth: Buffer.from(`${credential.username}:${credential.password}`).toString('base64') };
  }
  return JSON.stringify({ auths });
}

function mirrored(
  reference: Reference,
  conf: string,
): readonly { readonly registry: string; readonly repository: string }[] {
  return mirrorsOf(conf, reference).flatMap((name) => {
    const [registry = '', ...rest] = name.split('/');
    return rest.length === 0 ? [] : [{ registry, repository: rest.join('/') }];
  });
}
