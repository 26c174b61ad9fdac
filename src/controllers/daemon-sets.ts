import { isKubeError, type KubeClient } from '../kube/index.ts';
import { DAEMON_SETS } from './resources.ts';

/** How long an answer counts, in milliseconds: nodes that are drained one after the other have the same DaemonSets. */
const FRESH = 300_000;

/** A DaemonSet that a pod names as its controller. */
interface DaemonSetReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Which DaemonSets are there: a pod whose DaemonSet is gone is one that nobody puts back, and has to go like others. What
 * could not be asked counts as there: its pods then stay where they are.
 */
export class DaemonSets {
  readonly #client: Pick<KubeClient, 'get' | 'clock'>;
  readonly #known = new Map<string, { readonly at: number; readonly isThere: boolean }>();

  constructor(client: Pick<KubeClient, 'get' | 'clock'>) {
    this.#client = client;
  }

  isThere(uid: string): boolean {
    return this.#known.get(uid)?.isThere !== false;
  }

  /** Asks for those of which nothing is known, or nothing any more. */
  async look(sets: readonly DaemonSetReference[], signal: AbortSignal): Promise<void> {
    const now = this.#client.clock.now();
    for (const [uid, { at }] of this.#known) if (now - at > FRESH) this.#known.delete(uid);
    for (const { uid, namespace, name } of sets) {
      if (this.#known.has(uid)) continue;
      this.#known.set(uid, { at: now, isThere: await this.#ask({ uid, namespace, name }, signal) });
    }
  }

  async #ask({ uid, namespace, name }: DaemonSetReference, signal: AbortSignal): Promise<boolean> {
    try {
      const { metadata } = await this.#client.get(DAEMON_SETS, { namespace, name }, { signal });
      return metadata.uid === uid;
    } catch (error) {
      if (isKubeError(error, 'not-found')) return false;
      if (isKubeError(error, 'forbidden', 'not-served')) return true;
      throw error;
    }
  }
}
