import { createHash, X509Certificate } from 'node:crypto';
import { clientAuthentication } from './certificate.ts';
import { certificateName } from './key-pair.ts';
import { extraKeys, user, type User } from './user.ts';

/** Certificates are shown with every connection; verifying one costs some 100 µs. */
const rememberedCertificates = 4096;

interface KnownCertificate {
  readonly user: User;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Finds the users of client certificates: CN is the name, each O a group (RFC 5280, as Kubernetes reads it). */
export class ClientCertificates {
  readonly #authority: X509Certificate;
  readonly #known = new Map<string, KnownCertificate>();
  /** A connection shows the same bytes with each request. */
  readonly #hashes = new WeakMap<Uint8Array, string>();

  /** @param authority PEM */
  constructor(authority: string) {
    this.#authority = new X509Certificate(authority);
  }

  /**
   * @param certificate DER, as the TLS connection has it: that the client holds its key is the connection's proof
   * @param now milliseconds since 1970
   * @returns undefined if it is not the authority's, not for clients, not valid now, or names nobody
   */
  find(certificate: Uint8Array, now: number): User | undefined {
    let hash = this.#hashes.get(certificate);
    if (hash === undefined) {
      hash = createHash('sha256').update(certificate).digest('hex');
      this.#hashes.set(certificate, hash);
    }
    const known = this.#known.get(hash) ?? this.#verify(certificate, hash);
    if (known === undefined || now < known.notBefore || now > known.notAfter) return undefined;
    return known.user;
  }

  #verify(bytes: Uint8Array, hash: string): KnownCertificate | undefined {
    const certificate = parse(bytes);
    const name = certificate === undefined ? undefined : certificateName(certificate);
    if (certificate === undefined || name === undefined || name.commonName === '') return undefined;
    const isOurs = certificate.checkIssued(this.#authority) && certificate.verify(this.#authority.publicKey);
    const uses = certificate.keyUsage ?? [];
    if (!isOurs || !uses.includes(clientAuthentication)) return undefined;
    const known = {
      user: user(name.commonName, {
        groups: name.organizations,
        extra: new Map([[extraKeys.credentialId, [`X509SHA256=${hash}`]]]),
      }),
      notBefore: certificate.validFromDate.getTime(),
      notAfter: certificate.validToDate.getTime(),
    };
    const oldest = this.#known.keys().next();
    if (this.#known.size >= rememberedCertificates && oldest.done !== true) this.#known.delete(oldest.value);
    this.#known.set(hash, known);
    return known;
  }
}

function parse(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}
