/** What the instructions of a build see in a folder, and no layer of its image has. */
export interface BuildMount {
  /** Of the folder in the build, absolute: `/etc/pki/entitlement`. */
  readonly path: string;
  /** Contents by file name; a name has no slash in it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Where it comes from, for people: `Secret etc-pki-entitlement-worker`. */
  readonly source: string;
}

/** What a container build takes from the cluster besides the pool's configuration. */
export interface BuildInputs {
  /** One for each path. */
  readonly mounts: readonly BuildMount[];
  /** PEM: they vouch for registries and for what instructions fetch, as long as the build runs. */
  readonly certificateAuthorities: readonly string[];
  /** As a process has them; those that are empty or undefined are not there. */
  readonly proxyEnvironment: Readonly<Record<string, string | undefined>>;
}
