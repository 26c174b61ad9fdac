import { lastingPort } from '../lasting-port.ts';
import { readKubeconfig, type Connection } from './api-client.ts';
import { Plane, type PlaneOptions } from './plane.ts';

/** A control plane that is killed and started again at the same address, and tells its clients when it is there. */
export class RestlessServer {
  /** How long each start took, in milliseconds. */
  readonly starts: number[] = [];
  readonly #options: PlaneOptions;
  #port: number | undefined;
  #plane: Plane | undefined;
  #connection = Promise.withResolvers<Connection>();

  constructor(options: PlaneOptions) {
    this.#options = options;
  }

  /** How to reach it; resolves when it serves, rejects when it will not any more. */
  connection(): Promise<Connection> {
    return this.#connection.promise;
  }

  async start(): Promise<void> {
    const began = performance.now();
    this.#port ??= await lastingPort();
    this.#plane = await Plane.start({ ...this.#options, port: this.#port });
    this.starts.push(performance.now() - began);
    this.#connection.resolve(readKubeconfig(this.#plane.kubeconfig));
  }

  /** Ends it without a chance to tidy up. @returns what it wrote to its error stream */
  async kill(): Promise<string> {
    this.#connection = Promise.withResolvers();
    await this.#plane?.kill();
    return this.#plane?.stderr ?? '';
  }

  /** Ends it for good: nobody is to wait for it. */
  async leave(): Promise<void> {
    await this.kill();
    this.#connection.promise.catch(() => {});
    this.#connection.reject(new Error('the server is gone'));
  }

  /** Ends it as Ctrl-C does. @returns its exit status */
  async stop(): Promise<number | null> {
    return (await this.#plane?.stop()) ?? null;
  }
}
