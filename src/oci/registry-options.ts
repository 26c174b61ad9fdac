import type { AuthSource } from './auth-source.ts';

/** One step of a blob transfer, for progress displays. */
export interface TransferEvent {
  readonly direction: 'download' | 'upload';
  /** `host[:port]/path`. */
  readonly repository: string;
  readonly digest: string;
  /** Bytes of the blob that are through so far. */
  readonly bytes: number;
  /** Bytes of the blob in all. */
  readonly size: number;
}

/** How an error message names the options that a person can change; the default is the option's name here. */
export interface OptionNames {
  readonly plainHttp?: string;
  readonly certificateAuthorities?: string;
}

/** Settings of a registry client. Every member has a default. */
export interface RegistryOptions {
  /** Where credentials come from. Default: anonymous. */
  readonly auth?: AuthSource;
  /** Registries (`host[:port]`) where plain HTTP and unverified TLS are allowed. */
  readonly plainHttp?: readonly string[];
  /** CA certificates in PEM that are trusted in addition to those of Node. */
  readonly certificateAuthorities?: readonly string[];
  /** Ends every call of the client. */
  readonly signal?: AbortSignal;
  /** Environment variables to take proxies from (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Loopback is never proxied. */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
  /** Waits for a number of milliseconds. Default: a timer. */
  readonly sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** A number in [0, 1) for the jitter of retries. Default: Math.random. */
  readonly random?: () => number;
  /** Milliseconds since the epoch. Default: Date.now. */
  readonly now?: () => number;
  readonly onTransfer?: (event: TransferEvent) => void;
  /** The `User-Agent` header. Default: `oci-client`. */
  readonly userAgent?: string;
  /** Tries per request, the first included. Default: 5. */
  readonly attempts?: number;
  /** No retry starts later than this after the first try, in milliseconds. Default: 120 000. */
  readonly deadline?: number;
  /** The longest silence of a server before a request counts as dead, in milliseconds. Default: 60 000. */
  readonly inactivity?: number;
  /** The size of the pieces of a chunked upload, in bytes. Default: 16 MiB. */
  readonly chunkSize?: number;
  readonly optionNames?: OptionNames;
}

/** {@link RegistryOptions} with all defaults filled in; what the parts of the client share. */
export interface RegistrySettings {
  readonly auth: AuthSource | undefined;
  readonly plainHttp: readonly string[];
  readonly certificateAuthorities: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly proxyEnv: Readonly<Record<string, string | undefined>> | undefined;
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly now: () => number;
  readonly onTransfer: ((event: TransferEvent) => void) | undefined;
  readonly userAgent: string;
  readonly attempts: number;
  readonly deadline: number;
  readonly inactivity: number;
  readonly chunkSize: number;
  readonly optionNames: Required<OptionNames>;
}

/** Fills in the defaults. */
export function settingsOf(options: RegistryOptions): RegistrySettings {
  return {
    auth: options.auth,
    plainHttp: (options.plainHttp ?? []).map((registry) => registry.toLowerCase()),
    certificateAuthorities: options.certificateAuthorities ?? [],
    signal: options.signal,
    proxyEnv: options.proxyEnv,
    sleep: options.sleep ?? sleepOnTimer,
    random: options.random ?? Math.random,
    now: options.now ?? Date.now,
    onTransfer: options.onTransfer,
    userAgent: options.userAgent ?? 'oci-client',
    attempts: options.attempts ?? 5,
    deadline: options.deadline ?? 120_000,
    inactivity: options.inactivity ?? 60_000,
    chunkSize: options.chunkSize ?? 16 * 1024 * 1024,
    optionNames: {
      plainHttp: options.optionNames?.plainHttp ?? 'plainHttp',
      certificateAuthorities: options.optionNames?.certificateAuthorities ?? 'certificateAuthorities',
    },
  };
}

function sleepOnTimer(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
    if (signal?.aborted === true) done();
  });
}
