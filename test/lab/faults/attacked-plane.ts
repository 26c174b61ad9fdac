import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ServerLimits } from '../../../src/embedded/server/index.ts';
import { ApiClient, readKubeconfig, type Connection } from './api-client.ts';
import { Bystander } from './bystander.ts';
import { Plane } from './plane.ts';

/** The process has no more resident memory than this whatever its clients do, in bytes. */
const MAX_RSS = 600e6;

/** A control plane for attacks: limits that a test need not wait long for. */
export class AttackedPlane {
  readonly connection: Connection;
  readonly #plane: Plane;
  readonly #folder: string;

  private constructor(plane: Plane, folder: string) {
    this.#plane = plane;
    this.#folder = folder;
    this.connection = readKubeconfig(plane.kubeconfig);
  }

  static async start(limits: Partial<ServerLimits> = {}): Promise<AttackedPlane> {
    const folder = await mkdtemp(join(tmpdir(), 'api-attack-'));
    const plane = await Plane.start({ directory: join(folder, 'plane'), limits });
    return new AttackedPlane(plane, folder);
  }

  /**
   * Runs an attack, and checks that others were served meanwhile, that memory is bounded, that the process lives and has
   * nothing to complain of.
   *
   * @param growth bytes by which resident memory may grow
   */
  async endures(t: TestContext, attack: () => Promise<void>, growth: number = MAX_RSS): Promise<void> {
    const { rss } = await this.#plane.usage();
    const said = this.#plane.stderr;
    const bystander = await Bystander.start(this.connection);
    let peak = rss;
    const measuring = setInterval(() => {
      void this.#plane.usage().then((usage) => {
        peak = Math.max(peak, usage.rss);
      });
    }, 100);
    try {
      await attack();
    } finally {
      clearInterval(measuring);
      t.diagnostic(await bystander.stop());
    }
    peak = Math.max(peak, (await this.#plane.usage()).rss);
    t.diagnostic(`memory ${megabytes(rss)} before, ${megabytes(peak)} at most`);
    assert.ok(peak - rss < growth && peak < MAX_RSS, `memory grew by ${megabytes(peak - rss)}`);
    assert.equal(this.#plane.stderr, said);
    assert.ok(this.#plane.isRunning);
  }

  /** One request on a connection of its own. */
  async request(...call: Parameters<ApiClient['request']>): ReturnType<ApiClient['request']> {
    const client = new ApiClient(this.connection);
    try {
      return await client.request(...call);
    } finally {
      client.close();
    }
  }

  async stop(): Promise<void> {
    await this.#plane.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
