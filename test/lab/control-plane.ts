import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterObjects,
  clusterSettings,
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from '../../src/embedded/index.ts';
import { ApiClient } from './api-client.ts';

/** A control plane of a test's own, with what a cluster has for Varve, in this process. */
export interface LabControlPlane {
  readonly plane: ControlPlane;
  /** A folder for the test's files; the control plane's data is in it. */
  readonly folder: string;
  /** As cluster-admin. */
  readonly admin: ApiClient;
  /** As any user with a certificate; closed with the control plane. */
  as(name: string, ...groups: readonly string[]): Promise<ApiClient>;
  close(): Promise<void>;
}

/** Starts one on a free port. Its registry is a name that nobody asks. */
export async function openControlPlane(options: Partial<ControlPlaneOptions> = {}): Promise<LabControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-control-plane-'));
  const registry = '127.0.0.1:5000';
  const base = `${registry}/base/os@sha256:${'0'.repeat(64)}`;
  const plane = await startControlPlane({
    directory: join(folder, 'data'),
    furnish: (authority) => {
      const facts = { registry, base, authority };
      return Promise.resolve({ objects: clusterObjects(facts), settings: clusterSettings(facts) });
    },
    report: (message) => process.stderr.write(`control plane: ${message}\n`),
    ...options,
  });
  const clients: ApiClient[] = [];
  const client = (kubeconfig: string): ApiClient => {
    const made = ApiClient.of(kubeconfig);
    clients.push(made);
    return made;
  };
  return {
    plane,
    folder,
    admin: client(await readFile(plane.kubeconfig, 'utf8')),
    as: async (name, ...groups) => client(await plane.kubeconfigFor(name, groups)),
    close: async () => {
      for (const made of clients) made.close();
      await plane.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
