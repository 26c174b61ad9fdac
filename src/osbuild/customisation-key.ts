import { hash } from 'node:crypto';
import { compareText } from '../ignition/index.ts';
import type { ImageNode } from '../machineconfig/index.ts';
import type { Digest } from '../oci/index.ts';

/** Grows when the same inputs give another image than an earlier Varve made of them. */
const FORMAT = 2;

/** Everything that what a container build makes of a base depends on (architecture D3). */
export interface CustomisationInputs {
  /** Of one architecture's manifest. */
  readonly base: Digest;
  /** As GOARCH names it. */
  readonly architecture: string;
  /** The user's Containerfile for this architecture; empty where there is none. */
  readonly containerfile: string;
  readonly extensions: readonly string[];
  /** Of the image that the extensions come from; undefined where the distribution's package manager has them. */
  readonly extensionsImage: Digest | undefined;
  /** Which packages each extension stands for: a setting of the installation. */
  readonly extensionPackages: Readonly<Record<string, readonly string[]>>;
  /** `default`, `realtime` or `64k-pages`. */
  readonly kernelType: string;
  /** Of each secret that is mounted for the build, by the name of its mount: a hash of its content. */
  readonly secrets: Readonly<Record<string, string>>;
  /** PEM of the user's authorities. */
  readonly certificateAuthorities: readonly string[];
  /** Without the passwords of proxies (`proxyHashes`). */
  readonly proxyEnvironment: Readonly<Record<string, string | undefined>>;
  /** What `visibleConfiguration` gives. */
  readonly configuration: { readonly nodes: readonly ImageNode[]; readonly removals: readonly string[] };
}

/**
 * The name of what a container build makes, as 32 hexadecimal digits: other inputs, another name; the same inputs, in whatever
 * order they were found, the same. It tells nothing of what is in a secret.
 */
export function customisationKey(inputs: CustomisationInputs): string {
  const { configuration, extensions, secrets, proxyEnvironment, extensionPackages, ...rest } = inputs;
  const asked = [...new Set(extensions)].sort(compareText);
  const described = {
    format: FORMAT,
    ...rest,
    extensions: asked.map((name) => [name, [...(extensionPackages[name] ?? [])].sort(compareText)]),
    secrets: sorted(secrets),
    proxy: sorted(proxyEnvironment).filter(([, value]) => value !== undefined && value !== ''),
    nodes: configuration.nodes.map(describeNode).sort(compareText),
    removals: [...configuration.removals].sort(compareText),
  };
  return hash('sha256', canonical(described), 'hex').slice(0, 32);
}

function describeNode(node: ImageNode): string {
  const { type, path } = node;
  switch (node.type) {
    case 'file':
      return JSON.stringify([
        path,
        type,
        node.mode,
        node.uid,
        node.gid,
        hash('sha256', node.contents, 'hex'),
      ]);
    case 'directory':
      return JSON.stringify([path, type, node.mode, node.uid, node.gid]);
    case 'symlink':
      return JSON.stringify([path, type, node.target, node.uid, node.gid]);
    case 'hardlink':
      return JSON.stringify([path, type, node.target]);
  }
}

function sorted<T>(record: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(record).sort(([one], [other]) => compareText(one, other));
}

/** JSON whose members are in the order of their names. */
function canonical(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(sorted(record).map(([key, value]) => [key, value ?? null]));
}
