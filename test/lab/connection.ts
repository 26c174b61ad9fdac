import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';

/** How somebody proves who they are: by a client certificate, a token, both (the certificate wins), or not at all. */
export interface Identity {
  /** PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly token?: string;
}

export interface LabRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LabAnswer {
  readonly status: number;
  /** Names in lower case; without `warning`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly text: string;
}

/** An answer that may go on. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** What has come so far. */
  text(): string;
  /** Whether the server has ended it. */
  ended(): boolean;
  /** Breaks it off. */
  close(): void;
}

/** How long an answer may take, in milliseconds: longer than a server waits for a version that does not come. */
const DEADLINE = 15_000;

/** HTTPS to one server as one identity. */
export class Connection {
  readonly #agent: Agent;
  readonly #url: URL;
  readonly #identity: Identity;
  readonly #authority: string;

  constructor(url: string, authority: string, identity: Identity) {
    this.#url = new URL(url);
    this.#authority = authority;
    this.#identity = identity;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8 });
  }

  async send(sent: LabRequest): Promise<LabAnswer> {
    const response = await this.#open(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { ...headOf(response), text: Buffer.concat(chunks).toString('utf8') };
  }

  /** As {@link send}, returning as soon as the head of the answer is there. */
  async open(sent: LabRequest): Promise<OpenAnswer> {
    const response = await this.#open(sent);
    const chunks: Buffer[] = [];
    let hasEnded = false;
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      hasEnded = true;
    });
    response.on('error', () => {});
    return {
      ...headOf(response),
      text: () => Buffer.concat(chunks).toString('utf8'),
      ended: () => hasEnded,
      close: () => response.destroy(),
    };
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(sent: LabRequest): Promise<IncomingMessage> {
    const { certificate, token } = this.#identity;
    const options: RequestOptions = {
      agent: this.#agent,
      host: this.#url.hostname,
      port: this.#url.port,
      ca: this.#authority,
      method: sent.method,
      path: sent.path,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(sent.body)) }),
        ...sent.headers,
      },
      ...certificate,
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(options, resolve);
      outgoing.on('error', reject);
      outgoing.setTimeout(DEADLINE, () =>
        outgoing.destroy(new Error(`no answer to ${sent.method} ${sent.path} within ${DEADLINE} ms`)),
      );
      outgoing.end(sent.body);
    });
  }
}

function headOf(response: IncomingMessage): Omit<LabAnswer, 'text'> {
  const { rawHeaders } = response;
  const warnings: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'warning') warnings.push(rawHeaders[index + 1] ?? '');
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers)
      .filter(([name]) => name !== 'warning')
      .map(([name, value]) => [name, String(value)]),
  );
  return { status: response.statusCode ?? 0, headers, warnings };
}
