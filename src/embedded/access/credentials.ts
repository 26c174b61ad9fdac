import { createHash, type KeyObject } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { EmbeddedError } from '../embedded-error.ts';
import { isErrno } from '../errno.ts';
import type { CertificateName } from './certificate.ts';
import {
  createCertificateKey,
  createTokenKey,
  isAuthorityCurrent,
  isKeyPairCurrent,
  issueAuthority,
  issueKeyPair,
  type KeyPair,
  type KeyPairRequest,
  parsePrivateKey,
  privateKeyPem,
} from './key-pair.ts';
import { type ServiceAccountKey, serviceAccountKey } from './service-account-key.ts';

/** The names under which clients in a cluster, and on this machine, reach the API server. */
const standardHosts = [
  'localhost',
  '127.0.0.1',
  '::1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

const authorityName: CertificateName = { commonName: 'varve', organizations: [] };

/** Keys and certificates of one control plane, kept in a folder: the same after each start. */
export interface Credentials {
  /** The authority's certificate, as PEM: what clients verify the server with, and the server its clients. */
  readonly authority: string;
  readonly serviceAccountKey: ServiceAccountKey;
  /**
   * What the server shows, for {@link standardHosts} and the ones given. Makes a new one if there is none, or its end is
   * near: call it again every day.
   * @param now milliseconds since 1970
   */
  server(now: number, hosts?: readonly string[]): Promise<KeyPair>;
  /** A client's certificate: `commonName` is the user, `organizations` the groups. Renewed like the server's. */
  client(now: number, name: CertificateName): Promise<KeyPair>;
}

/**
 * Opens, or makes, the keys of a control plane. Keys are readable by their owner only.
 * @param folder belongs to one process at a time
 * @param now milliseconds since 1970
 * @throws EmbeddedError `cannot-start` where an authority's key is missing or unreadable that certificates were issued
 * with: a new one would lock out every client, so that a person has to decide
 */
export async function openCredentials(folder: string, now: number): Promise<Credentials> {
  const files = new KeyFolder(folder);
  await files.open();
  const authorityKey = await files.key('ca.key', createCertificateKey, 'ca.crt');
  const authority = await openAuthority(files, authorityKey, now);
  const tokenKey = await files.key('service-account.key', createTokenKey);
  const pair = async (file: string, request: KeyPairRequest): Promise<KeyPair> => {
    const stored = {
      certificate: await files.read(`${file}.crt`),
      privateKey: await files.read(`${file}.key`),
    };
    if (isKeyPairCurrent(stored, request, authority)) return stored;
    const made = await issueKeyPair(request, { name: authorityName, privateKey: authorityKey });
    await files.write(`${file}.key`, made.privateKey);
    await files.write(`${file}.crt`, made.certificate);
    return made;
  };
  return {
    authority,
    serviceAccountKey: serviceAccountKey(tokenKey),
    server: (now, hosts = []) =>
      pair('server', {
        subject: { commonName: 'kube-apiserver', organizations: [] },
        purpose: 'server',
        hosts: [...standardHosts, ...hosts],
        now,
      }),
    client: (now, subject) =>
      pair(`client-${fileName(subject.commonName)}`, { subject, purpose: 'client', hosts: [], now }),
  };
}

async function openAuthority(files: KeyFolder, key: KeyObject, now: number): Promise<string> {
  const stored = await files.read('ca.crt');
  if (isAuthorityCurrent(stored, key, now)) return stored;
  const made = issueAuthority(authorityName, key, now);
  await files.write('ca.crt', made);
  return made;
}

/** User names have colons and may have slashes; what is left stays readable where it is short, and cannot collide. */
function fileName(user: string): string {
  if (user.length > 60) return createHash('sha256').update(user).digest('hex');
  return Buffer.from(user, 'utf8').reduce((name, byte) => {
    const character = String.fromCharCode(byte);
    return name + (/[A-Za-z0-9.-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`);
  }, '');
}

/** Reads and writes the files; nothing of a key's contents ever reaches an error. */
class KeyFolder {
  readonly #folder: string;
  readonly #temporary: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#temporary = join(folder, 'temporary');
  }

  async open(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
    await mkdir(this.#temporary, { recursive: true, mode: 0o700 });
  }

  /** The text of a file; empty if there is none. */
  async read(name: string): Promise<string> {
    try {
      return await readFile(join(this.#folder, name), 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return '';
      throw error;
    }
  }

  async write(name: string, text: string): Promise<void> {
    await writeDurably(join(this.#folder, name), Buffer.from(text), this.#temporary, 0o600);
  }

  /** @param evidence a file that exists only if the key once did */
  async key(name: string, create: () => Promise<KeyObject>, evidence?: string): Promise<KeyObject> {
    const stored = await this.read(name);
    if (stored !== '') {
      const key = parsePrivateKey(stored);
      if (key === undefined) throw this.#unusable(name, 'it is not a private key');
      return key;
    }
    if (evidence !== undefined && (await this.read(evidence)) !== '') {
      throw this.#unusable(name, `it is missing although ${evidence} is there`);
    }
    const key = await create();
    await this.write(name, privateKeyPem(key));
    return key;
  }

  #unusable(name: string, reason: string): EmbeddedError {
    return new EmbeddedError(
      'cannot-start',
      `cannot use ${join(this.#folder, name)}: ${reason}; restore it, or remove the folder to begin with new keys`,
    );
  }
}
