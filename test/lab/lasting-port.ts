import { createServer, type Server } from 'node:net';

/** Below all that kernels give to who asks for any port (Linux: net.ipv4.ip_local_port_range). */
const [LOWEST, HIGHEST] = [20_000, 32_000];

/**
 * A free port of loopback for what is to be found there again when it was away: nobody else gets it meanwhile who asks for any
 * port, or connects to somewhere.
 */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = await listen(port);
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Undefined where somebody else listens. */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port }, () => resolve(server));
  });
}
