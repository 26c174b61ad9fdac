import { readFileSync } from 'node:fs';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { readAccess } from '../kubeconfig.ts';

/** A kubeconfig's connection, as far as tests and benchmarks need it. */
export interface Connection {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Reads server and credentials of the kubeconfig of somebody with a certificate. */
export function readKubeconfig(path: string): Connection {
  const { server, authority, certificate = { cert: '', key: '' } } = readAccess(readFileSync(path, 'utf8'));
  return { server, ca: authority, ...certificate };
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A watch that goes on. */
export interface Watching {
  /** The status of the answer's head; undefined if none came. */
  readonly status: Promise<number | undefined>;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** What Go's client, and so kubectl and operators, let a server send ahead (golang.org/x/net/http2, Transport), in bytes. */
const STREAM_WINDOW = 4 << 20;
const CONNECTION_WINDOW = 1 << 30;

/** Requests over one HTTP/2 connection. */
export class ApiClient {
  readonly #session: ClientHttp2Session;

  constructor({ server, ca, cert, key }: Connection) {
    this.#session = connect(server, { ca, cert, key, settings: { initialWindowSize: STREAM_WINDOW } });
    this.#session.once('connect', () => this.#session.setLocalWindowSize(CONNECTION_WINDOW));
    this.#session.setMaxListeners(0);
    // Its streams tell of it.
    this.#session.on('error', () => {});
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** @throws Error if the connection breaks before the end of the answer */
  async request(
    method: string,
    path: string,
    body?: string | Uint8Array,
    type = 'application/json',
    accept = 'application/json',
  ): Promise<Answer> {
    const stream = this.#open(method, path, accept, body === undefined ? undefined : type);
    stream.end(body);
    return new Promise((resolve, reject) => {
      let status = 0;
      let isWhole = false;
      const chunks: Buffer[] = [];
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        isWhole = status !== 0;
      });
      stream.on('error', reject);
      stream.on('close', () => {
        if (isWhole) resolve({ status, body: Buffer.concat(chunks) });
        else reject(new Error(`${method} ${path}: the connection broke`));
      });
    });
  }

  /** Calls back with each piece of a watch that comes, while it lasts. */
  watch(path: string, onChunk: (chunk: Buffer) => void): Watching {
    const stream = this.#open('GET', path, 'application/json', undefined);
    stream.end();
    stream.on('data', onChunk);
    stream.on('error', () => {});
    const ended = new Promise<void>((resolve) => {
      stream.on('close', resolve);
    });
    const status = Promise.race([
      new Promise<number>((resolve) => {
        stream.on('response', (headers) => resolve(Number(headers[':status'])));
      }),
      ended.then(() => undefined),
    ]);
    return { status, ended, stop: () => stream.close(constants.NGHTTP2_CANCEL) };
  }

  close(): void {
    this.#session.destroy();
  }

  #open(method: string, path: string, accept: string, type: string | undefined): ClientHttp2Stream {
    return this.#session.request({
      ':method': method,
      ':path': path,
      accept,
      'user-agent': 'varve-test',
      ...(type === undefined ? {} : { 'content-type': type }),
    });
  }
}
