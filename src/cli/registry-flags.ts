import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RegistryClient, RegistryOptions } from '../oci/index.ts';
import { loadAuthFiles, openRegistry } from '../oci/index.ts';
import { CliError } from './cli-error.ts';
import type { Environment } from './environment.ts';
import { fileProblem } from './input-files.ts';

/** Flags of every command that talks to a registry. */
export interface RegistryFlags {
  readonly authfile?: string | undefined;
  readonly insecureRegistry?: readonly string[] | undefined;
  readonly ca?: readonly string[] | undefined;
}

/** A client for the registries of a command, with credentials as podman and docker keep them. */
export function openRegistryFor(
  flags: RegistryFlags,
  environment: Environment,
  more: Pick<RegistryOptions, 'onTransfer' | 'signal'> = {},
): RegistryClient {
  return openRegistry({
    auth: loadAuthFiles({ file: flags.authfile, env: environment.variables }),
    plainHttp: flags.insecureRegistry ?? [],
    certificateAuthorities: (flags.ca ?? []).map(readAuthority),
    proxyEnv: environment.variables,
    userAgent: 'varve',
    optionNames: { plainHttp: '--insecure-registry', certificateAuthorities: '--ca' },
    ...more,
  });
}

export function readAuthority(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError('input', `cannot read the CA file ${path} of --ca: ${fileProblem(cause)}`, { cause });
  }
  const certificates =
    text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/gu) ?? ([] as const);
  if (certificates.length === 0) {
    throw new CliError(
      'input',
      `cannot use the CA file ${path} of --ca: it holds no PEM certificate; write BEGIN and END CERTIFICATE around its base64`,
    );
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      // Read here, since TLS passes over what it cannot read.
      void new X509Certificate(certificate);
    } catch (cause) {
      throw new CliError(
        'input',
        `cannot use the CA file ${path} of --ca: its certificate ${index + 1} is damaged; export it again`,
        { cause },
      );
    }
  }
  return text;
}
