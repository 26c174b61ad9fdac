// A registry that fails as a test says, in front of an embedded one.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { startRegistry } from '../embedded/index.ts';

/** A request that reached the registry. */
export interface RegistryRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** `user:password`, or empty. */
  readonly login: string;
}

/** What the registry does instead of its work; undefined: its work. `hang` never answers. */
export type Fault = 'hang' | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Every request, the oldest first. */
  readonly requests: readonly RegistryRequest[];
  /** Decides about each request. */
  fault: (request: RegistryRequest) => Fault | undefined;
  /** The requests of one kind, as `METHOD path`. */
  lines(method?: string): readonly string[];
  /** Forgets the requests so far. */
  forget(): void;
}

const FORWARDED = ['accept', 'content-type', 'content-range'];
const RETURNED = ['content-type', 'content-length', 'docker-content-digest', 'location', 'range', 'link'];

/** Starts one, which ends with the test; over TLS where it has a certificate. It is its own proxy, too. */
export async function startTestRegistry(
  t: TestContext,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-registry-'));
  const embedded = await startRegistry({ directory });
  const requests: RegistryRequest[] = [];
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    void serve(incoming, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '', 'http://registry');
    const body = await buffer(incoming);
    const request = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      login: loginOf(incoming.headers.authorization),
    };
    requests.push(request);
    const fault = registry.fault(request);
    if (fault === 'hang') return;
    if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    const answer = await fetch(`http://${embedded.address}${url.pathname}${url.search}`, {
      method: request.method,
      headers: FORWARDED.flatMap((name): [string, string][] => {
        const value = incoming.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    });
    const headers = RETURNED.flatMap((name): [string, string][] => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value.replace(`http://${embedded.address}`, '')]];
    });
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.end(new Uint8Array(await answer.arrayBuffer()));
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(async () => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
    await embedded.close();
    await rm(directory, { recursive: true, force: true });
  });
  const registry: TestRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault: () => undefined,
    lines: (wanted) =>
      requests
        .filter(({ method }) => wanted === undefined || method === wanted)
        .map(({ method, path }) => `${method} ${path}`),
    forget: () => void requests.splice(0),
  };
  return registry;
}

function loginOf(authorization: string | undefined): string {
  return Buffer.from(authorization?.replace('Basic ', '') ?? '', 'base64').toString('utf8');
}
