import { API_GROUP, type MachineConfigNode } from '../api/index.ts';
import {
  Backoff,
  isKubeError,
  type KubeClient,
  type ObjectKey,
  type Patch,
  pause,
  resourceType,
  type ResourceType,
} from '../kube/index.ts';
import type { MachineConfigNodeStore } from './machine-config-node-file.ts';

type Status = NonNullable<MachineConfigNode['status']>;

/**
 * What becomes of what others wrote into a status since it was read. `refuse`: the write is a `conflict`. `replace`: it stands no
 * longer, as far as the agent says something of it.
 */
export type OthersWords = 'refuse' | 'replace';

/**
 * Which MachineConfigNode a Node names as its own, by its uid: `unknown` before the Node was seen, and when there is none; `unnamed`
 * where whoever keeps MachineConfigNodes names none; `unmanaged` where nobody asks anything of the node either, which is in no pool then
 * and need not have one.
 */
export type NamedByNode = { readonly uid: string } | 'unknown' | 'unnamed' | 'unmanaged';

export interface OwnMachineConfigNodeOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch' | 'clock'>;
  readonly name: string;
  readonly named: () => NamedByNode;
  readonly store: MachineConfigNodeStore;
  /** Told of what keeps it from being read, or kept. */
  readonly report: (error: unknown) => void;
}

/** Between two questions for what is not there, or was not answered, in milliseconds. */
const PAUSES = { first: 1000, factor: 2, longest: 54_000, jitter: 0.1, reset: 120_000 };

const MACHINE_CONFIG_NODES: ResourceType<MachineConfigNode> = resourceType({
  group: API_GROUP,
  version: 'v1',
  kind: 'MachineConfigNode',
  plural: 'machineconfignodes',
  namespaced: false,
});

/**
 * The MachineConfigNode of an agent's Node without a watch of it, which each boot would cost a request: nobody but the agent says what
 * matters in its status, so what the API server answered last is known, and is kept beyond the boot. It is read where it is not known:
 * when the Node names another one, or none at all and none has been found yet.
 */
export class OwnMachineConfigNode {
  readonly #options: OwnMachineConfigNodeOptions;
  readonly #key: ObjectKey;
  /** As it was answered last. */
  #object: MachineConfigNode | undefined;
  /** As it was answered to an earlier process; it counts when the Node names it. */
  #kept: MachineConfigNode | undefined;
  /** What the Node named when the question was answered: there was another by then, or none. */
  #answeredFor: NamedByNode | undefined;
  #named: NamedByNode = 'unknown';
  #wake: () => void = () => {};
  #lastKept: Promise<void> = Promise.resolve();
  #isOver = false;
  /** How many answers there were. */
  #answers = 0;

  constructor(options: OwnMachineConfigNodeOptions) {
    this.#options = options;
    this.#key = { namespace: '', name: options.name };
  }

  get object(): MachineConfigNode | undefined {
    return this.#object;
  }

