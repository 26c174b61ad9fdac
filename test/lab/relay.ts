import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Passes TCP connections on, and can stop to, without closing anything. */
export class Relay {
  /** Whether what comes, from either side, is dropped; connections that end on one side then stay open on the other. */
  mute = false;
  readonly port: number;
  readonly #sockets: Set<Socket>;
  readonly #frozen: WeakSet<Socket>;
  readonly #close: () => Promise<void>;

  private constructor(
    port: number,
    sockets: Set<Socket>,
    frozen: WeakSet<Socket>,
    close: () => Promise<void>,
  ) {
    this.port = port;
    this.#sockets = sockets;
    this.#frozen = frozen;
    this.#close = close;
  }

  /** To this port; listens on a free one of loopback. */
  static async start(port: number, host = '127.0.0.1'): Promise<Relay> {
    const sockets = new Set<Socket>();
    const frozen = new WeakSet<Socket>();
    const listener = createServer((downstream) => {
      const upstream = connect(port, host);
      for (const [from, to] of [
        [downstream, upstream],
        [upstream, downstream],
      ] as const) {
        const isMute = (): boolean => relay.mute || frozen.has(from);
        sockets.add(from);
        from.on('data', (chunk) => {
          if (!isMute()) to.write(chunk);
        });
        from.on('error', () => to.destroy());
        from.on('close', () => {
          sockets.delete(from);
          if (!isMute()) to.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
    const relay = new Relay((listener.address() as AddressInfo).port, sockets, frozen, async () => {
      relay.cut();
      await new Promise((resolve) => listener.close(resolve));
    });
    return relay;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** The connections of now are dead, and nobody is told; new ones are not. */
  freeze(): void {
    for (const socket of this.#sockets) this.#frozen.add(socket);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
