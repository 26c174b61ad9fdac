import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '../../../src/embedded/control-plane.ts';
import { Connection, type Identity, type LabAnswer, type LabRequest } from '../connection.ts';
import { readAccess } from '../kubeconfig.ts';
import { RecordedValues, isObject } from './recorded-values.ts';

/** An embedded control plane of one's own, and those who talk to it. */
export class LabSession {
  readonly values: RecordedValues = new RecordedValues();
  readonly #plane: ControlPlane;
  readonly #directory: string;
  readonly #connections = new Map<string, Connection>();
  readonly #authority: string;

  private constructor(
    plane: ControlPlane,
    directory: string,
    authority: string,
    people: ReadonlyMap<string, Identity>,
  ) {
    this.#plane = plane;
    this.#directory = directory;
    this.#authority = authority;
    for (const [name, identity] of people) this.#connections.set(name, this.#connect(identity));
  }

  static async start(): Promise<LabSession> {
    const directory = await mkdtemp(join(tmpdir(), 'varve-replay-'));
    try {
      const plane = await startControlPlane({
        directory,
        staticTokens: [
          {
            token: 'lab-admin-token',
            user: { username: 'admin', uid: 'u1', groups: ['system:masters'], extra: new Map() },
          },
          {
            token: 'lab-alice-token',
            user: { username: 'alice', uid: 'u2', groups: ['devs'], extra: new Map() },
          },
        ],
      });
      const admin = readAccess(await readFile(plane.kubeconfig, 'utf8'));
      const alice = readAccess(await plane.kubeconfigFor('alice', ['devs']));
      const people = new Map<string, Identity>([
        ['admin', admin],
        ['alice', alice],
        ['', {}],
      ]);
      return new LabSession(plane, directory, admin.authority, people);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The connection of a recorded `auth`: `admin`, `alice`, `token:…`, null for nobody. */
  as(auth: string | null): Connection {
    const name = auth === null ? '' : auth.startsWith('token:') ? this.values.rename(auth) : auth;
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    if (!name.startsWith('token:')) throw new Error(`the recording has no ${name}`);
    const made = this.#connect({ token: name.slice('token:'.length) });
    this.#connections.set(name, made);
    return made;
  }

  /** What an administrator with curl did beside the recorded requests. @throws Error if it fails */
  async do(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<LabAnswer> {
    const sent: LabRequest = {
      method,
      path,
      headers: { 'user-agent': CURL, ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body: this.values.translate(JSON.stringify(body)) }),
    };
    const answer = await this.as('admin').send(sent);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path} of a step that was not recorded: ${answer.status} ${answer.text}`);
    }
    return answer;
  }

  /** The object at a path; undefined if there is none. */
  async read(path: string): Promise<Record<string, unknown> | undefined> {
    const answer = await this.as('admin').send({ method: 'GET', path });
    if (answer.status !== 200) return undefined;
    const value: unknown = JSON.parse(answer.text);
    return isObject(value) ? value : undefined;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    await this.#plane.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #connect(identity: Identity): Connection {
    return new Connection(this.#plane.url, this.#authority, identity);
  }
}

/** The User-Agent of the recording where a request names none: managers of fields are named after it. */
export const CURL = 'curl/8.14.1';
