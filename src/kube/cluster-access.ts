/** A value that is known, or a file that holds it and may change while the process runs. */
export type ValueSource = { readonly value: string } | { readonly file: string };

/** Where an API server is and how to be known to it. It holds secrets: it is for the client alone. */
export interface ClusterAccess {
  /** `https://HOST[:PORT]`, perhaps with a path. */
  readonly server: string;
  /** The namespace of whoever names none. */
  readonly namespace: string;
  /** PEM; the machine's own authorities if absent. */
  readonly authority?: ValueSource;
  /** PEM; both or neither. */
  readonly certificate?: { readonly chain: ValueSource; readonly key: ValueSource };
  readonly token?: ValueSource;
  readonly password?: { readonly user: string; readonly password: string };
  /** The name in the server's certificate, where it is not that of the address. */
  readonly serverName?: string;
  /** The server's certificate is not checked. */
  readonly insecure?: boolean;
}
