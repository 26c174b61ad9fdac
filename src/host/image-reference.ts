/** How a host verifies an image, beyond the policy that the pulling tool always applies (host-contract §2.3, §6.3). */
export type ImageSignature =
  /** Whatever /etc/containers/policy.json allows. */
  | { readonly kind: 'unverified' }
  /** The policy, whose default may not be to accept anything. */
  | { readonly kind: 'container-policy' }
  /** The base commit's signature, as the named ostree remote has it configured. */
  | { readonly kind: 'ostree-remote'; readonly remote: string };

/** The image that a deployment follows, as its origin says. */
export interface HostImageReference {
  /** `registry` for images of a registry; else as `oci`, `oci-archive`, `containers-storage`. */
  readonly transport: string;
  /** The transport's name of the image; for a registry `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@DIGEST`. */
  readonly name: string;
  readonly signature: ImageSignature;
}

const REGISTRY = 'registry';

/** The digest that a reference is pinned to: `sha256:…`, of an index or of a manifest. */
export function pinnedDigest(reference: HostImageReference): string | undefined {
  return /@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.exec(reference.name)?.[1];
}

/**
 * Reads an origin's image reference (host-contract §2.3); undefined when it is none.
 *
 *     ostree-unverified-registry:REF                  ostree-unverified-image:TRANSPORT:NAME
 *     ostree-image-signed:docker://REF                ostree-remote-image:REMOTE:TRANSPORT:NAME
 *     ostree-remote-registry:REMOTE:REF
 */
export function parseOriginReference(text: string): HostImageReference | undefined {
  const scheme = /^(ostree-[a-z-]+):(.+)$/s.exec(text);
  const rest = scheme?.[2] ?? '';
  switch (scheme?.[1]) {
    case 'ostree-unverified-registry':
      return { transport: REGISTRY, name: rest, signature: { kind: 'unverified' } };
    case 'ostree-unverified-image':
      return withTransport(rest, { kind: 'unverified' });
    case 'ostree-image-signed':
      return withTransport(rest, { kind: 'container-policy' });
    case 'ostree-remote-registry': {
      const [, remote, name] = /^([^:]+):(.+)$/s.exec(rest) ?? [];
      if (remote === undefined || name === undefined) return undefined;
      return { transport: REGISTRY, name, signature: { kind: 'ostree-remote', remote } };
    }
    case 'ostree-remote-image': {
      const [, remote, image] = /^([^:]+):(.+)$/s.exec(rest) ?? [];
      if (remote === undefined || image === undefined) return undefined;
      return withTransport(image, { kind: 'ostree-remote', remote });
    }
    case undefined:
    default:
      return undefined;
  }
}

function withTransport(text: string, signature: ImageSignature): HostImageReference | undefined {
  const docker = /^docker:\/\/(.+)$/s.exec(text)?.[1];
  if (docker !== undefined) return { transport: REGISTRY, name: docker, signature };
  const [, transport, name] = /^([a-z-]+):(.+)$/s.exec(text) ?? [];
  if (transport === undefined || name === undefined) return undefined;
  return { transport, name, signature };
}

/** Writes a reference as `rpm-ostree rebase` takes it; the form that an unverified registry image has is the short one. */
export function formatOriginReference({ transport, name, signature }: HostImageReference): string {
  const image = transport === REGISTRY ? `docker://${name}` : `${transport}:${name}`;
  switch (signature.kind) {
    case 'unverified':
      // With `docker://` the short form is an error ("invalid reference format").
      return transport === REGISTRY
        ? `ostree-unverified-registry:${name}`
        : `ostree-unverified-image:${image}`;
    case 'container-policy':
      return `ostree-image-signed:${image}`;
    case 'ostree-remote':
      return `ostree-remote-image:${signature.remote}:${image}`;
  }
}
