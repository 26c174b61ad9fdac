import { Connection, type Identity, type LabAnswer } from './connection.ts';
import { readAccess } from './kubeconfig.ts';

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

export interface ApiResponse extends LabAnswer {
  /** The body, if it is JSON; `{}` otherwise. */
  readonly body: unknown;
}

/** Speaks to an API server as one identity, over connections of its own. */
export class ApiClient {
  readonly #server: string;
  readonly #authority: string;
  readonly #connection: Connection;

  constructor(server: string, authority: string, identity: Identity) {
    this.#server = server;
    this.#authority = authority;
    this.#connection = new Connection(server, authority, identity);
  }

  /** The client of a kubeconfig's user. */
  static of(kubeconfig: string): ApiClient {
    const { server, authority, ...identity } = readAccess(kubeconfig);
    return new ApiClient(server, authority, identity);
  }

  /** A client of the same server with another identity. */
  as(identity: Identity): ApiClient {
    return new ApiClient(this.#server, this.#authority, identity);
  }

  async request(method: string, path: string, options: ApiRequestOptions = {}): Promise<ApiResponse> {
    const { body, contentType = 'application/json', headers = {} } = options;
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.#connection.send({
      method,
      path,
      headers: {
        'user-agent': 'varve-test/1.0',
        accept: 'application/json',
        ...(payload === undefined ? {} : { 'content-type': contentType }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
    });
    return { ...answer, body: jsonOf(answer.text) };
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
    this.#connection.close();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}
