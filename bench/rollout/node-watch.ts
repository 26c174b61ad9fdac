import { CURRENT_IMAGE_ANNOTATION, DESIRED_IMAGE_ANNOTATION, STATE_ANNOTATION } from '../../src/api/index.ts';
import { NODES } from '../../src/controllers/resources.ts';
import { SharedInformers, type KubeClient } from '../../src/kube/index.ts';
import { Times } from '../api/quantiles.ts';

/** Watches nodes: who was told an image when, and who said that it runs it. */
export class NodeWatch {
  readonly #told = new Map<string, Map<string, number>>();
  readonly #done = new Map<string, Map<string, number>>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #size: number;
  #changed: () => void = () => undefined;

  constructor(client: KubeClient, size: number) {
    this.#size = size;
    const informers = new SharedInformers(client);
    informers.for({ type: NODES }).subscribe(({ type, object }) => {
      if (type === 'deleted') return;
      const annotations = object.metadata.annotations ?? {};
      const desired = annotations[DESIRED_IMAGE_ANNOTATION] ?? '';
      note(this.#told, desired, object.metadata.name);
      if (annotations[CURRENT_IMAGE_ANNOTATION] !== desired || annotations[STATE_ANNOTATION] !== 'Done')
        return;
      note(this.#done, desired, object.metadata.name);
      this.#changed();
    });
    this.#ended = informers.run(this.#stop.signal);
  }

  async rolledOut(image: string): Promise<void> {
    while ((this.#done.get(image)?.size ?? 0) < this.#size)
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
  }

  /**
   * From a node that is done to the one that takes its place: of so many places the k-th node that is done frees one for the
   * k-th that is told after they were full.
   */
  reactions(image: string, places: number): Times {
    const times = new Times();
    const told = [...(this.#told.get(image)?.values() ?? [])].sort((a, b) => a - b);
    const done = [...(this.#done.get(image)?.values() ?? [])].sort((a, b) => a - b);
    told.slice(places).forEach((at, index) => times.add(Math.max(0, at - (done[index] ?? at))));
    return times;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

function note(all: Map<string, Map<string, number>>, image: string, node: string): void {
  const nodes = all.get(image) ?? new Map<string, number>();
  if (!nodes.has(node)) nodes.set(node, performance.now());
  all.set(image, nodes);
}
