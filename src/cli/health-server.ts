import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CliError } from './cli-error.ts';

/** Where a process answers for itself. */
export interface HealthAddress {
  readonly host: string;
  readonly port: number;
}

/** What is told about a process. */
export interface HealthServerOptions {
  /** An IP address or `localhost`. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What the process waits for before it can do its work, a line each; none when it is ready. */
  readonly missing: () => readonly string[];
  /** In the text format of Prometheus. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface HealthServer {
  /** `http://HOST:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves what kubelets and Prometheus ask a process: `/healthz` and `/livez` (it turns its event loop), `/readyz` (503 with
 * what is missing) and `/metrics`. It says nothing that is a secret, and asks nobody who they are.
 *
 * @throws CliError `input` where the port is taken or not ours
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host, port } = options;
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    // Nobody has a body to send.
    request.resume();
    const path = (request.url ?? '').split('?')[0] ?? '';
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead) return answer(response, 405, 'only GET and HEAD are served\n');
    void serve(path, options, response);
  });
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(addressError(host, port, cause)));
    server.listen(port, host, resolve);
  });
  // A connection that cannot be taken, such as for want of a file descriptor, is no reason to end.
  server.on('error', () => undefined);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(path: string, options: HealthServerOptions, response: ServerResponse): Promise<void> {
  switch (path) {
    case '/healthz':
    case '/livez':
      return answer(response, 200, 'ok\n');
    case '/readyz': {
      const missing = options.missing();
      if (missing.length === 0) return answer(response, 200, 'ok\n');
      return answer(response, 503, `not ready:\n${missing.map((line) => `- ${line}\n`).join('')}`);
    }
    case '/metrics':
      try {
        const { contentType, text } = await options.metrics();
        return answer(response, 200, text, contentType);
      } catch (error) {
        return answer(response, 500, `cannot collect metrics: ${String(error)}\n`);
      }
    default:
      return answer(response, 404, 'there are /healthz, /livez, /readyz and /metrics\n');
  }
}

function answer(response: ServerResponse, status: number, text: string, contentType = 'text/plain'): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(text);
}

function addressError(host: string, port: number, cause: NodeJS.ErrnoException): CliError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken',
    EACCES: 'the port is not for everybody to listen on',
    EADDRNOTAVAIL: 'the address is not one of this machine',
    ENOTFOUND: 'there is no such host',
  };
  const why = reasons[cause.code ?? ''] ?? cause.message;
  return new CliError(
    'input',
    `cannot serve health and metrics at ${host}:${port}: ${why}; choose another with --health-address (port 0 takes any free one)`,
    { cause },
  );
}
