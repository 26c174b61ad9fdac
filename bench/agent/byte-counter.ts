import { connect, createServer, type AddressInfo } from 'node:net';

/** Passes TCP connections on to a registry and counts what comes back, headers included: what a node downloads. */
export class ByteCounter {
  readonly host: string;
  received = 0;
  readonly #close: () => void;

  private constructor(host: string, close: () => void) {
    this.host = host;
    this.#close = close;
  }

  /** @param target `HOST:PORT` on loopback */
  static async start(target: string): Promise<ByteCounter> {
    const [host = '', port = ''] = target.split(':');
    const listener = createServer((downstream) => {
      const upstream = connect(Number(port), host);
      downstream.pipe(upstream);
      upstream.on('data', (chunk: Buffer) => (counter.received += chunk.length)).pipe(downstream);
      for (const [one, other] of [
        [downstream, upstream],
        [upstream, downstream],
      ] as const) {
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
    const bound = (listener.address() as AddressInfo).port;
    const counter = new ByteCounter(`127.0.0.1:${bound}`, () => listener.close());
    return counter;
  }

  close(): void {
    this.#close();
  }
}
