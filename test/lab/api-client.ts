import { Agent, request } from 'node:https';
import { load } from 'js-yaml';

/** Who a request comes from: a client certificate, a token, both (the certificate wins), or nobody. */
export interface Identity {
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly token?: string;
}

export interface ApiRequestOptions {
  readonly body?: unknown;
  /** Default: `application/json`; a text body is sent as it is. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An API object in the making. */
export type AnyObject = Readonly<Record<string, unknown>>;

/** What is at a path (`spec.containers.0.image`) in a value; undefined where there is nothing. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((from, key) => {
    return typeof from === 'object' && from !== null ? (from as AnyObject)[key] : undefined;
  }, value);
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body, if it is JSON; `{}` otherwise. */
  readonly body: unknown;
}

/** Speaks to an API server as one identity, over connections of its own. */
export class ApiClient {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #token: string | undefined;
  readonly #authority: string;

  constructor(server: string, authority: string, { certificate, token }: Identity = {}) {
    this.#server = server;
    this.#authority = authority;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, ca: authority, ...certificate });
  }

  /** The client of a kubeconfig's user. */
  static of(kubeconfig: string): ApiClient {
    const { clusters, users } = load(kubeconfig) as {
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
    return new ApiClient(cluster.server, decode(cluster['certificate-authority-data']) ?? '', {
      ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
      ...(user.token === undefined ? {} : { token: user.token }),
    });
  }

  /** A client of the same server with another identity. */
  as(identity: Identity): ApiClient {
    return new ApiClient(this.#server, this.#authority, identity);
  }

  request(method: string, path: string, options: ApiRequestOptions = {}): Promise<ApiResponse> {
    const { body, contentType = 'application/json', headers = {} } = options;
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.#server}${path}`,
        {
          method,
          agent: this.#agent,
          headers: {
            'user-agent': 'varve-test/1.0',
            accept: 'application/json',
            ...(payload === undefined
              ? {}
              : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
            ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              body: jsonOf(text),
            });
          });
        },
      );
      call.on('error', reject);
      call.end(payload);
    });
  }

  get(path: string): Promise<ApiResponse> {
    return this.request('GET', path);
  }

  post(path: string, body: unknown): Promise<ApiResponse> {
    return this.request('POST', path, { body });
  }

  put(path: string, body: unknown): Promise<ApiResponse> {
    return this.request('PUT', path, { body });
  }

  delete(path: string, body?: unknown): Promise<ApiResponse> {
    return this.request('DELETE', path, { body });
  }

  merge(path: string, body: unknown): Promise<ApiResponse> {
    return this.request('PATCH', path, { body, contentType: 'application/merge-patch+json' });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}
