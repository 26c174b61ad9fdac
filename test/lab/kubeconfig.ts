import { load } from 'js-yaml';
import type { Identity } from './connection.ts';

/** What a kubeconfig says of its first cluster and its first user. */
export interface Access extends Identity {
  readonly server: string;
  /** PEM. */
  readonly authority: string;
}

/** Reads a kubeconfig that has its certificates and keys inline. */
export function readAccess(text: string): Access {
  const { clusters, users } = load(text) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: [
      {
        user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string };
      },
    ];
  };
  const { cluster } = clusters[0];
  const { user } = users[0];
  const [cert, key] = [user['client-certificate-data'], user['client-key-data']].map(decode);
  return {
    server: cluster.server,
    authority: decode(cluster['certificate-authority-data']) ?? '',
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    ...(user.token === undefined ? {} : { token: user.token }),
  };
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}
