import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { openCredentials } from '../access/index.ts';
import { Watch, type ApiCall } from '../rest/index.ts';
import { TestCluster } from '../test-cluster.ts';
import { startApiServer, type ApiServer } from './api-server.ts';

/** A server whose watches are ready only when a test says so, as they are while the disk is busy. */
class SlowServer {
  readonly cluster: TestCluster;
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'server-'));
  #server: ApiServer | undefined;
  ca = '';
  /** How often a watch was read from. */
  pulls = 0;
  /** The watches that wait. */
  readonly waiting: (() => void)[] = [];

  private constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  static async open(): Promise<SlowServer> {
    const slow = new SlowServer(await TestCluster.open());
    const credentials = await openCredentials(slow.#directory, Date.now());
    const { privateKey: key, certificate: cert } = await credentials.server(Date.now());
    slow.ca = credentials.authority;
    slow.#server = await startApiServer({
      handler: { handle: (call) => slow.#handle(call) },
      store: slow.cluster.store,
      tls: { key, cert, clientCa: credentials.authority },
    });
    return slow;
  }

  async #handle(call: ApiCall): ReturnType<TestCluster['api']['handle']> {
    const answer = await this.cluster.api.handle(call);
    if (!(answer instanceof Watch)) return answer;
    const pull = answer.pull.bind(answer);
    answer.pull = (portion) => {
      this.pulls++;
      return pull(portion);
    };
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
    });
    return answer;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Resolves when the server has answered a new client, and so knows of all that happened before. */
  async answers(): Promise<void> {
    const session = connectHttp2(`https://127.0.0.1:${this.port}`, { ca: this.ca });
    const stream = session.request({ ':path': '/healthz' });
    stream.resume();
    await once(stream, 'close');
    session.close();
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.cluster.close();
    rmSync(this.#directory, { recursive: true });
  }
}

const PATH = '/api/v1/namespaces?watch=1';

/** Asks for a watch; the function that it returns breaks off. */
type Client = (slow: SlowServer) => () => Promise<unknown>;

const overHttp1: Client = ({ port, ca }) => {
  const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['http/1.1'] });
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n\r\n`);
  return () => {
    socket.destroy();
    return once(socket, 'close');
  };
};

const overHttp2: Client = ({ port, ca }) => {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
  session.request({ ':path': PATH, authorization: 'Bearer admin' }).on('error', () => {});
  return () => {
    session.destroy();
    return once(session, 'close');
  };
};

const CLIENTS: Readonly<Record<string, Client>> = { 'HTTP/1.1': overHttp1, 'HTTP/2': overHttp2 };

describe('startApiServer', () => {
  for (const [name, client] of Object.entries(CLIENTS)) {
    test(`a client that breaks off before its watch has begun leaves nothing behind (${name})`, async () => {
      const slow = await SlowServer.open();
      try {
        const breakOff = client(slow);
        while (slow.waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await breakOff();
        await slow.answers();
        slow.waiting[0]?.();
        await slow.cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'third' } });
        await slow.answers();
        assert.equal(slow.pulls, 0);
      } finally {
        await slow.close();
      }
    });
  }
});
