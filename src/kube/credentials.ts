import { readFile } from 'node:fs/promises';
import type { Clock } from './clock.ts';
import type { ClusterAccess, ValueSource } from './cluster-access.ts';
import { KubeError } from './kube-error.ts';

/** What a connection needs, read from wherever it is. */
export interface ConnectionSecrets {
  readonly authority?: string;
  readonly chain?: string;
  readonly key?: string;
}

/** What one request needs. */
export interface RequestSecrets {
  readonly connection: ConnectionSecrets;
  /** The value of the `authorization` header. */
  readonly authorization: string | undefined;
}

/** How long what was read counts as new; as client-go for tokens. The kubelet rotates long before the end. */
const FRESH = 10_000;

/**
 * Reads what a {@link ClusterAccess} names, and reads its files again while the process runs. A file that cannot be
 * read for a moment, half of a rotation, leaves the value that was known.
 */
export class Credentials {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  readonly #known = new Map<string, string>();
  #current: RequestSecrets | undefined;
  #readAt = 0;
  #reading: Promise<RequestSecrets> | undefined;

  constructor(access: ClusterAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /**
   * The credentials of now; the same object as before while nothing changed.
   *
   * @param refresh reads the files even if they were read just now: the server refused what they held
   * @throws KubeError `configuration` if a file was never readable
   */
  async get(refresh = false): Promise<RequestSecrets> {
    const isFresh = this.#current !== undefined && this.#clock.now() - this.#readAt < FRESH;
    if (this.#current !== undefined && isFresh && !refresh) return this.#current;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<RequestSecrets> {
    const { authority, certificate, token, password } = this.#access;
    const [ca, chain, key, bearer] = await Promise.all([
      this.#value(authority),
      this.#value(certificate?.chain),
      this.#value(certificate?.key),
      this.#value(token),
    ]);
    const authorization =
      bearer !== undefined
        ? `Bearer ${bearer.trim()}`
        : password === undefined
          ? undefined
          : `Basic ${Buffer.from(`${password.user}:${password.password}`).toString('base64')}`;
    this.#readAt = this.#clock.now();
    const old = this.#current;
    const isSame =
      old?.connection.authority === ca && old?.connection.chain === chain && old?.connection.key === key;
    if (old !== undefined && isSame && old.authorization === authorization) return old;
    this.#current = {
      connection:
        old !== undefined && isSame
          ? old.connection
          : {
              ...(ca === undefined ? {} : { authority: ca }),
              ...(chain === undefined ? {} : { chain }),
              ...(key === undefined ? {} : { key }),
            },
      authorization,
    };
    return this.#current;
  }

  async #value(source: ValueSource | undefined): Promise<string | undefined> {
    if (source === undefined) return undefined;
    if ('value' in source) return source.value;
    try {
      const text = await readFile(source.file, 'utf8');
      if (text.trim() !== '') this.#known.set(source.file, text);
    } catch (error) {
      if (!this.#known.has(source.file)) {
        throw new KubeError('configuration', `cannot read ${source.file}: ${reasonOf(error)}`, {
          cause: error,
        });
      }
    }
    const known = this.#known.get(source.file);
    if (known === undefined) throw new KubeError('configuration', `cannot use ${source.file}: it is empty`);
    return known;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
