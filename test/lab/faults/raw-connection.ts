import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Connection } from './api-client.ts';
import { PATIENCE } from '../until.ts';

/** A TLS connection on which the test writes what no client would. */
export class RawConnection {
  readonly socket: TLSSocket;
  readonly ended: Promise<void>;
  #received: Buffer[] = [];

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#received.push(chunk));
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.on('close', () => resolve());
    });
  }

  /** @throws Error if the server does not take it */
  static async open({ server, ca, cert, key }: Connection, protocol = 'http/1.1'): Promise<RawConnection> {
    const { hostname, port } = new URL(server);
    const socket = connectTls({
      host: hostname,
      port: Number(port),
      ca,
      cert,
      key,
      ALPNProtocols: [protocol],
    });
    await once(socket, 'secureConnect');
    return new RawConnection(socket);
  }

  /** What has come so far. */
  get received(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  /** Sends this, and gives what came when the server closed or `milliseconds` after it had nothing more to say. */
  async exchange(bytes: string | Uint8Array, milliseconds = 1000): Promise<string> {
    this.send(bytes);
    // How long it takes to begin is the machine's affair.
    await Promise.race([this.ended, quiet(this.socket, PATIENCE * 1000)]);
    let before = -1;
    while (this.isOpen && this.#received.length !== before) {
      before = this.#received.length;
      await Promise.race([this.ended, quiet(this.socket, milliseconds)]);
    }
    return this.received;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A connection without TLS. */
export async function openTcp({ server }: Connection): Promise<Socket> {
  const { hostname, port } = new URL(server);
  const socket = connectTcp(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Resolves with the next data, or after so long without any. */
async function quiet(socket: Socket, milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      socket.off('data', done);
      resolve();
    }
    socket.on('data', done);
  });
}
