import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { OnReadOpts } from 'node:net';
import type { Connection } from '../../test/lab/faults/api-client.ts';

/** HTTP/2 frames and flags that a watch meets (RFC 9113 §6). */
const DATA = 0;
const HEADERS = 1;
const RESET = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACKNOWLEDGED = 1;
const END_HEADERS = 4;
const PADDED = 8;
const INITIAL_WINDOW_SIZE = 4;
const FRAME_HEAD = 9;

/** What Go's client, and so kubectl and operators, let a server send ahead (golang.org/x/net/http2, Transport), in bytes. */
const STREAM_WINDOW = 4 << 20;
const CONNECTION_WINDOW = 1 << 30;

/**
 * Reads one watch over a connection of its own: HTTP/2 over TLS as any client, but into one buffer, so that what is measured is
 * when the server's bytes come, and not how long this process collects the garbage of a general client.
 */
export class EventReader {
  readonly #socket: TLSSocket;
  readonly #request: () => void;
  readonly #onLine: (line: Buffer, now: number) => void;
  /** What of a frame's head, or of a small frame, has come. */
  readonly #small = Buffer.alloc(64);
  #smallSize = 0;
  #frame: { readonly type: number; readonly flags: number; left: number } | undefined;
  #unacknowledged = 0;
  /** The event that has come in part. */
  #line: Buffer = Buffer.alloc(64 * 1024);
  #lineSize = 0;

  /** @param onLine gets each event, in memory that is used again, and when its last bytes came, in ms of this process */
  constructor(
    { server, ca, cert, key }: Connection,
    path: string,
    onLine: (line: Buffer, now: number) => void,
  ) {
    this.#onLine = onLine;
    const { hostname, port, host } = new URL(server);
    const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
      host: hostname,
      port: Number(port),
      ca,
      cert,
      key,
      ALPNProtocols: ['h2'],
      onread: {
        buffer: Buffer.alloc(64 * 1024),
        callback: (size, bytes) => {
          this.#read(Buffer.from(bytes.buffer, bytes.byteOffset, size), performance.now());
          return true;
        },
      },
    };
    this.#socket = connect(options);
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error: Error) => fail(error.message));
    this.#request = () => this.#ask(path, host);
  }

  /** Asks for the watch as soon as there is a connection. */
  begin(): void {
    this.#socket.on('secureConnect', this.#request);
  }

  #ask(path: string, host: string): void {
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
    settings.writeUInt32BE(STREAM_WINDOW, 2);
    const fields = [
      field(':method', 'GET'),
      field(':scheme', 'https'),
      field(':authority', host),
      field(':path', path),
      field('accept', 'application/json'),
      field('user-agent', 'varve-bench'),
    ];
    this.#socket.write(
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        frame(SETTINGS, 0, 0, settings),
        frame(WINDOW_UPDATE, 0, 0, uint32(CONNECTION_WINDOW)),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.concat(fields)),
      ]),
    );
  }

  #read(bytes: Buffer, now: number): void {
    for (let at = 0; at < bytes.length;) {
      const current = this.#frame;
      if (current === undefined) at = this.#readHead(bytes, at);
      else {
        const end = Math.min(bytes.length, at + current.left);
        current.left -= end - at;
        if (current.type === DATA) this.#readEvents(bytes.subarray(at, end), now);
        else this.#smallSize += bytes.copy(this.#small, this.#smallSize, at, end);
        at = end;
      }
      if (this.#frame?.left === 0) this.#endFrame(this.#frame);
    }
  }

  #readHead(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + FRAME_HEAD - this.#smallSize);
    this.#smallSize += bytes.copy(this.#small, this.#smallSize, from, end);
    if (this.#smallSize < FRAME_HEAD) return end;
    this.#smallSize = 0;
    const [type = 0, flags = 0] = this.#small.subarray(3, 5);
    const left = this.#small.readUIntBE(0, 3);
    if (type === DATA && (flags & PADDED) !== 0) fail('the server pads its frames');
    this.#frame = { type, flags, left };
    if (type === DATA) this.#unacknowledged += left;
    return end;
  }

  #endFrame({ type, flags }: { readonly type: number; readonly flags: number }): void {
    this.#frame = undefined;
    const small = this.#small.subarray(0, this.#smallSize);
    this.#smallSize = 0;
    const isEnd = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
    if (isEnd || type === RESET || type === GOAWAY) fail('the server ended it');
    const isAnswer = (flags & ACKNOWLEDGED) !== 0;
    if (type === SETTINGS && !isAnswer) this.#socket.write(frame(SETTINGS, ACKNOWLEDGED, 0, Buffer.alloc(0)));
    if (type === PING && !isAnswer) this.#socket.write(frame(PING, ACKNOWLEDGED, 0, small));
    if (this.#unacknowledged < STREAM_WINDOW / 2) return;
    const more = uint32(this.#unacknowledged);
    this.#unacknowledged = 0;
    this.#socket.write(Buffer.concat([frame(WINDOW_UPDATE, 0, 0, more), frame(WINDOW_UPDATE, 0, 1, more)]));
  }

  #readEvents(bytes: Buffer, now: number): void {
    let from = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      if (this.#lineSize === 0) this.#onLine(bytes.subarray(from, end), now);
      else {
        this.#keep(bytes.subarray(from, end));
        this.#onLine(this.#line.subarray(0, this.#lineSize), now);
        this.#lineSize = 0;
      }
      from = end + 1;
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from));
  }

  #keep(part: Buffer): void {
    if (this.#lineSize + part.length > this.#line.length)
      this.#line = Buffer.concat([this.#line], (this.#lineSize + part.length) * 2);
    this.#lineSize += part.copy(this.#line, this.#lineSize);
  }
}

const LINE_END = 10;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A header field, neither compressed nor remembered (RFC 7541 §6.2.2). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const most = 127;
  if (bytes.length < most) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const rest = bytes.length - most;
  if (rest >= most + 1) fail(`${value} is too long`);
  return Buffer.concat([Buffer.from([most, rest]), bytes]);
}

/** Nothing is left to measure. */
function fail(why: string): never {
  throw new Error(`a watch broke off: ${why}`);
}
