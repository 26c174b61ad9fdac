import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request of a client, as a {@link Script} sees it. */
export interface ClientRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** How many requests came before it. */
  readonly count: number;
}

/** What the client gets. `cut` ends the connection after what the body holds, whatever its length was to be. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly cut?: boolean;
}

/** Decides what becomes of a request: `pass` asks the real registry, undefined means the same without a change. */
export type Script = (
  request: ClientRequest,
  pass: () => Promise<Reply>,
  /** Ends the registry: no answer, no further connection. */
  die: () => void,
) => Reply | undefined | Promise<Reply | undefined>;

/** A registry that lies, breaks or refuses as a script says. */
export interface TamperingRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** `METHOD path` of every request. */
  readonly requests: readonly string[];
  /** `repository:tag` of every tag that a client set in the real registry; those of base indexes are left out. */
  readonly tagged: readonly string[];
  readonly close: () => Promise<void>;
}

const FORWARDED = ['accept', 'content-type', 'content-range', 'range'];
const RETURNED = ['content-type', 'content-range', 'docker-content-digest', 'location', 'range'];

/** Starts one in front of the real registry at `address`. */
export async function startTamperingRegistry(address: string, script: Script): Promise<TamperingRegistry> {
  const requests: string[] = [];
  const tagged: string[] = [];
  const die = (): void => {
    server.close();
    server.closeAllConnections();
  };
  const server = createServer((incoming, response) => {
    const { method = '', url = '' } = incoming;
    const path = url.split('?', 1)[0] ?? '';
    const count = requests.push(`${method} ${path}`) - 1;
    const serve = async (): Promise<void> => {
      const request = { method, path, headers: incoming.headers, body: await buffer(incoming), count };
      const pass = async (): Promise<Reply> => {
        const reply = await forward(`http://${address}${url}`, request);
        const named = /^\/v2\/(?<repository>.+)\/manifests\/(?<tag>[^:]+)$/u.exec(path)?.groups;
        if (method === 'PUT' && reply.status < 300 && named !== undefined && !/base-index/u.test(path))
          tagged.push(`${named['repository']}:${named['tag']}`);
        return reply;
      };
      send(response, method, (await script(request, pass, die)) ?? (await pass()));
    };
    serve().catch(() => response.destroy());
  });
  await listen(server);
  return {
    address: `127.0.0.1:${portOf(server)}`,
    requests,
    tagged,
    close: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Lets a server listen on a free port of loopback. */
export function listen(server: NetServer): Promise<void> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', done);
  });
}

/** The port of a server that listens. */
export function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}

async function forward(url: string, { method, headers, body }: ClientRequest): Promise<Reply> {
  const kept = FORWARDED.flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const answer = await fetch(url, {
    method,
    headers: kept,
    redirect: 'manual',
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  const back = RETURNED.flatMap((name): [string, string][] => {
    const value = answer.headers.get(name);
    // Uploads go on through this server.
    return value === null ? [] : [[name, value.replace(/^http:\/\/[^/]+/u, '')]];
  });
  const length = answer.headers.get('content-length');
  return {
    status: answer.status,
    headers: Object.fromEntries(
      method === 'HEAD' && length !== null ? [...back, ['content-length', length]] : back,
    ),
    body: new Uint8Array(await answer.arrayBuffer()),
  };
}

function send(
  response: ServerResponse,
  method: string,
  { status, headers = {}, body = '', cut }: Reply,
): void {
  const bytes = Buffer.from(body);
  response.writeHead(
    status,
    method === 'HEAD' || 'content-length' in headers
      ? headers
      : { ...headers, 'content-length': String(bytes.length) },
  );
  if (cut === true) response.write(bytes, () => response.destroy());
  else response.end(bytes);
}
