import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session } from 'node:http2';

/** A kubeconfig's connection, as far as the benchmark needs it. */
export interface Connection {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Reads server and credentials of a kubeconfig that has them inline. */
export function readKubeconfig(path: string): Connection {
  const text = readFileSync(path, 'utf8');
  const member = (name: string): string => new RegExp(`${name}: "?([^"\\s]+)"?`).exec(text)?.[1] ?? '';
  const pem = (name: string): string => Buffer.from(member(name), 'base64').toString();
  return {
    server: member('server'),
    ca: pem('certificate-authority-data'),
    cert: pem('client-certificate-data'),
    key: pem('client-key-data'),
  };
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Requests over one HTTP/2 connection. */
export class ApiClient {
  readonly #session: ClientHttp2Session;

  constructor({ server, ca, cert, key }: Connection) {
    this.#session = connect(server, { ca, cert, key });
    this.#session.setMaxListeners(0);
  }

  async request(
    method: string,
    path: string,
    body?: string,
    type = 'application/json',
    accept = 'application/json',
  ): Promise<Answer> {
    const stream = this.#session.request({
      ':method': method,
      ':path': path,
      accept,
      ...(body === undefined ? {} : { 'content-type': type }),
    });
    stream.end(body);
    return new Promise((resolve, reject) => {
      let status = 0;
      const chunks: Buffer[] = [];
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }));
      stream.on('error', reject);
    });
  }

  /** Calls back with each chunk of a watch, until the client closes. */
  watch(path: string, onChunk: (chunk: Buffer) => void): void {
    const stream = this.#session.request({ ':method': 'GET', ':path': path, accept: 'application/json' });
    stream.on('data', onChunk);
    stream.on('error', () => {});
  }

  close(): void {
    this.#session.destroy();
  }
}
