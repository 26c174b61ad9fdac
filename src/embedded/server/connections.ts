import type { Socket } from 'node:net';
import type { ServerLimits } from './server-limits.ts';

/** So many connections beyond the maximum are told that there are too many; what is beyond is just closed. */
const TOLD = 64;

/**
 * The connections of a server. Node's own timeouts watch single bytes or HTTP/1.1 only; here a connection has to bring a whole
 * request in time, whatever it speaks and however slowly it drips. One that waits for its client goes first when there are
 * too many, so that a flood of silent connections keeps nobody out.
 */
export class Connections {
  readonly #limits: ServerLimits;
  readonly #now: () => number;
  readonly #all = new Set<Connection>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(limits: ServerLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Counts a new connection. Where there are too many, one that waits for its client is closed for it; where all are at work,
   * it is surplus: its requests are to be refused.
   *
   * @returns undefined if it was closed at once
   */
  accept(socket: Socket): Connection | undefined {
    while (this.#all.size >= this.#limits.connections && this.#evict());
    const isFull = this.#all.size >= this.#limits.connections;
    if (this.#all.size >= this.#limits.connections + TOLD) {
      socket.destroy();
      return undefined;
    }
    const connection = new Connection(socket, isFull, this.#now);
    this.#all.add(connection);
    socket.on('close', () => this.#all.delete(connection));
    return connection;
  }

  /** Closes those that have waited for their client for too long; to be called every second or so. */
  sweep(): void {
    const now = this.#now();
    const { firstRequest, nextRequest } = this.#limits;
    for (const connection of this.#all) {
      if (connection.waited(now) > (connection.isNew ? firstRequest : nextRequest)) connection.close();
    }
  }

  /** Closes those on which no request is under way. */
  closeWaiting(): void {
    const now = this.#now();
    for (const connection of this.#all) if (connection.waited(now) >= 0) connection.close();
  }

  /** Closes all, whatever is under way. */
  destroy(): void {
    for (const connection of this.#all) connection.destroy();
  }

  /** Closes the one that has waited longest, one that never brought a request first. */
  #evict(): boolean {
    const now = this.#now();
    let victim: Connection | undefined;
    let most = -1;
    for (const connection of this.#all) {
      const waited = connection.waited(now);
      // Any time is longer than that of one that has brought requests before.
      const weight = waited < 0 ? -1 : connection.isNew ? waited + Number.MAX_SAFE_INTEGER / 2 : waited;
      if (weight <= most) continue;
      victim = connection;
      most = weight;
    }
    if (victim === undefined) return false;
    this.#all.delete(victim);
    victim.close();
    return true;
  }
}

/** How long a client may take to hear that its connection ends, in milliseconds. */
const FAREWELL = 1000;

/** One connection: how many requests are under way on it, or since when it waits for one. */
export class Connection {
  /** There were too many connections when it came. */
  readonly isSurplus: boolean;
  readonly #socket: Socket;
  readonly #now: () => number;
  #tell: (() => void) | undefined;
  #underWay = 0;
  #isNew = true;
  #since: number;
  #certificate: { readonly shown: Uint8Array | undefined } | undefined;

  constructor(socket: Socket, isSurplus: boolean, now: () => number) {
    this.#socket = socket;
    this.isSurplus = isSurplus;
    this.#now = now;
    this.#since = now();
  }

  /** No request has come on it yet. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Requests that came and are not yet answered, watches among them. */
  get underWay(): number {
    return this.#underWay;
  }

  /** How long it has waited for a request; negative if one is under way. */
  waited(now: number): number {
    return this.#underWay > 0 ? -1 : now - this.#since;
  }

  /** A request has come, but for its body. */
  begin(): void {
    this.#isNew = false;
    this.#underWay++;
  }

  /** A request is answered, or broken off. */
  end(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#since = this.#now();
  }

  /** The client's certificate, read once: it cannot change during a connection. */
  certificate(read: () => Uint8Array | undefined): Uint8Array | undefined {
    this.#certificate ??= { shown: read() };
    return this.#certificate.shown;
  }

  /** Says how a client is told that this connection ends. */
  closeBy(tell: () => void): void {
    this.#tell = tell;
  }

  /** Closes it, and lets the client know first. */
  close(): void {
    this.#tell?.();
    if (this.#tell === undefined) this.destroy();
    // A client that takes nothing would not take that either.
    else setTimeout(() => this.destroy(), FAREWELL).unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
