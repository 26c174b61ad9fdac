import { listAt, objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import { hasCondition } from '../kinds/index.ts';
import { metadataOf } from '../rest/index.ts';
import type { Change, StoredObject } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';
import { storedObjects } from './stored-objects.ts';
import { WorkQueue } from './work-queue.ts';

const NODES = 'nodes';
const TTL = 'node.alpha.kubernetes.io/ttl';
const NOT_READY = 'node.kubernetes.io/not-ready';

/**
 * Takes the taint that a new node has away when the node is ready, and annotates nodes as a cluster does. It puts no taints:
 * there is no scheduler here that would look at them.
 */
export class NodeController implements Controller {
  readonly name = 'node';
  readonly #support: ControllerSupport;
  readonly #queue: WorkQueue;

  constructor(support: ControllerSupport) {
    this.#support = support;
    this.#queue = new WorkQueue(this.name, support.report);
  }

  wants(storage: string): boolean {
    return storage === NODES;
  }

  begin(): void {
    for (const object of storedObjects(this.#support.environment.store, NODES)) this.#note(object);
  }

  observe({ type, object }: Change): void {
    if (type === 'deleted') this.#queue.delete(object.name);
    else this.#note(object);
  }

  /** Most nodes need nothing any more. */
  #note({ name, text }: StoredObject): void {
    if (!text.includes(`"${TTL}"`) || text.includes(NOT_READY)) this.#queue.add(name);
  }

  work(): number | undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Node');
    if (kind === undefined) return undefined;
    return this.#queue.work(environment.now(), (name) => {
      const node = client.get(kind, '', name);
      if (node === undefined) return undefined;
      const isReady = hasCondition(node, 'Ready');
      client.update(kind, node, (next) => {
        const metadata = metadataOf(next);
        metadata['annotations'] = { [TTL]: '0', ...objectAt(metadata, 'annotations') };
        if (isReady) untaint(next);
      });
      return undefined;
    });
  }
}

function untaint(node: JsonObject): void {
  const spec = objectAt(node, 'spec');
  if (spec === undefined) return;
  const left = listAt(spec, 'taints').filter(
    (taint) => textAt(taint, 'key') !== NOT_READY || textAt(taint, 'effect') !== 'NoSchedule',
  );
  if (left.length === 0) delete spec['taints'];
  else spec['taints'] = left;
}