  /** Looks for what an earlier process has kept; before the Node is followed. */
  async open(): Promise<void> {
    const kept = await this.#options.store.read();
    if (kept?.metadata.name === this.#key.name) this.#kept = kept;
  }

  /** To be called for every change of the Node, before anybody acts on it. */
  heardOfNode(): void {
    const named = this.#options.named();
    if (isSame(named, this.#named)) return;
    this.#named = named;
    if (typeof named === 'object' && this.#kept !== undefined) {
      if (uidOf(this.#kept) === named.uid) this.#object ??= this.#kept;
      this.#kept = undefined;
    }
    this.#wake();
  }

  /** Reads it when it has to be, until the signal aborts, and has written all that it writes then. @param found hears of one that was read */
  async run(signal: AbortSignal, found: () => void): Promise<void> {
    try {
      await this.#follow(signal, found);
    } finally {
      this.#isOver = true;
      await this.#lastKept;
    }
  }

  async #follow(signal: AbortSignal, found: () => void): Promise<void> {
    const { client, report } = this.#options;
    let pauses = new Backoff(PAUSES, client.clock);
    let named: NamedByNode = 'unknown';
    while (!signal.aborted) {
      if (!this.#isDue()) {
        await this.#woken(undefined, signal);
        continue;
      }
      if (!isSame(named, this.#named)) pauses = new Backoff(PAUSES, client.clock);
      named = this.#named;
      try {
        const object = await this.read(signal);
        this.#answeredFor = named;
        if (object !== undefined) found();
      } catch (error) {
        if (signal.aborted) return;
        report(error);
      }
      if (this.#isDue() && isSame(named, this.#named)) await this.#woken(pauses.next(), signal);
    }
  }

  /** As it is now; undefined when there is none. */
  async read(signal: AbortSignal): Promise<MachineConfigNode | undefined> {
    const asked = this.#answers;
    try {
      await this.#take(await this.#options.client.get(MACHINE_CONFIG_NODES, this.#key, { signal }), asked);
    } catch (error) {
      if (!isKubeError(error, 'not-found')) throw error;
      await this.#lose();
    }
    return this.#object;
  }

  /**
   * Writes the agent's part of its status.
   *
   * @throws KubeError `not-found`, or `conflict` or `invalid` when another has taken its place, or somebody wrote what may not be replaced
   */
  async report(
    seen: MachineConfigNode,
    status: Status,
    others: OthersWords,
    signal: AbortSignal,
  ): Promise<void> {
    const patch = others === 'replace' ? replacing(seen, status) : refusing(seen, status);
    // Who dies before the answer does not know what it says; nor does the next.
    await this.#keep((store) => store.remove());
    const asked = this.#answers;
    try {
      await this.#take(
        await this.#options.client.patch(MACHINE_CONFIG_NODES, this.#key, patch, {
          signal,
          subresource: 'status',
        }),
        asked,
      );
    } catch (error) {
      if (isKubeError(error, 'not-found') && uidOf(this.#object) === uidOf(seen)) await this.#lose();
      throw error;
    }
  }

  #isDue(): boolean {
    const named = this.#named;
    if (named === 'unknown') return false;
    if (named === 'unnamed') return this.#object === undefined;
    const isKnown = named === 'unmanaged' ? this.#object !== undefined : uidOf(this.#object) === named.uid;
    return !isKnown && (this.#answeredFor === undefined || !isSame(this.#answeredFor, named));
  }

  /** @param asked how many answers there were when this was asked for */
  async #take(answer: MachineConfigNode, asked: number): Promise<void> {
    const { managedFields: _, ...metadata } = answer.metadata as MachineConfigNode['metadata'] & {
      readonly managedFields?: unknown;
    };
    const object = { ...answer, metadata };
    // Of two that were asked for at once either may come first. An older one later is a server's whose past was restored.
    if (asked !== this.#answers && isOlder(object, this.#object)) return;
    this.#answers += 1;
    this.#object = object;
    await this.#keep((store) => store.write(object));
  }

  /** There is none, or none that is known. */
  async #lose(): Promise<void> {
    const uid = uidOf(this.#object);
    if (uid !== undefined) this.#answeredFor = { uid };
    this.#object = undefined;
    this.#wake();
    await this.#keep((store) => store.remove());
  }

  /** One after another: what was answered last is what stays. A disk that fails costs no more than a question after the next boot. */
  #keep(change: (store: MachineConfigNodeStore) => Promise<void>): Promise<void> {
    const { store, report } = this.#options;
    // Who has ended has nothing in its folder written any more.
    if (!this.#isOver) this.#lastKept = this.#lastKept.then(() => change(store)).catch(report);
    return this.#lastKept;
  }

  /** Until there may be something to do, or so many milliseconds. */
  async #woken(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const woken = new AbortController();
    const end = (): void => {
      woken.abort();
      resolve();
    };
    this.#wake = end;
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await (milliseconds === undefined
      ? promise
      : pause(this.#options.client.clock, milliseconds, woken.signal));
    signal.removeEventListener('abort', end);
    this.#wake = () => {};
  }
}

/** The agent's part of a status, for the very version that was seen. */
function refusing({ metadata }: MachineConfigNode, status: Status): Patch {
  const { conditions, configVersion, observedGeneration } = status;
  const { resourceVersion = null } = metadata;
  const patch = { metadata: { resourceVersion }, status: { conditions, configVersion, observedGeneration } };
  return { type: 'merge', patch };
}

/** The same for whatever version there is of that object; of what has no status yet, for the one that was seen. */
function replacing(seen: MachineConfigNode, status: Status): Patch {
  const uid = uidOf(seen);
  if (seen.status === undefined || uid === undefined) return refusing(seen, status);
  const { conditions, configVersion, observedGeneration } = status;
  const parts = Object.entries({ conditions, configVersion, observedGeneration });
  return {
    type: 'json',
    operations: [
      // In a merge patch of a status API servers pass over the uid, as over all metadata but the version.
      { op: 'test', path: '/metadata/uid', value: uid },
      ...parts.flatMap(([key, value]) =>
        value === undefined ? [] : [{ op: 'add', path: `/status/${key}`, value } as const],
      ),
    ],
  };
}

function uidOf(object: MachineConfigNode | undefined): string | undefined {
  return (object?.metadata as { readonly uid?: string } | undefined)?.uid;
}

function isSame(one: NamedByNode, other: NamedByNode): boolean {
  return typeof one === 'object' && typeof other === 'object' ? one.uid === other.uid : one === other;
}

/** Of two answers about one object, whose versions are numbers that grow. */
function isOlder(object: MachineConfigNode, known: MachineConfigNode | undefined): boolean {
  if (known === undefined || uidOf(object) !== uidOf(known)) return false;
  return Number(object.metadata['resourceVersion']) < Number(known.metadata['resourceVersion']);
}
