import { listAt, objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import { hasCondition } from '../kinds/index.ts';
import { metadataOf } from '../rest/index.ts';
import type { Change } from '../store/index.ts';
import type { Controller, ControllerSupport } from './controller.ts';

const NODES = 'nodes';
const NOT_READY = 'node.kubernetes.io/not-ready';
const TTL = 'node.alpha.kubernetes.io/ttl';

/** Takes the taint that a new node has away when the node is ready, and annotates nodes as a cluster does. */
export class NodeController implements Controller {
  readonly name = 'node';
  readonly #support: ControllerSupport;
  readonly #pending = new Set<string>();

  constructor(support: ControllerSupport) {
    this.#support = support;
  }

  wants(storage: string): boolean {
    return storage === NODES;
  }

  begin(): void {
    for (const { name } of this.#support.environment.store.list(NODES)) this.#pending.add(name);
  }

  observe({ type, object }: Change): void {
    if (type === 'deleted') this.#pending.delete(object.name);
    else if (type === 'added' || object.text.includes(NOT_READY)) this.#pending.add(object.name);
  }

  work(): undefined {
    const { environment, client } = this.#support;
    const kind = environment.kinds.findByKind('v1', 'Node');
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const name of pending) {
      const node = kind === undefined ? undefined : client.get(kind, '', name);
      if (kind === undefined || node === undefined) continue;
      client.update(kind, node, (next) => {
        const metadata = metadataOf(next);
        metadata['annotations'] = { [TTL]: '0', ...objectAt(metadata, 'annotations') };
        if (hasCondition(next, 'Ready')) untaint(next);
      });
    }
    return undefined;
  }
}

function untaint(node: JsonObject): void {
  const spec = objectAt(node, 'spec');
  if (spec === undefined) return;
  const left = listAt(spec, 'taints').filter((taint) => textAt(taint, 'key') !== NOT_READY);
  if (left.length === 0) delete spec['taints'];
  else spec['taints'] = left;
}
