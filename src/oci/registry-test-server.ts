import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { openRegistry, type RegistryClient } from './registry-client.ts';
import type { RegistryOptions } from './registry-options.ts';

/** A request that a scripted server received. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server on loopback that answers as a test says. */
export interface ScriptedServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly seen: readonly SeenRequest[];
  /** `METHOD path?query` of every request. */
  readonly lines: () => readonly string[];
}

/** Starts a scripted server, for tests; it ends with the test. */
export async function scriptedServer(
  t: TestContext,
  script: (request: SeenRequest, response: ServerResponse, count: number) => void,
): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => response.destroy());
    request.on('end', () => {
      const { headers, method = '', url = '' } = request;
      const entry = { method, url, headers, body: Buffer.concat(chunks) };
      seen.push(entry);
      script(entry, response, seen.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    seen,
    lines: () => seen.map(({ method, url }) => `${method} ${url}`),
  };
}

/** A client whose pauses take no time and are noted, for tests; it ends with the test. */
export function testClient(
  t: TestContext,
  options: RegistryOptions = {},
): { client: RegistryClient; pauses: number[] } {
  const pauses: number[] = [];
  const client = openRegistry({
    random: () => 0,
    sleep: async (milliseconds) => void pauses.push(milliseconds),
    ...options,
  });
  t.after(() => client.close());
  return { client, pauses };
}
