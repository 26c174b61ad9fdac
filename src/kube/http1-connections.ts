import { Agent as PlainAgent, request as requestPlainly, type RequestOptions } from 'node:http';
import { Agent as SecureAgent, request as requestSecurely } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { HttpAnswer, HttpRequest } from './http-answer.ts';

/** HTTP/1.1 connections to one server, one for each request that runs; for servers that speak nothing else. */
export class Http1Connections {
  readonly #origin: URL;
  readonly #agent: PlainAgent;

  constructor(origin: URL, tls: ConnectionOptions, idle: number) {
    this.#origin = origin;
    const options = { keepAlive: true, timeout: idle };
    this.#agent =
      origin.protocol === 'https:' ? new SecureAgent({ ...tls, ...options }) : new PlainAgent(options);
  }

  async request({ method, path, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const send = this.#origin.protocol === 'https:' ? requestSecurely : requestPlainly;
    const options: RequestOptions = {
      method,
      path,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
      agent: this.#agent,
      signal,
    };
    const request = send(this.#origin, options, (response) => {
      response.on('error', () => {});
      resolve({
        status: response.statusCode ?? 0,
        retryAfter: response.headers['retry-after'],
        body: response,
      });
    });
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  destroy(): void {
    this.#agent.destroy();
  }
}
